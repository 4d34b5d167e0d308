import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cliActor } from '../audit.ts'
import type { Globals } from '../cli.ts'
import { personalDataArchive } from '../knowledge/personal-data.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print } from './output.ts'

/** Writes the archive of one person beside the caller, readable by them only. */
export async function personalData(globals: Globals, customer: string, file: string): Promise<void> {
  await withContext(async (ctx) => {
    const { rows } = await ctx.pool.query<{ id: string }>(
      `select distinct i.id from identities as i where i.id::text = $1 or i.external_id = $1 or i.email = $1::citext or i.phone = $1 limit 2`,
      [customer.trim()],
    )
    if (rows.length !== 1)
      throw new CliError(
        rows.length === 0
          ? 'No customer has this id, number, email or phone. Write a phone like +12125550123.'
          : 'This is more than one customer. Use the id from their page.',
        exit.notFound,
      )
    const archive = await personalDataArchive(ctx, cliActor, rows[0]!.id)
    await writeFile(file, archive, { mode: 0o600 })
    print(globals, 'personal-data', { file: path.resolve(file), bytes: archive.length }, () => [
      `Written to ${file}. Hand it on safely, and remove it here.`,
    ])
  })
}
