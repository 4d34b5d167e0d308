import type { PeriodQuery, analytics } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import { percent } from '#core/analytics/period.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { comparisonOf } from './dashboard.ts'
import { readDays, seriesOf, spanOf, totalsOf } from './series.ts'

/** Where the money of a period came from. */
export async function readRevenue(ctx: Ctx, query: PeriodQuery): Promise<Answer<typeof analytics.revenue>> {
  const shop = await readSetting(ctx.pool, 'shop')
  const span = spanOf(query, ctx.clock(), shop.time_zone)
  const range = [span.fromAt, span.toAt]
  const [days, totals, attributed, categories, channels] = await Promise.all([
    readDays(ctx, span, shop.time_zone),
    ctx.pool.query<{ buyers: number; discount_cents: number }>(
      `select count(distinct o.customer_id) as buyers, coalesce(sum(o.discount_cents), 0)::bigint as discount_cents from orders as o where o.ordered_at >= $1 and o.ordered_at < $2`,
      range,
    ),
    ctx.pool.query<{ orders: number; cents: number }>(
      `select count(*) as orders, coalesce(sum(c.value_cents), 0)::bigint as cents from conversions as c join orders as o on o.id = c.order_id where o.ordered_at >= $1 and o.ordered_at < $2`,
      range,
    ),
    ctx.pool.query<{ category: string; revenue_cents: number; orders: number }>(
      `select p.category, sum(i.total_cents)::bigint as revenue_cents, count(distinct i.order_id) as orders
       from orders as o join order_items as i on i.order_id = o.id join products as p on p.id = i.product_id
       where o.ordered_at >= $1 and o.ordered_at < $2 group by p.category order by 2 desc, 1`,
      range,
    ),
    ctx.pool.query<{ channel: string; sends: number; conversions: number; revenue_cents: number }>(
      `select r.channel, coalesce(sum(r.events) filter (where r.event_type = 'sent'), 0)::bigint as sends,
         coalesce(sum(case r.event_type when 'conversion' then r.events when 'conversion_withdrawn' then -r.events end), 0)::bigint as conversions,
         coalesce(sum(r.value_cents) filter (where r.event_type <> 'sent'), 0)::bigint as revenue_cents
       from rollup_hourly as r
       where r.hour >= $1 and r.hour < $2 and r.event_type in ('sent', 'conversion', 'conversion_adjusted', 'conversion_withdrawn') group by 1 order by 1`,
      range,
    ),
  ])
  const { now, before } = totalsOf(days)
  const inCategories = categories.rows.reduce((sum, c) => sum + c.revenue_cents, 0)
  return {
    period: query.period,
    time_zone: shop.time_zone,
    currency: shop.currency,
    comparison: comparisonOf(span),
    totals: {
      revenue_cents: now.revenue_cents,
      previous_revenue_cents: before.revenue_cents,
      orders: now.orders,
      previous_orders: before.orders,
      buyers: totals.rows[0]!.buyers,
      attributed_cents: attributed.rows[0]!.cents,
      attributed_orders: attributed.rows[0]!.orders,
      discount_cents: totals.rows[0]!.discount_cents,
    },
    series: seriesOf(days),
    by_category: categories.rows.map((c) => ({ ...c, share_pct: percent(c.revenue_cents, inCategories) ?? 0 })),
    by_channel: channels.rows,
  }
}
