import { expect, test } from 'vitest'
import { isoWeekday } from '../calendar.ts'
import type { Arm } from '../experiments/stats.ts'
import { measureLift } from './lift.ts'
import { changePercent, percent, periodUpTo, type PeriodName } from './period.ts'

test.each(['7d', '30d', '90d', '12m'] satisfies PeriodName[])(
  '%s is compared with the same weekdays of earlier, separate days',
  (name) => {
    const p = periodUpTo('2026-11-23', name)
    expect(p.to).toBe('2026-11-23')
    expect(p.previousTo < p.from).toBe(true)
    expect(isoWeekday(p.previousFrom)).toBe(isoWeekday(p.from))
  },
)
test('the comparison is said in words', () => {
  expect(periodUpTo('2026-11-23', '7d').words).toContain('the week before')
  expect(periodUpTo('2026-11-23', '30d').words).toContain('5 weeks before, same weekdays')
})
test('change needs something to change from', () => {
  expect(changePercent(110, 100)).toBe(10)
  expect(changePercent(5, 0)).toBeNull()
  expect(changePercent(null, 4)).toBeNull()
  expect(percent(1, 3)).toBe(33.3)
  expect(percent(1, 0)).toBeNull()
})

const arm = (n: number, mean: number, sd: number): Arm => ({
  n,
  sum: n * mean,
  sumOfSquares: (n - 1) * sd * sd + n * mean * mean,
})

test('a clear difference is called more, with its interval and both counts', () => {
  const lift = measureLift([{ contacted: arm(40_000, 1100, 1500), heldOut: arm(4_000, 700, 1500) }], 25, 1, 'USD')!
  expect(lift.outcome).toBe('more')
  expect(lift.revenue_cents.mid).toBe(400 * 40_000)
  expect(lift.margin_cents.mid).toBe(100 * 40_000)
  expect(lift.verdict).toContain('$4.00 more each')
  expect(lift.verdict).toContain('40,000 contacted, 4,000 held out')
})
test('a small shop is told that it cannot tell yet, and for how long', () => {
  const lift = measureLift([{ contacted: arm(4_500, 720, 1500), heldOut: arm(500, 700, 1500) }], 25, 1, 'USD')!
  expect(lift.outcome).toBe('too_small')
  expect(lift.weeks_needed).toBeGreaterThan(2)
  expect(lift.verdict).toMatch(/^Too small to tell.*About \d+ more weeks/)
})
test('two campaigns together read more sharply than one', () => {
  const one = { contacted: arm(4_500, 900, 1500), heldOut: arm(500, 700, 1500) }
  const width = (l: { per_customer_cents: { low: number; high: number } } | null): number =>
    l!.per_customer_cents.high - l!.per_customer_cents.low
  expect(width(measureLift([one, one], 25, 2, 'USD'))).toBeCloseTo(
    width(measureLift([one], 25, 1, 'USD')) / Math.SQRT2,
    0,
  )
})
test('without held-out customers there is no lift figure at all', () => {
  expect(measureLift([{ contacted: arm(4_500, 900, 1500), heldOut: arm(0, 0, 0) }], 25, 1, 'USD')).toBeNull()
  expect(measureLift([], 25, 1, 'USD')).toBeNull()
})
