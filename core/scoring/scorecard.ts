import { probabilityOfOrder } from './churn-model.ts'
import { scoreChurn, type ChurnRisk } from './churn.ts'
import { scoreLifetimeValue, yearWeeks, type LifetimeValue } from './clv.ts'
import { averageTransactionCents, historyOf, type PurchaseFacts } from './facts.ts'
import { createOutlookTable } from './outlook-table.ts'
import { probabilityAlive } from './purchase-model.ts'
import { scoreResponses, type Answered, type Responsiveness } from './response.ts'
import {
  absoluteScores,
  scoresByCuts,
  segmentOf,
  settleSegment,
  type PreviousSegment,
  type RfmScores,
  type RfmSegment,
} from './rfm.ts'
import { hiatusDaysOf, scoreHours, scoreRhythm } from './rhythm.ts'
import type { ShopModel } from './shop-model.ts'
import { scoreTaste, type Bought, type Taste } from './taste.ts'

export interface CustomerFacts extends PurchaseFacts {
  bought: Bought
  messages: readonly Answered[]
  previous: PreviousSegment | null
}

/** All scores of one customer. Days are counted from as-of, money is in cents. */
export interface Scorecard extends Omit<Taste, 'primaryShare'>, Responsiveness {
  scores: RfmScores
  averageOrderCents: number
  segment: RfmSegment
  segmentCandidate: RfmSegment | null
  churnProbability: number
  churnRisk: ChurnRisk
  isOverdue: boolean
  clvCents: number
  clvLowCents: number
  clvHighCents: number
  expectedGapDays: number
  dueRatio: number
  nextPurchase: { from: number; middle: number; to: number } | null
  averageHour: number | null
  isNightBuyer: boolean
  preferredWeekday: number | null
}

/** Makes the function that scores customers of one shop, from facts alone: no clock, no chance, no look-ahead. */
export function createScorer(shop: ShopModel): (customer: CustomerFacts) => Scorecard {
  const outlook = createOutlookTable(shop.purchases, shop.spend.p)
  return (customer) => {
    const history = historyOf(customer)
    const alive = probabilityAlive(shop.purchases, history)
    const rhythm = scoreRhythm(shop.gaps, customer, alive)
    const active = probabilityOfOrder(shop.churn, shop, customer, shop.horizonWeeks)
    const churn = scoreChurn(active, customer, rhythm.hiatusDays)
    const averageCents = averageTransactionCents(customer)
    const mean = customer.repeatCents / 100 / Math.max(1, history.x)
    const clv = adjusted(
      shop,
      customer,
      scoreLifetimeValue(shop.purchases, shop.spend, history, mean, shop.marginShare, outlook),
    )
    const scores = shop.cuts
      ? scoresByCuts(shop.cuts, { ...customer, averageCents })
      : absoluteScores({ ...customer, averageCents })
    const computed = segmentOf(
      { ...scores, transactions: customer.transactions, daysSinceFirst: customer.tenureDays, averageCents },
      shop.averageThresholdCents,
    )
    const settled = settleSegment(computed, scores, customer.previous)
    const { primaryShare: _, ...taste } = scoreTaste(customer.bought, customer, shop.base)
    return {
      scores,
      averageOrderCents: Math.round(Math.max(0, customer.totalCents) / customer.orders),
      segment: settled.segment,
      segmentCandidate: settled.candidate,
      churnProbability: churn.probability,
      churnRisk: churn.risk,
      isOverdue: churn.isOverdue,
      clvCents: Math.round(clv.value * 100),
      clvLowCents: Math.round(clv.low * 100),
      clvHighCents: Math.round(clv.high * 100),
      expectedGapDays: rhythm.expectedGapDays,
      dueRatio: rhythm.dueRatio,
      nextPurchase: rhythm.next,
      ...scoreHours(customer),
      ...taste,
      ...scoreResponses(customer.messages, shop.responses),
    }
  }
}

/**
 * The model's value on the level that the shop showed lately. Where the model failed its test, orders come from the
 * customer's own past rate for as long as the hiatus rule lets them count, and the interval keeps its proportions.
 */
function adjusted(shop: ShopModel, customer: CustomerFacts, clv: LifetimeValue): LifetimeValue {
  const factor = shop.churn.method === 'hiatus' ? historicalFactor(shop, customer, clv) : shop.yearTrend
  return { ...clv, value: clv.value * factor, low: clv.low * factor, high: clv.high * factor }
}

function historicalFactor(shop: ShopModel, customer: CustomerFacts, clv: LifetimeValue): number {
  const gap = hiatusDaysOf(shop.gaps, customer) / 7
  const weekly = (customer.transactions - 1 + 0.5) / (customer.tenureDays / 7 + gap)
  const stays =
    customer.daysSinceLast > hiatusDaysOf(shop.gaps, customer)
      ? 1 - customer.daysSinceLast / (customer.tenureDays + 7 * gap)
      : 1
  return clv.orders > 1e-6 ? Math.min(20, (weekly * yearWeeks * Math.max(0, stays)) / clv.orders) : 0
}
