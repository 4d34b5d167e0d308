import { createApp } from '#server/http/app.ts'
import { fuzzCallers } from '#test/fuzz/callers.ts'
import { fuzz, idsIn } from '#test/fuzz/run.ts'
import { withAttackedShop } from './attacked-shop.ts'

// Random and hostile requests over every route, as everybody, against a shop with demo data. 0 faults are promised.
const value = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const count = Number(value('count') ?? (process.argv.includes('--quick') ? 3000 : 100_000))
const seed = Number(value('seed') ?? 1)
const say = (text: string): boolean => process.stderr.write(text + '\n')

await withAttackedShop('fuzz', 500, async (ctx) => {
  const app = await createApp(ctx)
  await app.ready()
  const began = Date.now()
  let told = 0
  let faults = 0
  const result = await fuzz(app, {
    seed,
    count,
    known: { ids: await idsIn(ctx.pool) },
    callers: await fuzzCallers(ctx),
    onProgress({ requests, faults: found, slowestMs, slowest }) {
      for (const fault of found.slice(faults, faults + 20)) say(`${fault.kind} ${fault.request}\n   => ${fault.answer}`)
      faults = found.length
      if (requests - told < 2000) return
      told = requests
      say(`${requests} requests, ${faults} faults, slowest ${Math.round(slowestMs)} ms (${slowest})`)
    },
  })
  const of = (kind: string): number => result.faults.filter((f) => f.kind === kind).length
  process.stdout.write(
    JSON.stringify({
      bench: 'fuzz',
      seed,
      requests: result.requests,
      routes: result.routes,
      statuses: result.statuses,
      status_500_or_above: of('status'),
      hangs: of('hang'),
      stack_traces: of('trace'),
      thrown: of('thrown'),
      slowest_ms: Math.round(result.slowestMs),
      slowest: result.slowest,
      seconds: Math.round((Date.now() - began) / 1000),
    }) + '\n',
  )
  if (result.faults.length > 0) process.exitCode = 1
  await app.close()
})
