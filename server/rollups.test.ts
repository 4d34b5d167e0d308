import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withTx } from '#db/pool.ts'
import { testContext } from '#test/context.ts'
import { appendEvents, type NewEvent } from './events.ts'
import { changeSetting } from './settings.ts'
import { systemActor } from './audit.ts'
import {
  daysSql,
  dropOldEvents,
  foldRollups,
  keepRollups,
  readState,
  rebuildRollups,
  reconcileRollups,
} from './rollups.ts'

const ctx = await testContext()
const campaigns = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002']
const right = { hours: 0, days: 0, orders: 0 }

const event = fc.record({
  type: fc.constantFrom('sent', 'open', 'click', 'conversion', 'bounce'),
  minute: fc.integer({ min: 0, max: 60 * 24 * 40 }),
  key: fc.integer({ min: 0, max: 4000 }),
  campaign: fc.constantFrom(null, ...campaigns),
  segment: fc.constantFrom(null, 'Champions', 'Lost'),
  channel: fc.constantFrom('email', 'sms'),
  machine: fc.constantFrom(true, false, null),
  value: fc.integer({ min: 0, max: 9000 }),
})
const made = (e: typeof event extends fc.Arbitrary<infer T> ? T : never): NewEvent => ({
  type: e.type,
  at: new Date(Date.UTC(2026, 9, 12) + e.minute * 60_000),
  key: `${e.type}:${e.key}`,
  campaignId: e.campaign,
  segment: e.segment,
  channel: e.channel,
  machine: e.machine,
  valueCents: e.value,
})

test('events in any order, twice, in any batches, folded at any moment: every sum equals a recount', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 400 }),
      fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 12 }),
      fc.integer(),
      async (given, cuts, seed) => {
        const events = given.map(made)
        const shuffled = [...events, ...events.slice(0, 50)].toSorted(
          (a, b) => Math.sin(seed + a.at.getTime()) - Math.sin(seed + b.at.getTime()),
        )
        for (let i = 0, at = 0; at < shuffled.length; i++) {
          const size = cuts[i % cuts.length]!
          await Promise.all([
            appendEvents(ctx.pool, shuffled.slice(at, at + size)),
            ...(i % 3 === 0 ? [foldRollups(ctx)] : []),
          ])
          at += size
        }
        expect(await reconcileRollups(ctx)).toEqual(right)
      },
    ),
    { numRuns: 12, seed: 1 },
  )
}, 120_000)

test('orders placed, changed, moved to another hour and removed stay counted', async () => {
  await ctx.pool.query(`insert into customers (name, external_id) values ('A', 'A'), ('B', 'B')`)
  await ctx.pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents, discount_cents)
     select 'o' || g, (select id from customers where external_id = case when g % 2 = 0 then 'A' else 'B' end), timestamptz '2026-11-01T00:00:00Z' + make_interval(mins => g * 37), 1000 + g, g % 7
     from generate_series(1, 500) as g`,
  )
  await foldRollups(ctx)
  await ctx.pool.query(
    `update orders set total_cents = total_cents + 5, ordered_at = ordered_at + interval '3 hours' where external_id like 'o1%'`,
  )
  await ctx.pool.query(`delete from orders where external_id like 'o2%'`)
  expect(await reconcileRollups(ctx)).toEqual(right)
  await ctx.pool.query(`delete from customers where external_id = 'B'`)
  expect(await reconcileRollups(ctx)).toEqual(right)
  await foldRollups(ctx)
  expect(await reconcileRollups(ctx)).toEqual(right)
  const { rows } = await ctx.pool.query(
    'select (select sum(revenue_cents) from rollup_orders)::bigint as kept, (select sum(total_cents) from orders)::bigint as counted',
  )
  expect(rows[0].kept).toBe(rows[0].counted)
})

test('a sum that is wrong is found, told, and right again after a rebuild', async () => {
  await ctx.pool.query(
    `update rollup_daily set events = events + 1 where (grain, key, day, event_type, channel, machine) = (select grain, key, day, event_type, channel, machine from rollup_daily limit 1)`,
  )
  await ctx.pool.query(`delete from analytics_events where id = (select id from analytics_events limit 1)`)
  expect(await reconcileRollups(ctx)).toEqual({ hours: 1, days: 1, orders: 0 })
  expect((await readState(ctx.pool)).mismatches).toBe(2)
  await withTx(ctx.pool, rebuildRollups)
  expect(await reconcileRollups(ctx)).toEqual(right)
  // The switch that silences the triggers ends with the rebuild.
  await appendEvents(ctx.pool, [{ type: 'sent', at: new Date('2026-11-02T10:00:00Z') }])
  expect(await reconcileRollups(ctx)).toEqual(right)
})

test('a shop that moves to another zone gets its days cut anew', async () => {
  const at = new Date('2026-11-03T03:30:00Z')
  await appendEvents(ctx.pool, [{ type: 'complaint', at }])
  const dayOf = async (): Promise<string> => {
    const { zone } = await readState(ctx.pool)
    const { rows } = await ctx.pool.query<{ day: string }>(
      `select s.day from (${daysSql}) as s where s.event_type = 'complaint' and s.grain = 'all'`,
      [zone],
    )
    expect(rows).toHaveLength(1)
    return rows[0]!.day
  }
  expect(await dayOf()).toBe('2026-11-02')
  await withTx(ctx.pool, (tx) => changeSetting(tx, systemActor, 'shop', { time_zone: 'Europe/Berlin' }))
  await keepRollups(ctx)
  expect(await dayOf()).toBe('2026-11-03')
  expect(await reconcileRollups(ctx)).toEqual(right)
})

test('months of events that are too old are dropped whole; their sums stay, also through a rebuild', async () => {
  const old = new Date(Date.now() - 27 * 31 * 86_400_000)
  const month = old.toISOString().slice(0, 7)
  await ctx.pool.query('select ensure_partitions($1::date, 1)', [`${month}-01`])
  await appendEvents(ctx.pool, [
    { type: 'sent', at: old, key: 'old:1' },
    { type: 'conversion', at: old, key: 'old:2', valueCents: 700 },
  ])
  const sums = async () =>
    (
      await ctx.pool.query(
        `select sum(events)::int as events, sum(value_cents)::int as cents from rollup_daily where grain = 'all' and day < now() - interval '26 months'`,
      )
    ).rows[0]
  await foldRollups(ctx)
  const before = await sums()
  expect(before).toEqual({ events: 2, cents: 700 })
  expect(await dropOldEvents(ctx)).toContain(`analytics_events_${month.replace('-', '_')}`)
  expect(await dropOldEvents(ctx)).toEqual([])
  expect((await ctx.pool.query(`select 1 from event_keys where key like 'old:%'`)).rowCount).toBe(0)
  expect(await reconcileRollups(ctx)).toEqual(right)
  await withTx(ctx.pool, rebuildRollups)
  expect(await sums()).toEqual(before)
  expect(await reconcileRollups(ctx)).toEqual(right)
})
