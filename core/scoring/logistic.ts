/** 1 / (1 + e^-z), without overflow. */
export function sigmoid(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z))
  const e = Math.exp(z)
  return e / (1 + e)
}

/** ln(p / (1 - p)), with p kept away from certainty. */
export function logit(p: number): number {
  const q = Math.min(1 - 1e-9, Math.max(1e-9, p))
  return Math.log(q / (1 - q))
}

export interface Logistic {
  coefficients: number[]
  iterations: number
  converged: boolean
}

/**
 * Ridge-regularised logistic regression by iteratively reweighted least squares, with halved steps when a full one does
 * not help. Coefficients are drawn to `prior`; the first is the intercept and is left free.
 * @param rows features row after row, the first of each being 1
 * @param start where to begin: the answer does not depend on it, a near one saves passes over the rows
 */
export function fitLogistic(
  rows: Float64Array,
  positive: ArrayLike<boolean | number>,
  prior: readonly number[],
  ridge: number,
  start: readonly number[] = prior,
): Logistic {
  const penalty = prior.map((_, i) => (i === 0 ? 1e-6 : ridge))
  const at = (beta: readonly number[]): Point => {
    const point = evaluate(rows, positive, beta)
    beta.forEach((b, j) => {
      const away = b - prior[j]!
      point.value += 0.5 * penalty[j]! * away * away
      point.gradient[j]! -= penalty[j]! * away
      point.hessian[j * beta.length + j]! += penalty[j]!
    })
    return point
  }
  let beta = [...start]
  let here = at(beta)
  for (let iteration = 1; iteration <= 40; iteration++) {
    const step = solvePositive(here.hessian, here.gradient)
    let size = 1
    let next = beta.map((b, j) => b + step[j]!)
    let there = at(next)
    while (!(there.value <= here.value) && size > 1e-4) {
      size /= 2
      next = beta.map((b, j) => b + size * step[j]!)
      there = at(next)
    }
    const moved = Math.max(...step.map((s) => Math.abs(size * s)))
    // A step that small gains less than the rounding of the sum: it is there.
    if (!(there.value <= here.value)) return { coefficients: beta, iterations: iteration, converged: moved < 1e-8 }
    beta = next
    here = there
    // Steps shrink quadratically: after one of 1e-5 the next would be in the tenth digit.
    if (size === 1 && moved < 1e-5) return { coefficients: beta, iterations: iteration, converged: true }
  }
  return { coefficients: beta, iterations: 40, converged: false }
}

interface Point {
  value: number
  gradient: Float64Array
  hessian: Float64Array
}

/** Minus the log-likelihood, the gradient of the log-likelihood and minus its Hessian, in one pass over the rows. */
function evaluate(rows: Float64Array, positive: ArrayLike<boolean | number>, beta: readonly number[]): Point {
  const d = beta.length
  const n = rows.length / d
  const b = Float64Array.from(beta)
  const hessian = new Float64Array(d * d)
  const gradient = new Float64Array(d)
  let value = 0
  for (let i = 0, at = 0; i < n; i++, at += d) {
    let z = 0
    for (let j = 0; j < d; j++) z += rows[at + j]! * b[j]!
    const e = Math.exp(-Math.abs(z))
    const p = (z >= 0 ? 1 : e) / (1 + e)
    const y = positive[i] ? 1 : 0
    value += (z > 0 ? z : 0) + Math.log1p(e) - y * z
    const w = p * (1 - p)
    const rest = y - p
    for (let j = 0; j < d; j++) {
      const xj = rows[at + j]!
      if (xj === 0) continue
      gradient[j]! += rest * xj
      const wx = w * xj
      const row = j * d
      for (let k = 0; k <= j; k++) hessian[row + k]! += wx * rows[at + k]!
    }
  }
  for (let j = 0; j < d; j++) for (let k = 0; k < j; k++) hessian[k * d + j] = hessian[j * d + k]!
  return { value, gradient, hessian }
}

/** Solves A x = b for a symmetric positive definite A by Cholesky; a direction without any information stays at 0. */
export function solvePositive(a: Float64Array, b: Float64Array): number[] {
  const d = b.length
  const l = new Float64Array(d * d)
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * d + j]!
      for (let k = 0; k < j; k++) sum -= l[i * d + k]! * l[j * d + k]!
      if (i === j) l[i * d + i] = sum > 1e-12 ? Math.sqrt(sum) : Infinity
      else l[i * d + j] = sum / l[j * d + j]!
    }
  }
  const x = new Array<number>(d).fill(0)
  for (let i = 0; i < d; i++) {
    let sum = b[i]!
    for (let k = 0; k < i; k++) sum -= l[i * d + k]! * x[k]!
    x[i] = sum / l[i * d + i]!
  }
  for (let i = d - 1; i >= 0; i--) {
    let sum = x[i]!
    for (let k = i + 1; k < d; k++) sum -= (l[k * d + i]! || 0) * x[k]!
    x[i] = Number.isFinite(l[i * d + i]!) ? sum / l[i * d + i]! : 0
  }
  return x
}
