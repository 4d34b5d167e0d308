import type { Kpi, KpiId } from '#contract/analytics.ts'
import { changePercent } from '#core/analytics/period.ts'
import { clickWindowMs, couponWindowMs } from '#core/feedback/attribution.ts'
import type { LiftResult } from '#core/analytics/lift.ts'
import { rates, type Sums } from './measures.ts'
import { totalsOf, type DayPair } from './series.ts'

const day = 86_400_000

/** What cannot be summed over days. */
export interface Standing {
  lift: LiftResult | null
  costCents: (sums: Sums) => number
  active: number | null
  churnPct: number | null
  clvCents: number | null
}

interface Definition {
  id: KpiId
  label: string
  unit: Kpi['unit']
  better: Kpi['better']
  /** what is counted, as people say it */
  definition: string
  /** how it is counted, in SQL over the tables of docs/analytics.md */
  sql: string
  /** from sums of days: has a comparison and a line */
  value?: (sums: Sums, standing: Standing) => number | null
  /** of the whole period or of today: one figure */
  standing?: (standing: Standing, sums: Sums) => number | null
}

const event = (type: string, what = 'sum(events)', and = ''): string =>
  `select ${what} from rollup_daily where grain = 'all' and event_type = '${type}'${and} and day between :from and :to`
const people = ' and not machine'

/**
 * What each figure is, stated once: cards, charts, reports, exports and docs/analytics.md take label, unit, direction,
 * wording and formula from here.
 */
export const kpiDefinitions: readonly Definition[] = [
  {
    id: 'revenue',
    label: 'Revenue',
    unit: 'cents',
    better: 'up',
    definition:
      'All orders of the period after discounts, whether or not a message led to them. Days are those of the shop’s time zone.',
    sql: 'select sum(total_cents) from orders where ordered_at >= :from and ordered_at < :to',
    value: (s) => s.revenue_cents,
  },
  {
    id: 'orders',
    label: 'Orders',
    unit: 'count',
    better: 'up',
    definition: 'All orders of the period.',
    sql: 'select count(*) from orders where ordered_at >= :from and ordered_at < :to',
    value: (s) => s.orders,
  },
  {
    id: 'aov',
    label: 'Average order',
    unit: 'cents',
    better: 'up',
    definition: 'Revenue divided by orders.',
    sql: 'select sum(total_cents) / count(*) from orders where ordered_at >= :from and ordered_at < :to',
    value: (s) => rates.each(s.revenue_cents, s.orders),
  },
  {
    id: 'incremental_revenue',
    label: 'Revenue from contact',
    unit: 'cents',
    better: 'up',
    definition:
      'What contacted customers spent beyond those deliberately not contacted, for the campaigns that began in the period, with its 95% interval.',
    sql: 'sum over campaigns of contacted * (mean spend of contacted - mean spend of held out), Welch interval',
    standing: ({ lift }) => lift?.revenue_cents.mid ?? null,
  },
  {
    id: 'incremental_margin',
    label: 'Margin from contact',
    unit: 'cents',
    better: 'up',
    definition:
      'Gross margin that contact added over the customers who were deliberately not contacted, for the campaigns of the period; 95% interval. This is the figure to trust: attributed revenue includes orders that would have come anyway.',
    sql: 'incremental revenue * gross margin of the shop',
    standing: ({ lift }) => lift?.margin_cents.mid ?? null,
  },
  {
    id: 'cost',
    label: 'Cost of messages',
    unit: 'cents',
    better: 'down',
    definition:
      'Messages sent times what one email and one text cost you (Settings of the reports). Discounts are already missing from revenue.',
    sql: event('sent', `sum(events * case channel when 'sms' then :sms_price else :email_price end)`),
    value: (s, { costCents }) => costCents(s),
  },
  {
    id: 'roi',
    label: 'Return on messages',
    unit: 'percent',
    better: 'up',
    definition:
      'Margin from contact less the cost of messages, per 100 of that cost. Needs customers held out, and enough of them to be sure that contact earned something at all.',
    sql: '(incremental margin - cost) / cost * 100',
    standing: ({ lift, costCents }, sums) => {
      const cost = costCents(sums)
      return lift && lift.outcome !== 'too_small' && cost > 0
        ? Math.round(((lift.margin_cents.mid - cost) / cost) * 1000) / 10
        : null
    },
  },
  {
    id: 'sends',
    label: 'Messages sent',
    unit: 'count',
    better: 'up',
    definition: 'Emails and texts that left for a customer. Skipped and cancelled ones are not counted.',
    sql: event('sent'),
    value: (s) => s.sends,
  },
  {
    id: 'delivered',
    label: 'Delivered',
    unit: 'count',
    better: 'up',
    definition: 'Messages sent that did not come back.',
    sql: `messages sent - (${event('bounce')})`,
    value: (s) => Math.max(0, s.sends - s.bounces),
  },
  {
    id: 'bounce_rate',
    label: 'Bounce rate',
    unit: 'percent',
    better: 'down',
    definition: 'Messages that came back, per 100 sent. Mailbox providers distrust senders above 2%.',
    sql: `(${event('bounce')}) / messages sent * 100`,
    value: (s) => rates.inPercent(s.bounces, s.sends),
  },
  {
    id: 'opens',
    label: 'Opened',
    unit: 'count',
    better: 'up',
    definition:
      'Messages opened by a person, each once; a click implies an open. Unreliable: Apple Mail hides opens and some programs block pictures.',
    sql: event('open', 'sum(events)', people),
    value: (s) => s.opens,
  },
  {
    id: 'machine_opens',
    label: 'Opened by machines',
    unit: 'percent',
    better: 'down',
    definition: 'Share of opens made by mail proxies and scanners. They are left out of every other figure.',
    sql: 'opens with machine / all opens * 100',
    value: (s) => rates.inPercent(s.machine_opens, s.machine_opens + s.opens),
  },
  {
    id: 'clicks',
    label: 'Clicked',
    unit: 'count',
    better: 'up',
    definition: 'Messages in which a person clicked a link, each once. Scanners are left out.',
    sql: event('click', 'sum(events)', people),
    value: (s) => s.clicks,
  },
  {
    id: 'conversion',
    label: 'Conversion',
    unit: 'percent',
    better: 'up',
    definition: `Orders that a message earned, per 100 messages sent. A message earns an order when its coupon code is redeemed within ${couponWindowMs / day} days, or when it was the last one the customer clicked within ${clickWindowMs / day} days before buying. Opens never count.`,
    sql: `(${event('conversion')}) / messages sent * 100`,
    value: (s) => rates.inPercent(s.conversions, s.sends),
  },
  {
    id: 'attributed',
    label: 'Revenue after a message',
    unit: 'cents',
    better: 'up',
    definition:
      'Orders that a message earned by the rule of “Conversion”. Some would have come anyway: compare with the revenue from contact.',
    sql: event('conversion', 'sum(value_cents)'),
    value: (s) => s.attributed_cents,
  },
  {
    id: 'revenue_per_send',
    label: 'Revenue per message',
    unit: 'cents',
    better: 'up',
    definition: 'Revenue after a message, divided by messages sent.',
    sql: 'revenue after a message / messages sent',
    value: (s) => rates.each(s.attributed_cents, s.sends),
  },
  {
    id: 'unsubscribes',
    label: 'Unsubscribed',
    unit: 'count',
    better: 'down',
    definition: 'Customers who asked not to be written to any more, on either channel.',
    sql: event('unsubscribe'),
    value: (s) => s.unsubscribes,
  },
  {
    id: 'complaints',
    label: 'Spam complaints',
    unit: 'count',
    better: 'down',
    definition: 'Messages reported as spam. Above 3 in 1,000 Gmail and Yahoo stop delivering.',
    sql: event('complaint'),
    value: (s) => s.complaints,
  },
  {
    id: 'active_customers',
    label: 'Active customers',
    unit: 'count',
    better: 'up',
    definition: 'Customers whose last order is less than 90 days old, as of the last scoring.',
    sql: `select count(*) from customer_scores where last_purchase_at >= :now - interval '90 days'`,
    standing: (s) => s.active,
  },
  {
    id: 'churn',
    label: 'About to leave',
    unit: 'percent',
    better: 'down',
    definition: 'Share of scored customers whose risk of not coming back is high, as of the last scoring.',
    sql: `select 100.0 * count(*) filter (where churn_risk = 'high') / count(*) from customer_scores where churn_risk is not null`,
    standing: (s) => s.churnPct,
  },
  {
    id: 'clv',
    label: 'Customer value ahead',
    unit: 'cents',
    better: 'up',
    definition:
      'Margin that all customers together are expected to bring in the next 12 months, as of the last scoring.',
    sql: 'select sum(clv_cents) from customer_scores',
    standing: (s) => s.clvCents,
  },
]

/** Figures of the period with comparison and days, in the order of the table; all, or those asked for. */
export function computeKpis(days: readonly DayPair[], standing: Standing, ids?: readonly KpiId[]): Kpi[] {
  const { now, before } = totalsOf(days)
  return kpiDefinitions
    .filter((d) => !ids || ids.includes(d.id))
    .map(({ value, standing: once, ...kpi }) => {
      const current = value ? value(now, standing) : (once?.(standing, now) ?? null)
      const previous = value ? value(before, standing) : null
      const spark = value ? days.map((d) => value(d.now, standing) ?? 0) : []
      return { ...kpi, value: current, previous, change_pct: changePercent(current, previous), spark }
    })
}
