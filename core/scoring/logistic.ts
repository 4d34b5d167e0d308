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
 */
export function fitLogistic(
  rows: Float64Array,
  positive: ArrayLike<boolean | number>,
  prior: readonly number[],
  ridge: number,
): Logistic {
  const d = prior.length
  const n = rows.length / d
  const penalty = prior.map((_, i) => (i === 0 ? 1e-6 : ridge))
  const loss = (beta: readonly number[]): number => {
    let sum = 0
    for (let i = 0; i < n; i++) {
      let z = 0
      for (let j = 0; j < d; j++) z += rows[i * d + j]! * beta[j]!
      sum += (z > 0 ? z : 0) + Math.log1p(Math.exp(-Math.abs(z))) - (positive[i] ? z : 0)
    }
    return sum + beta.reduce((s, b, j) => s + 0.5 * penalty[j]! * (b - prior[j]!) ** 2, 0)
  }
  let beta = [...prior]
  let value = loss(beta)
  for (let iteration = 1; iteration <= 40; iteration++) {
    const { hessian, gradient } = derivatives(rows, positive, beta)
    for (let j = 0; j < d; j++) {
      hessian[j * d + j]! += penalty[j]!
      gradient[j]! -= penalty[j]! * (beta[j]! - prior[j]!)
    }
    const step = solvePositive(hessian, gradient)
    let size = 1
    let next = beta.map((b, j) => b + step[j]!)
    let nextValue = loss(next)
    while (!(nextValue <= value) && size > 1e-4) {
      size /= 2
      next = beta.map((b, j) => b + size * step[j]!)
      nextValue = loss(next)
    }
    if (!(nextValue <= value)) return { coefficients: beta, iterations: iteration, converged: false }
    const moved = Math.max(...step.map((s) => Math.abs(size * s)))
    beta = next
    value = nextValue
    if (moved < 1e-8) return { coefficients: beta, iterations: iteration, converged: true }
  }
  return { coefficients: beta, iterations: 40, converged: false }
}

/** Minus the Hessian, and the gradient, of the log-likelihood. */
function derivatives(
  rows: Float64Array,
  positive: ArrayLike<boolean | number>,
  beta: readonly number[],
): { hessian: Float64Array; gradient: Float64Array } {
  const d = beta.length
  const hessian = new Float64Array(d * d)
  const gradient = new Float64Array(d)
  for (let i = 0; i * d < rows.length; i++) {
    const at = i * d
    let z = 0
    for (let j = 0; j < d; j++) z += rows[at + j]! * beta[j]!
    const p = sigmoid(z)
    const w = p * (1 - p)
    const rest = Number(positive[i]) - p
    for (let j = 0; j < d; j++) {
      const xj = rows[at + j]!
      gradient[j]! += rest * xj
      for (let k = 0; k <= j; k++) hessian[j * d + k]! += w * xj * rows[at + k]!
    }
  }
  for (let j = 0; j < d; j++) for (let k = 0; k < j; k++) hessian[k * d + j] = hessian[j * d + k]!
  return { hessian, gradient }
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
