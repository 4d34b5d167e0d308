import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainFormula } from './churn-model.ts'
import { churnHorizonWeeks, scoreChurn } from './churn.ts'
import { summariseOrders, type OrderFact } from './facts.ts'
import {
  absoluteScores,
  cutsOf,
  quintiles,
  rfmSegments,
  scoreByCuts,
  segmentOf,
  settleSegment,
  type PreviousSegment,
  type RfmScores,
} from './rfm.ts'
import { fitGaps, scoreHours, scoreRhythm } from './rhythm.ts'
import { explain, type ReasonFacts } from './reasons.ts'
import { responseBaseOf, scoreResponses, type Answered } from './response.ts'
import { createScorer, type CustomerFacts } from './scorecard.ts'
import type { ShopModel } from './shop-model.ts'
import { priceTierOf, priceTiers, scoreTaste, sizeClasses, sizeClassOf } from './taste.ts'

const shop: ShopModel = {
  purchases: { variant: 'mbg', k: 2, r: 0.9, alpha: 2.5, a: 0.8, b: 4 },
  spend: { p: 6, q: 4, v: 25 },
  gaps: { mu: Math.log(24), within: 0.6, between: 0.5, medianDays: 24 },
  meanCents: 4000,
  churn: plainFormula,
  horizonWeeks: 8,
  trend: 1,
  yearTrend: 1,
  cuts: {
    recency: [-90, -60, -30, -10],
    frequency: [2, 3, 6, 10],
    monetary: [5000, 10_000, 20_000, 40_000],
    average: [2000, 3000, 4000, 6000],
  },
  base: {
    categories: { Bourbon: 0.3, Lager: 0.7 },
    brands: { 'Old Hollow': 0.02 },
    tiers: [0.3, 0.4, 0.2, 0.08, 0.02],
    sizes: [0.1, 0.6, 0.2, 0.1],
    occasions: [0.15, 0.45, 0.2, 0.2],
    discounted: 0.2,
  },
  responses: responseBaseOf([]),
  marginShare: 0.25,
  currency: 'USD',
  averageThresholdCents: 5000,
}
const score = createScorer(shop)
const nothing = { categories: [], brands: [], tiers: [], sizes: [] }

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
    bought: nothing,
    previous: null,
    messages: [],
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
      const card = score(customerOf(orders, 900))
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
  const days = (transactions: number, tenureDays: number, daysSinceLast: number) => ({
    transactions,
    tenureDays,
    daysSinceLast,
  })
  test('a fresh first order has no class, an old one is a high risk', () => {
    expect(scoreChurn(0.1, days(1, 21, 21), 90).risk).toBe('new')
    expect(score(customerOf([order(0)], 280)).churnRisk).toBe('high')
  })
  test('who is quiet longer than nine in ten gaps is never at low risk', () => {
    expect(scoreChurn(0.9, days(61, 710, 10), 30).risk).toBe('low')
    expect(scoreChurn(0.9, days(61, 710, 10), 7)).toMatchObject({ risk: 'medium', isOverdue: true })
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
  const base = { ...shop.base, brands: { ...shop.base.brands, Everywhere: 0.6 } }
  const facts = { orders: 4, discountedOrders: 4, occasions: [0, 0, 0, 0] }
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
      tiers: [0, 1, 7, 0, 0],
      sizes: [0, 6, 2, 0],
    },
    facts,
    base,
  )
  expect(taste).toMatchObject({
    primaryCategory: 'Bourbon',
    secondaryCategory: 'Lager',
    favoriteBrands: ['Old Hollow'],
    priceTier: 'premium',
    // bottles are what everybody buys
    sizeClass: null,
  })
  expect(taste.priceSensitivity).toBeCloseTo(0.6, 10)
  expect(scoreTaste(nothing, { ...facts, orders: 1, discountedOrders: 0 }, base)).toMatchObject({
    primaryCategory: null,
    favoriteBrands: [],
    priceTier: null,
    occasion: null,
  })
})

test('price tiers and sizes are steps, unknown where price or size is', () => {
  expect([6, 9, 16, 29, 45, NaN].map((p) => priceTiers[priceTierOf(p, 11.5)])).toEqual([...priceTiers, undefined])
  expect([50, 750, 1000, 1750, null].map((ml) => sizeClasses[sizeClassOf(ml)])).toEqual([...sizeClasses, undefined])
})

test('an occasion is named only where somebody clearly prefers it', () => {
  // 1970-01-02 was a Friday; far from every holiday in the summer
  const fridays = (n: number): OrderFact[] => Array.from({ length: n }, (_, i) => order(10_109 + 7 * i))
  expect(score(customerOf(fridays(8), 10_200)).occasion).toBe('weekend')
  expect(score(customerOf(fridays(1), 10_200)).occasion).toBeNull()
})

describe('the cuts of the fifths', () => {
  test('score every value of a shop as its quintiles do', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 400 }), (values) => {
        const cuts = cutsOf(Float64Array.from(values))
        expect(values.map((v) => scoreByCuts(cuts, v))).toEqual(quintiles(values))
      }),
    )
  })
  test('answer for values that were not there', () => {
    const cuts = cutsOf(Float64Array.from({ length: 101 }, (_, i) => i))
    expect([-5, 20, 19.5, 500].map((v) => scoreByCuts(cuts, v))).toEqual([1, 2, 1, 5])
  })
})

const heard = (more: Partial<Answered>): Answered => ({
  kind: 'content',
  channel: 'email',
  delivered: 10,
  responded: 0,
  ordered: 0,
  ...more,
})

describe('answers to messages', () => {
  test('a success rate needs three messages and is shrunk to the shop', () => {
    const base = { ...responseBaseOf([]), ordered: 0.05 }
    const rate = (delivered: number, ordered: number): number | null =>
      scoreResponses([heard({ delivered, ordered })], base).successRatePct
    expect(rate(2, 2)).toBeNull()
    expect(rate(4, 4)).toBeCloseTo((100 * 4.2) / 8, 6)
  })
  test('a preference is an answer far above what the shop sees, and one click is none', () => {
    const base = responseBaseOf([
      heard({ delivered: 1000, responded: 100 }),
      heard({ kind: 'percent_off', delivered: 1000, responded: 300 }),
    ])
    expect(base.kinds.content).toBeLessThan(base.kinds.percent_off!)
    const often = scoreResponses([heard({ responded: 6 }), heard({ kind: 'percent_off', responded: 4 })], base)
    expect(often.preferredOffer).toBe('content')
    expect(scoreResponses([heard({ responded: 1 })], base).preferredOffer).toBeNull()
    expect(scoreResponses([heard({ kind: null, channel: 'sms', responded: 9 })], base).preferredChannel).toBe('sms')
  })
})

test('the scores explain themselves in plain words, the most telling first', () => {
  const facts: ReasonFacts = {
    segment: 'At_Risk_High_Value',
    orders: 10,
    transactions: 10,
    daysSinceLast: 31,
    averageOrderCents: 6400,
    averageScore: 5,
    churnProbability: 0.4,
    churnRisk: 'medium',
    isOverdue: false,
    horizonWeeks: 8,
    clvCents: 12_000,
    clvLowCents: 2000,
    clvHighCents: 30_000,
    expectedGapDays: 24.2,
    nextFromDays: 3.4,
    nextToDays: 20.1,
    averageHour: null,
    timedOrders: 10,
    nightOrders: 8,
    preferredWeekday: 5,
    weekdayOrders: 6,
    primaryCategory: 'Bourbon',
    secondaryCategory: null,
    favoriteBrands: ['Old Hollow', 'Vale'],
    priceTier: 'premium',
    sizeClass: null,
    occasion: 'weekend',
    discountedOrders: 1,
    messagesDelivered: 4,
    messagesAnswered: 1,
    preferredOffer: 'tasting_event',
    preferredChannel: null,
  }
  const words = (change: Partial<ReasonFacts>): string[] =>
    explain({ ...facts, ...change }, (cents) => `$${Math.round(cents / 100)}`).map((r) => r.words)
  expect(words({}).slice(0, 3)).toEqual([
    'Buys about every 24 days, last 31 days ago',
    'Spends $64 per order, in the top fifth',
    '60% likely to order within 8 weeks',
  ])
  expect(words({})).toEqual(
    expect.arrayContaining([
      '8 of 10 orders between 8 pm and 4 am',
      '6 of 10 orders on a Friday',
      'Mostly Bourbon',
      'Buys Old Hollow and Vale more than others do',
      'Likely to bring $120 margin in 12 months ($20 to $300)',
      'Next order most likely in 3 to 20 days',
      'Ordered within a week of 1 of 4 messages',
      'Answers tastings more than others do',
    ]),
  )
  expect(words({ isOverdue: true })[0]).toBe('Quiet for 31 days, longer than nine in ten of the usual gaps')
  expect(words({ churnRisk: 'new' }).join()).not.toContain('likely to order')
  expect(words({ nextFromDays: null })).toContain('Another order is unlikely without a nudge')
})
