import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { runImport } from '#server/knowledge/import/run.ts'
import { createLog } from '#server/log.ts'
import { peakMb } from './peak-memory.ts'

// One import in a process of its own, so that its memory is its own. Says what it took in one line of JSON.
const [url = '', dataDir = '', path = ''] = process.argv.slice(2)
const config = readConfig({ LMA_DATA: dataDir, LMA_SECRET: 'a secret that only the bench uses, 32 chars' })
const ctx = createContext(config, url, { log: createLog('error') })
const started = performance.now()
const result = await runImport(ctx, {
  kind: 'customers',
  source: 'bench.csv',
  path,
  actor: systemActor,
})
const seconds = (performance.now() - started) / 1000
await closeContext(ctx)
process.stdout.write(
  JSON.stringify({
    seconds,
    peakMb: peakMb(),
    rows: result.rows_read,
    added: result.rows_new,
    changed: result.rows_changed,
    rejected: result.rows_rejected,
    phases: result.summary,
  }) + '\n',
)
