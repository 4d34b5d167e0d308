import { chiSquareTail, logGamma, normalCdf, normalQuantile } from './distributions.ts'
import type { Arm, Interval } from './stats.ts'

/** So many of so many. */
export interface Share {
  successes: number
  n: number
}

export interface ShareResult extends Interval {
  /** pooled, under "no difference" */
  z: number
  chiSquare: number
  pValue: number
}

/** A share as an arm of 0s and 1s with the population variance p(1 - p), so that every test of means reads it too. */
export function armOfShare({ successes, n }: Share): Arm {
  // Arm's variance divides by n - 1; n p (1 - p) over it is p (1 - p) when the squares are scaled so.
  const p = n > 0 ? successes / n : 0
  return { n, sum: successes, sumOfSquares: n * p * p + (n > 1 ? (n - 1) * p * (1 - p) : 0) }
}

/**
 * Difference of two shares, treated minus control: z of the pooled test, interval from each arm's own variance.
 * Null when an arm is empty or nobody or everybody succeeded.
 */
export function compareShares(control: Share, treated: Share, confidence = 0.95): ShareResult | null {
  if (control.n < 1 || treated.n < 1) return null
  const a = control.successes / control.n
  const b = treated.successes / treated.n
  const pooled = (control.successes + treated.successes) / (control.n + treated.n)
  const none = Math.sqrt(pooled * (1 - pooled) * (1 / control.n + 1 / treated.n))
  if (none === 0) return null
  const z = (b - a) / none
  const half =
    normalQuantile(1 - (1 - confidence) / 2) * Math.sqrt((a * (1 - a)) / control.n + (b * (1 - b)) / treated.n)
  return {
    low: b - a - half,
    mid: b - a,
    high: b - a + half,
    z,
    chiSquare: z * z,
    pValue: z * z > 50 ? chiSquareTail(z * z, 1) : 2 * normalCdf(-Math.abs(z)),
  }
}

/** Fisher's exact test, two-sided: the sum of all tables no likelier than the one seen. For small counts. */
export function fisherExact(control: Share, treated: Share): number {
  const total = control.n + treated.n
  const successes = control.successes + treated.successes
  const chance = (x: number): number =>
    Math.exp(logChoose(control.n, x) + logChoose(treated.n, successes - x) - logChoose(total, successes))
  const seen = chance(control.successes)
  let p = 0
  for (let x = Math.max(0, successes - treated.n); x <= Math.min(control.n, successes); x++) {
    const c = chance(x)
    if (c <= seen * (1 + 1e-7)) p += c
  }
  return Math.min(1, p)
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
}
