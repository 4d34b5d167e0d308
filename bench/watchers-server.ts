import type { AddressInfo } from 'node:net'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createApp } from '#server/http/app.ts'

// The API of bench/watchers.ts in a process of its own, so that its CPU can be told from that of the worker.
const config = readConfig()
const ctx = createContext(config, config.databaseUrl!)
const app = await createApp(ctx)
await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ port: (app.server.address() as AddressInfo).port })
let last = process.cpuUsage()
process.on('message', () => {
  const { user, system } = process.cpuUsage(last)
  last = process.cpuUsage()
  process.send?.({ cpuUs: user + system, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) })
})
process.once(
  'SIGTERM',
  () =>
    void app
      .close()
      .then(() => closeContext(ctx))
      .then(() => process.exit(0)),
)
