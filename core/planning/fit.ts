/** Observations of a factor model: each has one level in every dimension. */
export interface Cells {
  /** levels[d][i]: the level of cell i in dimension d */
  levels: readonly Int32Array[]
  /** number of levels per dimension */
  sizes: readonly number[]
}

/**
 * Rates as a product of factors, one per dimension: E[count] = exposure x overall x f1 x f2 ... (Poisson). Each factor is
 * shrunk to 1 as if `strength[d]` further events had come as expected (gamma prior), so that a level seen twice says
 * little. Fitted in sweeps, dimension after dimension: later dimensions explain what earlier ones left.
 */
export function fitRates(
  cells: Cells,
  exposure: Float64Array,
  count: Float64Array,
  overall: number,
  strength: readonly number[],
  sweeps = 5,
): Float64Array[] {
  const n = exposure.length
  const factors = cells.sizes.map((size) => new Float64Array(size).fill(1))
  const expected = new Float64Array(n)
  for (let i = 0; i < n; i++) expected[i] = exposure[i]! * overall
  for (let sweep = 0; sweep < sweeps; sweep++) {
    cells.levels.forEach((level, d) => {
      const size = cells.sizes[d]!
      const seen = new Float64Array(size)
      const due = new Float64Array(size)
      const own = factors[d]!
      for (let i = 0; i < n; i++) {
        seen[level[i]!]! += count[i]!
        due[level[i]!]! += expected[i]! / own[level[i]!]!
      }
      const next = Float64Array.from(seen, (s, j) => (s + strength[d]!) / (due[j]! + strength[d]!))
      for (let i = 0; i < n; i++) expected[i]! *= next[level[i]!]! / own[level[i]!]!
      factors[d] = next
    })
  }
  return factors
}

export interface RatioFit {
  factors: Float64Array[]
  /** posterior standard deviation of each factor, the others held */
  spread: Float64Array[]
}

/** One of the things that add up to what is seen: what is expected of it, and how far each dimension's factors may lie from 1. */
export interface Part {
  cells: Cells
  expected: Float64Array
  prior: readonly number[]
  least: readonly number[]
}

/** How many levels the first guess of a dimension's spread counts for. */
const priorLevels = 3
const most = 8

/**
 * What is seen as a sum of parts, each what is expected of it times a product of factors: y = Σ x f1 f2 ... + noise of the
 * given variance. Each factor is normal around 1, so the posterior is exact with the others held; sweeps bring them
 * together. How far the factors of a dimension lie apart is learned too (empirical Bayes, from the first guess `prior[d]`):
 * where a market makes no difference, its levels are pulled together. Factors stay within `least` and 8: a negative one says
 * that messages drive people away.
 */
export function fitParts(parts: readonly Part[], y: Float64Array, variance: Float64Array, sweeps = 20): RatioFit[] {
  const n = y.length
  const fits = parts.map(({ cells, prior }) => ({
    factors: cells.sizes.map((size) => new Float64Array(size).fill(1)),
    spread: cells.sizes.map((size, d) => new Float64Array(size).fill(prior[d]!)),
    between: [...prior],
    product: new Float64Array(n).fill(1),
  }))
  const rest = new Float64Array(n)
  for (let sweep = 0; sweep < sweeps; sweep++)
    parts.forEach((part, own) => {
      rest.set(y)
      parts.forEach((other, p) => {
        if (p !== own) for (let i = 0; i < n; i++) rest[i]! -= other.expected[i]! * fits[p]!.product[i]!
      })
      sweepPart(part, fits[own]!, rest, variance)
    })
  return fits
}

interface Fit extends RatioFit {
  between: number[]
  product: Float64Array
}

function sweepPart(
  { cells, expected: x, prior, least }: Part,
  fit: Fit,
  y: Float64Array,
  variance: Float64Array,
): void {
  const { product } = fit
  const n = y.length
  cells.levels.forEach((level, d) => {
    const size = cells.sizes[d]!
    const top = new Float64Array(size)
    const bottom = new Float64Array(size)
    const own = fit.factors[d]!
    for (let i = 0; i < n; i++) {
      const j = level[i]!
      const without = (x[i]! * product[i]!) / own[j]!
      top[j]! += (without * y[i]!) / variance[i]!
      bottom[j]! += (without * without) / variance[i]!
    }
    const weight = 1 / fit.between[d]! ** 2
    const next = new Float64Array(size)
    let known = 0
    let sum = priorLevels * prior[d]! ** 2
    for (let j = 0; j < size; j++) {
      const mean = (weight + top[j]!) / (weight + bottom[j]!)
      // Never zero: a factor that is must not hide what the others would say.
      const factor = Math.min(most, Math.max(least[d]!, Math.abs(mean) < 1e-3 ? 1e-3 : mean))
      next[j] = factor
      fit.spread[d]![j] = 1 / Math.sqrt(weight + bottom[j]!)
      if (bottom[j] === 0) continue
      known++
      sum += (factor - 1) ** 2 + fit.spread[d]![j]! ** 2
    }
    for (let i = 0; i < n; i++) product[i]! *= next[level[i]!]! / own[level[i]!]!
    fit.factors[d] = next
    if (known > 1) fit.between[d] = Math.sqrt(sum / (priorLevels + known))
  })
}
