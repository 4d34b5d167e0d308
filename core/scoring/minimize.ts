/** Value of a function at `x`; writes its gradient into `gradient`. */
export type Objective = (x: readonly number[], gradient: number[]) => number

export interface Minimum {
  x: number[]
  value: number
  iterations: number
  converged: boolean
  /** what was learned of the curvature: a start for a search near by */
  inverse: number[][]
}

/**
 * Unconstrained minimum of a smooth function of a few variables by BFGS with a backtracking line search
 * (Nocedal & Wright, Numerical Optimization, ch. 6). Deterministic; never throws on flat or steep functions.
 */
export function minimize(
  objective: Objective,
  start: readonly number[],
  options: { maxIterations?: number; tolerance?: number; inverse?: number[][] } = {},
): Minimum {
  const n = start.length
  const tolerance = options.tolerance ?? 1e-9
  const maxIterations = options.maxIterations ?? 300
  let x = [...start]
  let g = new Array<number>(n).fill(0)
  let value = objective(x, g)
  let h = options.inverse ?? identity(n)
  let iterations = 0
  let converged = false
  let idle = 0
  for (; iterations < maxIterations; iterations++) {
    if (Math.max(...g.map(Math.abs)) < tolerance) {
      converged = true
      break
    }
    let direction = h.map((row) => -dot(row, g))
    let slope = dot(direction, g)
    if (!(slope < 0)) {
      h = identity(n)
      direction = g.map((v) => -v)
      slope = -dot(g, g)
    }
    // One log unit per step keeps the first, badly scaled steps inside the plausible range.
    let step = Math.min(1, 1 / Math.max(...direction.map(Math.abs), 1e-300))
    const nextG = new Array<number>(n).fill(0)
    let next = x
    let nextValue = Infinity
    for (let tries = 0; tries < 60; tries++) {
      next = x.map((v, i) => v + step * direction[i]!)
      nextValue = objective(next, nextG)
      if (Number.isFinite(nextValue) && nextValue <= value + 1e-4 * step * slope) break
      step /= 2
      nextValue = Infinity
    }
    if (!Number.isFinite(nextValue)) {
      // No step makes it smaller: we are at the resolution of the floating point numbers.
      converged = Math.max(...g.map(Math.abs)) < 1e-4
      break
    }
    h = updateInverse(
      h,
      next.map((v, i) => v - x[i]!),
      nextG.map((v, i) => v - g[i]!),
      iterations === 0 && !options.inverse,
    )
    const gained = value - nextValue
    x = next
    g = [...nextG]
    value = nextValue
    // Two steps in a row that gain nothing: the rest is rounding noise, and the line search would only grope in it.
    idle = gained <= 1e-14 * Math.abs(value) ? idle + 1 : 0
    if (idle === 2) {
      converged = true
      break
    }
  }
  return { x, value, iterations, converged, inverse: h }
}

function updateInverse(h: number[][], s: number[], y: number[], first: boolean): number[][] {
  const sy = dot(s, y)
  if (sy <= 1e-12 * Math.sqrt(dot(s, s) * dot(y, y))) return h
  const base = first ? identity(s.length).map((row) => row.map((v) => (v * sy) / dot(y, y))) : h
  const hy = base.map((row) => dot(row, y))
  const scale = (1 + dot(y, hy) / sy) / sy
  return base.map((row, i) => row.map((v, j) => v + scale * s[i]! * s[j]! - (hy[i]! * s[j]! + s[i]! * hy[j]!) / sy))
}

function identity(n: number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)))
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
