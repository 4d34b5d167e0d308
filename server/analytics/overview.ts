import type { PeriodQuery } from '#contract/analytics.ts'
import type { reports } from '#contract/reports.ts'
import type { Answer } from '#contract/http.ts'
import { percent } from '#core/analytics/period.ts'
import type { ShopSettings } from '#contract/settings.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { comparisonOf, readMarks } from './dashboard.ts'
import { computeKpis } from './kpis.ts'
import { readPeriodLift } from './lift.ts'
import { readDays, seriesOf, spanOf, totalsOf, type Span } from './series.ts'
import { readStanding } from './standing.ts'

export interface Head {
  from: string
  to: string
  time_zone: string
  currency: string
  comparison: ReturnType<typeof comparisonOf>
}

/** The days a report is about, and what its head says of them. */
export async function headOf(ctx: Ctx, query: PeriodQuery): Promise<{ shop: ShopSettings; span: Span; head: Head }> {
  const shop = await readSetting(ctx.pool, 'shop')
  const span = spanOf(query, ctx.clock(), shop.time_zone)
  return {
    shop,
    span,
    head: {
      from: span.from,
      to: span.to,
      time_zone: shop.time_zone,
      currency: shop.currency,
      comparison: comparisonOf(span),
    },
  }
}

/** Every figure of the table of KPIs, with its days. */
export async function readOverview(ctx: Ctx, query: PeriodQuery): Promise<Answer<typeof reports.overview>> {
  const { shop, span, head } = await headOf(ctx, query)
  const [days, marks, lift, standing] = await Promise.all([
    readDays(ctx, span, shop.time_zone),
    readMarks(ctx, span, shop.time_zone),
    readPeriodLift(ctx, span, shop),
    readStanding(ctx, ['active_customers', 'churn', 'clv']),
  ])
  const { now } = totalsOf(days)
  const steps = [
    { step: 'sent' as const, label: 'Sent', count: now.sends, note: null },
    { step: 'delivered' as const, label: 'Delivered', count: Math.max(0, now.sends - now.bounces), note: null },
    {
      step: 'opened' as const,
      label: 'Opened',
      count: now.opens,
      note: 'Opens are unreliable: Apple Mail hides them and some mail programs block pictures.',
    },
    { step: 'clicked' as const, label: 'Clicked', count: now.clicks, note: null },
    {
      step: 'bought' as const,
      label: 'Bought',
      count: now.conversions,
      note: 'After a click, or with the code from the message.',
    },
  ]
  return {
    ...head,
    kpis: computeKpis(days, { ...standing, lift }),
    series: seriesOf(days),
    marks,
    funnel: steps.map((s, i) => ({ ...s, step_pct: i === 0 ? null : percent(s.count, steps[i - 1]!.count) })),
    lift,
  }
}
