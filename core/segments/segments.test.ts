import { expect, test } from 'vitest'
import { offerKinds } from '../planning/offer.ts'
import { birthdaysInNext, boundsOfPeriod, boundsOfTest } from './period.ts'
import { readyMade } from './ready-made.ts'
import { ruleProblems, type Rule } from './rule.ts'
import { sayRule } from './sentence.ts'

const words = { money: (cents: number) => `$${cents / 100}` }
const say = (rule: Rule): string => sayRule(rule, words)
const newYork = { now: new Date('2026-11-01T17:00:00Z'), zone: 'America/New_York' }
const text = (b: { from: Date | null; to: Date | null }) => [b.from?.toISOString() ?? null, b.to?.toISOString() ?? null]

test('days are those of the shop, also over the night of the changed clocks', () => {
  // New York: October 31 still began at 04:00 UTC, November 2 begins at 05:00 UTC; November 1 has 25 hours.
  expect(text(boundsOfPeriod({ last_days: 1 }, newYork))).toEqual([
    '2026-10-31T04:00:00.000Z',
    '2026-11-01T17:00:00.001Z',
  ])
  expect(text(boundsOfPeriod({ last_days: 0 }, newYork))[0]).toBe('2026-11-01T04:00:00.000Z')
  expect(text(boundsOfPeriod({ from_days_ago: 2, to_days_ago: 1 }, newYork))).toEqual([
    '2026-10-30T04:00:00.000Z',
    '2026-11-01T04:00:00.000Z',
  ])
  expect(text(boundsOfPeriod({ from: '2026-11-01', to: '2026-11-01' }, newYork))).toEqual([
    '2026-11-01T04:00:00.000Z',
    '2026-11-02T05:00:00.000Z',
  ])
  expect(text(boundsOfTest({ op: 'in_next', days: 0 }, newYork))).toEqual([
    '2026-11-01T17:00:00.000Z',
    '2026-11-02T05:00:00.000Z',
  ])
  expect(text(boundsOfTest({ op: 'before_last', days: 1 }, newYork))).toEqual([null, '2026-10-31T04:00:00.000Z'])
  expect(text(boundsOfTest({ op: 'on_or_after', day: '2026-11-02' }, newYork))).toEqual([
    '2026-11-02T05:00:00.000Z',
    null,
  ])
})

test('who was born on February 29 is greeted on the 28th of other years', () => {
  const at = (now: string) => birthdaysInNext(1, { now: new Date(now), zone: 'UTC' })
  expect(at('2027-02-28T12:00:00Z')).toEqual(['02-28', '02-29', '03-01'])
  expect(at('2028-02-28T12:00:00Z')).toEqual(['02-28', '02-29'])
  expect(at('2027-12-31T12:00:00Z')).toEqual(['12-31', '01-01'])
})

test('rules read as English', () => {
  expect(
    say({
      orders: 'count',
      is: { op: 'at_least', value: 2 },
      in: { last_days: 90 },
      where: { categories: ['Bourbon'] },
    }),
  ).toBe('ordered at least 2 times of Bourbon in the last 90 days')
  expect(say({ orders: 'count', is: { op: 'at_most', value: 0 }, in: { last_days: 1 } })).toBe(
    'never ordered in the last 1 day',
  )
  expect(say({ orders: 'spent', is: { op: 'more_than', value: 50_000 } })).toBe('spent more than $500')
  expect(say({ messages: 'open', is: { op: 'equals', value: 0 }, in: { last_days: 30 } })).toBe(
    'never opened any message in the last 30 days',
  )
  expect(
    say({
      all: [
        { field: 'state', op: 'is', value: ['NY', 'NJ'] },
        {
          any: [
            { field: 'is_night_buyer', op: 'is', value: true },
            { field: 'clv_cents', op: 'at_least', value: 20_000 },
          ],
        },
        { not: [{ field: 'tags', op: 'has_any', value: ['staff'] }] },
      ],
    }),
  ).toBe('state is NY or NJ and (is a night buyer or 12-month value is at least $200) and not (tags include staff)')
})

test('every ready-made segment is a good rule with a playbook of known offers', () => {
  for (const { name, rules, offers } of readyMade) {
    expect(ruleProblems(rules), name).toEqual([])
    expect(say(rules).length, name).toBeGreaterThan(10)
    for (const offer of offers) expect(offerKinds as readonly string[], name).toContain(offer)
  }
})

test('a rule that no person could read is refused', () => {
  const one = { field: 'state', op: 'is', value: ['NY'] }
  expect(ruleProblems({ all: Array.from({ length: 21 }, () => one) })[0]?.message).toMatch(/at most 20/)
  const three = { any: Array.from({ length: 20 }, () => one) }
  expect(ruleProblems({ all: [three, three, three] }).at(-1)?.message).toMatch(/at most 40 conditions/)
  expect(ruleProblems(null)[0]?.message).toMatch(/group .* or a condition/)
  expect(ruleProblems({ all: [one], any: [one] })[0]?.message).toMatch(/one key/)
})
