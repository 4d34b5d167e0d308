import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'

/** A seeded stream of chance with the few distributions the demo shop needs. Same seed, same shop. */
export interface Chance {
  /** uniform in [0, 1) */
  next(): number
  /** integer in [0, n) */
  below(n: number): number
  yes(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** index drawn in proportion to the weights */
  weighted(weights: readonly number[]): number
  normal(): number
  gamma(shape: number, mean: number): number
  /** a UUIDv7 of this instant */
  uuid(at: Date): string
}

export function createChance(seed: number): Chance {
  const rng = xoroshiro128plus(seed)
  const next = (): number => uniformFloat64(rng)
  const chance: Chance = {
    next,
    below: (n) => Math.floor(next() * n),
    yes: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)]!,
    weighted(weights) {
      let left = next() * weights.reduce((a, b) => a + b, 0)
      for (let i = 0; i < weights.length; i++) {
        left -= weights[i]!
        if (left < 0) return i
      }
      return weights.length - 1
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    // Marsaglia and Tsang 2000; shapes below one by Ahrens' boost.
    gamma(shape, mean) {
      const boost = shape < 1 ? (1 - next()) ** (1 / shape) : 1
      const d = (shape < 1 ? shape + 1 : shape) - 1 / 3
      const c = 1 / Math.sqrt(9 * d)
      for (;;) {
        const x = chance.normal()
        const v = (1 + c * x) ** 3
        if (v > 0 && Math.log(1 - next()) < 0.5 * x * x + d - d * v + d * Math.log(v))
          return (d * v * boost * mean) / shape
      }
    },
    uuid(at) {
      const time = at.getTime().toString(16).padStart(12, '0')
      const hex = (digits: number): string =>
        Math.floor(next() * 16 ** digits)
          .toString(16)
          .padStart(digits, '0')
      return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${(8 + Math.floor(next() * 4)).toString(16)}${hex(3)}-${hex(6)}${hex(6)}`
    },
  }
  return chance
}
