import { normalQuantile, studentCdf, studentQuantile } from './distributions.ts'

/** Sums of one arm: enough for every figure below, and computable in SQL. */
export interface Arm {
  n: number
  sum: number
  sumOfSquares: number
}

export interface Interval {
  low: number
  mid: number
  high: number
}

export interface WelchResult extends Interval {
  standardError: number
  degreesOfFreedom: number
  pValue: number
}

/** Sample mean and variance (n - 1); variance is 0 below two observations. */
export function meanAndVariance(arm: Arm): { mean: number; variance: number } {
  const mean = arm.n > 0 ? arm.sum / arm.n : 0
  const variance = arm.n > 1 ? Math.max(0, (arm.sumOfSquares - arm.n * mean * mean) / (arm.n - 1)) : 0
  return { mean, variance }
}

/**
 * Difference of means, treated minus control, with Welch's unequal-variance interval. Null when an arm has fewer
 * than two observations or nothing varies at all.
 */
export function welch(control: Arm, treated: Arm, confidence = 0.95): WelchResult | null {
  if (control.n < 2 || treated.n < 2) return null
  const a = meanAndVariance(control)
  const b = meanAndVariance(treated)
  const va = a.variance / control.n
  const vb = b.variance / treated.n
  const standardError = Math.sqrt(va + vb)
  if (standardError === 0) return null
  const degreesOfFreedom = (va + vb) ** 2 / (va ** 2 / (control.n - 1) + vb ** 2 / (treated.n - 1))
  const mid = b.mean - a.mean
  const half = studentQuantile(1 - (1 - confidence) / 2, degreesOfFreedom) * standardError
  return {
    low: mid - half,
    mid,
    high: mid + half,
    standardError,
    degreesOfFreedom,
    pValue: 2 * (1 - studentCdf(Math.abs(mid / standardError), degreesOfFreedom)),
  }
}

/** Wilson's interval of a share: right also for 0 of n and small n. */
export function wilson(successes: number, n: number, confidence = 0.95): Interval | null {
  if (n <= 0) return null
  const z = normalQuantile(1 - (1 - confidence) / 2)
  const p = successes / n
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  return {
    low: successes === 0 ? 0 : Math.max(0, middle - half),
    mid: p,
    high: successes === n ? 1 : Math.min(1, middle + half),
  }
}

/**
 * Customers per arm to see a share move from `base` to `base + effect`, two-sided. The variance under "no difference"
 * is that of both arms pooled (Fleiss, the default), of each arm by itself, or of the base alone as Evan Miller's
 * calculator has it (a little too few). facts/science.md §4.2.
 */
export function sampleSizeOfShares(
  base: number,
  effect: number,
  alpha = 0.05,
  power = 0.8,
  variance: 'pooled' | 'unpooled' | 'base' = 'pooled',
): number {
  const other = base + effect
  const pooled = (base + other) / 2
  const za = normalQuantile(1 - alpha / 2)
  const zb = normalQuantile(power)
  const each = base * (1 - base) + other * (1 - other)
  const none = variance === 'pooled' ? 2 * pooled * (1 - pooled) : variance === 'base' ? 2 * base * (1 - base) : each
  const exact = ((za * Math.sqrt(none) + zb * Math.sqrt(each)) / effect) ** 2
  // His page rounds to the nearest.
  return variance === 'base' ? Math.round(exact) : Math.ceil(exact)
}

/** Customers per arm to see means differ by `effect` at this standard deviation (15.7 s²/d² at the defaults). */
export function sampleSizeOfMeans(standardDeviation: number, effect: number, alpha = 0.05, power = 0.8): number {
  return Math.ceil(2 * ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) * (standardDeviation / effect)) ** 2)
}

/**
 * How many times the present data are needed until `effect` would be seen with 80 % power: the square of present
 * over needed standard error, arms staying in proportion. 1 or less: there is enough.
 */
export function dataNeeded(standardError: number, effect: number, alpha = 0.05, power = 0.8): number {
  return (standardError / (Math.abs(effect) / (normalQuantile(1 - alpha / 2) + normalQuantile(power)))) ** 2
}
