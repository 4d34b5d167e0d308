import type { ClientBase } from 'pg'
import { scoringVersion, type CustomerFacts, type Scorecard } from '#core/scoring/scorecard.ts'
import { copyIn, type CopyValue } from '#db/pool.ts'

export interface ScoredCustomer {
  customerId: string
  firstPurchaseAt: Date
  lastPurchaseAt: Date
  facts: CustomerFacts
  card: Scorecard
}

const dayMs = 86_400_000

/** Column of customer_scores -> its value: the one place where a score meets its column. */
const columns: Record<string, (s: ScoredCustomer, asOf: Date) => CopyValue> = {
  customer_id: (s) => s.customerId,
  model_version: () => scoringVersion,
  as_of: (_, asOf) => asOf,
  purchase_frequency: (s) => s.facts.orders,
  total_spent_cents: (s) => s.facts.totalCents,
  avg_order_value_cents: (s) => s.card.averageOrderCents,
  first_purchase_at: (s) => s.firstPurchaseAt,
  last_purchase_at: (s) => s.lastPurchaseAt,
  recency_score: (s) => s.facts.scores.recency,
  frequency_score: (s) => s.facts.scores.frequency,
  monetary_score: (s) => s.facts.scores.monetary,
  aov_score: (s) => s.facts.scores.average,
  rfm_segment: (s) => s.card.segment,
  rfm_candidate: (s) => s.card.segmentCandidate,
  churn_probability: (s) => s.card.churnProbability,
  churn_risk: (s) => s.card.churnRisk,
  clv_cents: (s) => s.card.clvCents,
  clv_low_cents: (s) => s.card.clvLowCents,
  clv_high_cents: (s) => s.card.clvHighCents,
  expected_gap_days: (s) => s.card.expectedGapDays,
  due_ratio: (s) => s.card.dueRatio,
  next_purchase_at: (s, asOf) => daysAfter(asOf, s.card.nextPurchase?.middle),
  next_purchase_from: (s, asOf) => daysAfter(asOf, s.card.nextPurchase?.from),
  next_purchase_to: (s, asOf) => daysAfter(asOf, s.card.nextPurchase?.to),
  avg_purchase_hour: (s) => s.card.averageHour,
  is_night_buyer: (s) => s.card.isNightBuyer,
  preferred_weekday: (s) => s.card.preferredWeekday,
  primary_category: (s) => s.card.primaryCategory,
  secondary_category: (s) => s.card.secondaryCategory,
  favorite_brands: (s) => arrayLiteral(s.card.favoriteBrands),
  price_sensitivity: (s) => s.card.priceSensitivity,
  success_rate_pct: (s) => s.card.successRatePct,
  reasons: (s) => JSON.stringify(s.card.reasons),
}
const names = Object.keys(columns)
const writers = Object.values(columns)

function daysAfter(at: Date, days: number | undefined): Date | null {
  return days === undefined ? null : new Date(at.getTime() + days * dayMs)
}

function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`
}

/** A temporary table like customer_scores, for this transaction. */
export async function createScoreTable(tx: ClientBase): Promise<void> {
  await tx.query('drop table if exists score_new')
  await tx.query('create temp table score_new (like customer_scores including defaults) on commit drop')
}

export async function copyScores(tx: ClientBase, asOf: Date, scored: readonly ScoredCustomer[]): Promise<void> {
  await copyIn(
    tx,
    'score_new',
    names,
    scored.map((s) => writers.map((write) => write(s, asOf))),
  )
}

/** Replaces the stored scores by those of score_new; who has no purchase any more has no scores. */
export async function publishScores(tx: ClientBase): Promise<void> {
  const list = names.join(', ')
  await tx.query('analyze score_new')
  await tx.query(
    `insert into customer_scores (${list}) select ${list} from score_new order by customer_id
     on conflict (customer_id) do update set ${names
       .filter((name) => name !== 'customer_id')
       .map((name) => `${name} = excluded.${name}`)
       .join(', ')}, computed_at = now()`,
  )
  await tx.query(
    'delete from customer_scores as s where not exists (select 1 from score_new as n where n.customer_id = s.customer_id)',
  )
}
