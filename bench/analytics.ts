import type { AddressInfo } from 'node:net'
import type { Pool } from 'pg'
import { migrate } from '#db/migrate.ts'
import { createPool, withTx } from '#db/pool.ts'
import { readDashboard } from '#server/analytics/dashboard.ts'
import { readActivity } from '#server/analytics/customers.ts'
import { readNeeds } from '#server/analytics/needs.ts'
import { readOverview } from '#server/analytics/overview.ts'
import { readCampaigns, readSegments } from '#server/analytics/parts.ts'
import { readLatestSends, readRunning } from '#server/analytics/running.ts'
import { readDays, spanOf } from '#server/analytics/series.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { appendEvents, type NewEvent } from '#server/events.ts'
import { figuresChanged } from '#server/feedback/notify.ts'
import { createApp } from '#server/http/app.ts'
import { startSession } from '#server/accounts/session.ts'
import { createLog } from '#server/log.ts'
import { foldRollups, rebuildRollups, reconcileRollups } from '#server/rollups.ts'
import { startFilled } from './kept.ts'

// How long a panel and the first page take over ten million events, against asking the events themselves in the same run;
// how fast events come in with their sums; how old a live number is; and whether every sum is a recount.
const quick = process.argv.includes('--quick')
// `--events N`: another size between the two, with a tenth as many customers.
const asked = Number(process.argv[process.argv.indexOf('--events') + 1])
const events = process.argv.includes('--events') && asked > 0 ? asked : quick ? 400_000 : 10_000_000
const size = {
  events,
  customers: events / 10,
  ...(quick
    ? { rounds: 8, raw: 2, ingest: 20_000, permutations: 20_000, live: 6 }
    : { rounds: 30, raw: 3, ingest: 50_000, permutations: 100_000, live: 20 }),
}
const campaigns = 200
const zone = 'America/New_York'
const now = new Date('2026-11-20T18:00:00Z')
const say = (text: string): boolean => process.stderr.write(text + '\n')
const median = (v: readonly number[]): number => v.toSorted((a, b) => a - b)[Math.floor(v.length / 2)] ?? 0
const p95 = (v: readonly number[]): number =>
  v.toSorted((a, b) => a - b)[Math.min(v.length - 1, Math.ceil(v.length * 0.95) - 1)] ?? 0
const round = (n: number, digits = 1): number => Number(n.toFixed(digits))
async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

const { database, dataDir, stop } = await startFilled(`analytics-${events}`, async ({ url }) => {
  await migrate(url)
  say(`filling ${size.events} events of ${campaigns} campaigns, ${size.customers} customers and orders ...`)
  const pool = createPool(url, { max: 2 })
  // Its last connections may still be closing when the database stops.
  pool.on('error', () => undefined)
  say(`filled in ${round((await timed(() => fill(pool))) / 1000)} s`)
  await pool.end()
})
try {
  // A kept shop may be older than the newest migration.
  await migrate(database.url)
  const config = {
    ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: 'a secret that only the bench uses, 32 chars', LMA_DEMO: 'off' }),
    publicUrl: 'http://localhost',
  }
  const ctx = createContext(config, database.url, { log: createLog('error'), clock: () => now })
  const built = await timed(() => withTx(ctx.pool, rebuildRollups))
  say(`rollups built in ${round(built / 1000)} s`)
  await ctx.pool.query('vacuum analyze')
  const { rows: sizes } = await ctx.pool.query<{ hourly: number; daily: number }>(
    'select (select count(*) from rollup_hourly) as hourly, (select count(*) from rollup_daily) as daily',
  )
  say(`hourly rows ${sizes[0]!.hourly}, daily rows ${sizes[0]!.daily}`)

  // A context of its own for each call: nothing is remembered from the one before.
  const fresh = (): Ctx => ({ ...ctx })
  const span = (period: '7d' | '30d' | '90d' | '12m') => spanOf({ period, compare: 'before' }, now, zone)
  const query = { period: '30d', compare: 'before' } as const
  const panels: [string, () => Promise<unknown>][] = [
    ['figures and days, 7 d', () => readDays(fresh(), span('7d'), zone)],
    ['figures and days, 30 d', () => readDays(fresh(), span('30d'), zone)],
    ['figures and days, 90 d', () => readDays(fresh(), span('90d'), zone)],
    ['figures and days, 12 m', () => readDays(fresh(), span('12m'), zone)],
    ['needs you', () => readNeeds(fresh())],
    ['running campaigns', () => readRunning(fresh())],
    ['latest sends', () => readLatestSends(fresh(), systemActor)],
    ['campaigns, 30 d', () => readCampaigns(fresh(), query)],
    ['segments, 30 d', () => readSegments(fresh(), query)],
    ['week by hour, 30 d', () => readActivity(fresh(), query)],
  ]
  const times = new Map<string, number[]>()
  for (const [name, run] of panels) {
    await run()
    const each: number[] = []
    for (let i = 0; i < size.rounds; i++) each.push(await timed(run))
    times.set(name, each)
    say(`${name.padEnd(26)} median ${round(median(each))} ms, p95 ${round(p95(each))} ms`)
  }
  const whole: number[] = []
  for (let i = 0; i < size.rounds; i++)
    whole.push(
      await timed(() =>
        readDashboard(fresh(), systemActor, {
          period: (['7d', '30d', '90d', '12m'] as const)[i % 4]!,
          compare: 'before',
        }),
      ),
    )
  say(`${'dashboard, one request'.padEnd(26)} median ${round(median(whole))} ms, p95 ${round(p95(whole))} ms`)
  await readOverview(fresh(), query)

  // The same questions to the events themselves.
  const raw: [string, string, unknown[]][] = [
    ['figures and days, 30 d', rawDays(), [zone, span('30d').previousFromAt, span('30d').toAt]],
    ['figures and days, 12 m', rawDays(), [zone, span('12m').previousFromAt, span('12m').toAt]],
    ['campaigns, 30 d', rawParts('campaign_id'), [span('30d').fromAt, now]],
    ['segments, 30 d', rawParts('segment'), [span('30d').fromAt, now]],
  ]
  const ratios: number[] = []
  for (const [name, sql, values] of raw) {
    const each: number[] = []
    for (let i = 0; i < size.raw; i++) each.push(await timed(() => ctx.pool.query(sql, values)))
    const ratio = median(each) / median(times.get(name)!)
    ratios.push(ratio)
    say(`${`raw: ${name}`.padEnd(32)} ${round(median(each))} ms, ${round(ratio)} times the panel`)
  }

  const ingested = await ingest(ctx, size.ingest)
  say(`ingest with sums: ${Math.round(ingested)} events/s`)
  await permute(ctx, size.permutations)
  const detail = await reconcileRollups(ctx)
  const mismatches = Object.values(detail).reduce((a, b) => a + b, 0)
  say(`sums that are not a recount after ${size.permutations} permuted events: ${mismatches}`)
  const stale = await liveAge(ctx)
  say(`a live number is ${round(median(stale))} ms old when it is read, worst ${round(Math.max(...stale))} ms`)
  await closeContext(ctx)

  const figures = {
    panel_p95_ms: round(Math.max(...[...times.values()].map(p95))),
    dashboard_p95_ms: round(p95(whole)),
    vs_raw_median: round(median(ratios)),
    staleness_ms: round(Math.max(...stale)),
    ingest_per_s: Math.round(ingested),
    mismatches,
    events: size.events,
    rebuild_s: round(built / 1000),
  }
  const notes = ['panels are computed afresh each time; the product also shares answers between askers']
  process.stdout.write(JSON.stringify({ bench: 'analytics', quick, figures, notes }) + '\n')
} finally {
  await stop()
}

/** Campaigns of two weeks over a year, messages by day, everything after them by hash: the same every time. */
async function fill(pool: Pool): Promise<void> {
  const perCampaign = Math.floor(size.events / campaigns)
  await pool.query(`select ensure_partitions(($1::timestamptz - interval '14 months')::date, 16)`, [now])
  await pool.query(
    `insert into settings (name, value) values ('shop', '{"name":"Bench","from_name":"Bench","from_email":"b@shop.invalid","time_zone":"America/New_York"}')`,
  )
  await pool.query(
    `insert into segments (key, name, kind, rules, customer_count) select 's' || g, 'Segment ' || g, 'rule', '{}', 1000 from generate_series(1, 9) as g`,
  )
  await pool.query(
    `insert into customers (external_id, email, name, created_at) select 'C' || g, 'c' || g || '@example.com', 'Customer ' || g, $1::timestamptz - interval '2 years' from generate_series(1, $2::int) as g`,
    [now, size.customers],
  )
  await pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents)
     select 'O' || c.external_id, c.id, $1::timestamptz - make_interval(mins => (hashtext(c.external_id) & 1048575)), 1000 + (hashtext(c.external_id) & 8191) from customers as c`,
    [now],
  )
  await pool.query(
    `insert into customer_scores (customer_id, model_version, as_of, rfm_segment, churn_risk, clv_cents, last_purchase_at)
     select c.id, 'bench', $1, 's' || (1 + (hashtext(c.external_id) & 1023) % 9), (array['low', 'medium', 'high', 'new'])[1 + (hashtext(c.external_id) & 3)], 5000, $1::timestamptz - make_interval(days => hashtext(c.external_id) & 511) from customers as c`,
    [now],
  )
  const { rows } = await pool.query<{ id: string; at: Date }>(
    `insert into campaigns (name, status, start_date, end_date, started_at)
     select 'Campaign ' || g, 'completed', d::date, d::date + 6, d from (select g, $1::timestamptz - make_interval(mins => (g * 525600.0 / $2)::int) as d from generate_series(1, $2::int) as g) as x returning id, started_at as at`,
    [now, campaigns],
  )
  for (const [i, c] of rows.entries()) {
    await pool.query(
      `insert into analytics_events (id, event_type, customer_id, campaign_id, send_id, channel, segment, machine, value_cents, occurred_at)
       select uuidv7_at(e.at), e.type, uuidv7_at(e.at), $1::uuid, uuidv7_at(e.at), case when e.h % 10 = 0 then 'sms' else 'email' end, 's' || (1 + e.h % 9), e.type = 'open' and e.h % 3 = 0,
         case when e.type = 'conversion' then 1000 + e.h % 8000 end, e.at
       from (
         select h, case when h % 100 < 40 then 'sent' when h % 100 < 70 then 'delivered' when h % 100 < 90 then 'open' when h % 100 < 96 then 'click' when h % 100 < 98 then 'conversion' when h % 100 < 99 then 'bounce' else 'unsubscribe' end as type,
           least($2::timestamptz + make_interval(days => (h / 100) % 14, hours => (h / 1400) % 13, mins => (h / 18200) % 60), $4::timestamptz - interval '1 minute') as at
         from (select hashtext($5 || g::text) & 1073741823 as h from generate_series(1, $3::int) as g) as x
       ) as e`,
      [c.id, c.at, perCampaign, now, String(i)],
    )
    if (i % 50 === 49) say(`  ${i + 1} campaigns`)
  }
}

function rawParts(column: 'campaign_id' | 'segment'): string {
  return `select e.${column}, count(*) filter (where e.event_type = 'sent') as sends, count(*) filter (where e.event_type = 'open' and not e.machine) as opens,
    count(*) filter (where e.event_type = 'click' and not e.machine) as clicks, sum(e.value_cents) filter (where e.event_type = 'conversion') as cents
  from analytics_events as e where e.occurred_at >= $1 and e.occurred_at < $2 group by 1`
}

/** Sums of every day, from the events. */
function rawDays(): string {
  return `select (e.occurred_at at time zone $1)::date as day, count(*) filter (where e.event_type = 'sent') as sends,
    count(*) filter (where e.event_type = 'open' and not e.machine) as opens, count(*) filter (where e.event_type = 'click' and not e.machine) as clicks,
    sum(e.value_cents) filter (where e.event_type = 'conversion') as cents
  from analytics_events as e where e.occurred_at >= $2 and e.occurred_at < $3 group by 1`
}

/** Events in batches of 1,000, four at a time, each with keys and sums in its transaction; events per second. */
async function ingest(ctx: Ctx, n: number): Promise<number> {
  const { rows } = await ctx.pool.query<{ id: string }>('select c.id from campaigns as c limit 20')
  const batches = Array.from({ length: Math.ceil(n / 1000) }, (_, b) =>
    Array.from({ length: 1000 }, (_, i): NewEvent => ({
      type: i % 3 ? 'sent' : 'open',
      at: new Date(now.getTime() - ((b * 1000 + i) % 3600) * 1000),
      key: `ingest:${b}:${i}`,
      campaignId: rows[(b + i) % rows.length]!.id,
      channel: 'email',
      segment: `s${1 + (i % 9)}`,
      machine: false,
    })),
  )
  const next = batches.values()
  const ms = await timed(() =>
    Promise.all(
      Array.from({ length: 4 }, async () => {
        for (const batch of next) await appendEvents(ctx.pool, batch)
      }),
    ),
  )
  return n / (ms / 1000)
}

/** Random events in random order, a tenth of them twice, while the sums are folded. */
async function permute(ctx: Ctx, n: number): Promise<void> {
  const types = ['sent', 'open', 'click', 'conversion', 'bounce']
  const hash = (i: number): number => Math.imul(i ^ (i >>> 15), 0x2c1b3c6d) >>> 1
  const events = Array.from({ length: n }, (_, i): NewEvent => ({
    type: types[hash(i) % 5]!,
    at: new Date(now.getTime() - (hash(i + 7) % 300) * 86_400_000 - (hash(i + 9) % 86_400) * 1000),
    key: `permuted:${i}`,
    channel: hash(i + 1) % 4 ? 'email' : 'sms',
    segment: `s${1 + (hash(i + 2) % 9)}`,
    machine: hash(i + 3) % 3 === 0,
    valueCents: hash(i + 4) % 9000,
  }))
  const order = [...events, ...events.slice(0, n / 10)].map((e, i) => ({ e, at: hash(i * 31 + 5) }))
  order.sort((a, b) => a.at - b.at)
  for (let from = 0; from < order.length; from += 2500) {
    const batch = order.slice(from, from + 2500).map((o) => o.e)
    await Promise.all([appendEvents(ctx.pool, batch), ...(from % 10_000 === 0 ? [foldRollups(ctx)] : [])])
  }
}

/** From the moment an event is committed until the page that was told over its socket has read the new number. */
async function liveAge(ctx: Ctx): Promise<number[]> {
  const app = await createApp(ctx)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into users (email, password_hash, role) values ('bench@shop.test', 'x', 'admin') returning id`,
  )
  const { accessToken: token } = await startSession(ctx, rows[0]!.id, { userAgent: 'bench', ip: '127.0.0.1' })
  const read = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/analytics/dashboard?period=7d`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const { kpis } = (await answer.json()) as { kpis: { id: string; value: number }[] }
    return kpis.find((k) => k.id === 'sends')!.value
  }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/analytics`)
  const topics: string[] = []
  let heard: (() => void) | null = null
  socket.addEventListener('message', (m) => {
    topics.push((JSON.parse(String(m.data)) as { topic: string }).topic)
    heard?.()
  })
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  socket.send(JSON.stringify({ token }))
  while (!topics.includes('ready')) await new Promise((resolve) => setTimeout(resolve, 10))
  const ages: number[] = []
  let count = await read()
  for (let i = 0; i < size.live; i++) {
    const told = new Promise<void>((resolve) => (heard = resolve))
    const start = performance.now()
    await appendEvents(ctx.pool, [
      { type: 'sent', at: new Date(now.getTime() - 1000), key: `live:${i}`, channel: 'email' },
    ])
    figuresChanged(ctx, null)
    const late = setTimeout(() => heard?.(), 5000)
    await told
    clearTimeout(late)
    const seen = await read()
    ages.push(seen === count + 1 ? performance.now() - start : 10_000)
    count = seen
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  socket.close()
  await app.close()
  return ages
}
