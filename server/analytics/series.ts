import type { Period, SeriesDay } from '#contract/analytics.ts'
import { addDays, instantOf, localDate } from '#core/calendar.ts'
import { periodUpTo, type PeriodDays } from '#core/analytics/period.ts'
import type { Ctx } from '../context.ts'
import { remember } from './remember.ts'

/** A period with its instants: half-open, and its comparison cut at the same time of day. */
export interface Span extends PeriodDays {
  fromAt: Date
  toAt: Date
  previousFromAt: Date
  previousToAt: Date
}

/** The period up to now in the shop's zone. */
export function spanOf(period: Period, now: Date, zone: string): Span {
  const days = periodUpTo(localDate(now, zone), period)
  const fromAt = instantOf(days.from, '00:00', zone)
  const previousFromAt = instantOf(days.previousFrom, '00:00', zone)
  // The same wall-clock moment: today's midnight may have another offset than that of weeks ago.
  const sinceMidnightMs = now.getTime() - instantOf(days.to, '00:00', zone).getTime()
  return {
    ...days,
    fromAt,
    toAt: now,
    previousFromAt,
    previousToAt: new Date(instantOf(days.previousTo, '00:00', zone).getTime() + sinceMidnightMs),
  }
}

interface OrderDay {
  day: string
  orders: number
  revenue_cents: number
}
interface EventDay {
  day: string
  sends: number
  conversions: number
}

/** One row per day with its counterpart: orders from the orders themselves, sends and conversions from the hourly rollup. */
export function readSeries(ctx: Ctx, span: Span, zone: string): Promise<SeriesDay[]> {
  return remember(ctx, `series:${span.from}:${span.to}:${zone}`, () => countSeries(ctx, span, zone))
}

async function countSeries({ pool }: Ctx, span: Span, zone: string): Promise<SeriesDay[]> {
  const [orders, events] = await Promise.all([
    // Day bounds are worked out once and orders sorted into them: half the time of a zone conversion per order.
    pool.query<OrderDay>(
      `with days as materialized (
         select array_agg(g.day order by g.day) as days, array_agg(g.day::timestamp at time zone $1 order by g.day) as bounds
         from (select $6::date + n as day from generate_series(0, $8::int - 1) as n union all select $7::date + n from generate_series(0, $8::int - 1) as n) as g
       ), counted as (
         select width_bucket(o.ordered_at, (select days.bounds from days)) as nth, count(*) as orders, sum(o.total_cents)::bigint as revenue_cents
         from orders as o
         where (o.ordered_at >= $2 and o.ordered_at < $3) or (o.ordered_at >= $4 and o.ordered_at < $5)
         group by 1
       )
       select (select days.days[counted.nth] from days) as day, counted.orders, counted.revenue_cents from counted`,
      [zone, span.fromAt, span.toAt, span.previousFromAt, span.previousToAt, span.previousFrom, span.from, span.days],
    ),
    pool.query<EventDay>(
      `select (r.hour at time zone $1)::date as day,
         coalesce(sum(r.events) filter (where r.event_type = 'sent'), 0)::bigint as sends,
         coalesce(sum(case r.event_type when 'conversion' then r.events when 'conversion_withdrawn' then -r.events end), 0)::bigint as conversions
       from rollup_hourly as r
       where r.event_type in ('sent', 'conversion', 'conversion_withdrawn')
         and ((r.hour >= $2 and r.hour < $3) or (r.hour >= $4 and r.hour < $5))
       group by 1`,
      [zone, span.fromAt, span.toAt, span.previousFromAt, span.previousToAt],
    ),
  ])
  const orderDays = new Map(orders.rows.map((r) => [r.day, r]))
  const eventDays = new Map(events.rows.map((r) => [r.day, r]))
  return Array.from({ length: span.days }, (_, i) => {
    const day = addDays(span.from, i)
    const before = addDays(day, -span.shiftDays)
    return {
      day,
      revenue_cents: orderDays.get(day)?.revenue_cents ?? 0,
      orders: orderDays.get(day)?.orders ?? 0,
      sends: eventDays.get(day)?.sends ?? 0,
      conversions: eventDays.get(day)?.conversions ?? 0,
      previous_day: before,
      previous_revenue_cents: orderDays.get(before)?.revenue_cents ?? 0,
      previous_orders: orderDays.get(before)?.orders ?? 0,
      previous_sends: eventDays.get(before)?.sends ?? 0,
      previous_conversions: eventDays.get(before)?.conversions ?? 0,
    }
  })
}
