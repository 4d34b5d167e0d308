import { chiSquareTail } from './distributions.ts'

/** Below this the arms are not the ones that were drawn. */
export const srmAlarmBelow = 0.001

export interface SampleRatio {
  chiSquare: number
  pValue: number
  /** true: who is counted is not who was assigned; no result may be shown */
  alarm: boolean
}

/**
 * Sample ratio mismatch: do the arms have the sizes their weights promise? A broken draw, a filter after the draw or
 * lost rows make every comparison wrong, however small its p value. Null below two arms or ten customers.
 */
export function sampleRatio(counts: readonly number[], weights: readonly number[]): SampleRatio | null {
  const n = counts.reduce((a, b) => a + b, 0)
  const whole = weights.reduce((a, b) => a + b, 0)
  const arms = counts.map((count, i) => ({ count, expected: (n * (weights[i] ?? 0)) / whole }))
  if (arms.length < 2 || n < 10 || whole <= 0) return null
  // An arm of weight 0 that holds somebody is wrong at any size.
  if (arms.some((a) => a.expected === 0 && a.count > 0)) return { chiSquare: Infinity, pValue: 0, alarm: true }
  const drawn = arms.filter((a) => a.expected > 0)
  const chiSquare = drawn.reduce((sum, a) => sum + (a.count - a.expected) ** 2 / a.expected, 0)
  const pValue = chiSquareTail(chiSquare, drawn.length - 1)
  return { chiSquare, pValue, alarm: pValue < srmAlarmBelow }
}
