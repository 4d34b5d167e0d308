import type { Kpi, SeriesDay } from '#contract/analytics.ts'
import { changePercent } from '#core/analytics/period.ts'
import { clickWindowMs, couponWindowMs } from '#core/feedback/attribution.ts'

/** Sums of a period, from which every ratio is made. */
export interface Sums {
  revenueCents: number
  orders: number
  sends: number
  conversions: number
}

interface KpiDefinition {
  id: Exclude<Kpi['id'], 'incremental_margin'>
  label: string
  unit: Kpi['unit']
  better: Kpi['better']
  definition: string
  value: (sums: Sums) => number | null
}

const day = 86_400_000

/** What each figure is, stated once: dashboard, reports and exports take it from here. */
export const kpiDefinitions: readonly KpiDefinition[] = [
  {
    id: 'revenue',
    label: 'Revenue',
    unit: 'cents',
    better: 'up',
    definition:
      'All orders of the period after discounts, whether or not a message led to them. Days are those of the shop’s time zone.',
    value: (s) => s.revenueCents,
  },
  {
    id: 'orders',
    label: 'Orders',
    unit: 'count',
    better: 'up',
    definition: 'All orders of the period.',
    value: (s) => s.orders,
  },
  {
    id: 'sends',
    label: 'Messages sent',
    unit: 'count',
    better: 'up',
    definition: 'Emails and texts that left for a customer. Skipped and cancelled ones are not counted.',
    value: (s) => s.sends,
  },
  {
    id: 'conversion',
    label: 'Conversion',
    unit: 'percent',
    better: 'up',
    definition: `Orders that a message earned, per 100 messages sent. A message earns an order when its coupon code is redeemed within ${couponWindowMs / day} days, or when it was the last one the customer clicked within ${clickWindowMs / day} days before buying. Opens never count.`,
    value: (s) => (s.sends > 0 ? Math.round((s.conversions / s.sends) * 10_000) / 100 : null),
  },
  {
    id: 'aov',
    label: 'Average order',
    unit: 'cents',
    better: 'up',
    definition: 'Revenue divided by orders.',
    value: (s) => (s.orders > 0 ? Math.round(s.revenueCents / s.orders) : null),
  },
]

export const incrementalMarginDefinition =
  'Gross margin that contact added over the customers who were deliberately not contacted, for the campaigns of the period; 95% interval. This is the figure to trust: attributed revenue includes orders that would have come anyway.'

/** Every figure of the period with its comparison and its days. */
export function computeKpis(series: readonly SeriesDay[]): Kpi[] {
  const now = sumOf(series, (d) => ({
    revenueCents: d.revenue_cents,
    orders: d.orders,
    sends: d.sends,
    conversions: d.conversions,
  }))
  const before = sumOf(series, (d) => ({
    revenueCents: d.previous_revenue_cents,
    orders: d.previous_orders,
    sends: d.previous_sends,
    conversions: d.previous_conversions,
  }))
  return kpiDefinitions.map(({ value, ...kpi }) => {
    const current = value(now)
    const previous = value(before)
    const spark = series.map(
      (d) =>
        value({ revenueCents: d.revenue_cents, orders: d.orders, sends: d.sends, conversions: d.conversions }) ?? 0,
    )
    return { ...kpi, value: current, previous, change_pct: changePercent(current, previous), spark }
  })
}

function sumOf(series: readonly SeriesDay[], pick: (day: SeriesDay) => Sums): Sums {
  return series.map(pick).reduce(
    (a, b) => ({
      revenueCents: a.revenueCents + b.revenueCents,
      orders: a.orders + b.orders,
      sends: a.sends + b.sends,
      conversions: a.conversions + b.conversions,
    }),
    { revenueCents: 0, orders: 0, sends: 0, conversions: 0 },
  )
}
