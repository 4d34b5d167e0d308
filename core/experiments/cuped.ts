import type { Arm } from './stats.ts'

/** Sums of an arm with what the same customers did before the test (x) beside what they did in it (y). */
export interface PairedArm {
  n: number
  y: number
  yy: number
  x: number
  xx: number
  xy: number
}

export interface Cuped {
  /** the same arms with the part explained by the time before taken out; their means are comparable, not absolute */
  arms: Arm[]
  theta: number
  /** share of the variance that went away, 0..1: ρ². Shown, never promised: on two weeks of mail it may be nothing. */
  reduction: number
}

/**
 * Controlled experiment using pre-experiment data (Deng et al. 2013): y - θ(x - mean of x), θ = cov/var pooled over the
 * arms. What happened before the draw cannot be caused by it, so the difference stays unbiased.
 */
export function cuped(arms: readonly PairedArm[]): Cuped {
  const within = arms.reduce(
    (sum, a) => ({
      xx: sum.xx + (a.n > 0 ? a.xx - (a.x * a.x) / a.n : 0),
      xy: sum.xy + (a.n > 0 ? a.xy - (a.x * a.y) / a.n : 0),
      yy: sum.yy + (a.n > 0 ? a.yy - (a.y * a.y) / a.n : 0),
    }),
    { xx: 0, xy: 0, yy: 0 },
  )
  const n = arms.reduce((sum, a) => sum + a.n, 0)
  const meanX = n > 0 ? arms.reduce((sum, a) => sum + a.x, 0) / n : 0
  const theta = within.xx > 1e-9 ? within.xy / within.xx : 0
  return {
    theta,
    reduction: within.xx > 1e-9 && within.yy > 1e-9 ? within.xy ** 2 / (within.xx * within.yy) : 0,
    arms: arms.map((a) => {
      // Σ(y - θ(x - m)) and its squares, from sums alone.
      const dx = a.x - a.n * meanX
      const dxx = a.xx - 2 * meanX * a.x + a.n * meanX * meanX
      const dxy = a.xy - meanX * a.y
      return { n: a.n, sum: a.y - theta * dx, sumOfSquares: a.yy - 2 * theta * dxy + theta * theta * dxx }
    }),
  }
}
