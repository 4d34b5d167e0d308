import type { ClientBase, Pool } from 'pg'
import { addDays, localDate, type Day } from '#core/calendar.ts'
import { eveningFrom, type ResultRow } from '#core/planning/evidence.ts'
import type { PastResult } from '#core/planning/facts.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'

/** Orders count for a week from the planned day; a day more, so that tills have told them. */
const firstAfter = 8
/** What lasts is read from days 8 to 28. */
const laterAfter = 29
/** Reading habits are those of a year. */
const yearDays = 365
/** Older results say little about today (core/planning/evidence.ts halves them yearly). */
const rememberedDays = 3 * yearDays
const lock = `select pg_advisory_xact_lock(hashtextextended('plan results', 7))`

/**
 * Counts the days whose messages have had their week, and again those that have had their four: what was sent beside what
 * was held out of the same plans by lot. Each day is one transaction, so it may stop anywhere. Returns the days counted.
 */
export async function countResults(ctx: Pick<Ctx, 'pool' | 'clock'>, signal?: AbortSignal): Promise<number> {
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const today = localDate(ctx.clock(), zone)
  let counted = 0
  for (const { day, stage } of await dueDays(ctx.pool, today)) {
    if (signal?.aborted) break
    await withTx(ctx.pool, async (tx) => {
      await tx.query(lock)
      if (stage === 'aged') await ageDay(tx, day)
      else await countDay(tx, day, zone, day <= addDays(today, -laterAfter))
    })
    counted++
  }
  await ctx.pool.query('delete from plan_result_days as d where d.day < $1', [addDays(today, -rememberedDays)])
  return counted
}

/** Days with messages that are due for a stage, the oldest first. */
async function dueDays(pool: Pool, today: Day): Promise<{ day: Day; stage: 'first' | 'later' | 'aged' }[]> {
  const { rows } = await pool.query<{ day: Day; stage: 'first' | 'later' | 'aged' }>(
    `with planned as (
       -- the days are few, the actions many: from one day to the next along the campaigns
       select distinct d.day::date as day from campaigns as c
       cross join lateral generate_series(c.start_date, least(c.end_date, $1::date - ${firstAfter}), interval '1 day') as d(day)
       where c.started_at is not null and c.end_date >= $1::date - ${rememberedDays}
     )
     select p.day, case when d.day is null then 'first' else 'later' end as stage from planned as p left join plan_result_days as d on d.day = p.day
     where p.day >= $1::date - ${rememberedDays} and (d.day is null or (d.later_at is null and p.day <= $1::date - ${laterAfter}))
     union all
     select d.day, 'aged' from plan_result_days as d where d.aged_at is null and d.day < $1::date - ${yearDays}
     order by 1`,
    [today],
  )
  return rows
}

/** A message is made at most some weeks before its day: months before that, and after it, need not be looked at. */
const madeFor = `(a.send_id is null or a.send_id between uuidv7_floor($1::date - interval '40 days') and uuidv7_floor($1::date + interval '2 days'))`

/** Messages of a day that arrived, and what their customers did with them. */
const sentOf = `select a.customer_id, count(*)::int as delivered, count(s.opened_at)::int as opened, count(s.clicked_at)::int as clicked
  from every_action as a join sends as s on s.id = a.send_id
  where a.scheduled_date = $1::date and a.campaign_id is not null and ${madeFor} and s.status in ('sent', 'delivered') and s.channel = 'email' group by 1`

/** @param withLater its fourth week is over as well */
async function countDay(tx: ClientBase, day: Day, zone: string, withLater: boolean): Promise<void> {
  const { rows } = await tx.query<{ is_new: boolean }>(
    `insert into plan_result_days as d (day, first_at, later_at) values ($1, now(), case when $2 then now() end)
     on conflict (day) do update set later_at = excluded.later_at returning (d.xmax = 0) as is_new`,
    [day, withLater],
  )
  await tx.query('delete from plan_results as r where r.day = $1', [day])
  await tx.query(
    `with given as (
       select a.customer_id, c.holdout_share::text as design, a.segment, coalesce(a.customer_group, '') as customer_group, a.offer ->> 'key' as offer_key, a.offer ->> 'kind' as offer_kind,
         a.channels[1] as channel, case when a.send_window ->> 'start' >= '${eveningFrom}' then 'evening' else 'day' end as part,
         s.id as send_id, s.opened_at, s.clicked_at, s.converted_at
       from every_action as a join campaigns as c on c.id = a.campaign_id left join sends as s on s.id = a.send_id
       where a.scheduled_date = $1::date and ${madeFor} and a.offer ->> 'key' is not null
         and (s.status in ('sent', 'delivered') or (a.decided = 'holdout' and not a.held_out_of_all and a.customer_group is not null))
     ), bought as (
       select o.customer_id, count(*) filter (where o.ordered_at < b.week) as orders, coalesce(sum(o.total_cents) filter (where o.ordered_at < b.week), 0) as spent_cents,
         coalesce(sum(o.discount_cents) filter (where o.ordered_at < b.week), 0) as discount_cents, count(*) filter (where o.ordered_at >= b.week) as later_orders
       from (select $1::timestamp at time zone $2 as start, ($1::timestamp + interval '7 days') at time zone $2 as week, ($1::timestamp + interval '28 days') at time zone $2 as month) as b
       join orders as o on o.ordered_at >= b.start and o.ordered_at < case when $3 then b.month else b.week end
       where o.total_cents >= 0 and o.customer_id in (select given.customer_id from given) group by 1
     ), gone as (
       select distinct e.send_id from analytics_events as e where e.event_type in ('unsubscribe', 'complaint') and e.send_id in (select given.send_id from given)
         and e.occurred_at >= $1::timestamp at time zone $2 and e.occurred_at < ($1::timestamp + interval '9 days') at time zone $2
     )
     insert into plan_results (day, design, segment, customer_group, outcome, offer_key, offer_kind, channel, part, n, opens, clicks, leaves, conversions, orders, spent_cents, discount_cents, opened_orders, opened_spent_cents, opened_discount_cents, later_n, later_orders)
     select $1, g.design, g.segment, g.customer_group, case when g.send_id is null then 'held' else 'sent' end, g.offer_key, g.offer_kind, g.channel, g.part,
       count(*), count(g.opened_at), count(g.clicked_at), count(gone.send_id), count(g.converted_at), coalesce(sum(b.orders), 0), coalesce(sum(b.spent_cents), 0), coalesce(sum(b.discount_cents), 0),
       coalesce(sum(b.orders) filter (where g.opened_at is not null), 0), coalesce(sum(b.spent_cents) filter (where g.opened_at is not null), 0), coalesce(sum(b.discount_cents) filter (where g.opened_at is not null), 0),
       case when $3 then count(*) else 0 end, coalesce(sum(b.later_orders), 0)
     from given as g left join bought as b on b.customer_id = g.customer_id left join gone on gone.send_id = g.send_id
     group by 2, 3, 4, 5, 6, 7, 8, 9`,
    [day, zone, withLater],
  )
  if (rows[0]!.is_new)
    await tx.query(
      `insert into customer_reading as r (customer_id, delivered, opened, clicked) select m.customer_id, m.delivered, m.opened, m.clicked from (${sentOf}) as m order by 1
       on conflict (customer_id) do update set delivered = r.delivered + excluded.delivered, opened = r.opened + excluded.opened, clicked = r.clicked + excluded.clicked`,
      [day],
    )
}

/** Messages of more than a year ago no longer say how somebody reads. */
async function ageDay(tx: ClientBase, day: Day): Promise<void> {
  await tx.query(
    `update customer_reading as r set delivered = greatest(0, r.delivered - m.delivered), opened = greatest(0, r.opened - m.opened), clicked = greatest(0, r.clicked - m.clicked)
     from (${sentOf}) as m where m.customer_id = r.customer_id`,
    [day],
  )
  await tx.query('update plan_result_days as d set aged_at = now() where d.day = $1', [day])
}

const textFields = ['design', 'segment', 'group', 'outcome', 'offer', 'kind', 'channel', 'part'] as const
const numberFields = [
  'n', 'opens', 'clicks', 'leaves', 'orders', 'spent_cents', 'discount_cents', 'opened_orders', 'opened_spent_cents', 'opened_discount_cents', 'later_n', 'later_orders',
] as const // prettier-ignore

/**
 * Results as the planner takes them: by periods of four weeks (core/planning/evidence.ts). A large shop has hundreds of
 * thousands of these rows; they come column by column as text, which is read five times as fast as rows are.
 */
export async function findResults(client: ClientBase | Pool, today: Day): Promise<ResultRow[]> {
  const all = ['period', ...textFields, ...numberFields]
  const { rows } = await client.query<Record<string, string | null>>(
    // All columns are put together in one pass, so they stand in one order.
    `select ${all.map((f) => `string_agg(s."${f}"::text, chr(31)) as "${f}"`).join(', ')} from (
       select (r.day - date '1970-01-05') / 28 as period, r.design, r.segment, r.customer_group as "group", r.outcome, r.offer_key as offer, r.offer_kind as kind, r.channel, r.part,
         ${numberFields.map((f) => `sum(r.${f}) as ${f}`).join(', ')}
       from plan_results as r where r.day >= $1::date - ${2 * yearDays} and r.customer_group <> '' group by 1, 2, 3, 4, 5, 6, 7, 8, 9
     ) as s`,
    [today],
  )
  const columns = all.map((f) => rows[0]?.[f]?.split('\u001f') ?? [])
  return columns[0]!.map((_, i) => {
    const row: Record<string, string | number> = {}
    all.forEach((f, k) => (row[f] = k > 0 && k <= textFields.length ? columns[k]![i]! : Number(columns[k]![i])))
    return row as unknown as ResultRow
  })
}

/** What half a year of our own messages brought, per segment, kind of offer and channel. */
export async function findPastResults(client: ClientBase | Pool, today: Day): Promise<PastResult[]> {
  const { rows } = await client.query<PastResult>(
    `select r.segment, r.offer_kind, r.channel, sum(r.n)::int as sends, sum(r.opens)::int as opens, sum(r.conversions)::int as orders
     from plan_results as r where r.day >= $1::date - 180 and r.outcome = 'sent' group by 1, 2, 3`,
    [today],
  )
  return rows
}
