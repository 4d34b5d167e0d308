import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAssembler, type Assembled } from './assemble.ts'
import { catalogOf } from './catalog.ts'
import { plainFormula } from './churn-model.ts'
import { ledgerOf, snapshotAt } from './snapshot.ts'
import { responseBaseOf } from './response.ts'
import { createScorer } from './scorecard.ts'
import { learnShop, type ShopModel } from './shop-model.ts'
import { collapse } from './purchase-fit.ts'
import { sumGaps } from './rhythm.ts'

interface RawOrder {
  atMs: number
  cents: number
  discounted: boolean
  product: number
}

const catalog = catalogOf([
  { id: 'a', category: 'Bourbon', brand: 'Old Hollow', sizeMl: 750, priceCents: 3000 },
  { id: 'b', category: 'Bourbon', brand: null, sizeMl: 1750, priceCents: 4500 },
  { id: 'c', category: 'Lager', brand: 'Reel', sizeMl: null, priceCents: 900 },
])
const asOfMs = Date.parse('2026-11-23T18:00:00Z')

function assemble(orders: readonly RawOrder[], zone = 'America/New_York'): Assembled | null {
  const assembler = createAssembler({ asOfMs, catalog, productWords: Int32Array.from([1, 2, 3, 4, 5, 6]) })
  assembler.begin(zone)
  for (const o of orders) assembler.order(o.atMs, o.cents, o.discounted)
  for (const o of orders) assembler.line(o.product, o.atMs)
  return assembler.finish(null)
}

const shop: ShopModel = {
  purchases: { variant: 'mbg', k: 2, r: 0.9, alpha: 2.5, a: 0.8, b: 4 },
  spend: { p: 6, q: 4, v: 25 },
  gaps: { mu: Math.log(24), within: 0.6, between: 0.5, medianDays: 24 },
  meanCents: 4000,
  churn: plainFormula,
  horizonWeeks: 8,
  trend: 1.2,
  yearTrend: 1.1,
  cuts: null,
  base: {
    categories: { Bourbon: 0.5, Lager: 0.5 },
    brands: {},
    tiers: [0, 1, 0, 0, 0],
    sizes: [0, 1, 0, 0],
    occasions: [0.2, 0.4, 0.2, 0.2],
    discounted: 0.2,
  },
  responses: responseBaseOf([]),
  marginShare: 0.25,
  currency: 'USD',
  averageThresholdCents: 5000,
}

const at = (iso: string, more: Partial<RawOrder> = {}): RawOrder => ({
  atMs: Date.parse(iso),
  cents: 4000,
  discounted: false,
  product: 0,
  ...more,
})

// Two years around both changes of the clocks, dates without a time, ties, refunds, nothing at all.
const wildOrder = fc.record({
  atMs: fc.oneof(
    fc.integer({ min: asOfMs - 730 * 86_400_000, max: asOfMs }),
    fc.constantFrom(
      ...[
        '2026-03-08T06:59:59Z',
        '2026-03-08T07:00:00Z',
        '2025-11-02T05:30:00Z',
        '2025-11-02T06:30:00Z',
        '2026-07-01T04:00:00Z',
      ].map((iso) => Date.parse(iso)),
    ),
  ),
  cents: fc.oneof(fc.integer({ min: -90_000, max: 400_000 }), fc.constantFrom(0, NaN, -1)),
  discounted: fc.boolean(),
  product: fc.integer({ min: 0, max: 2 }),
})

test('wild histories never give a NaN, whatever way of telling churn is in force', () => {
  const scorers = [
    plainFormula,
    { method: 'hiatus' as const, weekly: [0.2, 0.2, 0.1, 0.1, 0.05, 0.02, 0.01] },
    {
      method: 'supervised' as const,
      coefficients: [-1, 0.5, -0.3, -0.3, 0.7, -0.1, 0.1, 0.2, -0.1, 0.2],
      calibration: { predicted: [0.1, 0.6], actual: [0.2, 0.5] },
    },
  ].map((churn) => createScorer({ ...shop, churn }))
  fc.assert(
    fc.property(fc.array(wildOrder, { maxLength: 60 }), (orders) => {
      const sorted = orders.toSorted((a, b) => a.atMs - b.atMs)
      const customer = assemble(sorted)
      expect(customer === null).toBe(!sorted.some((o) => o.cents >= 0))
      if (!customer) return
      for (const score of scorers)
        for (const [name, value] of Object.entries(score(customer.facts)))
          if (typeof value === 'number') expect([name, Number.isFinite(value)]).toEqual([name, true])
    }),
  )
})

test('five hundred purchases, and one at the very moment of scoring, are scored like any other', () => {
  const daily = Array.from({ length: 501 }, (_, i) =>
    at('2026-11-23T18:00:00Z', { atMs: asOfMs - (500 - i) * 86_400_000 }),
  )
  const often = assemble(daily)!
  expect(often.facts.transactions).toBe(501)
  const card = createScorer(shop)(often.facts)
  expect(card.churnProbability).toBeLessThan(0.1)
  expect(card.clvLowCents).toBeLessThan(card.clvCents)
  expect(card.clvCents).toBeLessThan(card.clvHighCents)
  const now = assemble([at('2026-11-23T18:00:00Z')])!
  expect(now.facts).toMatchObject({ transactions: 1, tenureDays: 0, daysSinceLast: 0 })
  expect(createScorer(shop)(now.facts).churnRisk).toBe('new')
})

test('nights on which clocks change count by the wall clock, and a day is the customer’s day', () => {
  // 01:30 twice in New York on 2025-11-02: one day, two orders, both by night
  const fall = assemble([at('2025-11-02T05:30:00Z'), at('2025-11-02T06:30:00Z')])!
  expect(fall.facts).toMatchObject({ orders: 2, transactions: 1, nightOrders: 2, timedOrders: 2 })
  // 23:30 and, an hour and a lost one later, 01:30: two days
  const spring = assemble([at('2026-03-08T04:30:00Z'), at('2026-03-08T06:30:00Z')])!
  expect(spring.facts).toMatchObject({ transactions: 2, nightOrders: 2 })
  // The same two instants are one evening in Los Angeles.
  expect(
    assemble([at('2026-03-08T04:30:00Z'), at('2026-03-08T06:30:00Z')], 'America/Los_Angeles')!.facts.transactions,
  ).toBe(1)
  // midnight in New York is a date without a time
  expect(assemble([at('2026-07-01T04:00:00Z')])!.facts.timedOrders).toBe(0)
})

test('the same orders give the same bytes, in whatever order a database hands out those of one instant', () => {
  fc.assert(
    fc.property(
      fc.array(wildOrder, { minLength: 2, maxLength: 20 }),
      fc.integer({ min: 0, max: 1e6 }),
      (orders, seed) => {
        const tied = orders
          .map((o, i) => ({ ...o, atMs: orders[i - (i % 3)]!.atMs, product: 0 }))
          .sort((a, b) => a.atMs - b.atMs)
        const shuffled = tied.toSorted(
          (a, b) => a.atMs - b.atMs || ((tied.indexOf(a) * 7919 + seed) % 13) - ((tied.indexOf(b) * 7919 + seed) % 13),
        )
        expect(JSON.stringify(assemble(shuffled))).toBe(JSON.stringify(assemble(tied)))
      },
    ),
  )
  const one = assemble([at('2026-07-01T05:00:00Z')])!
  expect(one.inputHash).toMatch(/^[0-9a-f]{16}$/)
  expect(assemble([at('2026-07-01T05:00:00Z', { cents: 4001 })])!.inputHash).not.toBe(one.inputHash)
  expect(assemble([at('2026-07-01T05:00:00Z', { product: 1 })])!.inputHash).not.toBe(one.inputHash)
})

const histories = fc.array(
  fc
    .array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 30 })
    .map((days) => [...new Set(days)].sort((a, b) => a - b)),
  { minLength: 1, maxLength: 40 },
)

test('what happens after a day changes nothing that was learned at its end', () => {
  const learn = (people: number[][], day: number, until: number) => {
    const ledger = ledgerOf(
      people
        .map((days) => days.filter((d) => d <= until))
        .filter((days) => days.length > 0)
        .map((days) => ({ days, cents: days.map((d) => 1000 + 13 * (d % 7)) })),
    )
    const timings = Array.from({ length: ledger.from.length - 1 }, (_, i) => snapshotAt(ledger, i, day)).filter(
      (t) => t !== null,
    )
    return learnShop({
      ...shop,
      asOfDay: day,
      histories: collapse(
        timings.map((t) => ({ x: t.transactions - 1, tx: (t.tenureDays - t.daysSinceLast) / 7, T: t.tenureDays / 7 })),
      ),
      spenders: timings.map((t) => ({
        x: t.transactions - 1,
        mean: t.repeatCents / 100 / Math.max(1, t.transactions - 1),
      })),
      gapTotals: sumGaps(timings),
      ledger,
    })
  }
  fc.assert(
    fc.property(histories, fc.integer({ min: 0, max: 300 }), (people, day) => {
      const known = learn(people, day, day)
      const hindsight = learn(people, day, 400)
      expect(hindsight).toEqual(known)
      expect(Number.isFinite(known.model.trend)).toBe(true)
    }),
    { numRuns: 25 },
  )
})
