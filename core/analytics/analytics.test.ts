import { expect, test } from 'vitest'
import { isoWeekday } from '../calendar.ts'
import type { Arm } from '../experiments/stats.ts'
import { measureLift } from './lift.ts'
import { changePercent, percent, periodBetween, periodUpTo, type PeriodName } from './period.ts'
import { nextReport } from './schedule.ts'
import { csvHead, csvLine } from './sheet.ts'
import { sayWhatIf, whatIfHoldout } from './what-if.ts'

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

test('chosen days are compared by weekday too, with the weeks before or the year before', () => {
  const before = periodBetween('2026-11-02', '2026-11-11')
  expect([before.days, before.previousFrom, before.previousTo]).toEqual([10, '2026-10-19', '2026-10-28'])
  expect(before.words).toBe('vs 2 weeks before, same weekdays')
  const year = periodBetween('2026-11-02', '2026-11-11', 'year', true)
  expect(isoWeekday(year.previousFrom)).toBe(isoWeekday(year.from))
  expect(year.previousFrom).toBe('2025-11-03')
  expect(year.words).toBe('vs a year before (52 weeks), same weekdays, up to the same time of day')
  // Longer than a year: the two never overlap.
  const long = periodBetween('2025-01-01', '2026-11-11', 'year')
  expect(long.previousTo < long.from).toBe(true)
})
test('a report at seven in the morning stays at seven when the clocks change', () => {
  const monday = { every: 'week', onDay: 1, atHour: 7 } as const
  const zone = 'America/New_York'
  const at = (iso: string): string => nextReport(monday, new Date(iso), zone).toISOString()
  expect(at('2026-10-26T10:59:59Z')).toBe('2026-10-26T11:00:00.000Z')
  expect(at('2026-10-26T11:00:00Z')).toBe('2026-11-02T12:00:00.000Z')
  expect(
    nextReport({ every: 'month', onDay: 28, atHour: 0 }, new Date('2026-01-29T12:00:00Z'), zone).toISOString(),
  ).toBe('2026-02-28T05:00:00.000Z')
})
test('CSV: money in units, empty for unknown, formulas as text', () => {
  const columns = [
    { label: 'Name', kind: 'text' },
    { label: 'Revenue', kind: 'cents' },
    { label: 'At', kind: 'instant' },
  ] as const
  expect(csvHead(columns, 'USD')).toBe('Name,Revenue (USD),At\r\n')
  expect(csvLine(['=1+1', 12_345, null], columns)).toBe("'=1+1,123.45,\r\n")
  expect(csvLine(['a "b", c', -5, new Date(0)], columns)).toBe('"a ""b"", c",-0.05,1970-01-01T00:00:00.000Z\r\n')
})
test('what if: a shop without orders is told so instead of a division by zero', () => {
  const nothing = { reached: 0, meanCents: 0, sdCents: 0 }
  expect(whatIfHoldout(nothing, 25).every((p) => p.detectable_pct.every((d) => d === null))).toBe(true)
  expect(sayWhatIf(nothing, [], 'USD')).toMatch(/too few/)
  const big = { reached: 50_000, meanCents: 2000, sdCents: 3000 }
  const points = whatIfHoldout(big, 25)
  expect(sayWhatIf(big, points, 'USD')).toMatch(/^Holding out 2% shows a lift of [\d.]+% within a quarter/)
})
