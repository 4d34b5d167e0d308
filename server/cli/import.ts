import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { cliActor } from '../audit.ts'
import { readJob, runJob } from '../background.ts'
import type { Globals } from '../cli.ts'
import { jobHandlers } from '../jobs.ts'
import { readImport } from '../knowledge/imports.ts'
import { queueUndo } from '../knowledge/import/undo.ts'
import { runImport } from '../knowledge/import/run.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print, progress, say } from './output.ts'

interface ImportOptions {
  map?: string[]
  dryRun: boolean
  zone?: string
  createCustomers: boolean
}

const kinds = ['customers', 'orders', 'products', 'consents', 'suppressions'] as const

/** Imports a file; exit code 5 when rows were rejected (the good ones are in). */
export async function importFile(globals: Globals, kind: string, file: string, options: ImportOptions): Promise<void> {
  const known = kinds.find((k) => k === kind)
  if (!known)
    throw new CliError(
      `There is nothing called ${kind} to import; choose customers, orders, products, consents or suppressions.`,
      exit.usage,
    )
  const found = file === '-' ? null : await stat(file).catch(() => null)
  if (file !== '-' && found === null)
    throw new CliError(`The file ${file} cannot be read. Check its name and your rights.`, exit.notFound)
  await withContext(async (ctx) => {
    const bar = progress(globals, `Importing ${known}`)
    const result = await runImport(ctx, {
      kind: known,
      source: file === '-' ? 'stdin' : path.basename(file),
      // Only a real file can be read twice; a pipe cannot.
      ...(found?.isFile() ? { path: file } : { stream: found ? createReadStream(file) : process.stdin }),
      mapping: readMapping(options.map ?? []),
      dryRun: options.dryRun,
      createCustomers: options.createCustomers,
      ...(options.zone ? { zone: options.zone } : {}),
      actor: cliActor,
      signal: globals.signal,
      onProgress: ({ rows }) => bar(rows, null),
    })
    if (process.stderr.isTTY) say(globals, '')
    print(globals, 'import', { ...result }, () => [
      `${options.dryRun ? 'Would be: ' : ''}${result.rows_new} new, ${result.rows_changed} changed, ${result.rows_same} unchanged, ${result.rows_rejected} rejected of ${result.rows_read} rows.`,
      ...(result.rejects_path ? [`Rejected rows with line, column and reason: ${result.rejects_path}`] : []),
    ])
    if (result.rows_rejected > 0) process.exitCode = exit.partly
  })
}

function readMapping(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1)
        throw new CliError(
          `--map wants field=column, for example --map email="Email 1"; ${pair} is not that.`,
          exit.usage,
        )
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
    }),
  )
}

/** Takes an import back here and now, as the page does; exit code 5 when some of its rows had to stay. */
export async function undoImport(globals: Globals, id: string): Promise<void> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    throw new CliError(
      `${id} is not the id of an import. It stands in the answer of the import, and in its address.`,
      exit.usage,
    )
  await withContext(async (ctx) => {
    await queueUndo(ctx, cliActor, id)
    const { undo } = await readImport(ctx, id)
    const bar = progress(globals, 'Undoing')
    // A worker that runs beside may take the job first; then it is only watched.
    await runJob(ctx, undo.job_id ?? '', jobHandlers, globals.signal)
    for (;;) {
      const job = await readJob(ctx, undo.job_id ?? '')
      bar(job.done, job.total)
      if (job.status === 'failed' || job.status === 'cancelled')
        throw new CliError(job.error ?? 'The undoing was stopped; ask again to go on.')
      if (job.status === 'succeeded') break
      globals.signal.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    const { result } = (await readImport(ctx, id)).undo
    const { removed = 0, restored = 0, kept_changed = 0, kept_added = 0, opt_outs_kept = 0 } = result
    print(globals, 'import-undone', { import_id: id, ...result }, () => [
      `${removed} removed, ${restored} as before again, ${kept_changed + kept_added} left because somebody changed or used them, ${opt_outs_kept} opt-outs kept.`,
    ])
    if (kept_changed + kept_added > 0) process.exitCode = exit.partly
  })
}
