import type { History, PurchaseModel } from './mbg-nbd.ts'
import { probabilityActive } from './mbg-nbd.ts'

export type ChurnRisk = 'low' | 'medium' | 'high' | 'new'

export interface Churn {
  /** chance of no purchase within the horizon */
  probability: number
  risk: ChurnRisk
  /** quiet for longer than nine in ten of the customer's own gaps: the hiatus rule, a floor under the model */
  isOverdue: boolean
}

const newForWeeks = 4

/**
 * Weeks without a purchase that count as churn: eight, or twice the shop's usual gap where people buy less often.
 * At most 39, so that a shop of yearly buyers still gets an answer within a year.
 */
export function churnHorizonWeeks(medianGapDays: number | null): number {
  return Math.min(39, Math.max(8, medianGapDays === null ? 0 : (2 * medianGapDays) / 7))
}

/**
 * Churn is 1 - P(active in the horizon), never 1 - P(alive): the latter calls every one-time buyer loyal. An overdue
 * customer is at least at medium risk, whatever the model says. A first order of less than four weeks ago has no class.
 * @param hiatusDays 90th percentile of the customer's gaps
 */
export function scoreChurn(model: PurchaseModel, history: History, horizonWeeks: number, hiatusDays: number): Churn {
  const probability = 1 - probabilityActive(model, history, horizonWeeks)
  const isOverdue = (history.T - history.tx) * 7 > hiatusDays
  if (history.x === 0 && history.T < newForWeeks) return { probability, risk: 'new', isOverdue: false }
  const risk = probability < 0.35 ? (isOverdue ? 'medium' : 'low') : probability < 0.65 ? 'medium' : 'high'
  return { probability, risk, isOverdue }
}
