import { formatCents } from '../money.ts'
import { churnHorizonWeeks, scoreChurn, type ChurnRisk } from './churn.ts'
import { scoreLifetimeValue } from './clv.ts'
import { averageTransactionCents, historyOf, type PurchaseFacts } from './facts.ts'
import type { SpendModel } from './gamma-gamma.ts'
import { probabilityAlive, type PurchaseModel } from './mbg-nbd.ts'
import { explain } from './reasons.ts'
import { segmentOf, settleSegment, type PreviousSegment, type RfmScores, type RfmSegment } from './rfm.ts'
import { scoreHours, scoreRhythm, type GapModel } from './rhythm.ts'
import { scoreTaste, type BaseShares, type Weighted } from './taste.ts'

/** Changes whenever the same orders would give other scores. */
export const scoringVersion = 'mbg-nbd/gamma-gamma 1'

/** What was learned from the whole shop, as of one instant. */
export interface ShopModel {
  purchases: PurchaseModel
  /** in whole units of the currency, not cents */
  spend: SpendModel
  gaps: GapModel
  base: { categories: BaseShares; brands: BaseShares; discounted: number }
  /** 0..1 */
  marginShare: number
  currency: string
  averageThresholdCents: number
}

export interface CustomerFacts extends PurchaseFacts {
  scores: RfmScores
  categories: readonly Weighted[]
  brands: readonly Weighted[]
  previous: PreviousSegment | null
  /** messages delivered, and those followed by an order within a week; the shop's share of the latter */
  messages: { delivered: number; successes: number; shopShare: number }
}

/** All scores of one customer. Days are counted from as-of, money is in cents. */
export interface Scorecard {
  averageOrderCents: number
  segment: RfmSegment
  segmentCandidate: RfmSegment | null
  churnProbability: number
  churnRisk: ChurnRisk
  isOverdue: boolean
  horizonWeeks: number
  clvCents: number
  clvLowCents: number
  clvHighCents: number
  expectedGapDays: number
  dueRatio: number
  nextPurchase: { from: number; middle: number; to: number } | null
  averageHour: number | null
  isNightBuyer: boolean
  preferredWeekday: number | null
  primaryCategory: string | null
  secondaryCategory: string | null
  favoriteBrands: string[]
  priceSensitivity: number
  successRatePct: number | null
  /** term -> one sentence */
  reasons: Record<string, string>
}

const leastMessages = 3
const messagePrior = 4

/** Scores one customer with at least one purchase, from facts alone: no clock, no chance, no look-ahead. */
export function scoreCustomer(shop: ShopModel, customer: CustomerFacts): Scorecard {
  const history = historyOf(customer)
  const rhythm = scoreRhythm(shop.gaps, customer, probabilityAlive(shop.purchases, history))
  const horizonWeeks = churnHorizonWeeks(shop.gaps.medianDays)
  const churn = scoreChurn(shop.purchases, history, horizonWeeks, rhythm.hiatusDays)
  const clv = scoreLifetimeValue(
    shop.purchases,
    shop.spend,
    history,
    customer.repeatCents / 100 / Math.max(1, history.x),
    shop.marginShare,
  )
  const averageCents = averageTransactionCents(customer)
  const computed = segmentOf(
    { ...customer.scores, transactions: customer.transactions, daysSinceFirst: customer.tenureDays, averageCents },
    shop.averageThresholdCents,
  )
  const settled = settleSegment(computed, customer.scores, customer.previous)
  const { delivered, successes, shopShare } = customer.messages
  const card = {
    averageOrderCents: Math.round(Math.max(0, customer.totalCents) / customer.orders),
    segment: settled.segment,
    segmentCandidate: settled.candidate,
    churnProbability: churn.probability,
    churnRisk: churn.risk,
    isOverdue: churn.isOverdue,
    horizonWeeks,
    clvCents: Math.round(clv.value * 100),
    clvLowCents: Math.round(clv.low * 100),
    clvHighCents: Math.round(clv.high * 100),
    expectedGapDays: rhythm.expectedGapDays,
    dueRatio: rhythm.dueRatio,
    nextPurchase: rhythm.next,
    ...scoreHours(customer),
    ...scoreTaste({ ...customer }, shop.base),
    successRatePct:
      delivered < leastMessages ? null : (100 * (successes + messagePrior * shopShare)) / (delivered + messagePrior),
  }
  return {
    ...card,
    reasons: explain(customer, card, (cents) => formatCents(Math.round(cents / 100) * 100, shop.currency, true)),
  }
}
