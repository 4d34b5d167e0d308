import type { ClientBase } from 'pg'
import type { Assembled } from '#core/scoring/assemble.ts'
import type { Scorecard } from '#core/scoring/scorecard.ts'
import { openCopyWriter, type CopyWriter } from '#db/copy-writer.ts'

export interface ScoredCustomer extends Assembled {
  customerId: string
  card: Scorecard
}

export interface ScoreStamp {
  asOf: Date
  version: string
  horizonWeeks: number
}

const dayMs = 86_400_000
const minuteMs = 60_000

/** Column of customer_scores -> how it is written: the one place where a score meets its column and its type. */
const columns: Record<string, (to: CopyWriter, s: ScoredCustomer, stamp: ScoreStamp) => void> = {
  customer_id: (to, s) => to.uuid(s.customerId),
  model_version: (to, _, stamp) => to.text(stamp.version),
  as_of: (to, _, stamp) => to.instant(stamp.asOf.getTime()),
  input_hash: (to, s) => to.ascii(s.inputHash),
  purchase_frequency: (to, s) => to.int32(s.facts.orders),
  transactions: (to, s) => to.int32(s.facts.transactions),
  days_since_last: (to, s) => to.int32(s.facts.daysSinceLast),
  total_spent_cents: (to, s) => to.int64(s.facts.totalCents),
  avg_order_value_cents: (to, s) => to.int64(s.card.averageOrderCents),
  first_purchase_at: (to, s) => to.instant(s.firstPurchaseMs),
  last_purchase_at: (to, s) => to.instant(s.lastPurchaseMs),
  recency_score: (to, s) => to.int16(s.card.scores.recency),
  frequency_score: (to, s) => to.int16(s.card.scores.frequency),
  monetary_score: (to, s) => to.int16(s.card.scores.monetary),
  aov_score: (to, s) => to.int16(s.card.scores.average),
  rfm_segment: (to, s) => to.text(s.card.segment),
  rfm_candidate: (to, s) => text(to, s.card.segmentCandidate),
  churn_probability: (to, s) => rounded(to, s.card.churnProbability),
  churn_risk: (to, s) => to.text(s.card.churnRisk),
  is_overdue: (to, s) => to.bool(s.card.isOverdue),
  horizon_weeks: (to, _, stamp) => rounded(to, stamp.horizonWeeks),
  clv_cents: (to, s) => to.int64(s.card.clvCents),
  clv_low_cents: (to, s) => to.int64(s.card.clvLowCents),
  clv_high_cents: (to, s) => to.int64(s.card.clvHighCents),
  expected_gap_days: (to, s) => rounded(to, s.card.expectedGapDays),
  due_ratio: (to, s) => rounded(to, s.card.dueRatio),
  next_purchase_at: (to, s, stamp) => daysAfter(to, stamp.asOf, s.card.nextPurchase?.middle),
  next_purchase_from: (to, s, stamp) => daysAfter(to, stamp.asOf, s.card.nextPurchase?.from),
  next_purchase_to: (to, s, stamp) => daysAfter(to, stamp.asOf, s.card.nextPurchase?.to),
  avg_purchase_hour: (to, s) => rounded(to, s.card.averageHour),
  is_night_buyer: (to, s) => to.bool(s.card.isNightBuyer),
  preferred_weekday: (to, s) => (s.card.preferredWeekday === null ? to.none() : to.int16(s.card.preferredWeekday)),
  timed_orders: (to, s) => to.int32(s.facts.timedOrders),
  night_orders: (to, s) => to.int32(s.facts.nightOrders),
  weekday_orders: (to, s) =>
    to.int32(s.card.preferredWeekday === null ? 0 : s.facts.weekdays[s.card.preferredWeekday - 1]!),
  discounted_orders: (to, s) => to.int32(s.facts.discountedOrders),
  primary_category: (to, s) => text(to, s.card.primaryCategory),
  secondary_category: (to, s) => text(to, s.card.secondaryCategory),
  favorite_brands: (to, s) => to.textArray(s.card.favoriteBrands),
  price_tier: (to, s) => text(to, s.card.priceTier),
  size_class: (to, s) => text(to, s.card.sizeClass),
  occasion: (to, s) => text(to, s.card.occasion),
  price_sensitivity: (to, s) => rounded(to, s.card.priceSensitivity),
  success_rate_pct: (to, s) => rounded(to, s.card.successRatePct),
  messages_delivered: (to, s) => to.int32(s.card.delivered),
  messages_answered: (to, s) => to.int32(s.card.answered),
  preferred_offer: (to, s) => text(to, s.card.preferredOffer),
  preferred_channel: (to, s) => text(to, s.card.preferredChannel),
}
const names = Object.keys(columns)
const writers = Object.values(columns)

const text = (to: CopyWriter, value: string | null): void => (value === null ? to.none() : to.text(value))

/** Digits beyond the fifth say nothing. */
const rounded = (to: CopyWriter, value: number | null): void =>
  value === null ? to.none() : to.float32(Math.round(value * 1e5) / 1e5)

function daysAfter(to: CopyWriter, at: Date, days: number | undefined): void {
  // To the minute: more would be pretence.
  if (days === undefined) to.none()
  else to.instant(Math.round((at.getTime() + days * dayMs) / minuteMs) * minuteMs)
}

export interface ScoreWriter {
  /** A promise when it cannot take more for now. */
  write(scored: ScoredCustomer): Promise<void> | undefined
  finish(): Promise<number>
}

/** COPY into `table`, a table like customer_scores. */
export function openScoreWriter(client: ClientBase, table: string, stamp: ScoreStamp): ScoreWriter {
  const to = openCopyWriter(client, table, names)
  return {
    write(scored) {
      to.row()
      for (let i = 0; i < writers.length; i++) writers[i]!(to, scored, stamp)
      return to.flushed()
    },
    finish: () => to.finish(),
  }
}

/** Replaces the stored scores of these customers by those of `table`. */
export async function mergeScores(tx: ClientBase, table: string): Promise<void> {
  const list = names.join(', ')
  await tx.query(
    `insert into customer_scores (${list}) select ${list} from ${table} order by customer_id
     on conflict (customer_id) do update set ${names
       .filter((name) => name !== 'customer_id')
       .map((name) => `${name} = excluded.${name}`)
       .join(', ')}, computed_at = now()`,
  )
}
