import fc from 'fast-check'
import { expect, test } from 'vitest'
import { creditOf, attributionModels, shapley } from '../feedback/attribution-models.ts'
import { allocate, probabilityBest } from './bandit.ts'
import { holm } from './corrections.ts'
import { cuped } from './cuped.ts'
import { minimumDetectable, powerOfRelative } from './power.ts'
import { armOfShare } from './proportions.ts'
import { alwaysValid } from './sequential.ts'
import { sampleRatio } from './srm.ts'
import { meanAndVariance, welch } from './stats.ts'

// Published figures are in test/experiments.test.ts; these are the claims that hold for any numbers.
test('CUPED from sums equals CUPED customer by customer', () => {
  const people = [
    [3, 1],
    [5, 2],
    [9, 4],
    [2, 2],
    [8, 3],
    [7, 5],
  ] as const
  const arms = [people.slice(0, 3), people.slice(3)]
  const sums = arms.map((arm) => ({
    n: arm.length,
    y: arm.reduce((s, [y]) => s + y, 0),
    yy: arm.reduce((s, [y]) => s + y * y, 0),
    x: arm.reduce((s, [, x]) => s + x, 0),
    xx: arm.reduce((s, [, x]) => s + x * x, 0),
    xy: arm.reduce((s, [y, x]) => s + y * x, 0),
  }))
  const result = cuped(sums)
  const meanX = people.reduce((s, [, x]) => s + x, 0) / people.length
  arms.forEach((arm, i) => {
    const adjusted = arm.map(([y, x]) => y - result.theta * (x - meanX))
    expect(result.arms[i]!.sum).toBeCloseTo(
      adjusted.reduce((a, b) => a + b, 0),
      10,
    )
    expect(result.arms[i]!.sumOfSquares).toBeCloseTo(
      adjusted.reduce((a, b) => a + b * b, 0),
      10,
    )
  })
  expect(result.reduction).toBeGreaterThan(0.3)
})
test('CUPED without a time before changes nothing', () => {
  const arm = { n: 4, y: 10, yy: 40, x: 0, xx: 0, xy: 0 }
  expect(cuped([arm, arm])).toEqual({
    theta: 0,
    reduction: 0,
    arms: [
      { n: 4, sum: 10, sumOfSquares: 40 },
      { n: 4, sum: 10, sumOfSquares: 40 },
    ],
  })
})
test('an always-valid interval is wider than a fixed one, and touches zero exactly when p is alpha', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 6, noNaN: true }), fc.integer({ min: 100, max: 1e6 }), (z, n) => {
      const r = alwaysValid(z, 1, n)
      expect(r.halfWidth).toBeGreaterThan(1.96)
      expect(r.low > 0).toBe(r.pValue < 0.05)
    }),
  )
})
test('a share as an arm has the variance p (1 - p)', () => {
  expect(meanAndVariance(armOfShare({ successes: 14, n: 28 }))).toEqual({ mean: 0.5, variance: 0.25 })
  expect(welch(armOfShare({ successes: 0, n: 5 }), armOfShare({ successes: 0, n: 5 }))).toBeNull()
})
test('sample ratio: honest arms pass, a lost tenth does not, an arm that should be empty alarms at once', () => {
  expect(sampleRatio([5000, 5150], [1, 1])!.alarm).toBe(false)
  expect(sampleRatio([5000, 4500], [1, 1])!.alarm).toBe(true)
  expect(sampleRatio([500, 1], [1, 0])!.alarm).toBe(true)
  expect(sampleRatio([2, 3], [1, 1])).toBeNull()
})
test('Holm never lowers a p value and keeps their order', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 }), (ps) => {
      const adjusted = holm(ps)
      ps.forEach((p, i) => {
        expect(adjusted[i]!).toBeGreaterThanOrEqual(p)
        ps.forEach((q, j) => p < q && expect(adjusted[i]!).toBeLessThanOrEqual(adjusted[j]!))
      })
    }),
  )
})
test('allocation adds up to one, keeps the floor, and prefers the better arm', () => {
  const shares = allocate(
    [
      { successes: 50, n: 1000 },
      { successes: 90, n: 1000 },
      { successes: 55, n: 1000 },
    ],
    0.1,
  )
  expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 10)
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.1)
  expect(shares[1]).toBeGreaterThan(0.75)
  expect(probabilityBest([1, 2, 3, 4].map(() => ({ successes: 3, n: 40 })))).toEqual(
    [1, 2, 3, 4].map(() => expect.closeTo(0.25, 8)),
  )
  expect(() =>
    allocate(
      [1, 2, 3, 4].map(() => ({ successes: 0, n: 0 })),
      0.3,
    ),
  ).toThrow(/more than all/)
})
test('more customers see smaller effects, and looking early costs power', () => {
  const input = { mean: 2000, standardDeviation: 4000, n: 5000, arms: 2 }
  expect(minimumDetectable({ ...input, n: 20_000 })!).toBeLessThan(minimumDetectable(input)!)
  expect(powerOfRelative(input, 0.2)).toBeGreaterThan(powerOfRelative({ ...input, sequentialTuning: 5000 }, 0.2))
  expect(minimumDetectable({ ...input, n: 4 })).toBeNull()
})
test('every attribution model gives away exactly one order', () => {
  const at = new Date('2026-11-20T12:00:00Z')
  const touches = [20, 9, 2].map((days, i) => ({ key: `m${i}`, at: new Date(at.getTime() - days * 86_400_000) }))
  const models = attributionModels.filter((m) => m !== 'shapley')
  const shares = Object.fromEntries(models.map((m) => [m, creditOf(m, touches, at)]))
  for (const m of models) expect(shares[m]!.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
  expect(shares['first']).toEqual([1, 0, 0])
  expect(shares['last']).toEqual([0, 0, 1])
  expect(shares['position']!.map((s) => Math.round(s * 100))).toEqual([40, 20, 40])
  // A week nearer counts twice as much.
  expect(shares['time_decay']![2]! / shares['time_decay']![1]!).toBeCloseTo(2, 10)
  expect(creditOf('position', touches.slice(0, 2), at)).toEqual([0.5, 0.5])
  expect(creditOf('linear', [], at)).toEqual([])
})
test('Shapley values add up to what all did together, and who adds nothing gets nothing', () => {
  const credit = shapley(['email', 'idle', 'sms'], (set) => {
    const who = new Set(set.split('+'))
    return (who.has('email') ? 10 : 0) + (who.has('sms') ? 4 : 0) + (who.has('email') && who.has('sms') ? 6 : 0)
  })
  expect(credit.get('idle')).toBeCloseTo(0, 12)
  expect(credit.get('email')! + credit.get('sms')!).toBeCloseTo(20, 12)
  expect(credit.get('email')).toBeCloseTo(13, 12)
})
