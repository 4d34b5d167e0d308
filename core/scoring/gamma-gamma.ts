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

/** Customers with the same number of transactions, side by side: gamma functions depend on x only. */
interface SameX {
  x: number
  /** place of the first in `values`, and how many */
  from: number
  count: number
  logSum: number
}

/** Spenders by x; x times the mean value of each, the only part of a customer that a likelihood needs one by one. */
export interface Spenders {
  groups: readonly SameX[]
  values: Float64Array
  customers: number
  overallMean: number
}

/** Sorts customers by x; leaves out those without a repeat transaction or a positive mean. */
export function groupSpenders(rows: Iterable<SpendRow>): Spenders {
  const byX = new Map<number, number[]>()
  for (const { x, mean } of rows) {
    if (!(x > 0 && mean > 0 && Number.isFinite(mean))) continue
    const group = byX.get(x)
    if (group) group.push(mean)
    else byX.set(x, [mean])
  }
  const customers = [...byX.values()].reduce((sum, means) => sum + means.length, 0)
  const values = new Float64Array(customers)
  let from = 0
  let total = 0
  const groups = [...byX].map(([x, means]): SameX => {
    let logSum = 0
    means.forEach((mean, i) => {
      values[from + i] = x * mean
      logSum += Math.log(mean)
      total += mean
    })
    const group = { x, from, count: means.length, logSum }
    from += means.length
    return group
  })
  return { groups, values, customers, overallMean: total / Math.max(1, customers) }
}

/**
 * Maximum likelihood over customers with x > 0 and a positive mean; with fewer than ten of them the values around
 * the plain mean that shops usually show. `weak` adds a wide normal prior on the logarithms (small shops).
 */
export function fitSpendModel(rows: Iterable<SpendRow>, weak = false): SpendFit {
  const spenders = groupSpenders(rows)
  const { customers } = spenders
  const typical = [Math.log(5), Math.log(4), Math.log(3 * (spenders.overallMean || 40)) - Math.log(5)]
  const result = (log: readonly number[], converged: boolean): SpendFit => {
    const [p, q, v] = log.map(Math.exp) as [number, number, number]
    return { p, q, v, logLikelihood: sumLikelihood([p, q, v], spenders, [0, 0, 0]), customers, converged }
  }
  if (customers < 10) return result(typical, true)
  const objectiveOf =
    (some: Spenders): Objective =>
    (log, gradient) => {
      const scale = 1 / some.customers
      const theta = log.map(Math.exp)
      let value = -sumLikelihood(theta, some, gradient) * scale
      for (let i = 0; i < 3; i++) {
        gradient[i] = -gradient[i]! * theta[i]! * scale
        if (!weak) continue
        const z = (log[i]! - typical[i]!) / 1.5
        value += 0.5 * z * z * scale
        gradient[i]! += (z / 1.5) * scale
      }
      return value
    }
  // A tenth of very many is so near that the rest of the way takes a few steps.
  const near = customers > 50_000 ? minimize(objectiveOf(thin(spenders, 10)), typical, { tolerance: 1e-7 }) : null
  const found = near
    ? minimize(objectiveOf(spenders), near.x, { inverse: near.inverse, tolerance: 1e-7 })
    : minimize(objectiveOf(spenders), typical)
  return result(found.x, found.converged)
}

/** Every n-th customer of each group. */
function thin(spenders: Spenders, n: number): Spenders {
  const rows = spenders.groups.flatMap(({ x, from, count }) =>
    Array.from({ length: Math.ceil(count / n) }, (_, i) => ({ x, mean: spenders.values[from + i * n]! / x })),
  )
  return groupSpenders(rows)
}

function sumLikelihood(theta: readonly number[], { groups, values }: Spenders, gradient: number[]): number {
  const [p, q, v] = theta as [number, number, number]
  const constant = q * Math.log(v) - lgamma(q)
  const psiQ = digamma(q)
  const logV = Math.log(v)
  let total = 0
  gradient.fill(0)
  for (const { x, from, count, logSum } of groups) {
    let logRest = 0
    let inverse = 0
    for (let i = from; i < from + count; i++) {
      const sum = v + values[i]!
      logRest += Math.log(sum)
      inverse += 1 / sum
    }
    const px = p * x
    const psi = digamma(px + q)
    total +=
      count * (constant + lgamma(px + q) - lgamma(px) + px * Math.log(x)) + (px - 1) * logSum - (px + q) * logRest
    gradient[0]! += x * (count * (psi - digamma(px) + Math.log(x)) + logSum - logRest)
    gradient[1]! += count * (psi - psiQ + logV) - logRest
    gradient[2]! += (count * q) / v - (px + q) * inverse
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
