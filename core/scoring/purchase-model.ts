import { hyp2f1, lgamma } from './special-functions.ts'

/**
 * How often a customer buys and whether they are still there. The gaps between purchases are Erlang-k with a rate that
 * is gamma-distributed over customers (r, alpha; weeks), and customers leave with a beta-distributed chance (a, b) after
 * a purchase: after each repeat purchase in `bg` (Fader, Hardie & Lee 2005), after the first one too in `mbg` (Batislam,
 * Denizel & Filiztekin 2007). k = 1 are the published BG/NBD and MBG/NBD; k > 1 is for people who buy more regularly
 * than by chance (MBG/CNBD-k, Reutterer, Platzer & Schröder 2021). An Erlang-k gap is k hidden events in a row, so all
 * of it is counting hidden Poisson events; the formulas below are derived from that.
 */
export interface PurchaseModel {
  variant: 'bg' | 'mbg'
  k: number
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

/** What a history says about a customer today. */
export interface Standing {
  /** chance that the customer has not left yet */
  alive: number
  /** given that: chance that 0, 1 .. k-1 hidden events have happened since the last purchase */
  phases: readonly number[]
}

const certain: readonly number[] = [1]

/** Purchases after which a customer of no repeat purchase may have left: one in `mbg`. */
export const startOf = (model: Pick<PurchaseModel, 'variant'>): number => (model.variant === 'mbg' ? 1 : 0)

/**
 * Chance to be there, and how far the clock has run. In `bg` every one-time buyer is there for certain, so this must
 * never be read as (the opposite of) churn: use probabilityActive.
 */
export function standingOf(model: PurchaseModel, { x, tx, T }: History): Standing {
  const { k, alpha, a, b } = model
  const s = startOf(model)
  const m = model.r + k * x
  let sum = 1
  let phases = certain
  if (k > 1) {
    const z = (T - tx) / (alpha + T)
    const terms = [1]
    for (let j = 1; j < k; j++) terms.push((terms[j - 1]! * (m + j - 1) * z) / j)
    sum = terms.reduce((total, term) => total + term, 0)
    phases = terms.map((term) => term / sum)
  }
  if (x + s === 0) return { alive: 1, phases }
  const logOdds = Math.log(a / (b + x + s - 1)) + m * Math.log((alpha + T) / (alpha + tx)) - Math.log(sum)
  return { alive: 1 / (1 + Math.exp(logOdds)), phases }
}

/** Chance that the customer has not left yet; see standingOf for why this is not the opposite of churn. */
export function probabilityAlive(model: PurchaseModel, history: History): number {
  return standingOf(model, history).alive
}

/** Chance of at least one purchase in the next `weeks`. */
export function probabilityActive(
  model: PurchaseModel,
  history: History,
  weeks: number,
  standing: Standing = standingOf(model, history),
): number {
  const { k } = model
  const A = model.alpha + history.T
  const z = weeks / (A + weeks)
  let silent = 0
  for (let j = 0; j < k; j++) {
    const m = model.r + k * history.x + j
    // P(fewer than k - j hidden events), a negative binomial
    let term = Math.exp(-m * Math.log1p(weeks / A))
    let below = term
    for (let i = 1; i < k - j; i++) below += term *= ((m + i - 1) / i) * z
    silent += standing.phases[j]! * below
  }
  return standing.alive * Math.min(1, Math.max(0, 1 - silent))
}

/** Expected number of purchases in the next `weeks`. */
export function expectedOrders(model: PurchaseModel, history: History, weeks: number): number {
  if (!(weeks > 0)) return 0
  const { alive, phases } = standingOf(model, history)
  return alive * phases.reduce((sum, chance, j) => sum + chance * ordersFromPhase(model, history, j, weeks), 0)
}

/** Expected number of purchases of one who is there now and whose clock stands at `phase` hidden events. */
export function ordersFromPhase(
  model: PurchaseModel,
  history: Pick<History, 'x' | 'T'>,
  phase: number,
  weeks: number,
): number {
  return model.k === 1 ? ordersByFormula(model, history, weeks) : ordersBySum(model, history, phase, weeks)
}

/** Expected number of purchases of a new customer in the first `weeks` after the first one. */
export function expectedOrdersOfNew(model: PurchaseModel, weeks: number): number {
  return expectedOrders(model, { x: 0, tx: 0, T: 0 }, weeks)
}

/**
 * Expected purchases of one who is there now, k = 1. The published 2F1 grows beyond any double for a few hundred
 * purchases; Euler's transformation folds the growing factor into the power before it, which stays in range for every x.
 */
function ordersByFormula(model: PurchaseModel, { x, T }: Pick<History, 'x' | 'T'>, weeks: number): number {
  const { r, alpha } = model
  // a = 1 is a removable singularity.
  const a = Math.abs(model.a - 1) < 1e-5 ? 1 + 1e-5 : model.a
  const b = model.b + startOf(model) + x
  const z = weeks / (alpha + T + weeks)
  const c = a + b - 1
  const rest = Math.exp((a - 1) * Math.log1p(-z)) * hyp2f1(c - r - x, a - 1, c, z)
  const expected = (c / (a - 1)) * (1 - rest)
  const withoutLeaving = ((r + x) / (alpha + T)) * weeks
  return Number.isFinite(expected) ? Math.min(Math.max(0, expected), withoutLeaving) : withoutLeaving
}

/** The n-th purchase comes if the customer stayed after n - 1 of them and n k - j hidden events happen in time. */
function ordersBySum(model: PurchaseModel, history: Pick<History, 'x' | 'T'>, phase: number, weeks: number): number {
  const { k, a } = model
  const b = model.b + startOf(model) + history.x
  const hidden = hiddenEvents(model.r + k * history.x + phase, model.alpha + history.T, weeks)
  let stays = 1
  let sum = 0
  for (let n = 1; ; n++) {
    const reached = hidden.atLeast(n * k - phase)
    if (reached <= 0) return sum
    sum += stays * reached
    stays *= (b + n - 1) / (a + b + n - 1)
  }
}

/**
 * Distribution of the number of purchases in the next `weeks`: element n is P(n purchases), up to where less than
 * `tail` is left.
 */
export function orderDistribution(model: PurchaseModel, history: History, weeks: number, tail = 1e-3): number[] {
  const { alive, phases } = standingOf(model, history)
  const parts = phases.map((_, j) => ordersWhileThere(model, history, j, weeks, tail))
  const length = Math.max(...parts.map((part) => part.length))
  return Array.from({ length }, (_, n) => {
    const p = alive * parts.reduce((sum, part, j) => sum + phases[j]! * (part[n] ?? 0), 0)
    return n === 0 ? p + 1 - alive : p
  })
}

/** The same for one who is there now and whose clock stands at `phase`. */
export function ordersWhileThere(
  model: PurchaseModel,
  history: Pick<History, 'x' | 'T'>,
  phase: number,
  weeks: number,
  tail: number,
): number[] {
  const { k, a } = model
  const b = model.b + startOf(model) + history.x
  const hidden = hiddenEvents(model.r + k * history.x + phase, model.alpha + history.T, weeks)
  const result: number[] = []
  let stays = 1
  let left = 1
  for (let n = 0; n < mostOrders && left > tail; n++) {
    const reached = n === 0 ? 1 : hidden.atLeast(n * k - phase)
    if (reached <= 0) break
    const further = hidden.atLeast((n + 1) * k - phase)
    // no more purchases because time is over, or because the customer left after the n-th
    const leaves = n === 0 ? 0 : (stays * a) / (a + b + n - 1)
    if (n > 0) stays *= (b + n - 1) / (a + b + n - 1)
    const p = stays * (reached - further) + leaves * reached
    result.push(p)
    left -= p
  }
  return result
}

const mostOrders = 5000
const rest = 1e-13

/** Number of hidden events in `weeks` when their rate is Gamma(m, A): a negative binomial, as its upper tail. */
function hiddenEvents(m: number, A: number, weeks: number): { atLeast(n: number): number } {
  const z = weeks / (A + weeks)
  const mean = (m * weeks) / A
  // Where m is in the thousands the first terms are below the smallest double; start where something is to be seen.
  const from = Math.max(0, Math.floor(mean - 12 * Math.sqrt(mean * (1 + weeks / A))))
  const chances: number[] = []
  const ratio = Math.log(z)
  let term = Math.exp(
    (from > 0 ? lgamma(m + from) - lgamma(m) - lgamma(from + 1) : 0) - m * Math.log1p(weeks / A) + from * ratio,
  )
  for (let n = from; n < from + 200_000; n++) {
    chances.push(term)
    term *= ((m + n) / (n + 1)) * z
    if (n > mean && term < rest * (1 - z)) break
  }
  // Summed from the small end.
  for (let i = chances.length - 2; i >= 0; i--) chances[i]! += chances[i + 1]!
  return {
    atLeast: (n) => (n <= from ? 1 : n - from < chances.length ? Math.min(1, chances[n - from]!) : 0),
  }
}
