import { expect, test } from 'vitest'
import { choose, type Candidate } from './choose.ts'
import { freePace, slowDown, speedUp } from './pace.ts'

const of = (key: string, weight: number, over: Partial<Candidate> = {}): Candidate => ({
  key,
  weight,
  isAway: false,
  isBusy: false,
  isTried: false,
  credit: 0,
  ...over,
})
const many = (candidates: Candidate[], n: number): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (let i = 0; i < n; i++) {
    const key = choose(candidates)?.key ?? 'nobody'
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

test('weights are shares, and no provider gets its whole share in a row', () => {
  expect(many([of('a', 5), of('b', 1), of('c', 1)], 700)).toEqual({ a: 500, b: 100, c: 100 })
  const row: string[] = []
  const three = [of('a', 5), of('b', 1), of('c', 1)]
  for (let i = 0; i < 7; i++) row.push(choose(three)!.key)
  expect(row.join('')).toBe('aabacaa')
})

test('a stand-in works only while no other is there; a busy one is waited for', () => {
  expect(many([of('a', 1), of('s', 0)], 10)).toEqual({ a: 10 })
  expect(many([of('a', 1, { isBusy: true }), of('s', 0)], 10)).toEqual({ nobody: 10 })
  expect(many([of('a', 1, { isAway: true }), of('s', 0)], 10)).toEqual({ s: 10 })
})

test('who has put the message off is asked again only when nobody else is left', () => {
  expect(many([of('a', 5, { isTried: true }), of('b', 1)], 10)).toEqual({ b: 10 })
  expect(many([of('a', 5, { isTried: true }), of('s', 0)], 10)).toEqual({ s: 10 })
  expect(many([of('a', 1, { isTried: true }), of('b', 1, { isAway: true })], 10)).toEqual({ a: 10 })
  expect(choose([of('a', 1, { isAway: true })])).toBeNull()
})

test('"too many requests" halves what was going, once for all answers of one moment, and it grows back', () => {
  const event = { startedAtMs: 900, nowMs: 1000, retryAfterMs: 5000, goingPerMinute: 1200 }
  let pace = slowDown(freePace, event, null)
  expect(pace).toMatchObject({ perMinute: 600, pausedUntilMs: 6000 })
  expect(slowDown(pace, { ...event, startedAtMs: 950, nowMs: 1010 }, null).perMinute).toBe(600)
  expect(slowDown(pace, { ...event, startedAtMs: 6001, nowMs: 6100 }, null).perMinute).toBe(300)
  expect(speedUp(pace, 1500, null).perMinute).toBe(600)
  let seconds = 0
  for (; pace.perMinute !== null && seconds < 1000; seconds++) pace = speedUp(pace, 1000 + (seconds + 1) * 1000, 1200)
  // Five percent of the cut rate a second: back at the ceiling after about twenty.
  expect(seconds).toBeGreaterThan(15)
  expect(seconds).toBeLessThan(30)
  expect(slowDown(freePace, { ...event, goingPerMinute: 0 }, null).perMinute).toBe(6)
})
