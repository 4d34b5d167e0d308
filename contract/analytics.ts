import { z } from 'zod'
import { Cents, Day, Id, IdParams, Instant, List } from './common.ts'
import { route } from './http.ts'

export const Period = z.enum(['7d', '30d', '90d', '12m'])
export type Period = z.infer<typeof Period>
/** Days both included; given together they replace the period. */
export const PeriodQuery = z
  .strictObject({
    period: Period.default('30d'),
    from: Day.optional(),
    to: Day.optional(),
    /** whole weeks just before, or 52 weeks before: weekdays always match */
    compare: z.enum(['before', 'year']).default('before'),
  })
  .refine((q) => (q.from === undefined) === (q.to === undefined), {
    path: ['to'],
    error: 'Give both from and to, or neither.',
  })
  .refine((q) => q.from === undefined || q.to === undefined || q.from <= q.to, {
    path: ['to'],
    error: 'The last day is before the first one.',
  })
  .refine(
    (q) => q.from === undefined || q.to === undefined || Date.parse(q.to) - Date.parse(q.from) < 1100 * 86_400_000,
    { path: ['from'], error: 'At most three years at once.' },
  )
export type PeriodQuery = z.infer<typeof PeriodQuery>

export const kpiIds = [
  'revenue',
  'orders',
  'aov',
  'incremental_revenue',
  'incremental_margin',
  'cost',
  'roi',
  'sends',
  'delivered',
  'bounce_rate',
  'opens',
  'machine_opens',
  'clicks',
  'conversion',
  'attributed',
  'revenue_per_send',
  'unsubscribes',
  'complaints',
  'active_customers',
  'churn',
  'clv',
] as const
export type KpiId = (typeof kpiIds)[number]

/** Middle and the two ends of the 95 % interval. */
export const Interval = z.strictObject({ low: z.number(), mid: z.number(), high: z.number() })

export const Kpi = z.strictObject({
  id: z.enum(kpiIds),
  label: z.string(),
  unit: z.enum(['cents', 'count', 'percent']),
  /** null: cannot be said (nothing sent, no order, no holdout) */
  value: z.number().nullable(),
  previous: z.number().nullable(),
  change_pct: z.number().nullable(),
  better: z.enum(['up', 'down']),
  /** what is counted, in words */
  definition: z.string(),
  /** how it is counted */
  sql: z.string(),
  /** one figure per day of the period */
  spark: z.array(z.number()),
})
export type Kpi = z.infer<typeof Kpi>

/** The same weekdays, whole weeks earlier, cut at the same time of day while the period still runs. */
export const Comparison = z.strictObject({ from: Day, to: Day, weeks_before: z.int(), words: z.string() })

export const SeriesDay = z.strictObject({
  day: Day,
  revenue_cents: Cents,
  orders: z.int(),
  sends: z.int(),
  conversions: z.int(),
  previous_day: Day,
  previous_revenue_cents: Cents,
  previous_orders: z.int(),
  previous_sends: z.int(),
  previous_conversions: z.int(),
})
export type SeriesDay = z.infer<typeof SeriesDay>

/** What contact earned over the customers who were held out: the one figure that is cause, not coincidence. */
export const Lift = z.strictObject({
  contacted: z.int(),
  held_out: z.int(),
  contacted_mean_cents: z.number(),
  held_out_mean_cents: z.number(),
  /** revenue per customer, contacted minus held out; Welch 95 % */
  per_customer_cents: Interval,
  /** the same times the customers contacted */
  revenue_cents: Interval,
  margin_cents: Interval,
  p_value: z.number().nullable(),
  outcome: z.enum(['more', 'less', 'too_small']),
  /** weeks of the same size still needed to see a lift of 10 %; null: not needed or cannot be said */
  weeks_needed: z.int().nullable(),
  verdict: z.string(),
})
export type Lift = z.infer<typeof Lift>

export const Mark = z.strictObject({
  day: Day,
  kind: z.enum(['campaign', 'holiday', 'note']),
  label: z.string(),
  href: z.string().nullable(),
})
const Need = z.strictObject({
  kind: z.enum([
    'plan_waiting',
    'bounces',
    'unknown_sends',
    'sandbox',
    'no_address',
    'no_customers',
    'stale_scores',
    'public_password',
    'paused',
    'rollups_wrong',
    'test_decided',
    'test_broken',
  ]),
  title: z.string(),
  detail: z.string(),
  href: z.string(),
  tone: z.enum(['info', 'warn', 'risk']),
})
const ChecklistItem = z.strictObject({
  id: z.enum(['shop', 'customers', 'channel', 'plan', 'sent']),
  label: z.string(),
  done: z.boolean(),
  href: z.string(),
})
const RunningCampaign = z.strictObject({
  id: Id,
  name: z.string(),
  status: z.enum(['active', 'paused']),
  total: z.int(),
  done: z.int(),
  pending: z.int(),
  failed: z.int(),
  rate_per_minute: z.number(),
  next_due_at: Instant.nullable(),
  /** when all is out at the present rate, or when the last window opens */
  eta: Instant.nullable(),
})
const LatestSend = z.strictObject({
  id: Id,
  customer_id: Id.nullable(),
  customer_name: z.string(),
  campaign_id: Id.nullable(),
  campaign_name: z.string().nullable(),
  offer_title: z.string().nullable(),
  segment: z.string().nullable(),
  channel: z.enum(['email', 'sms']),
  status: z.string(),
  sent_at: Instant,
  opened_at: Instant.nullable(),
  clicked_at: Instant.nullable(),
  converted_at: Instant.nullable(),
  conversion_cents: Cents.nullable(),
})

export const Dashboard = z.strictObject({
  period: Period,
  time_zone: z.string(),
  currency: z.string(),
  from: Day,
  to: Day,
  comparison: Comparison,
  kpis: z.array(Kpi),
  series: z.array(SeriesDay),
  marks: z.array(Mark),
  lift: Lift.nullable(),
  needs_you: z.array(Need),
  /** empty when every step is done */
  checklist: z.array(ChecklistItem),
  running_campaigns: z.array(RunningCampaign),
  latest_sends: z.array(LatestSend),
  staleness: z.strictObject({
    last_order_at: Instant.nullable(),
    scores_as_of: Instant.nullable(),
    computed_at: Instant,
  }),
})
export type Dashboard = z.infer<typeof Dashboard>

export const RevenueReport = z.strictObject({
  period: Period,
  time_zone: z.string(),
  currency: z.string(),
  comparison: Comparison,
  totals: z.strictObject({
    revenue_cents: Cents,
    previous_revenue_cents: Cents,
    orders: z.int(),
    previous_orders: z.int(),
    buyers: z.int(),
    attributed_cents: Cents,
    attributed_orders: z.int(),
    discount_cents: Cents,
  }),
  series: z.array(SeriesDay),
  by_category: z.array(
    z.strictObject({ category: z.string(), revenue_cents: Cents, orders: z.int(), share_pct: z.number() }),
  ),
  by_channel: z.array(
    z.strictObject({ channel: z.string(), sends: z.int(), conversions: z.int(), revenue_cents: Cents }),
  ),
})
export type RevenueReport = z.infer<typeof RevenueReport>

const ChurnCount = { customers: z.int(), clv_cents: Cents }
export const ChurnReport = z.strictObject({
  as_of: Instant.nullable(),
  scored: z.int(),
  /** no order within this many weeks counts as churn; null before the first scoring */
  horizon_weeks: z.number().nullable(),
  /** how it is told who comes back, and how that did on weeks it had not seen */
  model: z
    .strictObject({
      version: z.string(),
      method: z.string(),
      verdict: z.string(),
      auc: z.number().nullable(),
      bias: z.number().nullable(),
    })
    .nullable(),
  classes: z.array(
    z.strictObject({ risk: z.enum(['low', 'medium', 'high', 'new']), share_pct: z.number(), ...ChurnCount }),
  ),
  /** customers by chance of churn, in steps of ten per cent; those too new to say are left out */
  distribution: z.array(z.strictObject({ from_pct: z.int(), to_pct: z.int(), ...ChurnCount })),
  segments: z.array(
    z.strictObject({
      segment: z.string(),
      ...ChurnCount,
      low: z.int(),
      medium: z.int(),
      high: z.int(),
      is_new: z.int(),
      /** mean chance of churn */
      churn_pct: z.number(),
      at_stake_cents: Cents,
    }),
  ),
  /** what a year of all customers at their own pace would lose: chance of churn times margin of a year */
  at_stake_cents: Cents,
  /** where the most is at stake among those within reach */
  at_risk: z.array(
    z.strictObject({
      customer_id: Id,
      name: z.string(),
      segment: z.string(),
      risk: z.enum(['low', 'medium', 'high', 'new']),
      churn_pct: z.number(),
      at_stake_cents: Cents,
      clv_cents: Cents.nullable(),
      spent_cents: Cents,
      last_purchase_at: Instant.nullable(),
      orders: z.int(),
      reasons: z.array(z.string()),
      tags: z.array(z.string()),
    }),
  ),
})
export type ChurnReport = z.infer<typeof ChurnReport>

const FunnelStep = z.strictObject({
  step: z.enum(['sent', 'delivered', 'opened', 'clicked', 'bought']),
  label: z.string(),
  count: z.int(),
  /** of the step before; null at the first or after none */
  step_pct: z.number().nullable(),
  /** of those sent */
  of_sent_pct: z.number().nullable(),
  note: z.string().nullable(),
})
const Breakdown = z.strictObject({
  key: z.string(),
  label: z.string(),
  planned: z.int(),
  sent: z.int(),
  delivered: z.int(),
  opened: z.int(),
  clicked: z.int(),
  conversions: z.int(),
  revenue_cents: Cents,
})
export const CampaignAnalytics = z.strictObject({
  campaign_id: Id,
  name: z.string(),
  status: z.string(),
  computed_at: Instant,
  funnel: z.array(FunnelStep),
  /** sends opened or clicked only by scanners and mail proxies: kept apart, never counted */
  machine: z.strictObject({ opens: z.int(), clicks: z.int() }),
  revenue_cents: Cents,
  conversions: z.int(),
  by_segment: z.array(Breakdown),
  by_offer: z.array(Breakdown),
  by_day: z.array(Breakdown),
  by_channel: z.array(Breakdown),
  lift: Lift.nullable(),
  lift_note: z.string(),
  unsubscribes: z.int(),
  complaints: z.int(),
  bounces: z.strictObject({ hard: z.int(), soft: z.int() }),
  /** every planned action ends in exactly one line; the counts add up to `planned` */
  ledger: z.strictObject({
    planned: z.int(),
    lines: z.array(
      z.strictObject({ outcome: z.string(), rule_id: z.string().nullable(), label: z.string(), count: z.int() }),
    ),
  }),
})
export type CampaignAnalytics = z.infer<typeof CampaignAnalytics>

const tag = 'Analytics'
export const analytics = {
  dashboard: route({
    method: 'GET',
    path: '/api/v1/analytics/dashboard',
    access: 'user',
    scope: 'reports:read',
    tag,
    summary: 'All the first page shows, in one request',
    query: PeriodQuery,
    reply: Dashboard,
  }),
  revenue: route({
    method: 'GET',
    path: '/api/v1/analytics/revenue',
    access: 'user',
    scope: 'reports:read',
    tag,
    summary: 'Revenue by day, category and channel',
    query: PeriodQuery,
    reply: RevenueReport,
  }),
  churn: route({
    method: 'GET',
    path: '/api/v1/analytics/churn',
    access: 'user',
    scope: 'reports:read',
    tag,
    summary: 'Churn: how many may leave, in which segments, and where the most is at stake and why',
    query: z.strictObject({
      /** only customers of these segments in the list */
      segment: List.optional(),
      risk: z.enum(['medium', 'high']).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(20),
    }),
    reply: ChurnReport,
  }),
  campaign: route({
    method: 'GET',
    path: '/api/v1/campaigns/:id/analytics',
    access: 'user',
    scope: 'reports:read',
    tag,
    summary: 'What a campaign did: funnel, breakdowns, holdout lift, and why some were not contacted',
    params: IdParams,
    reply: CampaignAnalytics,
  }),
}
