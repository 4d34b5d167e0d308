import { normalCdf, normalQuantile } from './distributions.ts'
import { sequentialMultiplier } from './sequential.ts'

/** A test of means between two of `arms` equal arms that share `n` customers. */
export interface PowerInput {
  mean: number
  standardDeviation: number
  /** customers in all arms together */
  n: number
  arms: number
  alpha?: number
  /** given: results may be looked at any day, and the interval is that much wider (core/experiments/sequential.ts) */
  sequentialTuning?: number
}

/** Chance that a relative effect shows, two-sided; the standard error of the lift is the delta method's. */
export function powerOfRelative(input: PowerInput, effect: number): number {
  const z = normalQuantile(1 - (input.alpha ?? 0.05) / 2)
  const t = effect / errorAt(input, effect)
  return normalCdf(t - z) + normalCdf(-t - z)
}

/** Smallest relative effect seen with this power: where effect = (z + z) times its own standard error. */
export function minimumDetectable(input: PowerInput, power = 0.8): number | null {
  const needed = normalQuantile(1 - (input.alpha ?? 0.05) / 2) + normalQuantile(power)
  // effect = needed * error(effect) grows slower than the effect itself unless there is far too little data.
  let low = 0
  let high = 1
  while (high < needed * errorAt(input, high)) {
    high *= 2
    if (high > 1e6) return null
  }
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (middle < needed * errorAt(input, middle)) low = middle
    else high = middle
  }
  return high
}

function errorAt({ mean, standardDeviation, n, arms, alpha = 0.05, sequentialTuning }: PowerInput, effect: number) {
  const perArm = n / arms
  const fixed = Math.sqrt(((standardDeviation / mean) ** 2 / perArm) * (1 + (1 + effect) ** 2))
  if (sequentialTuning === undefined) return fixed
  return (fixed * sequentialMultiplier(2 * perArm, sequentialTuning, alpha)) / normalQuantile(1 - alpha / 2)
}
