export type ChurnRisk = 'low' | 'medium' | 'high' | 'new'

export interface Churn {
  /** chance of no purchase within the horizon */
  probability: number
  risk: ChurnRisk
  /** quiet for longer than nine in ten of the customer's own gaps: the hiatus rule, a floor under the model */
  isOverdue: boolean
}

const newForDays = 28

/**
 * Weeks without a purchase that count as churn: eight, or twice the shop's usual gap where people buy less often.
 * At most 39, so that a shop of yearly buyers still gets an answer within a year.
 */
export function churnHorizonWeeks(medianGapDays: number | null): number {
  return Math.min(39, Math.max(8, medianGapDays === null ? 0 : (2 * medianGapDays) / 7))
}

/**
 * Churn is 1 - P(order within the horizon), never 1 - P(alive): the latter calls every one-time buyer loyal. An overdue
 * customer is at least at medium risk, whatever the model says. A first order of less than four weeks ago has no class.
 * @param activeChance chance of an order within the horizon
 * @param hiatusDays 90th percentile of the customer's gaps
 */
export function scoreChurn(
  activeChance: number,
  facts: { transactions: number; tenureDays: number; daysSinceLast: number },
  hiatusDays: number,
): Churn {
  const probability = 1 - activeChance
  const isOverdue = facts.daysSinceLast > hiatusDays
  if (facts.transactions === 1 && facts.tenureDays < newForDays) return { probability, risk: 'new', isOverdue: false }
  const risk = probability < 0.35 ? (isOverdue ? 'medium' : 'low') : probability < 0.65 ? 'medium' : 'high'
  return { probability, risk, isOverdue }
}
