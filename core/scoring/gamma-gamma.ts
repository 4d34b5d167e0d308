import { minimize, type Objective } from './minimize.ts'
import { digamma, lgamma } from './special-functions.ts'

/** What an order is worth (Fader & Hardie 2013): gamma-distributed values around a mean that differs between customers. */
export interface SpendModel {
  p: number
  q: number
  v: number
}

export interface SpendFit extends SpendModel {
  logLikelihood: number
  customers: number
  converged: boolean
}

/** x transactions with this mean value (any one unit of money). */
export interface SpendRow {
  x: number
  mean: number
}

/**
 * Customers with the same number of transactions, side by side: gamma functions depend on x only. What a likelihood
 * needs of each is x times the mean value; of very many customers, neighbours within a hundredth share an element.
 */
interface SameX {
  x: number
  customers: number
  /** sum of the logarithms of the means */
  logSum: number
  /** mean of the values of an element, how many there are, and their variance (null: elements of one) */
  values: Float64Array
  counts: Float64Array | null
  variances: Float64Array | null
}

export interface Spenders {
  groups: readonly SameX[]
  customers: number
  overallMean: number
}

/** From here values are gathered in steps of this size on the log scale; with their variance the likelihood stays exact to 1e-9 each. */
const manySpenders = 20_000
const step = 0.01

/** Sorts customers by x; leaves out those without a repeat transaction or a positive mean. */
export function groupSpenders(rows: Iterable<SpendRow>, gatherFrom = manySpenders): Spenders {
  const byX = new Map<number, { values: Float64Array; length: number }>()
  let customers = 0
  let total = 0
  for (const { x, mean } of rows) {
    if (!(x > 0 && mean > 0 && Number.isFinite(mean))) continue
    customers += 1
    total += mean
    let group = byX.get(x)
    if (!group) byX.set(x, (group = { values: new Float64Array(8), length: 0 }))
    if (group.length === group.values.length) {
      const wider = new Float64Array(2 * group.length)
      wider.set(group.values)
      group.values = wider
    }
    group.values[group.length++] = x * mean
  }
  const groups = [...byX].map(([x, { values, length }]): SameX => {
    const own = values.subarray(0, length)
    const logs = own.map(Math.log)
    const logSum = logs.reduce((sum, log) => sum + log, 0) - length * Math.log(x)
    const one = { x, customers: length, logSum, values: own, counts: null, variances: null }
    return customers >= gatherFrom ? { ...one, ...gathered(own, logs) } : one
  })
  return { groups, customers, overallMean: total / Math.max(1, customers) }
}

function gathered(
  values: Float64Array,
  logs: Float64Array,
): { values: Float64Array; counts: Float64Array; variances: Float64Array } {
  const [low, high] = logs.reduce(([a, b], log) => [Math.min(a, log), Math.max(b, log)], [Infinity, -Infinity])
  const steps = Math.floor((high - low) / step) + 1
  const counts = new Float64Array(steps)
  const sums = new Float64Array(steps)
  const squares = new Float64Array(steps)
  const placeOf = (i: number): number => Math.floor((logs[i]! - low) / step)
  for (let i = 0; i < values.length; i++) {
    counts[placeOf(i)]! += 1
    sums[placeOf(i)]! += values[i]!
  }
  // Around the mean of the element, in a second round: sums of squares would lose their digits.
  for (let i = 0; i < values.length; i++) {
    const at = placeOf(i)
    squares[at]! += (values[i]! - sums[at]! / counts[at]!) ** 2
  }
  const used = Array.from({ length: steps }, (_, at) => at).filter((at) => counts[at]! > 0)
  return {
    values: Float64Array.from(used, (at) => sums[at]! / counts[at]!),
    counts: Float64Array.from(used, (at) => counts[at]!),
    variances: Float64Array.from(used, (at) => squares[at]! / counts[at]!),
  }
}

/**
 * Maximum likelihood over customers with x > 0 and a positive mean; with fewer than ten of them the values around
 * the plain mean that shops usually show. `weak` adds a wide normal prior on the logarithms (small shops).
 */
export function fitSpendModel(rows: Iterable<SpendRow>, weak = false, gatherFrom?: number): SpendFit {
  const spenders = groupSpenders(rows, gatherFrom)
  const { customers } = spenders
  const typical = [Math.log(5), Math.log(4), Math.log(3 * (spenders.overallMean || 40)) - Math.log(5)]
  const result = (log: readonly number[], converged: boolean): SpendFit => {
    const [p, q, v] = log.map(Math.exp) as [number, number, number]
    return { p, q, v, logLikelihood: sumLikelihood([p, q, v], spenders, [0, 0, 0]), customers, converged }
  }
  if (customers < 10) return result(typical, true)
  const objective: Objective = (log, gradient) => {
    const scale = 1 / customers
    const theta = log.map(Math.exp)
    let value = -sumLikelihood(theta, spenders, gradient) * scale
    for (let i = 0; i < 3; i++) {
      gradient[i] = -gradient[i]! * theta[i]! * scale
      if (!weak) continue
      const z = (log[i]! - typical[i]!) / 1.5
      value += 0.5 * z * z * scale
      gradient[i]! += (z / 1.5) * scale
    }
    return value
  }
  const found = minimize(objective, typical)
  return result(found.x, found.converged)
}

function sumLikelihood(theta: readonly number[], { groups }: Spenders, gradient: number[]): number {
  const [p, q, v] = theta as [number, number, number]
  const constant = q * Math.log(v) - lgamma(q)
  const psiQ = digamma(q)
  const logV = Math.log(v)
  let total = 0
  gradient.fill(0)
  for (const { x, customers, logSum, values, counts, variances } of groups) {
    let logRest = 0
    let inverse = 0
    for (let i = 0; i < values.length; i++) {
      const sum = v + values[i]!
      const n = counts === null ? 1 : counts[i]!
      // Mean of the logarithm and of the inverse around their mean: Taylor's second term.
      const spread = variances === null ? 0 : variances[i]! / (sum * sum)
      logRest += n * (Math.log(sum) - spread / 2)
      inverse += (n * (1 + spread)) / sum
    }
    const px = p * x
    const psi = digamma(px + q)
    total +=
      customers * (constant + lgamma(px + q) - lgamma(px) + px * Math.log(x)) + (px - 1) * logSum - (px + q) * logRest
    gradient[0]! += x * (customers * (psi - digamma(px) + Math.log(x)) + logSum - logRest)
    gradient[1]! += customers * (psi - psiQ + logV) - logRest
    gradient[2]! += (customers * q) / v - (px + q) * inverse
  }
  return total
}

/** Gamma(shape, rate) of a customer's scale, after x transactions of this mean; the shop's own when nothing usable is known. */
export function scaleOf(model: SpendModel, x: number, mean: number): { shape: number; rate: number } {
  const known = x > 0 && mean > 0
  // q <= 1 means an infinite mean: more variety than the model can hold.
  const q = Math.max(model.q, 1.05)
  return known ? { shape: q + model.p * x, rate: model.v + x * mean } : { shape: q, rate: model.v }
}

/** Expected value of a future order, shrunk towards the shop's mean; the shop's mean when nothing usable is known. */
export function expectedOrderValue(model: SpendModel, x: number, mean: number): number {
  const { shape, rate } = scaleOf(model, x, mean)
  return (model.p * rate) / (shape - 1)
}
