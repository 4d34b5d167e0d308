import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'

/** Writes db/types.ts from a freshly migrated database; `--verify` only compares and exits 1 when they differ. */
const target = path.resolve(import.meta.dirname, '../db/types.ts')
const verify = process.argv.includes('--verify')
const folder = mkdtempSync(path.join(tmpdir(), 'lma-types-'))
const quiet = { info: () => undefined, warn: () => undefined }
const server = await startEmbedded({ dataDir: folder, log: quiet, fsync: false })
try {
  await migrate(server.url)
  const out = verify ? path.join(folder, 'types.ts') : target
  execFileSync(
    'kysely-codegen',
    [
      '--url',
      server.url,
      '--dialect',
      'postgres',
      '--out-file',
      out,
      '--exclude-pattern',
      '*_(20*|default)',
      '--numeric-parser',
      'number',
      '--date-parser',
      'string',
      '--log-level',
      'error',
    ],
    { stdio: 'inherit' },
  )
  // db/pool.ts reads int8 as a safe number, which the generator cannot know.
  writeFileSync(out, readFileSync(out, 'utf8').replace(/export type Int8 = .*;/, 'export type Int8 = number;'))
  if (verify && readFileSync(out, 'utf8') !== readFileSync(target, 'utf8')) {
    process.stderr.write('db/types.ts is not what the migrations make: run npm run types.\n')
    process.exitCode = 1
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
