import type { ClientBase, Pool } from 'pg'
import { withTx } from '#db/pool.ts'
import type { Ctx } from './context.ts'
import { findOrphans } from './ledger-parents.ts'
import { readSetting } from './settings.ts'

const lock = `select pg_advisory_xact_lock(hashtextextended('rollups', 7))`
const nobody = '00000000-0000-0000-0000-000000000000'

/** Spreads an hourly row over the four grains of rollup_daily. Expects columns of rollup_hourly as `r` and the zone as $1. */
const grains = `cross join lateral (values ('all', ''), ('hour', to_char(r.hour at time zone $1, 'HH24')), ('campaign', r.campaign_id::text), ('segment', r.segment)) as g(grain, key)
  where g.grain = 'all' or (g.key <> '' and g.key <> '${nobody}')`

const fold = (source: string): string =>
  `insert into rollup_daily as d (grain, key, day, event_type, channel, machine, events, value_cents)
   select g.grain, g.key, (r.hour at time zone $1)::date, r.event_type, r.channel, r.machine, sum(r.events), sum(r.value_cents)
   from ${source} as r ${grains} group by 1, 2, 3, 4, 5, 6
   on conflict (grain, event_type, day, key, channel, machine)
   do update set events = d.events + excluded.events, value_cents = d.value_cents + excluded.value_cents`

/**
 * Folds the changes since the last time into the day and order sums, in one transaction: a reader sees them in the delta
 * or in the sums, never in both or neither. Returns how many rows were folded.
 */
export async function foldRollups(ctx: Pick<Ctx, 'pool'>): Promise<number> {
  return withTx(ctx.pool, async (tx) => {
    await tx.query(lock)
    const { zone } = await readState(tx)
    const { rows } = await tx.query<{ n: number }>(
      `with taken as (delete from rollup_delta returning *), folded as (${fold('taken')}) select count(*) as n from taken`,
      [zone],
    )
    const { rows: orders } = await tx.query<{ n: number }>(
      `with taken as (delete from rollup_orders_delta returning *), folded as (
         insert into rollup_orders as d (hour, orders, revenue_cents, discount_cents)
         select t.hour, sum(t.orders), sum(t.revenue_cents), sum(t.discount_cents) from taken as t group by 1
         on conflict (hour) do update set orders = d.orders + excluded.orders, revenue_cents = d.revenue_cents + excluded.revenue_cents,
           discount_cents = d.discount_cents + excluded.discount_cents
       ) select count(*) as n from taken`,
    )
    return rows[0]!.n + orders[0]!.n
  })
}

/**
 * Builds every sum anew from events and orders: after a repair or a removal, when the shop moves to another zone, or to
 * prove that they are right. Holds back whoever appends until the caller's transaction ends.
 */
export async function rebuildRollups(client: ClientBase): Promise<void> {
  await client.query(lock)
  await client.query('lock table rollup_hourly, rollup_delta, orders, rollup_orders_delta in share row exclusive mode')
  // Millions of groups: sorting them on disk would take several times as long.
  await client.query(`select set_config('lma.rebuilding', 'on', true), set_config('work_mem', '256MB', true)`)
  await client.query('delete from rollup_hourly as r using rollup_state as s where r.hour >= s.events_from')
  await client.query('delete from rollup_delta')
  await client.query(
    `insert into rollup_hourly (hour, campaign_id, channel, segment, event_type, machine, events, value_cents) ${recount}`,
  )
  await client.query('delete from rollup_orders')
  await client.query('delete from rollup_orders_delta')
  await client.query(
    `insert into rollup_orders (hour, orders, revenue_cents, discount_cents)
     select date_trunc('hour', o.ordered_at, 'UTC'), count(*), sum(o.total_cents), sum(o.discount_cents) from orders as o group by 1`,
  )
  await rebuildDays(client)
  await client.query(`select set_config('lma.rebuilding', '', true)`)
}

const recount = `select date_trunc('hour', e.occurred_at, 'UTC') as hour, coalesce(e.campaign_id, '${nobody}') as campaign_id,
    coalesce(e.channel, '') as channel, coalesce(e.segment, '') as segment, e.event_type, coalesce(e.machine, false) as machine,
    count(*) as events, coalesce(sum(e.value_cents), 0) as value_cents
  from analytics_events as e where e.occurred_at >= (select s.events_from from rollup_state as s) group by 1, 2, 3, 4, 5, 6`

/** The days again from the hours, in the shop's zone. The caller holds the lock. */
async function rebuildDays(client: ClientBase): Promise<void> {
  const { time_zone } = await readSetting(client, 'shop')
  await client.query('delete from rollup_delta')
  await client.query('delete from rollup_daily')
  await client.query(fold('rollup_hourly'), [time_zone])
  await client.query('update rollup_state set zone = $1, built_at = now(), mismatches = 0, detail = $2', [
    time_zone,
    '{}',
  ])
}

/** What the worker does every few seconds: fold, and cut the days anew when the shop's zone is another one. */
export async function keepRollups(ctx: Ctx): Promise<void> {
  const [{ zone }, shop] = await Promise.all([readState(ctx.pool), readSetting(ctx.pool, 'shop')])
  if (zone === shop.time_zone) return void (await foldRollups(ctx))
  await withTx(ctx.pool, async (tx) => {
    await tx.query(lock)
    await tx.query('lock table rollup_hourly, rollup_delta in share row exclusive mode')
    await rebuildDays(tx)
  })
  ctx.log.info({ zone: shop.time_zone }, 'days cut anew in the zone of the shop')
}

export interface RollupState {
  zone: string
  built_at: Date
  reconciled_at: Date | null
  mismatches: number
  detail: Record<string, number>
}

export async function readState(client: ClientBase | Pool): Promise<RollupState> {
  const { rows } = await client.query<RollupState>(
    'select s.zone, s.built_at, s.reconciled_at, s.mismatches, s.detail from rollup_state as s',
  )
  return rows[0]!
}

const unequal = (left: string, right: string, key: string, sums: string[]): string =>
  `select count(*) as n from (${left}) as a full join (${right}) as b using (${key})
   where ${sums.map((s) => `coalesce(a.${s}, 0) <> coalesce(b.${s}, 0)`).join(' or ')}`

/**
 * Counts everything again at one moment and compares: hours with the events, days with the hours, orders with the orders.
 * The result is kept; anything but zero is told under "Needs you". Reads only, nobody waits for it.
 */
export async function reconcileRollups(ctx: Pick<Ctx, 'pool' | 'clock'>): Promise<RollupState['detail']> {
  const client = await ctx.pool.connect()
  let detail: Record<string, number>
  try {
    await client.query('begin isolation level repeatable read read only')
    const { zone } = await readState(client)
    const counted = async (sql: string, values: unknown[] = []): Promise<number> =>
      (await client.query<{ n: number }>(sql, values)).rows[0]!.n
    detail = {
      hours: await counted(
        unequal(
          'select r.* from rollup_hourly as r where r.hour >= (select s.events_from from rollup_state as s)',
          recount,
          'hour, campaign_id, channel, segment, event_type, machine',
          ['events', 'value_cents'],
        ),
      ),
      days: await counted(
        unequal(
          `select s.grain, s.key, s.day, s.event_type, s.channel, s.machine, sum(s.events) as events, sum(s.value_cents) as value_cents
           from (${daysSql}) as s group by 1, 2, 3, 4, 5, 6`,
          `select g.grain, g.key, (r.hour at time zone $1)::date as day, r.event_type, r.channel, r.machine, sum(r.events) as events, sum(r.value_cents) as value_cents
           from rollup_hourly as r ${grains} group by 1, 2, 3, 4, 5, 6`,
          'grain, key, day, event_type, channel, machine',
          ['events', 'value_cents'],
        ),
        [zone],
      ),
      orders: await counted(
        unequal(
          `select s.hour, sum(s.orders) as orders, sum(s.revenue_cents) as revenue_cents, sum(s.discount_cents) as discount_cents from (${ordersSql}) as s group by 1`,
          `select date_trunc('hour', o.ordered_at, 'UTC') as hour, count(*) as orders, sum(o.total_cents) as revenue_cents, sum(o.discount_cents) as discount_cents from orders as o group by 1`,
          'hour',
          ['orders', 'revenue_cents', 'discount_cents'],
        ),
      ),
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
  await ctx.pool.query('update rollup_state set reconciled_at = $1, mismatches = $2, detail = $3', [
    ctx.clock(),
    Object.values(detail).reduce((a, b) => a + b, 0),
    JSON.stringify(detail),
  ])
  return detail
}

/** Days with what is not folded yet, as rows of rollup_daily; several rows may share a key. $1 is the zone of the state. */
export const daysSql = `select d.grain, d.key, d.day, d.event_type, d.channel, d.machine, d.events, d.value_cents from rollup_daily as d
  union all
  select g.grain, g.key, (r.hour at time zone $1)::date, r.event_type, r.channel, r.machine, r.events, r.value_cents from rollup_delta as r ${grains}`

/** Hours of orders with what is not folded yet; several rows may share an hour. */
export const ordersSql = `select o.hour, o.orders, o.revenue_cents, o.discount_cents from rollup_orders as o
  union all select o.hour, o.orders, o.revenue_cents, o.discount_cents from rollup_orders_delta as o`

/** Once a night, in the small hours of the shop; after two missed nights at once. */
export async function reconcileNightly(ctx: Ctx): Promise<void> {
  const [{ reconciled_at }, shop] = await Promise.all([readState(ctx.pool), readSetting(ctx.pool, 'shop')])
  const now = ctx.clock()
  const hour = Number(
    new Intl.DateTimeFormat('en-US', { hour: 'numeric', hourCycle: 'h23', timeZone: shop.time_zone }).format(now),
  )
  const ageHours = reconciled_at ? (now.getTime() - reconciled_at.getTime()) / 3_600_000 : Infinity
  if (!(ageHours > 49 || (ageHours > 20 && hour >= 2 && hour < 5))) return
  const detail = await reconcileRollups(ctx)
  const wrong = Object.values(detail).reduce((a, b) => a + b, 0)
  if (wrong > 0)
    ctx.log.error({ ...detail }, 'sums are not a recount: rebuild them with `liquor-agent rollups rebuild`')
  const orphans = await findOrphans(ctx.pool)
  if (Object.keys(orphans).length > 0) ctx.log.error(orphans, 'actions or messages name what is not there')
}

/** docs/decisions/0004-retention.md */
const keptMonths = 25

/**
 * Drops the months of events that are older than they may be; their sums stay. Returns the partitions dropped. A month
 * whose bound has passed is dropped whole, with the keys of its events.
 */
export async function dropOldEvents(ctx: Ctx): Promise<string[]> {
  const { rows } = await ctx.pool.query<{ name: string; until: Date }>(
    `select c.relname as name, (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::timestamp at time zone 'UTC' as until
     from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
     where i.inhparent = 'analytics_events'::regclass and c.relname ~ '^analytics_events_[0-9]{4}_[0-9]{2}$' order by 1`,
  )
  const limit = new Date(ctx.clock())
  limit.setUTCMonth(limit.getUTCMonth() - keptMonths)
  const dropped: string[] = []
  for (const { name, until } of rows.filter((r) => r.until <= limit)) {
    await withTx(ctx.pool, async (tx) => {
      await tx.query(lock)
      await tx.query('update rollup_state set events_from = greatest(rollup_state.events_from, $1)', [until])
      await tx.query('delete from event_keys as k where k.event_id < uuidv7_floor($1)', [until])
      // Names come from the catalogue and fit the pattern above.
      await tx.query(`drop table ${name}`)
    })
    dropped.push(name)
  }
  if (dropped.length > 0) ctx.log.info({ dropped }, 'months of events dropped, their sums are kept')
  return dropped
}
