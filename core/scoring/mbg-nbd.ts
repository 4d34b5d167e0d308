import { minimize, type Minimum } from './minimize.ts'
import { digamma, hyp2f1, lgamma, logBeta } from './special-functions.ts'

/**
 * How often a customer buys and whether they are still there. Purchases are Poisson with a gamma-distributed rate
 * (r, alpha; weeks), and customers leave with a beta-distributed chance (a, b) after a purchase: after each repeat
 * purchase in `bg` (Fader, Hardie & Lee 2005), after the first one too in `mbg` (Batislam, Denizel & Filiztekin 2007).
 */
export interface PurchaseModel {
  variant: 'bg' | 'mbg'
  r: number
  alpha: number
  a: number
  b: number
}

/** One customer's history: x repeat purchases, the last at week `tx` of the `T` weeks since the first. */
export interface History {
  x: number
  tx: number
  T: number
}

/** A history that `count` customers share. */
export interface HistoryRow extends History {
  count: number
}

/** Normal prior on the logarithms of r, alpha, a, b: keeps small shops inside the plausible range. */
export interface LogPrior {
  mean: readonly number[]
  sd: readonly number[]
}

/** Centre: liquor and grocery shops; wide enough that a few hundred customers overrule it. */
export const shopPrior: LogPrior = {
  mean: [Math.log(0.8), Math.log(6), Math.log(0.8), Math.log(3)],
  sd: [1, 1.2, 1, 1.2],
}

export interface PurchaseFit extends PurchaseModel {
  logLikelihood: number
  customers: number
  iterations: number
  converged: boolean
}

/** Same histories once, with their number. Works on any order of input; drops histories that cannot be. */
export function collapse(rows: Iterable<History>): HistoryRow[] {
  const byKey = new Map<string, HistoryRow>()
  for (const { x, tx, T } of rows) {
    if (!(x >= 0 && tx >= 0 && tx <= T && Number.isFinite(T))) continue
    const key = `${x}|${tx}|${T}`
    const row = byKey.get(key)
    if (row) row.count += 1
    else byKey.set(key, { x, tx, T, count: 1 })
  }
  return [...byKey.values()]
}

/** Maximum likelihood (or posterior mode, with a prior) by BFGS on the logarithms of the four parameters. */
export function fitPurchaseModel(
  variant: PurchaseModel['variant'],
  rows: readonly HistoryRow[],
  prior?: LogPrior,
): PurchaseFit {
  const customers = rows.reduce((sum, row) => sum + row.count, 0)
  const scale = 1 / Math.max(1, customers)
  const likelihood = createLikelihood(variant, rows)
  const found: Minimum = minimize(
    (log, gradient) => {
      const theta = log.map(Math.exp)
      let value = -likelihood(theta, gradient) * scale
      for (let i = 0; i < 4; i++) {
        gradient[i] = -gradient[i]! * theta[i]! * scale
        if (!prior) continue
        const z = (log[i]! - prior.mean[i]!) / prior.sd[i]!
        value += 0.5 * z * z * scale
        gradient[i]! += (z / prior.sd[i]!) * scale
      }
      return value
    },
    (prior ?? shopPrior).mean,
  )
  const [r, alpha, a, b] = found.x.map(Math.exp) as [number, number, number, number]
  const logLikelihood = likelihood([r, alpha, a, b], [0, 0, 0, 0])
  return { variant, r, alpha, a, b, logLikelihood, customers, iterations: found.iterations, converged: found.converged }
}

/** Log-likelihood of these histories under the model. */
export function purchaseLogLikelihood(model: PurchaseModel, rows: readonly HistoryRow[]): number {
  return createLikelihood(model.variant, rows)([model.r, model.alpha, model.a, model.b], [0, 0, 0, 0])
}

/** Sums log-likelihood and gradient in r, alpha, a, b. Gamma functions depend on x only, so they are computed once per x. */
function createLikelihood(
  variant: PurchaseModel['variant'],
  rows: readonly HistoryRow[],
): (theta: readonly number[], gradient: number[]) => number {
  const xs = [...new Set(rows.map((row) => row.x))]
  const place = new Map(xs.map((x, i) => [x, i]))
  const index = Int32Array.from(rows, (row) => place.get(row.x)!)
  const s = variant === 'mbg' ? 1 : 0
  return (theta, gradient) => {
    const [r, alpha, a, b] = theta as [number, number, number, number]
    const constant = r * Math.log(alpha) - lgamma(r) - logBeta(a, b)
    const psiR = digamma(r)
    const psiB = digamma(b)
    const psiAB = digamma(a + b)
    const parts = xs.map((x) => ({
      value: lgamma(r + x) + logBeta(a, b + x + s),
      r: digamma(r + x) - psiR + Math.log(alpha),
      a: psiAB - digamma(a + b + x + s),
      b: digamma(b + x + s) - digamma(a + b + x + s) - psiB + psiAB,
    }))
    let total = 0
    gradient.fill(0)
    for (let i = 0; i < rows.length; i++) {
      const { x, tx, T, count } = rows[i]!
      const part = parts[index[i]!]!
      const logT = Math.log(alpha + T)
      const ratio = logT - Math.log(alpha + tx)
      const seen = b + x + s - 1
      // u: odds that the customer has left; 0 where the model lets nobody leave yet.
      const logU = x + s > 0 ? Math.log(a / seen) + (r + x) * ratio : -Infinity
      const w = 1 / (1 + Math.exp(-logU))
      total += count * (constant + part.value - (r + x) * logT + (logU > 30 ? logU : Math.log1p(Math.exp(logU))))
      gradient[0]! += count * (part.r - logT + w * ratio)
      gradient[1]! += count * (r / alpha - (r + x) / (alpha + T) + w * (r + x) * (1 / (alpha + T) - 1 / (alpha + tx)))
      gradient[2]! += count * (part.a + w / a)
      gradient[3]! += count * (part.b - (w > 0 ? w / seen : 0))
    }
    return total
  }
}

/**
 * Chance that the customer has not left yet. In `bg` it is 1 for every one-time buyer, so it must never be read
 * as (the opposite of) churn: use probabilityActive.
 */
export function probabilityAlive(model: PurchaseModel, { x, tx, T }: History): number {
  const s = model.variant === 'mbg' ? 1 : 0
  if (x + s === 0) return 1
  const logOdds =
    Math.log(model.a / (model.b + x + s - 1)) + (model.r + x) * Math.log((model.alpha + T) / (model.alpha + tx))
  return 1 / (1 + Math.exp(logOdds))
}

/** Chance of at least one purchase in the next `weeks`. */
export function probabilityActive(model: PurchaseModel, history: History, weeks: number): number {
  const { r, alpha } = model
  return (
    probabilityAlive(model, history) *
    -Math.expm1((r + history.x) * Math.log((alpha + history.T) / (alpha + history.T + weeks)))
  )
}

/** Expected number of purchases in the next `weeks`. */
export function expectedOrders(model: PurchaseModel, history: History, weeks: number): number {
  const s = model.variant === 'mbg' ? 1 : 0
  return (
    probabilityAlive(model, history) * ordersWhileAlive(model, model.b + s + history.x, history.x, history.T, weeks)
  )
}

/** Expected number of purchases of a new customer in the first `weeks` after the first one. */
export function expectedOrdersOfNew(model: PurchaseModel, weeks: number): number {
  return expectedOrders(model, { x: 0, tx: 0, T: 0 }, weeks)
}

/**
 * Expected purchases of one who is there now. The published 2F1 grows beyond any double for a few hundred purchases;
 * Euler's transformation folds the growing factor into the power before it, which stays in range for every x.
 */
function ordersWhileAlive(model: PurchaseModel, b: number, x: number, T: number, weeks: number): number {
  if (!(weeks > 0)) return 0
  const { r, alpha } = model
  // a = 1 is a removable singularity.
  const a = Math.abs(model.a - 1) < 1e-5 ? 1 + 1e-5 : model.a
  const z = weeks / (alpha + T + weeks)
  const c = a + b - 1
  const rest = Math.exp((a - 1) * Math.log1p(-z)) * hyp2f1(c - r - x, a - 1, c, z)
  const expected = (c / (a - 1)) * (1 - rest)
  const withoutLeaving = ((r + x) / (alpha + T)) * weeks
  return Number.isFinite(expected) ? Math.min(Math.max(0, expected), withoutLeaving) : withoutLeaving
}

/**
 * Distribution of the number of purchases in the next `weeks`: element n is P(n purchases), up to where less than
 * `tail` is left. Given that the customer is there, the future is a fresh BG/NBD with updated parameters.
 */
export function orderDistribution(model: PurchaseModel, history: History, weeks: number, tail = 1e-3): number[] {
  const alive = probabilityAlive(model, history)
  const b = model.b + history.x + (model.variant === 'mbg' ? 1 : 0)
  const { a } = model
  const r = model.r + history.x
  const alpha = model.alpha + history.T
  const z = weeks / (alpha + weeks)
  const logZ = Math.log(z)
  const start = r * Math.log(alpha / (alpha + weeks))
  const result: number[] = []
  let logPoisson = start // ln of P(n arrivals) without leaving, by recurrence
  let arrivalsBelow = 0
  let logStays = 0 // ln of B(a, b+n)/B(a, b)
  let left = 1
  for (let n = 0; n < 1000 && left > tail; n++) {
    let p = Math.exp(logStays + logPoisson)
    if (n > 0) p += Math.exp(logStays + Math.log(a / (b + n - 1))) * Math.max(0, 1 - arrivalsBelow)
    p *= alive
    result.push(n === 0 ? p + 1 - alive : p)
    left -= result[n]!
    arrivalsBelow += Math.exp(logPoisson)
    logPoisson += Math.log((r + n) / (n + 1)) + logZ
    logStays += Math.log((b + n) / (a + b + n))
  }
  return result
}
