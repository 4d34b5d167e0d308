import type { PeriodQuery, SeriesDay } from '#contract/analytics.ts'
import { addDays, instantOf, localDate } from '#core/calendar.ts'
import { periodBetween, periodUpTo, type PeriodDays } from '#core/analytics/period.ts'
import type { Ctx } from '../context.ts'
import { daysSql, ordersSql, readState } from '../rollups.ts'
import { addSums, measureOf, noSums, type Sums } from './measures.ts'
import { remember } from './remember.ts'

/** A period with its instants: half-open, and its comparison cut at the same time of day. */
export interface Span extends PeriodDays {
  fromAt: Date
  toAt: Date
  previousFromAt: Date
  previousToAt: Date
}

/** The period up to now in the shop's zone, or chosen days; days that have not come are not counted. */
export function spanOf(query: PeriodQuery, now: Date, zone: string): Span {
  const today = localDate(now, zone)
  const chosen = query.from !== undefined && query.to !== undefined
  const to = chosen ? (query.to! < today ? query.to! : today) : today
  const running = to === today
  const days = chosen
    ? periodBetween(query.from! < to ? query.from! : to, to, query.compare, running)
    : periodUpTo(today, query.period, query.compare)
  const start = (day: string): Date => instantOf(day, '00:00', zone)
  // The same wall-clock moment: today's midnight may have another offset than that of weeks ago.
  const sinceMidnightMs = now.getTime() - start(today).getTime()
  return {
    ...days,
    fromAt: start(days.from),
    toAt: running ? now : start(addDays(days.to, 1)),
    previousFromAt: start(days.previousFrom),
    previousToAt: running
      ? new Date(start(days.previousTo).getTime() + sinceMidnightMs)
      : start(addDays(days.previousTo, 1)),
  }
}

/** One day with its counterpart. */
export interface DayPair {
  day: string
  previousDay: string
  now: Sums
  before: Sums
}

/** Sums of every day of the period and of its counterpart, from the rollups; the last, unfinished day from its hours. */
export function readDays(ctx: Ctx, span: Span, zone: string): Promise<DayPair[]> {
  const read = async (): Promise<DayPair[]> => {
    const [now, before] = await Promise.all([
      sumsByDay(ctx, { from: span.from, to: span.to, fromAt: span.fromAt, toAt: span.toAt }, zone),
      sumsByDay(
        ctx,
        { from: span.previousFrom, to: span.previousTo, fromAt: span.previousFromAt, toAt: span.previousToAt },
        zone,
      ),
    ])
    return Array.from({ length: span.days }, (_, i) => {
      const day = addDays(span.from, i)
      const previousDay = addDays(day, -span.shiftDays)
      return { day, previousDay, now: now.get(day) ?? noSums(), before: before.get(previousDay) ?? noSums() }
    })
  }
  // People watch these numbers move: never more than a blink old, however large the shop.
  return remember(ctx, `days:${span.from}:${span.to}:${span.shiftDays}:${zone}`, read, { longestMs: 300 })
}

interface Stretch {
  from: string
  to: string
  fromAt: Date
  toAt: Date
}

async function sumsByDay(ctx: Ctx, stretch: Stretch, zone: string): Promise<Map<string, Sums>> {
  const lastAt = instantOf(stretch.to, '00:00', zone)
  const { zone: cutIn } = await readState(ctx.pool)
  // Until the worker has cut the days in a new zone, and in zones between the hours, hours and orders are counted.
  const whole = cutIn === zone
  const wholeHours = stretch.fromAt.getTime() % 3_600_000 === 0
  const eventsFrom = whole ? lastAt : stretch.fromAt
  const ordersFrom = wholeHours ? lastAt : stretch.fromAt
  const { pool } = ctx
  const [days, hours, orders, tail] = await Promise.all([
    whole && stretch.from < stretch.to
      ? pool.query<EventRow>(
          `select s.day, s.event_type, s.machine, s.channel, sum(s.events)::bigint as events, sum(s.value_cents)::bigint as cents
           from (${daysSql}) as s where s.grain = 'all' and s.day >= $2 and s.day < $3 and s.event_type = any($4) group by 1, 2, 3, 4`,
          [zone, stretch.from, stretch.to, measuredTypes],
        )
      : none,
    pool.query<EventRow>(
      `select (r.hour at time zone $1)::date as day, r.event_type, r.machine, r.channel, sum(r.events)::bigint as events, sum(r.value_cents)::bigint as cents
       from rollup_hourly as r where r.hour >= $2 and r.hour < $3 and r.event_type = any($4) group by 1, 2, 3, 4`,
      [zone, eventsFrom, stretch.toAt, measuredTypes],
    ),
    wholeHours && stretch.from < stretch.to
      ? pool.query<OrderRow>(
          `select (s.hour at time zone $1)::date as day, sum(s.orders)::bigint as orders, sum(s.revenue_cents)::bigint as revenue_cents, sum(s.discount_cents)::bigint as discount_cents
           from (${ordersSql}) as s where s.hour >= $2 and s.hour < $3 group by 1`,
          [zone, stretch.fromAt, lastAt],
        )
      : none,
    pool.query<OrderRow>(
      `select (o.ordered_at at time zone $1)::date as day, count(*) as orders, sum(o.total_cents)::bigint as revenue_cents, sum(o.discount_cents)::bigint as discount_cents
       from orders as o where o.ordered_at >= $2 and o.ordered_at < $3 group by 1`,
      [zone, ordersFrom, stretch.toAt],
    ),
  ])
  const out = new Map<string, Sums>()
  const at = (day: string): Sums => {
    let sums = out.get(day)
    if (!sums) out.set(day, (sums = noSums()))
    return sums
  }
  for (const row of [...(days.rows as EventRow[]), ...hours.rows]) measureOf(at(row.day), row)
  for (const row of [...(orders.rows as OrderRow[]), ...tail.rows]) {
    const sums = at(row.day)
    sums.orders += row.orders
    sums.revenue_cents += row.revenue_cents
    sums.discount_cents += row.discount_cents
  }
  return out
}

const none = { rows: [] }
const measuredTypes = [
  'sent',
  'open',
  'click',
  'conversion',
  'conversion_adjusted',
  'conversion_withdrawn',
  'unsubscribe',
  'complaint',
  'bounce',
]

export interface EventRow {
  day: string
  event_type: string
  machine: boolean
  channel: string
  events: number
  cents: number
}
interface OrderRow {
  day: string
  orders: number
  revenue_cents: number
  discount_cents: number
}

/** Sums of the whole period and of its counterpart. */
export function totalsOf(days: readonly DayPair[]): { now: Sums; before: Sums } {
  const total = { now: noSums(), before: noSums() }
  for (const d of days) {
    addSums(total.now, d.now)
    addSums(total.before, d.before)
  }
  return total
}

/** As the charts take it. */
export function seriesOf(days: readonly DayPair[]): SeriesDay[] {
  return days.map((d) => ({
    day: d.day,
    revenue_cents: d.now.revenue_cents,
    orders: d.now.orders,
    sends: d.now.sends,
    conversions: d.now.conversions,
    previous_day: d.previousDay,
    previous_revenue_cents: d.before.revenue_cents,
    previous_orders: d.before.orders,
    previous_sends: d.before.sends,
    previous_conversions: d.before.conversions,
  }))
}
