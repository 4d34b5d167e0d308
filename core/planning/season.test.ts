import { expect, test } from 'vitest'
import { seasonOf } from './season.ts'

const year = (factors: readonly number[], from: number, usual = 5000) =>
  factors.map((f, i) => ({ period: from + i, seen: f * usual, usual }))
const months = [0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.15, 1, 0.95, 1, 1.05, 1.1, 1.4]

test('January is expected to be as last January was, not as December', () => {
  expect(seasonOf(year(months, 700), 713)).toBeCloseTo(0.8, 1)
  expect(seasonOf(year(months, 700), 719)).toBeCloseTo(1.15, 1)
})

test('a shop that grew since last year is expected to stay where it is', () => {
  const grown = [
    ...year(months, 700),
    ...year(
      months.slice(0, 4).map((f) => f * 1.2),
      713,
    ),
  ]
  expect(seasonOf(grown, 717)).toBeGreaterThan(1.17)
  expect(seasonOf(grown, 717)).toBeLessThan(1.22)
})

test('in the first year a season fades, and a handful of orders is none', () => {
  const first = year([1, 1.4], 700)
  const next = [1, 2, 3, 6].map((after) => seasonOf(first, 701 + after))
  expect(next).toEqual(next.toSorted((a, b) => b - a))
  expect(next[0]).toBeLessThan(1.4)
  expect(next[3]).toBeGreaterThan(1)
  expect(next[3]).toBeLessThan(1.1)
  expect(seasonOf(year([3], 700, 4), 701)).toBeLessThan(1.25)
  expect(seasonOf([], 700)).toBe(1)
})
