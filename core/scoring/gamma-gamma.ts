import { minimize } from './minimize.ts'
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
 * Maximum likelihood over customers with x > 0 and a positive mean; with fewer than ten of them the values around
 * the plain mean that shops usually show. `weak` adds a wide normal prior on the logarithms (small shops).
 */
export function fitSpendModel(rows: readonly SpendRow[], weak = false): SpendFit {
  const usable = rows.filter((row) => row.x > 0 && row.mean > 0 && Number.isFinite(row.mean))
  const overall = usable.reduce((sum, row) => sum + row.mean, 0) / Math.max(1, usable.length)
  const typical = [Math.log(5), Math.log(4), Math.log(3 * (overall || 40)) - Math.log(5)]
  if (usable.length < 10) {
    const [p, q, v] = typical.map(Math.exp) as [number, number, number]
    return {
      p,
      q,
      v,
      logLikelihood: sumLikelihood([p, q, v], usable, [0, 0, 0]),
      customers: usable.length,
      converged: true,
    }
  }
  const scale = 1 / usable.length
  const found = minimize((log, gradient) => {
    const theta = log.map(Math.exp)
    let value = -sumLikelihood(theta, usable, gradient) * scale
    for (let i = 0; i < 3; i++) {
      gradient[i] = -gradient[i]! * theta[i]! * scale
      if (!weak) continue
      const z = (log[i]! - typical[i]!) / 1.5
      value += 0.5 * z * z * scale
      gradient[i]! += (z / 1.5) * scale
    }
    return value
  }, typical)
  const [p, q, v] = found.x.map(Math.exp) as [number, number, number]
  return {
    p,
    q,
    v,
    logLikelihood: sumLikelihood([p, q, v], usable, [0, 0, 0]),
    customers: usable.length,
    converged: found.converged,
  }
}

function sumLikelihood(theta: readonly number[], rows: readonly SpendRow[], gradient: number[]): number {
  const [p, q, v] = theta as [number, number, number]
  const constant = q * Math.log(v) - lgamma(q)
  const psiQ = digamma(q)
  const logV = Math.log(v)
  let total = 0
  gradient.fill(0)
  for (const { x, mean } of rows) {
    const px = p * x
    const logRest = Math.log(v + mean * x)
    const psi = digamma(px + q)
    total += constant + lgamma(px + q) - lgamma(px) + (px - 1) * Math.log(mean) + px * Math.log(x) - (px + q) * logRest
    gradient[0]! += x * (psi - digamma(px) + Math.log(mean) + Math.log(x) - logRest)
    gradient[1]! += psi - psiQ + logV - logRest
    gradient[2]! += q / v - (px + q) / (v + mean * x)
  }
  return total
}

/** Expected value of a future order, shrunk towards the shop's mean; the shop's mean when nothing usable is known. */
export function expectedOrderValue(model: SpendModel, x: number, mean: number): number {
  const known = x > 0 && mean > 0
  const { p, v } = model
  // q <= 1 means an infinite mean: more variety than the model can hold.
  const q = Math.max(model.q, 1.05)
  return known ? (p * (v + x * mean)) / (p * x + q - 1) : (p * v) / (q - 1)
}
