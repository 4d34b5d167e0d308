import type { ClientBase } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Assembled } from '#core/scoring/assemble.ts'
import type { Scorecard } from '#core/scoring/scorecard.ts'

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

/** Column of customer_scores -> its value as COPY reads it: the one place where a score meets its column. */
const columns: Record<string, (s: ScoredCustomer, stamp: ScoreStamp) => string> = {
  customer_id: (s) => s.customerId,
  model_version: (_, stamp) => escaped(stamp.version),
  as_of: (_, stamp) => instant(stamp.asOf.getTime()),
  input_hash: (s) => s.inputHash,
  purchase_frequency: (s) => String(s.facts.orders),
  transactions: (s) => String(s.facts.transactions),
  days_since_last: (s) => String(s.facts.daysSinceLast),
  total_spent_cents: (s) => String(s.facts.totalCents),
  avg_order_value_cents: (s) => String(s.card.averageOrderCents),
  first_purchase_at: (s) => instant(s.firstPurchaseMs),
  last_purchase_at: (s) => instant(s.lastPurchaseMs),
  recency_score: (s) => String(s.card.scores.recency),
  frequency_score: (s) => String(s.card.scores.frequency),
  monetary_score: (s) => String(s.card.scores.monetary),
  aov_score: (s) => String(s.card.scores.average),
  rfm_segment: (s) => s.card.segment,
  rfm_candidate: (s) => s.card.segmentCandidate ?? empty,
  churn_probability: (s) => rounded(s.card.churnProbability),
  churn_risk: (s) => s.card.churnRisk,
  is_overdue: (s) => (s.card.isOverdue ? 't' : 'f'),
  horizon_weeks: (_, stamp) => rounded(stamp.horizonWeeks),
  clv_cents: (s) => String(s.card.clvCents),
  clv_low_cents: (s) => String(s.card.clvLowCents),
  clv_high_cents: (s) => String(s.card.clvHighCents),
  expected_gap_days: (s) => rounded(s.card.expectedGapDays),
  due_ratio: (s) => rounded(s.card.dueRatio),
  next_purchase_at: (s, stamp) => daysAfter(stamp.asOf, s.card.nextPurchase?.middle),
  next_purchase_from: (s, stamp) => daysAfter(stamp.asOf, s.card.nextPurchase?.from),
  next_purchase_to: (s, stamp) => daysAfter(stamp.asOf, s.card.nextPurchase?.to),
  avg_purchase_hour: (s) => rounded(s.card.averageHour),
  is_night_buyer: (s) => (s.card.isNightBuyer ? 't' : 'f'),
  preferred_weekday: (s) => (s.card.preferredWeekday === null ? empty : String(s.card.preferredWeekday)),
  timed_orders: (s) => String(s.facts.timedOrders),
  night_orders: (s) => String(s.facts.nightOrders),
  weekday_orders: (s) => String(s.card.preferredWeekday === null ? 0 : s.facts.weekdays[s.card.preferredWeekday - 1]!),
  discounted_orders: (s) => String(s.facts.discountedOrders),
  primary_category: (s) => text(s.card.primaryCategory),
  secondary_category: (s) => text(s.card.secondaryCategory),
  favorite_brands: (s) => escaped(arrayLiteral(s.card.favoriteBrands)),
  price_tier: (s) => s.card.priceTier ?? empty,
  size_class: (s) => s.card.sizeClass ?? empty,
  occasion: (s) => s.card.occasion ?? empty,
  price_sensitivity: (s) => rounded(s.card.priceSensitivity),
  success_rate_pct: (s) => rounded(s.card.successRatePct),
  messages_delivered: (s) => String(s.card.delivered),
  messages_answered: (s) => String(s.card.answered),
  preferred_offer: (s) => s.card.preferredOffer ?? empty,
  preferred_channel: (s) => s.card.preferredChannel ?? empty,
}
const names = Object.keys(columns)
const writers = Object.values(columns)

const empty = '\\N'
const text = (value: string | null): string => (value === null ? empty : escaped(value))

function escaped(value: string): string {
  return /[\\\n\r\t]/.test(value)
    ? value.replace(/[\\\n\r\t]/g, (c) => (c === '\\' ? '\\\\' : c === '\n' ? '\\n' : c === '\r' ? '\\r' : '\\t'))
    : value
}

/** Digits beyond the fifth say nothing and cost bytes. */
const rounded = (value: number | null): string => (value === null ? empty : String(Math.round(value * 1e5) / 1e5))

function daysAfter(at: Date, days: number | undefined): string {
  // To the minute: more would be pretence.
  return days === undefined ? empty : instant(Math.round((at.getTime() + days * dayMs) / minuteMs) * minuteMs)
}

const twoDigits = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'))
const dates = new Map<number, string>()

/** toISOString, but six million of them in a second: the same days come again and again. */
function instant(ms: number): string {
  const day = Math.floor(ms / dayMs)
  let date = dates.get(day)
  if (date === undefined) {
    if (dates.size > 50_000) dates.clear()
    date = new Date(day * dayMs).toISOString().slice(0, 11)
    dates.set(day, date)
  }
  const seconds = Math.floor((ms - day * dayMs) / 1000)
  const thousandths = ms - day * dayMs - seconds * 1000
  const clock = `${twoDigits[Math.floor(seconds / 3600)]}:${twoDigits[Math.floor(seconds / 60) % 60]}:${twoDigits[seconds % 60]}`
  return thousandths === 0 ? `${date}${clock}Z` : `${date}${clock}.${String(thousandths).padStart(3, '0')}Z`
}

function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`
}

export interface ScoreWriter {
  /** A promise when it cannot take more for now. */
  write(scored: ScoredCustomer): Promise<void> | undefined
  finish(): Promise<number>
}

const flushAt = 1 << 18

/** COPY into `table`, a table like customer_scores. */
export function openScoreWriter(client: ClientBase, table: string, stamp: ScoreStamp): ScoreWriter {
  const target = client.query(copyFrom(`copy ${table} (${names.join(', ')}) from stdin`))
  let failure: Error | undefined
  target.on('error', (error: Error) => (failure = error))
  let buffer = ''
  let count = 0
  const flush = (): Promise<void> | undefined => {
    if (failure) throw failure
    const free = target.write(buffer)
    buffer = ''
    return free
      ? undefined
      : new Promise((resolve, reject) => {
          target.once('drain', resolve)
          target.once('error', reject)
        })
  }
  return {
    write(scored) {
      for (let i = 0; i < writers.length; i++) {
        if (i > 0) buffer += '\t'
        buffer += writers[i]!(scored, stamp)
      }
      buffer += '\n'
      count += 1
      return buffer.length > flushAt ? flush() : undefined
    },
    async finish() {
      await flush()
      await new Promise<void>((resolve, reject) => {
        target.once('error', reject)
        target.once('finish', () => resolve())
        target.end()
      })
      return count
    },
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
