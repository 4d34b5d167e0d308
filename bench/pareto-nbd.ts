import { minimize } from '#core/scoring/minimize.ts'
import type { History } from '#core/scoring/purchase-model.ts'
import { hyp2f1, lgamma } from '#core/scoring/special-functions.ts'

/**
 * Pareto/NBD (Schmittlein, Morrison & Colombo 1987), to compare with: purchases are Poisson with a gamma-distributed
 * rate (r, alpha), lifetimes exponential with another (s, beta). The product uses MBG/CNBD-k: as good, and with a
 * likelihood without hypergeometric functions.
 */
export interface ParetoModel {
  r: number
  alpha: number
  s: number
  beta: number
}

/** ln of the integral over the time of death, Fader & Hardie's two forms (2005, "A note on deriving the Pareto/NBD model"). */
function logIntegral(m: ParetoModel, { x, tx, T }: History): number {
  const { r, alpha, s, beta } = m
  const at = (t: number): number =>
    alpha >= beta
      ? Math.log(hyp2f1(r + s + x, s + 1, r + s + x + 1, (alpha - beta) / (alpha + t))) -
        (r + s + x) * Math.log(alpha + t)
      : Math.log(hyp2f1(r + s + x, r + x, r + s + x + 1, (beta - alpha) / (beta + t))) -
        (r + s + x) * Math.log(beta + t)
  const [high, low] = [at(tx), at(T)]
  return high > low ? high + Math.log(-Math.expm1(low - high)) : -Infinity
}

function logLikelihoodOf(m: ParetoModel, h: History): number {
  const { r, alpha, s, beta } = m
  const stays = -(r + h.x) * Math.log(alpha + h.T) - s * Math.log(beta + h.T)
  const left = Math.log(s / (r + s + h.x)) + logIntegral(m, h)
  const most = Math.max(stays, left)
  return (
    lgamma(r + h.x) -
    lgamma(r) +
    r * Math.log(alpha) +
    s * Math.log(beta) +
    most +
    Math.log(Math.exp(stays - most) + Math.exp(left - most))
  )
}

export function paretoAlive(m: ParetoModel, h: History): number {
  const { r, alpha, s, beta } = m
  return (
    1 /
    (1 +
      Math.exp(
        Math.log(s / (r + s + h.x)) + (r + h.x) * Math.log(alpha + h.T) + s * Math.log(beta + h.T) + logIntegral(m, h),
      ))
  )
}

export function paretoOrders(m: ParetoModel, h: History, weeks: number): number {
  const { r, alpha, s, beta } = m
  const pace = ((r + h.x) * (beta + h.T)) / ((alpha + h.T) * (s - 1))
  return paretoAlive(m, h) * pace * (1 - ((beta + h.T) / (beta + h.T + weeks)) ** (s - 1))
}

const nodes = gaussLegendre(64)

/** Chance of at least one purchase: the customer may die before it, so the time of death is integrated out. */
export function paretoActive(m: ParetoModel, h: History, weeks: number): number {
  const A = m.alpha + h.T
  const B = m.beta + h.T
  const e = m.r + h.x
  const silent = nodes.reduce(
    (sum, { node, weight }) => {
      const u = (weeks * (1 + node)) / 2
      return sum + ((weight * weeks) / 2) * (A / (A + u)) ** e * (m.s / B) * (B / (B + u)) ** (m.s + 1)
    },
    (A / (A + weeks)) ** e * (B / (B + weeks)) ** m.s,
  )
  return paretoAlive(m, h) * (1 - silent)
}

export function fitPareto(rows: readonly History[]): ParetoModel & { logLikelihood: number } {
  const value = (log: readonly number[]): number => {
    const [r, alpha, s, beta] = log.map(Math.exp) as [number, number, number, number]
    return -rows.reduce((sum, h) => sum + logLikelihoodOf({ r, alpha, s, beta }, h), 0) / rows.length
  }
  const step = 1e-5
  const found = minimize(
    (log, gradient) => {
      log.forEach((_, i) => {
        const moved = (by: number): number => value(log.map((v, j) => (j === i ? v + by : v)))
        gradient[i] = (moved(step) - moved(-step)) / (2 * step)
      })
      return value(log)
    },
    [Math.log(0.5), Math.log(10), Math.log(0.6), Math.log(12)],
    { tolerance: 1e-7 },
  )
  const [r, alpha, s, beta] = found.x.map(Math.exp) as [number, number, number, number]
  return { r, alpha, s, beta, logLikelihood: -found.value * rows.length }
}

/** Nodes and weights on -1..1 by Newton's method on the Legendre polynomial. */
function gaussLegendre(n: number): { node: number; weight: number }[] {
  return Array.from({ length: n }, (_, i) => {
    let z = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
    let slope = 1
    for (let turn = 0; turn < 50; turn++) {
      let [p, before] = [1, 0]
      for (let j = 1; j <= n; j++) [p, before] = [((2 * j - 1) * z * p - (j - 1) * before) / j, p]
      slope = (n * (z * p - before)) / (z * z - 1)
      const move = p / slope
      z -= move
      if (Math.abs(move) < 1e-15) break
    }
    return { node: z, weight: 2 / ((1 - z * z) * slope * slope) }
  })
}
