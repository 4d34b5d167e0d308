import fc from 'fast-check'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { expect, test } from 'vitest'
import { scoreLifetimeValue } from './clv.ts'
import { expectedOrderValue, fitSpendModel } from './gamma-gamma.ts'
import { createOutlookTable } from './outlook-table.ts'
import { collapse, fitPurchaseModel, fitRegularity, purchaseLogLikelihood, shopPrior } from './purchase-fit.ts'
import {
  expectedOrders,
  orderDistribution,
  probabilityActive,
  probabilityAlive,
  type History,
  type PurchaseModel,
} from './purchase-model.ts'
import { betaCdf, digamma, hyp2f1, lgamma, normalCdf, trigamma } from './special-functions.ts'

const models: PurchaseModel[] = [
  { variant: 'bg', k: 1, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 },
  { variant: 'mbg', k: 1, r: 0.525, alpha: 6.183, a: 0.891, b: 1.614 },
  { variant: 'mbg', k: 1, r: 2, alpha: 4, a: 1, b: 20 },
  { variant: 'mbg', k: 2, r: 0.9, alpha: 3, a: 0.8, b: 4 },
  { variant: 'bg', k: 3, r: 1.4, alpha: 2, a: 0.5, b: 3 },
]
const history = fc
  .record({
    x: fc.integer({ min: 0, max: 500 }),
    T: fc.double({ min: 0, max: 300, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ x, T, share }): History => ({ x, tx: x === 0 ? 0 : T * share, T }))

test('special functions agree with tables', () => {
  expect(lgamma(0.5)).toBeCloseTo(0.5723649429247001, 13)
  expect(lgamma(100)).toBeCloseTo(359.1342053695754, 10)
  expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 13)
  expect(trigamma(1)).toBeCloseTo(1.6449340668482264, 12)
  expect(hyp2f1(1, 1, 2, 0.5)).toBeCloseTo(1.3862943611198906, 13)
  expect(betaCdf(0.4, 2, 3)).toBeCloseTo(0.5248, 12)
  expect(betaCdf(0.9, 30, 2)).toBeCloseTo(31 * 0.9 ** 30 - 30 * 0.9 ** 31, 10)
  expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 13)
  expect(normalCdf(-8)).toBeCloseTo(6.22096e-16, 20)
})

test('chances stay chances and expectations stay sane for any history', () => {
  fc.assert(
    fc.property(fc.constantFrom(...models), history, (model, h) => {
      const alive = probabilityAlive(model, h)
      const active = probabilityActive(model, h, 8)
      const orders = expectedOrders(model, h, 8)
      expect(alive >= 0 && alive <= 1 && active >= 0 && active <= alive).toBe(true)
      expect(orders).toBeGreaterThanOrEqual(active - 1e-9)
      // an Erlang clock that stands before its last stage strikes at once
      const ahead = model.k === 1 ? 0 : 1
      expect(orders).toBeLessThanOrEqual(((model.r / model.k + h.x + ahead) / (model.alpha + h.T)) * 8 + ahead + 1e-9)
    }),
  )
})

test('more weeks bring more orders, smoothly past a hundred purchases', () => {
  const model = models[1]!
  const at = (x: number): number => expectedOrders(model, { x, tx: 200, T: 200 }, 10)
  for (let x = 100; x < 500; x++) expect(at(x + 1) - at(x)).toBeGreaterThan(0.02)
  expect(expectedOrders(model, { x: 9, tx: 20, T: 25 }, 20)).toBeGreaterThan(
    expectedOrders(model, { x: 9, tx: 20, T: 25 }, 10),
  )
})

test('the distribution of orders has the expected number as its mean', () => {
  for (const model of models) {
    for (const h of [
      { x: 0, tx: 0, T: 10 },
      { x: 4, tx: 20, T: 26 },
      { x: 30, tx: 99, T: 100 },
    ]) {
      const chances = orderDistribution(model, h, 20, 1e-12)
      expect(chances.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6)
      expect(chances.reduce((sum, p, n) => sum + n * p, 0)).toBeCloseTo(expectedOrders(model, h, 20), 4)
      expect(1 - chances[0]!).toBeCloseTo(probabilityActive(model, h, 20), 10)
    }
  }
})

test('a shop of nobody, of one, and of customers of today still gets a model', () => {
  for (const rows of [
    [],
    [{ x: 0, tx: 0, T: 0 }],
    [{ x: 500, tx: 60, T: 60 }],
    Array.from({ length: 50 }, () => ({ x: 1, tx: 3, T: 3 })),
  ]) {
    const fit = fitPurchaseModel('mbg', collapse(rows), 1, { prior: shopPrior })
    const spend = fitSpendModel([], true)
    expect([fit.r, fit.alpha, fit.a, fit.b, fit.logLikelihood].every(Number.isFinite)).toBe(true)
    const clv = scoreLifetimeValue(fit, spend, rows[0] ?? { x: 0, tx: 0, T: 0 }, 40, 0.25)
    expect([clv.value, clv.low, clv.high].every((v) => Number.isFinite(v) && v >= 0)).toBe(true)
  }
})

test('histories that cannot be are left out, equal ones are counted', () => {
  const { xs, weeks, x, tx, T, count, customers } = collapse([
    { x: 1, tx: 2, T: 3 },
    { x: 1, tx: 2, T: 3 },
    { x: 1, tx: 4, T: 3 },
    { x: 0, tx: 0, T: NaN },
    { x: -1, tx: 0, T: 3 },
  ])
  expect([...x].map((_, i) => [xs[x[i]!], weeks[tx[i]!], weeks[T[i]!], count[i]])).toEqual([[1, 2, 3, 2]])
  expect(customers).toBe(2)
})

test('refunds that eat all repeat purchases leave the value of an order at the mean of the shop', () => {
  const spend = { p: 6.25, q: 3.74, v: 15.44 }
  expect(expectedOrderValue(spend, 3, -20)).toBe(expectedOrderValue(spend, 0, 0))
  expect(expectedOrderValue(spend, 3, NaN)).toBe(expectedOrderValue(spend, 0, 0))
})

/** Uniform numbers that are the same every time. */
function createChance(seed: number): () => number {
  const generator = xoroshiro128plus(seed)
  return () => uniformFloat64(generator)
}

/** Marsaglia & Tsang's gamma, by sums of exponentials for whole shapes: enough for a test. */
function erlang(chance: () => number, shape: number, rate: number): number {
  let sum = 0
  for (let i = 0; i < shape; i++) sum -= Math.log(1 - chance()) / rate
  return sum
}

test('the closed form and the sum over hidden events say the same', () => {
  for (const h of [
    { x: 0, tx: 0, T: 20 },
    { x: 7, tx: 30, T: 38 },
    { x: 60, tx: 99, T: 100 },
  ]) {
    const model = models[1]!
    const bySum = orderDistribution(model, h, 26, 1e-13).reduce((sum, p, n) => sum + n * p, 0)
    expect(bySum).toBeCloseTo(expectedOrders(model, h, 26), 8)
  }
})

test('a customer of Erlang-2 gaps does what the model says, by playing it out', () => {
  // Fixed rate and no leaving (a tiny, b huge): only the clock is at work. 100,000 futures of one history.
  const model: PurchaseModel = { variant: 'mbg', k: 2, r: 4e5, alpha: 2e5, a: 1e-7, b: 1e4 }
  const chance = createChance(5)
  const rate = 2
  let plays = 0
  let active = 0
  let orders = 0
  while (plays < 100_000) {
    // silent for 0.7 weeks since the last purchase
    let next = erlang(chance, 2, rate)
    if (next < 0.7) continue
    plays++
    let n = 0
    while (next < 0.7 + 3) {
      n++
      next += erlang(chance, 2, rate)
    }
    orders += n
    if (n > 0) active++
  }
  const history = { x: 3, tx: 4, T: 4.7 }
  expect(probabilityActive(model, history, 3)).toBeCloseTo(active / plays, 2)
  expect(expectedOrders(model, history, 3)).toBeCloseTo(orders / plays, 1)
})

test('the likelihood finds how regularly people buy, and the gradient leads to its top', () => {
  const chance = createChance(11)
  for (const k of [1, 2, 3]) {
    let logs = 0
    const rows = Array.from({ length: 3000 }, (): History => {
      const rate = (erlang(chance, 2, 4) * k) / 2
      const leave = 1 - chance() ** (1 / 8)
      const T = 40 + 20 * chance()
      let at = 0
      let last = 0
      let x = 0
      while (chance() >= leave) {
        const gap = erlang(chance, k, rate)
        at += gap
        if (at > T) break
        last = at
        logs += Math.log(gap)
        x++
      }
      return { x, tx: last, T }
    })
    const histories = collapse(rows, logs)
    const { best } = fitRegularity(histories)
    expect(best.k).toBe(k)
    for (const name of ['r', 'alpha', 'a', 'b'] as const)
      for (const factor of [0.99, 1.01])
        expect(purchaseLogLikelihood({ ...best, [name]: best[name] * factor }, histories)).toBeLessThan(
          best.logLikelihood,
        )
  }
})

test('the table of outlooks is as good as computing each', () => {
  const history = fc.record({
    x: fc.integer({ min: 0, max: 500 }),
    days: fc.integer({ min: 0, max: 3000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  const spend = { p: 6.25, q: 3.74, v: 15.44 }
  for (const model of models) {
    const table = createOutlookTable(model, spend.p)
    fc.assert(
      fc.property(history, ({ x, days, share: lately }) => {
        const T = days / 7
        const h = { x, tx: x === 0 ? 0 : T * lately, T }
        const exact = scoreLifetimeValue(model, spend, h, 30, 0.25)
        const quick = scoreLifetimeValue(model, spend, h, 30, 0.25, table)
        expect(Math.abs(quick.value - exact.value)).toBeLessThan(0.002 * exact.value + 1e-6)
        // Nobody orders ten times a day; there the table is coarser.
        const share = x <= 10 * days ? 0.01 : 0.05
        expect(Math.abs(quick.high - exact.high)).toBeLessThan(share * exact.high + 0.01)
      }),
      { numRuns: 60 },
    )
  }
})

test('four in five customers bring what the interval of their value says', () => {
  const chance = createChance(23)
  const model: PurchaseModel = { variant: 'mbg', k: 1, r: 1, alpha: 5, a: 1, b: 9 }
  const spend = { p: 6, q: 4, v: 90 }
  const year = 52.14
  let inside = 0
  let above = 0
  const people = 3000
  for (let i = 0; i < people; i++) {
    const rate = erlang(chance, 1, model.alpha)
    const leave = 1 - chance() ** (1 / model.b)
    const scale = erlang(chance, spend.q, spend.v)
    const T = 30 + 60 * chance()
    let [at, x, tx, past, future] = [0, 0, 0, 0, 0]
    while (chance() >= leave) {
      at -= Math.log(1 - chance()) / rate
      if (at > T + year) break
      const worth = erlang(chance, spend.p, scale)
      if (at > T) future += worth / 1.01 ** Math.ceil((at - T) / 4.345)
      else {
        x++
        tx = at
        past += worth
      }
    }
    const { low, high } = scoreLifetimeValue(model, spend, { x, tx, T }, x > 0 ? past / x : 0, 1)
    if (future >= low && future <= high) inside++
    if (future > high) above++
  }
  // Nobody can bring less than nothing, so the interval of those who may have left holds more than 80 %.
  expect(inside / people).toBeGreaterThan(0.8)
  expect(inside / people).toBeLessThan(0.93)
  expect(above / people).toBeLessThan(0.12)
})
