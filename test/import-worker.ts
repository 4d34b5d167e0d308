import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { runWorker } from '#server/worker.ts'

// A worker in a process of its own, so that a test can kill it.
const config = readConfig()
const ctx = createContext(config, config.databaseUrl!, { log: createLog('silent') })
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
await runWorker(ctx, stop.signal)
await closeContext(ctx)
