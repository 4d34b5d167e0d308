import { readConfig } from '#server/config.ts'
import { createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { runWebhooks } from '#server/webhooks/deliver.ts'

// A worker that only posts webhooks, for test/webhook-crash.test.ts to kill.
const config = { ...readConfig(), privateAddresses: new Set(['webhooks'] as const) }
const ctx = createContext(config, config.databaseUrl!, { log: createLog('silent'), poolSize: 4 })
process.send?.('ready')
await runWebhooks(ctx, new AbortController().signal)
