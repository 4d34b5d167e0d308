import { expect, test } from 'vitest'
import { normalCdf, normalQuantile, studentCdf, studentQuantile } from './distributions.ts'
import { dataNeeded, meanAndVariance, sampleSizeOfMeans, sampleSizeOfShares, welch, wilson } from './stats.ts'

// Vectors: facts/science.md §4.1 and §4.2 (GrowthBook's open test suite, Hillstrom data, textbook values).
test('Welch on sums gives the published interval', () => {
  const r = welch(
    { n: 3407, sum: 1396.87, sumOfSquares: 52377.9767 },
    { n: 3461, sum: 2422.7, sumOfSquares: 134698.29 },
  )!
  expect(r.mid).toBeCloseTo(0.29, 3)
  expect(r.standardError).toBeCloseTo(0.12478, 5)
  expect(r.low).toBeCloseTo(0.04538, 4)
  expect(r.high).toBeCloseTo(0.53462, 4)
  expect(r.pValue).toBeCloseTo(0.02016, 4)
  expect(r.degreesOfFreedom).toBeCloseTo(5841.74, 1)
})
test.each([
  [0, 50, 0, 0.071348],
  [5, 50, 0.043476, 0.213602],
  [52, 1247, 0.03194, 0.054275],
])('Wilson %d of %d', (x, n, low, high) => {
  const r = wilson(x, n)!
  expect(r.low).toBeCloseTo(low, 5)
  expect(r.high).toBeCloseTo(high, 5)
})
test.each([
  [0.2, 0.05, 1094],
  [0.1, 0.02, 3841],
  [0.05, 0.01, 8158],
])('share %f + %f needs %d per arm', (base, effect, n) => expect(sampleSizeOfShares(base, effect)).toBe(n))
test('revenue of one mailing needs about 20,000 customers per arm (Hillstrom)', () => {
  const n = sampleSizeOfMeans(15, 0.42)
  expect(n / ((15.7 * 15 ** 2) / 0.42 ** 2)).toBeCloseTo(1, 2)
  expect(n).toBeGreaterThan(19_900)
})
test('the standard error of enough data needs no more data', () => {
  const se = Math.sqrt((2 * 15 ** 2) / sampleSizeOfMeans(15, 0.42))
  expect(dataNeeded(se, 0.42)).toBeCloseTo(1, 3)
  expect(dataNeeded(2 * se, 0.42)).toBeCloseTo(4, 2)
})
test('distributions agree with tables', () => {
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12)
  expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306167813, 12)
  expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 12)
  expect(studentQuantile(0.975, 10)).toBeCloseTo(2.228138851964939, 9)
  expect(studentQuantile(0.975, 1)).toBeCloseTo(12.706204736174698, 7)
  expect(studentCdf(-2.228138851964939, 10)).toBeCloseTo(0.025, 10)
})
test('one observation, or no spread at all, gives no interval instead of NaN', () => {
  expect(welch({ n: 1, sum: 5, sumOfSquares: 25 }, { n: 9, sum: 5, sumOfSquares: 25 })).toBeNull()
  expect(welch({ n: 5, sum: 0, sumOfSquares: 0 }, { n: 9, sum: 0, sumOfSquares: 0 })).toBeNull()
  expect(wilson(0, 0)).toBeNull()
  expect(meanAndVariance({ n: 0, sum: 0, sumOfSquares: 0 })).toEqual({ mean: 0, variance: 0 })
})
