import { groundAt, probabilityOfOrder, trainChurn, type ChurnMethod, type ChurnModel } from './churn-model.ts'
import { historyOf } from './facts.ts'
import { accuracy, auc, aucError, brier, calibrationBins, logLoss, type CalibrationBin } from './metrics.ts'
import { expectedOrders } from './purchase-model.ts'
import { spanOf, transactionsBetween, type Ledger } from './snapshot.ts'

/** How one way to tell who comes back did on the weeks it had not seen. */
export interface Candidate {
  method: ChurnMethod
  auc: number
  brier: number
  log_loss: number
  accuracy: number
}

/**
 * The last weeks of the shop as an exam: everything is learned from what was known before them, and compared with what
 * happened in them. `verdict` says what is used from now on, and why.
 */
export interface Backtest {
  /** local days since 1970-01-01: last day that was known, and last day of the test */
  known_until: number
  tested_until: number
  weeks: number
  customers: number
  /** share of them that ordered in the test */
  active_share: number
  orders: { came: number; expected: number; with_trend: number }
  /** expected over came, minus 1: as the formula says it, and after the trend factor */
  bias_before_trend: number
  bias: number
  trend: number
  /** standard error of the bias, by chance of who ordered: very large shops are tested on a sample */
  bias_error: number
  /** AUC of "who was here last comes back first": nothing may lose to that */
  recency_auc: number
  /** standard error of the AUC of what is used */
  auc_error: number
  candidates: Candidate[]
  chosen: ChurnMethod
  bins: CalibrationBin[]
  verdict: Verdict
}

export type Verdict = 'supervised_earned_it' | 'formula_is_as_good' | 'loses_to_recency' | 'biased'

export const testWeeks = 13
const leastTestWeeks = 4
const leastCases = 20
const guardAuc = 0.01
const guardBias = 0.2
/** A supervised model must lower the Brier score by this share to be worth its complexity, and must not rank worse. */
const leastGain = 0.002
const rankTolerance = 0.002

/** Null when the shop is too young, or too few came or stayed away to tell one way from another. */
export function runBacktest(ledger: Ledger, asOfDay: number, k: number): Backtest | null {
  const span = spanOf(ledger)
  if (span === null) return null
  const weeks = Math.min(testWeeks, Math.floor((asOfDay - span.first) / 7 / 3))
  if (weeks < leastTestWeeks) return null
  const cut = asOfDay - 7 * weeks
  const at = groundAt(ledger, cut, k)
  const training = at && trainChurn(ledger, cut, weeks, k, at.ground.purchases)
  if (!training) return null
  const { ground, customers } = at
  const came = customers.map(({ place }) => transactionsBetween(ledger, place, cut, asOfDay))
  const active = Uint8Array.from(came, (orders) => (orders > 0 ? 1 : 0))
  const actives = active.reduce((sum, yes) => sum + yes, 0)
  if (actives < leastCases || active.length - actives < leastCases) return null

  const chancesOf = (model: ChurnModel): Float64Array =>
    Float64Array.from(customers, ({ timing }) => probabilityOfOrder(model, ground, timing, weeks))
  const models = [training.supervised, training.formula, training.hiatus] as const
  const chances = models.map(chancesOf)
  const candidates = models.map(({ method }, i): Candidate => {
    const p = chances[i]!
    return {
      method,
      auc: auc(p, active),
      brier: brier(p, active),
      log_loss: logLoss(p, active),
      accuracy: accuracy(p, active),
    }
  })
  const recency = auc(
    Float64Array.from(customers, ({ timing }) => -timing.daysSinceLast),
    active,
  )
  const each = customers.map((c) => expectedOrders(ground.purchases, historyOf(c.timing), weeks))
  const expected = each.reduce((sum, orders) => sum + orders, 0)
  const total = came.reduce((sum, orders) => sum + orders, 0)
  const bias = (expected * training.trend) / total - 1
  const { chosen, verdict } = judge(candidates, recency, bias)
  // What each customer brought beside what they were expected to, on the level that came.
  const level = total / expected
  const squares = came.reduce((sum, orders, i) => sum + (orders - level * each[i]!) ** 2, 0)
  const area = candidates.find((c) => c.method === chosen)!.auc
  return {
    known_until: cut,
    tested_until: asOfDay,
    weeks,
    customers: active.length,
    active_share: actives / active.length,
    orders: { came: total, expected, with_trend: expected * training.trend },
    bias_before_trend: expected / total - 1,
    bias,
    trend: training.trend,
    bias_error: ((1 + bias) * Math.sqrt(squares)) / total,
    recency_auc: recency,
    auc_error: aucError(area, actives, active.length - actives),
    candidates,
    chosen,
    bins: calibrationBins(chances[models.findIndex((m) => m.method === chosen)]!, active),
    verdict,
  }
}

/** What may be used: the better of the two models if it stands the guards, else the hiatus rule. */
export function judge(
  candidates: readonly Candidate[],
  recencyAuc: number,
  bias: number,
): { chosen: ChurnMethod; verdict: Verdict } {
  const of = (method: ChurnMethod): Candidate => candidates.find((c) => c.method === method)!
  const [supervised, formula] = [of('supervised'), of('formula')]
  const earned = supervised.brier < formula.brier * (1 - leastGain) && supervised.auc >= formula.auc - rankTolerance
  const best = earned ? supervised : formula
  if (Math.abs(bias) > guardBias) return { chosen: 'hiatus', verdict: 'biased' }
  if (best.auc < recencyAuc - guardAuc) return { chosen: 'hiatus', verdict: 'loses_to_recency' }
  return { chosen: best.method, verdict: earned ? 'supervised_earned_it' : 'formula_is_as_good' }
}
