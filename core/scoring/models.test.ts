import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scoreLifetimeValue } from './clv.ts'
import { expectedOrderValue, fitSpendModel } from './gamma-gamma.ts'
import {
  collapse,
  expectedOrders,
  fitPurchaseModel,
  orderDistribution,
  probabilityActive,
  probabilityAlive,
  shopPrior,
  type History,
  type PurchaseModel,
} from './mbg-nbd.ts'
import { betaCdf, digamma, hyp2f1, lgamma, normalCdf, trigamma } from './special-functions.ts'

const models: PurchaseModel[] = [
  { variant: 'bg', r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 },
  { variant: 'mbg', r: 0.525, alpha: 6.183, a: 0.891, b: 1.614 },
  { variant: 'mbg', r: 2, alpha: 4, a: 1, b: 20 },
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
      expect(orders).toBeLessThanOrEqual(((model.r + h.x) / (model.alpha + h.T)) * 8 + 1e-9)
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
    const fit = fitPurchaseModel('mbg', collapse(rows), shopPrior)
    const spend = fitSpendModel([], true)
    expect([fit.r, fit.alpha, fit.a, fit.b, fit.logLikelihood].every(Number.isFinite)).toBe(true)
    const clv = scoreLifetimeValue(fit, spend, rows[0] ?? { x: 0, tx: 0, T: 0 }, 40, 0.25)
    expect([clv.value, clv.low, clv.high].every((v) => Number.isFinite(v) && v >= 0)).toBe(true)
  }
})

test('histories that cannot be are left out, equal ones are counted', () => {
  expect(
    collapse([
      { x: 1, tx: 2, T: 3 },
      { x: 1, tx: 2, T: 3 },
      { x: 1, tx: 4, T: 3 },
      { x: 0, tx: 0, T: NaN },
      { x: -1, tx: 0, T: 3 },
    ]),
  ).toEqual([{ x: 1, tx: 2, T: 3, count: 2 }])
})

test('refunds that eat all repeat purchases leave the value of an order at the mean of the shop', () => {
  const spend = { p: 6.25, q: 3.74, v: 15.44 }
  expect(expectedOrderValue(spend, 3, -20)).toBe(expectedOrderValue(spend, 0, 0))
  expect(expectedOrderValue(spend, 3, NaN)).toBe(expectedOrderValue(spend, 0, 0))
})
