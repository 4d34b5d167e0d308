import type { ClientBase, Pool } from 'pg'
import { formatCents } from '#core/money.ts'
import { explain, type Reason, type ReasonFacts } from '#core/scoring/reasons.ts'

const dayMs = 86_400_000

interface Row extends Omit<ReasonFacts, 'nextFromDays' | 'nextToDays' | 'daysSinceLast'> {
  customer_id: string
  daysSinceLast: number | null
  as_of: Date
  last_at: Date | null
  next_from: Date | null
  next_to: Date | null
}

/**
 * Why the scores of these customers are what they are, in words, the most telling first. Made from the stored scores.
 * @param currency of the shop
 */
export async function reasonsOf(
  client: ClientBase | Pool,
  customerIds: readonly string[],
  currency: string,
): Promise<Map<string, Reason[]>> {
  if (customerIds.length === 0) return new Map()
  const { rows } = await client.query<Row>({
    name: 'reasons of scores',
    text: `select s.customer_id, s.as_of, s.last_purchase_at as last_at, s.next_purchase_from as next_from, s.next_purchase_to as next_to,
       s.rfm_segment as segment, s.purchase_frequency as orders, s.transactions, s.days_since_last as "daysSinceLast",
       coalesce(s.avg_order_value_cents, 0) as "averageOrderCents", s.aov_score as "averageScore", s.churn_probability as "churnProbability",
       s.churn_risk as "churnRisk", s.is_overdue as "isOverdue", coalesce(s.horizon_weeks, 8) as "horizonWeeks", s.clv_cents as "clvCents",
       s.clv_low_cents as "clvLowCents", s.clv_high_cents as "clvHighCents", s.expected_gap_days as "expectedGapDays",
       s.avg_purchase_hour as "averageHour", s.timed_orders as "timedOrders", s.night_orders as "nightOrders",
       s.preferred_weekday as "preferredWeekday", s.weekday_orders as "weekdayOrders", s.primary_category as "primaryCategory",
       s.secondary_category as "secondaryCategory", s.favorite_brands as "favoriteBrands", s.price_tier as "priceTier",
       s.size_class as "sizeClass", s.occasion, s.discounted_orders as "discountedOrders", s.messages_delivered as "messagesDelivered",
       s.messages_answered as "messagesAnswered", s.preferred_offer as "preferredOffer", s.preferred_channel as "preferredChannel"
     from customer_scores as s where s.customer_id = any($1::uuid[])`,
    values: [customerIds],
  })
  return new Map(
    rows.map(({ customer_id, as_of, last_at, next_from, next_to, daysSinceLast, ...row }) => {
      const after = (at: Date | null): number | null =>
        at === null ? null : Math.max(0, (at.getTime() - as_of.getTime()) / dayMs)
      const facts: ReasonFacts = {
        ...row,
        daysSinceLast: daysSinceLast ?? (last_at ? Math.round((as_of.getTime() - last_at.getTime()) / dayMs) : 0),
        nextFromDays: after(next_from),
        nextToDays: after(next_to),
      }
      return [customer_id, explain(facts, (cents) => formatCents(Math.round(cents / 100) * 100, currency, true))]
    }),
  )
}
