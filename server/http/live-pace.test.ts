import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPace } from './live-pace.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function paceFor(watchers: number): { sent: unknown[]; tell: (counts: number | string, topic?: string) => void } {
  const sent: unknown[] = []
  const pace = createPace(
    () => watchers,
    (topic, { counts, status }) => void sent.push([topic, counts ?? status]),
  )
  return {
    sent,
    tell: (n, topic = 'campaign.a') => pace.tell(topic, typeof n === 'number' ? { counts: n } : { status: n }),
  }
}

test('few watchers get every count at once', () => {
  const { sent, tell } = paceFor(20)
  for (const n of [1, 2, 3]) tell(n)
  expect(sent.map((s) => (s as unknown[])[1])).toEqual([1, 2, 3])
})

test('a thousand watchers get the newest count a few times a second, and the last one always', () => {
  const { sent, tell } = paceFor(1000)
  for (let n = 1; n <= 20; n++) {
    tell(n)
    vi.advanceTimersByTime(100)
  }
  vi.advanceTimersByTime(1000)
  expect(sent.length).toBeGreaterThanOrEqual(5)
  expect(sent.length).toBeLessThanOrEqual(7)
  expect(sent.at(-1)).toEqual(['campaign.a', 20])
})

test('what is no count does not wait, and comes behind the count that did; campaigns do not hold each other up', () => {
  const { sent, tell } = paceFor(1000)
  tell(1)
  tell(2)
  tell('paused')
  tell(7, 'campaign.b')
  expect(sent).toEqual([
    ['campaign.a', 1],
    ['campaign.a', 2],
    ['campaign.a', 'paused'],
    ['campaign.b', 7],
  ])
  vi.advanceTimersByTime(5000)
  expect(sent).toHaveLength(4)
})
