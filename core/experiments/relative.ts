import { studentCdf, studentQuantile } from './distributions.ts'
import { meanAndVariance, type Arm, type WelchResult } from './stats.ts'

/**
 * Relative lift (treated / control - 1) with its delta-method standard error and Welch's degrees of freedom:
 * var = vB/(nB mA²) + vA mB²/(nA mA⁴). Null when an arm has fewer than two observations, control's mean is 0, or
 * nothing varies. The interval is only good when control's mean is several standard errors away from 0.
 */
export function relativeLift(control: Arm, treated: Arm, confidence = 0.95): WelchResult | null {
  if (control.n < 2 || treated.n < 2) return null
  const a = meanAndVariance(control)
  const b = meanAndVariance(treated)
  if (a.mean === 0) return null
  const va = a.variance / control.n
  const vb = b.variance / treated.n
  const standardError = Math.sqrt(vb / a.mean ** 2 + (va * b.mean ** 2) / a.mean ** 4)
  if (standardError === 0) return null
  const degreesOfFreedom = (va + vb) ** 2 / (va ** 2 / (control.n - 1) + vb ** 2 / (treated.n - 1))
  const mid = (b.mean - a.mean) / a.mean
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
