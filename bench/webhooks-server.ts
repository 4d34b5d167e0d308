import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { processInbox } from '#server/feedback/hooks/process.ts'
import { createApp } from '#server/http/app.ts'

// The product of bench/webhooks.ts: one process that takes posts and one duty that takes them apart, as `up` runs them.
// `bare` is the yardstick: a server that reads a post and answers, and does nothing else.
if (process.argv[2] === 'bare') {
  const bare = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.end())
  })
  bare.listen(0, '127.0.0.1', () => process.send?.({ port: (bare.address() as AddressInfo).port }))
  await new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()))
  process.exit(0)
}
const config = readConfig()
const ctx = createContext(config, config.databaseUrl!)
const app = await createApp(ctx)
await app.listen({ port: 0, host: '127.0.0.1' })
let stopping = false
const work = (async () => {
  let wake: () => void = () => undefined
  ctx.bus.subscribe('hooks.received', () => wake())
  while (!stopping) {
    await processInbox(ctx).catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 500)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
})()
process.send?.({ port: (app.server.address() as AddressInfo).port })
process.once('SIGTERM', () => {
  stopping = true
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuUs: user + system, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) })
  void work
    .then(() => app.close())
    .then(() => closeContext(ctx))
    .then(() => process.exit(0))
})
