import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { runDispatcher } from '#server/dispatch/dispatcher.ts'

// One worker process of bench/faults.ts: sends until it is told to stop, or killed.
process.on('unhandledRejection', (error) => {
  process.stderr.write(`unhandled rejection: ${String(error)}\n`)
  process.exit(70)
})
const config = readConfig()
// A worker whose clock is wrong.
const skewMs = Number(process.env['FAULTS_SKEW_MS'] ?? 0)
const ctx = createContext(config, config.databaseUrl!, { clock: () => new Date(Date.now() + skewMs) })
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

if (process.argv[2] === 'checkpoint') {
  // The negative control: marks a batch as done when it fetches it, as some mailers do. A kill must lose messages here.
  const { createComposer } = await import('#server/composer.ts')
  const composer = createComposer(ctx)
  const { channel } = (await ctx.channels.routes('email'))[0]!
  while (!stop.signal.aborted) {
    const { rows } = await ctx.pool.query<{
      id: string
      campaign_id: string
      recipient: string
      template_id: string
      variables: Record<string, unknown>
      store_id: null
    }>(
      `update sends set status = 'sent', sent_at = now() where id in (select id from sends where status = 'pending' order by due_at limit 200)
       returning id, campaign_id, recipient, template_id, variables_of(sends) as variables, null as store_id`,
    )
    if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 200))
    const messages = await composer.compose(rows)
    await Promise.all(messages.flatMap((m) => ('failure' in m ? [] : [channel.send(m, stop.signal)])))
  }
} else if (process.argv[2] === 'everything') {
  const { runWorker } = await import('#server/worker.ts')
  await runWorker(ctx, stop.signal)
} else {
  await runDispatcher(ctx, { signal: stop.signal })
}
await closeContext(ctx)
