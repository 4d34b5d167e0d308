import { expect, test } from 'vitest'
import { collectEvidence, type ResultRow } from './evidence.ts'
import { allGroups, describeGroups, groupKey, traitsOf, traitsOfGroup } from './groups.ts'

const row = (part: Partial<ResultRow>): ResultRow => ({
  period: 700, design: 'plan', segment: 'Promising', group: 'due.mild.rested', outcome: 'held', offer: 'content', kind: 'content', channel: 'email', part: 'day',
  n: 1000, opens: 0, clicks: 0, leaves: 0, orders: 200, spent_cents: 0, discount_cents: 0, opened_orders: 0, opened_spent_cents: 0, opened_discount_cents: 0, later_n: 0, later_orders: 0,
  ...part,
}) // prettier-ignore

test('a season that lifts everybody is no effect of the messages', () => {
  const quiet = [row({}), row({ outcome: 'sent' })]
  const busy = [row({ period: 701, orders: 400 }), row({ period: 701, outcome: 'sent', orders: 400 })]
  const { base, sent } = collectEvidence([...quiet, ...busy])
  const usual = base[0]!.orders / base[0]!.exposure
  expect(sent[0]!.orders - usual * sent[0]!.exposure).toBeCloseTo(0, -1)
})

test('messages without anybody held out teach nothing', () => {
  expect(collectEvidence([row({ outcome: 'sent' })]).sent).toEqual([])
})

test('every group has a key that reads back, and words', () => {
  for (const key of allGroups) expect(groupKey(traitsOfGroup(key)!)).toBe(key)
  expect(traitsOfGroup('due.keen')).toBeNull()
  expect(describeGroups(allGroups)).toBeNull()
  expect(describeGroups(allGroups.filter((k) => k.startsWith('gone.')))).toBe('stopped coming')
  const facts = { dueRatio: 6, delivered: 9, opened: 0, clicked: 0, recent: 3, isNightBuyer: false, priceSensitivity: null, canBeTexted: true } // prettier-ignore
  expect(groupKey(traitsOf(facts))).toBe('gone.silent.crowded.text')
})
