import { migrate } from '#db/migrate.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { rescoreCustomers } from '#server/scoring/rescore.ts'
import { scoreCustomers, type ScoreResult } from '#server/scoring/score.ts'
import { startFilled } from './kept.ts'
import { postgresCpuSeconds } from './postgres-cpu.ts'
import { fillShop } from './shop.ts'
import { peakMb } from './peak-memory.ts'

// A whole scoring run of a shop of a million customers with six million orders, and one customer again after an order.
const quick = process.argv.includes('--quick')
const customers = quick ? 50_000 : 1_000_000
const rescored = quick ? 11 : 31
const say = (text: string): boolean => process.stderr.write(text + '\n')
const round = (n: number, digits = 1): number => Number(n.toFixed(digits))
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const now = new Date('2026-11-23T18:00:00Z')
const day = 86_400_000

const secret = 'a secret that only the bench uses, 32 chars'
const contextOf = (url: string, dataDir: string): Ctx =>
  createContext(readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret }), url, {
    log: createLog('error'),
    clock: () => now,
  })
const { database, dataDir, stop } = await startFilled(`scoring-habits-${customers}`, async ({ url }, folder) => {
  await migrate(url)
  const ctx = contextOf(url, folder)
  say(`filling a shop of ${customers} customers and ${customers * 6} orders ...`)
  await fillShop(ctx.pool, customers, now, 'habits')
  await closeContext(ctx)
})
try {
  // A kept shop may be older than the newest migration.
  await migrate(database.url)
  const ctx = contextOf(database.url, dataDir)
  const { rows: filled } = await ctx.pool.query<{ orders: number }>('select count(*)::int as orders from orders')
  const idleRss = process.memoryUsage().rss

  interface Run {
    result: ScoreResult
    blockedMs: number
    cpuSeconds: number
    databaseSeconds: number
  }
  /** A run as of a day, and how long the main thread could not answer anybody. */
  const run = async (asOf: Date): Promise<Run> => {
    let blockedMs = 0
    let last = performance.now()
    const turn = setInterval(() => {
      const at = performance.now()
      blockedMs = Math.max(blockedMs, at - last - 10)
      last = at
    }, 10)
    const cpu = process.cpuUsage()
    const databaseBefore = postgresCpuSeconds(database.pid() ?? 0)
    const result = await scoreCustomers(ctx, { asOf })
    const { user, system } = process.cpuUsage(cpu)
    clearInterval(turn)
    const databaseSeconds = postgresCpuSeconds(database.pid() ?? 0) - databaseBefore
    return { result, blockedMs, cpuSeconds: (user + system) / 1e6, databaseSeconds }
  }
  say(
    [
      'run',
      'total s',
      'gather',
      'learn',
      'score',
      'publish',
      'our CPU s',
      'database CPU s',
      'main thread held up ms',
    ].join('\t'),
  )
  const runs = []
  // The first fills the segments with everybody; the second is what happens every night.
  for (const [name, asOf] of [
    ['first', now],
    ['nightly', new Date(now.getTime() + day)],
  ] as const) {
    const one = await run(asOf)
    runs.push(one)
    const { timings: t, seconds } = one.result
    say(
      [
        name,
        seconds,
        t.gather,
        t.learn,
        t.score,
        t.publish,
        round(one.cpuSeconds),
        round(one.databaseSeconds),
        round(one.blockedMs),
      ].join('\t'),
    )
  }
  const peakRss = peakMb()

  const { rows: some } = await ctx.pool.query<{ id: string }>(
    `select c.id from customers as c order by hashtext(c.external_id) limit $1`,
    [rescored + 1],
  )
  const times: number[] = []
  for (const { id } of some) {
    await ctx.pool.query(
      `insert into orders (external_id, customer_id, ordered_at, total_cents) values ('new-' || $1::text, $1::uuid, $2, 4200)`,
      [id, new Date(now.getTime() + day)],
    )
    const started = performance.now()
    await rescoreCustomers(ctx, { customerIds: [id], asOf: new Date(now.getTime() + day + 60_000) })
    times.push(performance.now() - started)
  }
  const [cold = 0, ...warm] = times
  say(
    `one customer again: ${round(median(warm))} ms (slowest ${round(Math.max(...warm))}, the very first ${round(cold)})`,
  )
  const { rows: check } = await ctx.pool.query<{ scored: number; versions: number; hashed: number }>(
    `select count(*)::int as scored, count(distinct s.model_version)::int as versions, count(s.input_hash)::int as hashed from customer_scores as s`,
  )
  if (check[0]!.scored !== customers || check[0]!.hashed !== customers || check[0]!.versions !== 1)
    throw new Error(`not everybody was scored: ${JSON.stringify(check[0])}`)
  await closeContext(ctx)
  const [first, nightly] = runs as [(typeof runs)[number], (typeof runs)[number]]
  const figures = {
    customers,
    orders: filled[0]!.orders,
    fit_s: round(Math.max(first.result.timings.learn, nightly.result.timings.learn), 2),
    total_s: round(first.result.seconds),
    nightly_s: round(nightly.result.seconds),
    peak_rss_mb: round(peakRss, 0),
    idle_rss_mb: round(idleRss / 2 ** 20, 0),
    incremental_ms: round(median(warm)),
    incremental_ms_max: round(Math.max(...warm)),
    incremental_ms_cold: round(cold),
    our_cpu_s: round(first.cpuSeconds),
    database_cpu_s: round(first.databaseSeconds),
    main_thread_blocked_ms: round(Math.max(first.blockedMs, nightly.blockedMs)),
  }
  const notes = [
    'fit_s: choosing k, fitting purchase and spend model to all customers, looking back four times twice, the test on the last 13 weeks',
    'total_s: the first run, which fills the segments with everybody; nightly_s: the next one',
    'peak_rss_mb: of our process with its scoring thread, without PostgreSQL',
  ]
  process.stdout.write(JSON.stringify({ bench: 'scoring', quick, figures, notes }) + '\n')
} finally {
  await stop()
}
