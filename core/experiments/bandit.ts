import { incompleteBeta, logGamma } from './distributions.ts'
import type { Share } from './proportions.ts'

/** Uniform in [0, 1); given by the caller, so that a run can be repeated. */
export type Random = () => number

/** More arms than this learn too slowly at the pace of a shop's mail. */
export const mostBanditArms = 4
/** No arm gets less than this share, so that all are still being learned about. */
export const banditFloor = 0.1

/** The arm Thompson sampling plays next: the best of one draw per arm from Beta(1 + hits, 1 + misses). */
export function thompsonPick(arms: readonly Share[], random: Random): number {
  let best = 0
  let top = -1
  arms.forEach((arm, i) => {
    const drawn = betaSample(1 + arm.successes, 1 + arm.n - arm.successes, random)
    if (drawn > top) {
      top = drawn
      best = i
    }
  })
  return best
}

/**
 * Chance of each arm to be the best one, Beta(1, 1) prior: the integral of its density times the other arms'
 * distribution functions (Simpson, 800 steps over where the density lives). Adds up to 1.
 */
export function probabilityBest(arms: readonly Share[]): number[] {
  const shapes = arms.map((arm) => ({ a: 1 + arm.successes, b: 1 + arm.n - arm.successes }))
  const raw = shapes.map((shape, i) => {
    const mean = shape.a / (shape.a + shape.b)
    const sd = Math.sqrt((mean * (1 - mean)) / (shape.a + shape.b + 1))
    const low = Math.max(0, mean - 10 * sd)
    const high = Math.min(1, mean + 10 * sd)
    const steps = 800
    const width = (high - low) / steps
    let sum = 0
    for (let k = 0; k <= steps; k++) {
      const x = low + k * width
      const weight = k === 0 || k === steps ? 1 : k % 2 ? 4 : 2
      const density = betaDensity(x, shape.a, shape.b)
      if (density === 0) continue
      sum += weight * density * shapes.reduce((p, s, j) => (j === i ? p : p * incompleteBeta(x, s.a, s.b)), 1)
    }
    return (sum * width) / 3
  })
  const whole = raw.reduce((a, b) => a + b, 0)
  return raw.map((p) => p / whole)
}

/** Shares of the next batch: the chance of each arm to be best, mixed with a floor for everyone. Adds up to 1. */
export function allocate(arms: readonly Share[], floor = banditFloor): number[] {
  if (floor * arms.length > 1) throw new RangeError(`a floor of ${floor} for ${arms.length} arms is more than all`)
  return probabilityBest(arms).map((p) => floor + (1 - arms.length * floor) * p)
}

function betaDensity(x: number, a: number, b: number): number {
  if (x <= 0) return a === 1 ? b : 0
  if (x >= 1) return b === 1 ? a : 0
  return Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + (a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x))
}

function betaSample(a: number, b: number, random: Random): number {
  const x = gammaSample(a, random)
  return x / (x + gammaSample(b, random))
}

/** Gamma(shape ≥ 1, 1) by Marsaglia and Tsang's squeeze. */
function gammaSample(shape: number, random: Random): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normalSample(random)
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    const u = random()
    if (u < 1 - 0.0331 * x ** 4 || Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v
  }
}

function normalSample(random: Random): number {
  for (;;) {
    const u = 2 * random() - 1
    const v = 2 * random() - 1
    const s = u * u + v * v
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s)
  }
}
