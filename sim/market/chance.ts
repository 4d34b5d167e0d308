/** 32 well-mixed bits of four integers: the same customer, day and purpose give the same draw, whoever asks and when. */
function mixed(seed: number, a: number, b: number, c: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(a + 0x7f4a7c15, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) ^ Math.imul(b + 0x165667b1, 0x27d4eb2f)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39) ^ Math.imul(c + 0x3c6ef372, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return (h ^ (h >>> 15)) >>> 0
}

/** A number in (0, 1) that depends on the four integers alone: common random numbers. */
export function draw(seed: number, customer: number, day: number, purpose: number): number {
  return (mixed(seed, customer, day, purpose) + 0.5) / 4294967296
}

/** Purposes of draws, so that no two share one. */
export const purpose = {
  open: 1,
  delay: 2,
  click: 3,
  leave: 4,
  revive: 5,
  use: 6,
  basket: 7,
  basket2: 8,
  drop: 9,
  shelf: 10,
  policy: 11,
  arm: 12,
  hour: 13,
  latent: 20,
} as const

export type Random = () => number

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Marsaglia-Tsang. */
export function gamma(random: Random, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(random)
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

export function beta(random: Random, a: number, b: number): number {
  const x = gamma(random, a)
  return x / (x + gamma(random, b))
}

export function poisson(random: Random, mean: number): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)))
  const limit = Math.exp(-mean)
  let product = 1 - random()
  let n = 0
  while (product > limit) {
    product *= 1 - random()
    n++
  }
  return n
}
