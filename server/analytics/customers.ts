import type { PeriodQuery } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import type { reports } from '#contract/reports.ts'
import { instantOf, localDate } from '#core/calendar.ts'
import { percent } from '#core/analytics/period.ts'
import type { Ctx } from '../context.ts'
import { daysSql, ordersSql, readState } from '../rollups.ts'
import { readSetting } from '../settings.ts'
import { headOf } from './overview.ts'
import { remember } from './remember.ts'

/** These look at every customer: in a big shop their answers may be some minutes old. */
const graceMs = 3_600_000

/** Of the customers whose first order fell into a month, how many bought in each month after it. */
export async function readCohorts(ctx: Ctx, months: number): Promise<Answer<typeof reports.cohorts>> {
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const now = ctx.clock()
  const thisMonth = `${localDate(now, zone).slice(0, 7)}-01`
  const rows = await remember(
    ctx,
    `cohorts:${months}:${thisMonth}`,
    async () =>
      (
        await ctx.pool.query<{ month: string; later: number; customers: number; cents: number }>(
          `with span as (select $2::date - make_interval(months => $3 - 1) as low),
             firsts as (
               select o.customer_id, min(o.ordered_at) as at from orders as o join customers as c on c.id = o.customer_id and c.deleted_at is null
               where o.ordered_at < $4 group by 1 having min(o.ordered_at) >= (select span.low at time zone $1 from span)
             )
           select date_trunc('month', firsts.at at time zone $1)::date as month,
             (extract(year from age(date_trunc('month', o.ordered_at at time zone $1), date_trunc('month', firsts.at at time zone $1))) * 12
               + extract(month from age(date_trunc('month', o.ordered_at at time zone $1), date_trunc('month', firsts.at at time zone $1))))::int as later,
             count(distinct o.customer_id) as customers, sum(o.total_cents)::bigint as cents
           from firsts join orders as o on o.customer_id = firsts.customer_id and o.ordered_at >= firsts.at and o.ordered_at < $4
           group by 1, 2`,
          [zone, thisMonth, months, now],
        )
      ).rows,
    { graceMs },
  )
  const cohorts = [...new Set(rows.map((r) => r.month))].toSorted().map((month) => {
    const own = new Map(rows.filter((r) => r.month === month).map((r) => [r.later, r]))
    const past = monthsBetween(month, thisMonth)
    const each = <T>(of: (later: number) => T): (T | null)[] =>
      Array.from({ length: months }, (_, later) => (later <= past ? of(later) : null))
    return {
      month,
      customers: own.get(0)?.customers ?? 0,
      bought: each((later) => own.get(later)?.customers ?? 0),
      revenue_cents: each((later) => own.get(later)?.cents ?? 0),
    }
  })
  return { as_of: now, cohorts }
}

const monthsBetween = (from: string, to: string): number =>
  (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) * 12 + Number(to.slice(5, 7)) - Number(from.slice(5, 7))

/** When customers buy and when messages go out, by weekday and hour of the shop. */
export async function readActivity(ctx: Ctx, query: PeriodQuery): Promise<Answer<typeof reports.activity>> {
  const { shop, span, head } = await headOf(ctx, query)
  const zone = shop.time_zone
  const cells = await remember(
    ctx,
    `activity:${span.from}:${span.to}:${zone}`,
    async () => {
      const { zone: cutIn } = await readState(ctx.pool)
      const [orders, events] = await Promise.all([
        ctx.pool.query<{ weekday: number; hour: number; orders: number; revenue_cents: number }>(
          `select extract(isodow from s.hour at time zone $1)::int as weekday, extract(hour from s.hour at time zone $1)::int as hour,
           sum(s.orders)::bigint as orders, sum(s.revenue_cents)::bigint as revenue_cents
         from (${ordersSql}) as s where s.hour >= $2 and s.hour < $3 group by 1, 2`,
          [zone, span.fromAt, span.toAt],
        ),
        // Whole days from the day sums, the unfinished last one from its hours.
        ctx.pool.query<{ weekday: number; hour: number; sends: number; clicks: number }>(
          `select h.weekday, h.hour, coalesce(sum(h.events) filter (where h.event_type = 'sent'), 0)::bigint as sends,
           coalesce(sum(h.events) filter (where h.event_type = 'click' and not h.machine), 0)::bigint as clicks
         from (
           select extract(isodow from d.day)::int as weekday, d.key::int as hour, d.event_type, d.machine, d.events from (${daysSql}) as d
           where d.grain = 'hour' and d.event_type in ('sent', 'click') and d.day >= $3 and d.day < $4 and $5
           union all
           select extract(isodow from r.hour at time zone $1)::int, extract(hour from r.hour at time zone $1)::int, r.event_type, r.machine, r.events
           from rollup_hourly as r where r.hour >= $6 and r.hour < $2 and r.event_type in ('sent', 'click')
         ) as h group by 1, 2`,
          [
            zone,
            span.toAt,
            span.from,
            span.to,
            cutIn === zone,
            cutIn === zone ? instantOf(span.to, '00:00', zone) : span.fromAt,
          ],
        ),
      ])
      const byCell = <T extends { weekday: number; hour: number }>(rows: readonly T[]): Map<number, T> =>
        new Map(rows.map((r) => [r.weekday * 24 + r.hour, r]))
      const bought = byCell(orders.rows)
      const told = byCell(events.rows)
      return Array.from({ length: 168 }, (_, i) => {
        const at = 24 + i
        return {
          weekday: 1 + Math.floor(i / 24),
          hour: i % 24,
          orders: bought.get(at)?.orders ?? 0,
          revenue_cents: bought.get(at)?.revenue_cents ?? 0,
          sends: told.get(at)?.sends ?? 0,
          clicks: told.get(at)?.clicks ?? 0,
        }
      })
    },
    { graceMs: 300_000 },
  )
  return { ...head, cells }
}

/** Customers by recency and frequency, 1 (worst) to 5, with the segment most of a cell belong to. */
export async function readRfm(ctx: Ctx): Promise<Answer<typeof reports.rfm>> {
  const rows = await remember(
    ctx,
    'rfm',
    async () =>
      (
        await ctx.pool.query<{
          recency: number
          frequency: number
          segment: string
          customers: number
          spent_cents: number
          as_of: Date
        }>(
          `select s.recency_score as recency, s.frequency_score as frequency, s.rfm_segment as segment, count(*) as customers, sum(s.total_spent_cents)::bigint as spent_cents, max(s.as_of) as as_of
           from customer_scores as s join customers as c on c.id = s.customer_id and c.deleted_at is null
           where s.recency_score is not null and s.frequency_score is not null group by 1, 2, 3`,
        )
      ).rows,
    { graceMs },
  )
  const cells = Array.from({ length: 25 }, (_, i) => {
    const [recency, frequency] = [5 - Math.floor(i / 5), 1 + (i % 5)]
    const own = rows.filter((r) => r.recency === recency && r.frequency === frequency)
    return {
      recency,
      frequency,
      customers: own.reduce((n, r) => n + r.customers, 0),
      spent_cents: own.reduce((n, r) => n + r.spent_cents, 0),
      segment: own.toSorted((a, b) => b.customers - a.customers)[0]?.segment ?? null,
    }
  })
  return { as_of: rows.reduce<Date | null>((last, r) => (!last || r.as_of > last ? r.as_of : last), null), cells }
}

interface Health {
  customers: number
  email_ok: number
  sms_ok: number
  no_consent: number
  no_address: number
  suppressed: number
  asleep: number
}

const lines: { id: Exclude<keyof Health, 'customers'>; label: string; help: string }[] = [
  {
    id: 'email_ok',
    label: 'Can get email',
    help: 'Address, consent, and not on the list of addresses to leave alone.',
  },
  { id: 'sms_ok', label: 'Can get texts', help: 'Number, consent to texts, and not on that list.' },
  {
    id: 'no_consent',
    label: 'Reachable, but never said yes',
    help: 'They have an address and no consent on any channel.',
  },
  { id: 'no_address', label: 'No address at all', help: 'Known by loyalty number or till only.' },
  { id: 'suppressed', label: 'Left alone for good', help: 'Unsubscribed, bounced or complained.' },
  {
    id: 'asleep',
    label: 'Asleep',
    help: 'Could get email, but has not bought for a year: they hurt how mailbox providers see you.',
  },
]

/** Who can be written to, and how many joined and left each month. */
export async function readListHealth(ctx: Ctx): Promise<Answer<typeof reports.listHealth>> {
  const now = ctx.clock()
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const [health, months] = await remember(
    ctx,
    'list health',
    () =>
      Promise.all([
        ctx.pool.query<Health>(
          `with left_alone as (select distinct s.customer_id, s.channel from suppressions as s where s.customer_id is not null),
             each as (
               select c.email is not null as has_email, c.phone is not null as has_phone, c.email_consent = 'granted' as says_email, c.sms_consent = 'granted' as says_sms,
                 exists (select 1 from left_alone as l where l.customer_id = c.id and l.channel in ('email', 'all')) as no_email,
                 exists (select 1 from left_alone as l where l.customer_id = c.id and l.channel in ('sms', 'all')) as no_sms,
                 sc.last_purchase_at
               from customers as c left join customer_scores as sc on sc.customer_id = c.id where c.deleted_at is null
             )
           select count(*) as customers,
             count(*) filter (where e.has_email and e.says_email and not e.no_email) as email_ok,
             count(*) filter (where e.has_phone and e.says_sms and not e.no_sms) as sms_ok,
             count(*) filter (where (e.has_email or e.has_phone) and not e.says_email and not e.says_sms) as no_consent,
             count(*) filter (where not e.has_email and not e.has_phone) as no_address,
             count(*) filter (where e.no_email or e.no_sms) as suppressed,
             count(*) filter (where e.has_email and e.says_email and not e.no_email and e.last_purchase_at < $1::timestamptz - interval '1 year') as asleep
           from each as e`,
          [now],
        ),
        ctx.pool.query<{ month: string; joined: number; left: number }>(
          `with m as (select (date_trunc('month', $2::timestamptz at time zone $1) - make_interval(months => n))::date as month from generate_series(0, 11) as n),
             came as (select date_trunc('month', c.created_at at time zone $1)::date as month, count(*) as n from customers as c where c.deleted_at is null and c.created_at >= $2::timestamptz - interval '13 months' group by 1),
             went as (select date_trunc('month', s.created_at at time zone $1)::date as month, count(distinct s.address_hash) as n from suppressions as s where s.created_at >= $2::timestamptz - interval '13 months' group by 1)
           select m.month, coalesce(came.n, 0) as joined, coalesce(went.n, 0) as "left" from m left join came using (month) left join went using (month) order by 1`,
          [zone, now],
        ),
      ]),
    { graceMs },
  )
  const h = health.rows[0]!
  return {
    as_of: now,
    customers: h.customers,
    lines: lines.map((l) => ({ ...l, customers: h[l.id], share_pct: percent(h[l.id], h.customers) ?? 0 })),
    months: months.rows,
  }
}
