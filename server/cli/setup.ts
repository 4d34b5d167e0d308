import { Writable } from 'node:stream'
import { createInterface } from 'node:readline/promises'
import { accounts, type Role } from '#contract/accounts.ts'
import path from 'node:path'
import { writeAnonymous } from '../demo/anonymous.ts'
import { loadDemo } from '../demo/load.ts'
import { removeDemo } from '../demo/remove.ts'
import { withTx } from '#db/pool.ts'
import { createUser } from '../accounts/users.ts'
import { audit, cliActor } from '../audit.ts'
import type { Globals } from '../cli.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print, say } from './output.ts'

export async function demo(globals: Globals, options: { remove: boolean }): Promise<void> {
  await withContext(async (ctx) => {
    if (options.remove) {
      const removed = await withTx(ctx.pool, async (tx) => {
        const counts = await removeDemo(tx)
        await audit(tx, cliActor, { action: 'demo.removed', entity: 'shop', after: counts })
        return counts
      })
      print(globals, 'demo', removed, () => [
        `Removed ${removed.removed_customers} customers, ${removed.removed_orders} orders and ${removed.removed_campaigns} campaigns of the demo.`,
      ])
      return
    }
    const loaded = await loadDemo(ctx, { say: (text) => say(globals, text) })
    if (!loaded)
      throw new CliError(
        'The shop is not empty, so the demo was not loaded. Use another data folder: LMA_DATA=/tmp/demo liquor-agent demo',
        exit.failed,
      )
    print(globals, 'demo', { ...loaded }, () => [
      `Demo shop loaded: ${loaded.customers} customers, ${loaded.orders} orders, ${loaded.campaigns} campaigns in ${loaded.seconds} s.`,
    ])
  })
}

/** A copy of the shop to try things out on, with nobody real in it. */
export async function anonymise(globals: Globals, folder: string): Promise<void> {
  await withContext(async (ctx) => {
    const made = await writeAnonymous(ctx, cliActor, folder).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST')
        throw new CliError(
          `There are files in ${folder} already. Name a new folder; nothing is written over.`,
          exit.usage,
        )
      if (code === 'EACCES' || code === 'ENOENT' || code === 'ENOTDIR')
        throw new CliError(`The folder ${folder} cannot be written. Choose another one.`, exit.failed)
      throw error
    })
    print(globals, 'anonymise', { folder: path.resolve(folder), ...made }, () => [
      `${made.customers} customers, ${made.orders} orders and ${made.products} products in ${folder}, without anybody real; ${made.left_out} who could be known by what they spend are not in it.`,
      `Elsewhere: liquor-agent import products ${folder}/products.csv, then customers, then orders.`,
    ])
  })
}

export async function createUserFromShell(
  globals: Globals,
  email: string,
  options: { role: Role; name?: string },
): Promise<void> {
  const password = await readPassword(globals)
  const parsed = accounts.register.body.safeParse({ email, password, full_name: options.name })
  if (!parsed.success)
    throw new CliError(parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join(' '), exit.usage)
  await withContext(async (ctx) => {
    const user = await createUser(ctx, cliActor, {
      email: parsed.data.email,
      password,
      fullName: parsed.data.full_name ?? null,
      role: options.role,
    })
    print(globals, 'user', { id: user.id, role: user.role }, () => [`Created ${options.role} ${parsed.data.email}.`])
  })
}

// A password on the command line would be seen by every process of the machine.
async function readPassword(globals: Globals): Promise<string> {
  if (!process.stdin.isTTY) {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('utf8').trim()
  }
  say(globals, 'Password (at least 12 characters, not shown):')
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const input = createInterface({ input: process.stdin, output: unseen, terminal: true })
  try {
    return await input.question('')
  } finally {
    input.close()
  }
}
