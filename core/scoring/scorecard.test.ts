import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { churnHorizonWeeks, scoreChurn } from './churn.ts'
import { summariseOrders, type OrderFact } from './facts.ts'
import {
  absoluteScores,
  quintiles,
  rfmSegments,
  segmentOf,
  settleSegment,
  type PreviousSegment,
  type RfmScores,
} from './rfm.ts'
import { fitGaps, scoreHours, scoreRhythm } from './rhythm.ts'
import { scoreCustomer, type CustomerFacts, type ShopModel } from './scorecard.ts'
import { scoreTaste } from './taste.ts'

const shop: ShopModel = {
  purchases: { variant: 'mbg', r: 0.9, alpha: 5, a: 0.8, b: 4 },
  spend: { p: 6, q: 4, v: 25 },
  gaps: { mu: Math.log(24), within: 0.6, between: 0.5, medianDays: 24 },
  base: {
    categories: new Map([
      ['Bourbon', 0.3],
      ['Lager', 0.7],
    ]),
    brands: new Map([['Old Hollow', 0.02]]),
    discounted: 0.2,
  },
  marginShare: 0.25,
  currency: 'USD',
  averageThresholdCents: 5000,
}

const order = (day: number, more: Partial<OrderFact> = {}): OrderFact => ({
  day,
  hour: 19,
  amountCents: 6400,
  isDiscounted: false,
  ...more,
})

function customerOf(orders: OrderFact[], asOfDay: number, more: Partial<CustomerFacts> = {}): CustomerFacts {
  return {
    ...summariseOrders(orders, asOfDay)!,
    scores: { recency: 4, frequency: 4, monetary: 4, average: 5 },
    categories: [],
    brands: [],
    previous: null,
    messages: { delivered: 0, successes: 0, shopShare: 0 },
    ...more,
  }
}

const anyOrder = fc.record({
  day: fc.integer({ min: 0, max: 900 }),
  hour: fc.option(fc.double({ min: 0, max: 23.99, noNaN: true })),
  amountCents: fc.integer({ min: -9000, max: 40_000 }),
  isDiscounted: fc.boolean(),
})

test('orders after as-of change no score', () => {
  fc.assert(
    fc.property(fc.array(anyOrder, { maxLength: 40 }), fc.integer({ min: 0, max: 600 }), (orders, asOfDay) => {
      const past = orders.filter((o) => o.day <= asOfDay)
      expect(summariseOrders(orders, asOfDay)).toEqual(summariseOrders(past, asOfDay))
    }),
  )
})

test('every possible history gets finite scores and exactly one segment', () => {
  fc.assert(
    fc.property(fc.array(anyOrder, { maxLength: 60 }), (orders) => {
      if (!summariseOrders(orders, 900)) return
      const card = scoreCustomer(shop, customerOf(orders, 900))
      expect(rfmSegments).toContain(card.segment)
      for (const value of [
        card.churnProbability,
        card.clvCents,
        card.clvLowCents,
        card.clvHighCents,
        card.expectedGapDays,
        card.dueRatio,
        card.priceSensitivity,
      ])
        expect(Number.isFinite(value)).toBe(true)
      expect(card.clvLowCents).toBeLessThanOrEqual(card.clvHighCents)
    }),
  )
})

test('the segment rules are total, and one-timers never count as frequent', () => {
  const five = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(
      five,
      five,
      five,
      five,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 800 }),
      (recency, frequency, monetary, average, transactions, daysSinceFirst) => {
        const segment = segmentOf({
          recency,
          frequency,
          monetary,
          average,
          transactions,
          daysSinceFirst,
          averageCents: 4000,
        })
        expect(rfmSegments).toContain(segment)
        if (transactions === 1) expect(segment).toBe(daysSinceFirst <= 60 ? 'New_Customers' : 'One_Time_Buyers')
      },
    ),
  )
})

test('equal customers get equal fifths', () => {
  expect(quintiles([1, 1, 1, 1, 1, 1, 9])).toEqual([1, 1, 1, 1, 1, 1, 5])
  expect(quintiles([])).toEqual([])
  expect(quintiles([7])).toEqual([1])
})

test('a small shop is measured in days, orders and dollars', () => {
  expect(absoluteScores({ transactions: 12, daysSinceLast: 3, totalCents: 120_000, averageCents: 10_000 })).toEqual({
    recency: 5,
    frequency: 5,
    monetary: 5,
    average: 5,
  })
  expect(absoluteScores({ transactions: 1, daysSinceLast: 400, totalCents: 900, averageCents: 900 })).toEqual({
    recency: 1,
    frequency: 1,
    monetary: 1,
    average: 1,
  })
})

describe('hysteresis', () => {
  const scores: RfmScores = { recency: 3, frequency: 3, monetary: 3, average: 3 }
  const previous: PreviousSegment = { ...scores, recency: 4, segment: 'Promising', candidate: null, isEarlierRun: true }
  test('one step over an edge is held back until the next run agrees', () => {
    expect(settleSegment('Needs_Attention', scores, previous)).toEqual({
      segment: 'Promising',
      candidate: 'Needs_Attention',
    })
    expect(settleSegment('Needs_Attention', scores, { ...previous, candidate: 'Needs_Attention' })).toEqual({
      segment: 'Needs_Attention',
      candidate: null,
    })
  })
  test('the same run repeated gives the same answer', () => {
    expect(
      settleSegment('Needs_Attention', scores, { ...previous, candidate: 'Needs_Attention', isEarlierRun: false }),
    ).toEqual({ segment: 'Promising', candidate: 'Needs_Attention' })
  })
  test('two steps, or a second order, count at once', () => {
    expect(settleSegment('Hibernating', { ...scores, recency: 2 }, previous).segment).toBe('Hibernating')
    expect(settleSegment('Promising', scores, { ...previous, segment: 'One_Time_Buyers' }).segment).toBe('Promising')
  })
})

describe('churn', () => {
  test('a fresh first order has no class, an old one is a high risk', () => {
    expect(scoreChurn(shop.purchases, { x: 0, tx: 0, T: 3 }, 8, 90).risk).toBe('new')
    expect(scoreChurn(shop.purchases, { x: 0, tx: 0, T: 40 }, 8, 90).risk).toBe('high')
  })
  test('who is quiet longer than nine in ten gaps is never at low risk', () => {
    const history = { x: 60, tx: 100, T: 101.5 }
    expect(scoreChurn(shop.purchases, history, 8, 30).risk).toBe('low')
    expect(scoreChurn(shop.purchases, history, 8, 7)).toMatchObject({ risk: 'medium', isOverdue: true })
  })
  test('the horizon is eight weeks, or twice the usual gap', () => {
    expect([churnHorizonWeeks(null), churnHorizonWeeks(7), churnHorizonWeeks(42)]).toEqual([8, 8, 12])
  })
})

describe('rhythm', () => {
  test('own gaps outweigh the shop as they grow in number', () => {
    const weekly = (n: number): number =>
      scoreRhythm(shop.gaps, { gaps: n, gapLogSum: n * Math.log(7), daysSinceLast: 3 }, 1).expectedGapDays
    expect(weekly(0)).toBeCloseTo(24, 6)
    expect(weekly(2)).toBeLessThan(weekly(1))
    expect(weekly(50)).toBeCloseTo(7, 0)
  })
  test('the next purchase lies in the future, in order, or is not promised at all', () => {
    const next = scoreRhythm(shop.gaps, { gaps: 9, gapLogSum: 9 * Math.log(24), daysSinceLast: 31 }, 0.9).next!
    expect(0 <= next.from && next.from < next.middle && next.middle < next.to).toBe(true)
    expect(scoreRhythm(shop.gaps, { gaps: 9, gapLogSum: 9 * Math.log(24), daysSinceLast: 31 }, 0.29).next).toBeNull()
    expect(scoreRhythm(shop.gaps, { gaps: 1, gapLogSum: 3, daysSinceLast: 100_000 }, 1).next).toBeNull()
  })
  test('a shop without a single gap is taken as a typical one', () => {
    const gaps = fitGaps({
      customers: 0,
      gaps: 0,
      meanSum: 0,
      meanSquares: 0,
      inverseGaps: 0,
      withinSquares: 0,
      withinFreedom: 0,
      medianDays: null,
    })
    expect([gaps.mu, gaps.within, gaps.between].map((v) => Number(v.toFixed(2)))).toEqual([3.4, 0.8, 0.7])
  })
  test('23:00 and 01:00 average to midnight, and noon with midnight to nothing', () => {
    const hours = (list: number[]): number | null =>
      scoreHours(
        summariseOrders(
          list.map((hour, i) => order(i, { hour })),
          100,
        )!,
      ).averageHour
    const midnight = hours([23, 1])!
    expect(Math.min(midnight, 24 - midnight)).toBeLessThan(1e-6)
    expect(hours([0.5, 12.5])).toBeNull()
  })
  test('a night buyer has to show it three times', () => {
    const night = (n: number, day = 0): boolean =>
      scoreHours(
        summariseOrders(
          [
            ...Array.from({ length: n }, (_, i) => order(i, { hour: 22 })),
            ...Array.from({ length: day }, (_, i) => order(50 + i, { hour: 15 })),
          ],
          100,
        )!,
      ).isNightBuyer
    expect([night(2), night(8), night(8, 2), night(3, 9)]).toEqual([false, true, true, false])
  })
  test('a date without a time says nothing about hours', () => {
    expect(
      scoreHours(
        summariseOrders(
          [1, 2, 3, 4].map((day) => order(day, { hour: null })),
          10,
        )!,
      ),
    ).toMatchObject({ averageHour: null, isNightBuyer: false })
  })
})

test('taste is shrunk to the shop, and a favourite brand is one bought more than others buy it', () => {
  const base = shop.base
  const taste = scoreTaste(
    {
      categories: [
        { name: 'Bourbon', weight: 6 },
        { name: 'Lager', weight: 2 },
      ],
      brands: [
        { name: 'Old Hollow', weight: 4 },
        { name: 'Everywhere', weight: 4 },
      ],
      orders: 4,
      discountedOrders: 4,
    },
    { ...base, brands: new Map([...base.brands, ['Everywhere', 0.6]]) },
  )
  expect(taste).toMatchObject({
    primaryCategory: 'Bourbon',
    secondaryCategory: 'Lager',
    favoriteBrands: ['Old Hollow'],
  })
  expect(taste.priceSensitivity).toBeCloseTo(0.6, 10)
  expect(scoreTaste({ categories: [], brands: [], orders: 1, discountedOrders: 0 }, base)).toMatchObject({
    primaryCategory: null,
    favoriteBrands: [],
  })
})

test('the scores explain themselves in plain words', () => {
  const orders = Array.from({ length: 10 }, (_, i) => order(i * 24, { hour: i < 8 ? 21 : 15 }))
  const card = scoreCustomer(shop, customerOf(orders, 9 * 24 + 31, { categories: [{ name: 'Bourbon', weight: 3 }] }))
  expect(card.reasons).toMatchObject({
    rhythm: 'Buys about every 24 days, last 31 days ago',
    value: 'Spends $64 per order, in the top fifth',
    hours: '8 of 10 orders between 8 pm and 4 am',
    taste: 'Mostly Bourbon',
  })
})

test('a success rate needs three messages and is shrunk to the shop', () => {
  const rate = (delivered: number, successes: number): number | null =>
    scoreCustomer(shop, customerOf([order(1)], 9, { messages: { delivered, successes, shopShare: 0.05 } }))
      .successRatePct
  expect(rate(2, 2)).toBeNull()
  expect(rate(4, 4)).toBeCloseTo((100 * 4.2) / 8, 6)
})
