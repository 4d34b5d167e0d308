/** A rising map from predicted to observed chances: its corners, both lists ascending. */
export interface Calibration {
  predicted: number[]
  actual: number[]
}

const leastPerBin = 25
const bins = 50

/**
 * Isotonic regression by pooling adjacent violators (Ayer et al. 1955), on at most 50 groups of neighbours so that a
 * single customer moves nothing. Null with too few predictions to say anything.
 */
export function calibrate(chances: ArrayLike<number>, positive: ArrayLike<boolean | number>): Calibration | null {
  const n = chances.length
  const size = Math.max(leastPerBin, Math.ceil(n / bins))
  if (n < 4 * size) return null
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => chances[i]! - chances[j]! || i - j)
  const pools: { weight: number; predicted: number; actual: number }[] = []
  for (let from = 0; from + size <= n; from += size) {
    // The last group takes what is left over.
    const to = from + 2 * size > n ? n : from + size
    let predicted = 0
    let actual = 0
    for (let i = from; i < to; i++) {
      predicted += chances[order[i]!]!
      actual += Number(positive[order[i]!])
    }
    pools.push({ weight: to - from, predicted: predicted / (to - from), actual: actual / (to - from) })
    for (
      let last = pools.at(-1)!, before = pools.at(-2);
      before && before.actual >= last.actual;
      before = pools.at(-2)
    ) {
      const weight = before.weight + last.weight
      last = {
        weight,
        predicted: (before.predicted * before.weight + last.predicted * last.weight) / weight,
        actual: (before.actual * before.weight + last.actual * last.weight) / weight,
      }
      pools.splice(-2, 2, last)
    }
  }
  return { predicted: pools.map((pool) => pool.predicted), actual: pools.map((pool) => pool.actual) }
}

/**
 * A chance after calibration: straight lines between the corners, and to (0, 0) and (1, 1) beyond them, so that who was
 * more likely before stays more likely.
 */
export function calibrated({ predicted, actual }: Calibration, chance: number): number {
  let high = 0
  while (high < predicted.length && predicted[high]! < chance) high++
  const x0 = high === 0 ? 0 : predicted[high - 1]!
  const y0 = high === 0 ? 0 : actual[high - 1]!
  const x1 = high === predicted.length ? 1 : predicted[high]!
  const y1 = high === predicted.length ? 1 : actual[high]!
  return x1 > x0 ? y0 + ((y1 - y0) * (chance - x0)) / (x1 - x0) : y1
}
