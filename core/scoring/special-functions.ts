/** Special functions of real arguments, in double precision. Formulas: Abramowitz & Stegun 6.1.41, 6.3.18, 15.1.1, 26.5.8. */

/** ln Γ(x) for x > 0: Stirling's series above 10, recurrence below. */
export function lgamma(x: number): number {
  let shift = 1
  let y = x
  while (y < 10) {
    shift *= y
    y += 1
  }
  const i = 1 / (y * y)
  const series = (1 / 12 - i * (1 / 360 - i * (1 / 1260 - i * (1 / 1680 - i * (1 / 1188 - (i * 691) / 360360))))) / y
  return (y - 0.5) * Math.log(y) - y + 0.9189385332046727 + series - Math.log(shift)
}

/** ψ(x) = d/dx ln Γ(x) for x > 0. */
export function digamma(x: number): number {
  let sum = 0
  let y = x
  while (y < 10) {
    sum -= 1 / y
    y += 1
  }
  const i = 1 / (y * y)
  return sum + Math.log(y) - 0.5 / y - i * (1 / 12 - i * (1 / 120 - i * (1 / 252 - i * (1 / 240 - i / 132))))
}

/** ψ'(x) for x > 0. */
export function trigamma(x: number): number {
  let sum = 0
  let y = x
  while (y < 10) {
    sum += 1 / (y * y)
    y += 1
  }
  const i = 1 / (y * y)
  return sum + 1 / y + i / 2 + (i / y) * (1 / 6 - i * (1 / 30 - i * (1 / 42 - i * (1 / 30 - (i * 5) / 66))))
}

export function logBeta(a: number, b: number): number {
  return lgamma(a) + lgamma(b) - lgamma(a + b)
}

/** Gauss' 2F1(a, b; c; z) for 0 <= z < 1 by its series; callers bring the arguments into the range where it converges fast. */
export function hyp2f1(a: number, b: number, c: number, z: number): number {
  let term = 1
  let sum = 1
  for (let n = 0; n < 50_000; n++) {
    term *= (((a + n) * (b + n)) / ((c + n) * (n + 1))) * z
    sum += term
    if (Math.abs(term) <= 1e-16 * Math.abs(sum)) break
  }
  return sum
}

/** Regularised incomplete beta function I_x(a, b), the distribution function of Beta(a, b), by Lentz' continued fraction. */
export function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(1 - x, b, a)
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a
  const tiny = 1e-300
  let c = 1
  let d = 1 / Math.max(tiny, 1 - ((a + b) * x) / (a + 1))
  let f = d
  for (let m = 1; m < 500; m++) {
    for (const k of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / (1 + k * d || tiny)
      c = 1 + k / c || tiny
      f *= c * d
    }
    if (Math.abs(c * d - 1) < 1e-14) break
  }
  return front * f
}

/** Standard normal distribution function, absolute error below 1e-15 (Hart 1968, as given by West 2005): scores take a thousand of them per customer. */
export function normalCdf(z: number): number {
  const x = Math.abs(z)
  if (x > 37) return z > 0 ? 1 : 0
  const e = Math.exp((-x * x) / 2)
  let tail: number
  if (x < 7.07106781186547) {
    const top =
      ((((((0.0352624965998911 * x + 0.700383064443688) * x + 6.37396220353165) * x + 33.912866078383) * x +
        112.079291497871) *
        x +
        221.213596169931) *
        x +
        220.206867912376) *
      e
    const bottom =
      ((((((0.0883883476483184 * x + 1.75566716318264) * x + 16.064177579207) * x + 86.7807322029461) * x +
        296.564248779674) *
        x +
        637.333633378831) *
        x +
        793.826512519948) *
        x +
      440.413735824752
    tail = top / bottom
  } else {
    tail = e / (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))) / 2.506628274631
  }
  return z > 0 ? 1 - tail : tail
}
