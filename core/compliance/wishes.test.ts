import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noOffer } from '../planning/offer.ts'
import { longestPace, paces, pauseVerdicts, topics, topicsOf, wishVerdicts, type Wishes } from './wishes.ts'

const none: Wishes = { topics_off: [], every_days: null, paused_until: null }
const at = new Date('2026-11-24T18:00:00Z')
const day = 86_400_000
const rules = (wishes: Wishes, offer = noOffer, nearestMs: number | null = null, week = 0): string[] =>
  wishVerdicts(wishes, offer, nearestMs, week).map((v) => v.rule_id)

test('a message is kept back only from who wants none of what it is about', () => {
  const wine = { ...noOffer, kind: 'percent_off' as const, department: 'wine' as const }
  const all = { ...noOffer, kind: 'percent_off' as const }
  expect(rules({ ...none, topics_off: ['wine'] }, wine)).toEqual(['person-topic-off'])
  expect(rules({ ...none, topics_off: ['beer'] }, wine)).toEqual([])
  expect(rules({ ...none, topics_off: ['wine', 'beer'] }, all)).toEqual([])
  expect(rules({ ...none, topics_off: ['wine', 'beer', 'spirits'] }, all)).toEqual(['person-topic-off'])
  expect(rules({ ...none, topics_off: ['events'] }, { ...noOffer, kind: 'tasting_event', department: 'wine' })).toEqual(
    ['person-topic-off'],
  )
  // New arrivals of wine still reach who only wants news.
  expect(topicsOf({ kind: 'content', department: 'wine' })).toEqual(['wine', 'news'])
  expect(rules({ ...none, topics_off: ['wine'] }, { ...noOffer, kind: 'content', department: 'wine' })).toEqual([])
})

test('a pace counts from the nearest other message, before or after, and never lets more through than it says', () => {
  expect(rules({ ...none, every_days: 28 }, noOffer, 27 * day)).toEqual(['person-pace'])
  expect(rules({ ...none, every_days: 28 }, noOffer, 28 * day)).toEqual([])
  expect(rules({ ...none, every_days: 7 }, noOffer, null, 1)).toEqual(['person-pace'])
  fc.assert(
    fc.property(
      fc.constantFrom(...paces),
      fc.array(fc.integer({ min: 0, max: 200 * 24 }), { maxLength: 80 }),
      (pace, hours) => {
        const sent: number[] = []
        for (const h of hours.toSorted((a, b) => a - b)) {
          const nearest = sent.length > 0 ? (h - sent.at(-1)!) * 3_600_000 : null
          const week = sent.filter((s) => h - s < 7 * 24).length
          if (rules({ ...none, every_days: pace }, noOffer, nearest, week).length === 0) sent.push(h)
        }
        return sent.every((h, i) => i === 0 || h - sent[i - 1]! >= pace * 24)
      },
    ),
  )
  expect(Math.max(...paces)).toBe(longestPace)
})

test('a pause ends by itself', () => {
  const until = new Date(at.getTime() + day)
  expect(pauseVerdicts({ ...none, paused_until: until }, at).map((v) => v.rule_id)).toEqual(['person-paused'])
  expect(pauseVerdicts({ ...none, paused_until: until }, until)).toEqual([])
  expect([pauseVerdicts(null, at), pauseVerdicts(undefined, at), wishVerdicts(null, noOffer, 0, 9)]).toEqual([
    [],
    [],
    [],
  ])
  expect(topics.length).toBe(new Set(topics).size)
})
