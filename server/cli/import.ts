import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { cliActor } from '../audit.ts'
import type { Globals } from '../cli.ts'
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
