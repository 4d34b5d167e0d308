import type { Interval } from './stats.ts'

/** An estimate that may be looked at every day: the interval holds at all looks together. */
export interface AlwaysValid extends Interval {
  pValue: number
  halfWidth: number
}

/** The sample size at which the interval is narrowest against a test with a single look. */
export const usualTuning = 5000

/** ρ² of the asymptotic confidence sequence that is tightest at `tuning` observations (both arms together). */
export function sequentialRho2(tuning: number, alpha = 0.05): number {
  return (-2 * Math.log(alpha) + Math.log(-2 * Math.log(alpha) + 1)) / tuning
}

/**
 * How many standard errors wide half the always-valid interval is after `n` observations:
 * √n √(2(nρ²+1) ln(√(nρ²+1)/α)) / (nρ) (Waudby-Smith et al., arXiv 2103.06476).
 */
export function sequentialMultiplier(n: number, tuning = usualTuning, alpha = 0.05): number {
  const x = n * sequentialRho2(tuning, alpha)
  return Math.sqrt((2 * (x + 1) * Math.log(Math.sqrt(x + 1) / alpha)) / x)
}

/** The always-valid interval and p value of an estimate with this standard error from `n` observations in all arms. */
export function alwaysValid(
  estimate: number,
  standardError: number,
  n: number,
  tuning = usualTuning,
  alpha = 0.05,
): AlwaysValid {
  const halfWidth = standardError * sequentialMultiplier(n, tuning, alpha)
  const x = n * sequentialRho2(tuning, alpha)
  const z = estimate / standardError
  // The alpha at which the interval would just touch zero, with ρ as it is.
  const pValue = Math.min(1, Math.sqrt(x + 1) * Math.exp((-z * z * x) / (2 * (x + 1))))
  return { low: estimate - halfWidth, mid: estimate, high: estimate + halfWidth, halfWidth, pValue }
}

/**
 * Mixture sequential probability ratio test: a normal prior of variance `tau2` over the effect; `variance` is that of the
 * estimate. p = min(1, 1/Λ) at one look; over looks the smallest p so far counts (Johari et al. 2017).
 */
export function msprt(estimate: number, variance: number, tau2: number): { ratio: number; pValue: number } {
  const ratio =
    Math.sqrt(variance / (variance + tau2)) *
    Math.exp((estimate * estimate * tau2) / (2 * variance * (variance + tau2)))
  return { ratio, pValue: Math.min(1, 1 / ratio) }
}
