import { expect, test } from 'vitest'
import { defaultPolicy } from '../compliance/policy.ts'
import { collectEvidence, type ResultRow } from './evidence.ts'
import type { PlannerFacts } from './facts.ts'
import { fitParts } from './fit.ts'
import { allGroups, describeGroups, groupKey, traitsOf, traitsOfGroup } from './groups.ts'
import { learnGroups } from './learn.ts'
import { noOffer } from './offer.ts'

const row = (part: Partial<ResultRow>): ResultRow => ({
  period: 700, design: 'plan', segment: 'Promising', group: 'due.mild.rested', outcome: 'held', offer: 'content', kind: 'content', channel: 'email', part: 'day',
  n: 1000, opens: 0, clicks: 0, leaves: 0, orders: 200, spent_cents: 0, discount_cents: 0, opened_orders: 0, opened_spent_cents: 0, opened_discount_cents: 0, later_n: 0, later_orders: 0,
  ...part,
}) // prettier-ignore

const shop: PlannerFacts = {
  week_start: '2026-11-30', first_day: '2026-11-30', currency: 'USD', margin_share: 0.25, templates: [], stores: [], past: [],
  offers: [{ ...noOffer, id: '01900000-0000-7000-8000-000000000001', key: 'content', title: 'News', kind: 'content' }],
  segments: [{
    key: 'Promising', name: 'Promising', size: 1000, reachable: { email: 1000, sms: 0 }, orders_per_week: 0.2, basket_cents: 4000, churn: 0.1, new_share: 0, due_ratio: 1,
    playbook: { offers: ['content'], channels: ['email'], window: { start: '10:00', end: '18:00' } }, weekday_share: [], hour_share: [], top_category: null, stores: {},
  }],
  limits: { max_per_customer_week: 2, max_sms_per_customer_week: 1, holdout_share: 0.1, channels: ['email'], email_per_day: null },
  contact: { max_per_customer_week: 2, max_sms_per_customer_week: 1, email_window: { start: '08:00', end: '21:00' }, sms_window: { start: '10:00', end: '18:00' }, email_ages: [], unknown_place: 'warn' },
  policy: defaultPolicy(),
} // prettier-ignore

test('who has stopped is judged by many messages beside few held out, others are not', () => {
  const plan = (group: string, held: number, sent: number) => [
    row({ group, n: 1000, orders: held }),
    row({ group, outcome: 'sent', n: 20_000, orders: sent }),
  ]
  const before = row({ group: 'lost.mild.rested', design: 'trial', n: 20_000, orders: 120 })
  const { sent } = collectEvidence([before, ...plan('due.mild.rested', 200, 4400), ...plan('lost.mild.rested', 6, 300)])
  const [due, lost] = ['due', 'lost'].map((d) => sent.find((c) => c.group.startsWith(d))!.n)
  expect(due).toBeCloseTo(20_000 / 21, 0)
  expect(lost).toBeGreaterThan(10_000)
  expect(lost).toBeLessThan(16_000)
})

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
  expect(describeGroups(allGroups.filter((k) => /^(due|late)\.keen\./.test(k)))).toBe(
    'are due or are overdue, and click',
  )
  expect(describeGroups(allGroups.filter((k) => !/^lost|silent|crowded/.test(k)))).toBe(
    'did not stop long ago, and open more than rarely, and got at most two messages in 14 days',
  )
  const facts = { dueRatio: 6, delivered: 9, opened: 0, clicked: 0, recent: 3, isNightBuyer: false, priceSensitivity: null, canBeTexted: true } // prettier-ignore
  expect(groupKey(traitsOf(facts))).toBe('gone.silent.crowded.text')
})

test('a busy month that held out many and a quiet one that held out few are not held against each other', () => {
  const trial = [row({ design: 'trial', orders: 400 }), row({ design: 'trial', outcome: 'sent', orders: 400 })]
  const plan = [row({ n: 20, orders: 2 }), row({ outcome: 'sent', n: 5000, orders: 500 })]
  const { base, sent } = collectEvidence([...trial, ...plan])
  const usual = base[0]!.orders / base[0]!.exposure
  const effect = sent[0]!.orders / (usual * sent[0]!.exposure)
  expect(Math.abs(effect - 1)).toBeLessThan(0.02)
  const alone = (rows: ResultRow[]) => rows.map((r) => ({ ...r, design: 'plan' }))
  const mixed = collectEvidence(alone([...trial, ...plan]))
  const wrong = mixed.base[0]!.orders / mixed.base[0]!.exposure
  expect(mixed.sent[0]!.orders / (wrong * mixed.sent[0]!.exposure)).toBeLessThan(0.8)
})

test('lift of those who still buy and returns of those who stopped are found apart, from sums of both', () => {
  // Two offers to two kinds of people: 0 buys usually, 1 has stopped.
  const level = Int32Array.from([0, 0, 1, 1])
  const offer = Int32Array.from([0, 1, 0, 1])
  const cells = { levels: [offer], sizes: [2] }
  const lift = Float64Array.from(level, (who) => (who === 0 ? 1000 : 50))
  const back = Float64Array.from(level, (who) => (who === 0 ? 5 : 300))
  const truth = { lift: [1.4, 0.6], back: [0.3, 2] }
  const y = Float64Array.from(level, (_, i) => lift[i]! * truth.lift[offer[i]!]! + back[i]! * truth.back[offer[i]!]!)
  const part = (expected: Float64Array) => ({ cells, expected, prior: [0.5], least: [0] })
  const [lifts, backs] = fitParts(
    [part(lift), part(back)],
    y,
    Float64Array.from(y, () => 25),
  )
  for (const k of [0, 1]) {
    expect(lifts!.factors[0]![k]).toBeCloseTo(truth.lift[k]!, 1)
    expect(backs!.factors[0]![k]).toBeCloseTo(truth.back[k]!, 1)
  }
})

test('readers show an effect that is lost among all; without their orders the same rows still teach', () => {
  const facts = (results: ResultRow[]): PlannerFacts => ({ ...shop, evidence: collectEvidence(results) })
  const sent = row({ outcome: 'sent', n: 4000, opens: 1000, orders: 900, opened_orders: 300 })
  const held = row({ n: 20_000, orders: 4000 })
  const lift = (results: ResultRow[]) => {
    const [segment] = shop.segments
    const arm = { offer: shop.offers[0]!, channel: 'email' as const, part: 'day' as const }
    return learnGroups(facts(results), null).outlook(segment!, traitsOfGroup('due.mild.rested')!, arm, false)
  }
  const none = lift([held, { ...sent, orders: 800, opened_orders: 200 }])
  const read = lift([held, sent])
  const { opened_orders: _, opened_spent_cents: _s, opened_discount_cents: _d, ...blind } = sent
  const unread = lift([held, blind])
  expect(read.lift).toBeGreaterThan(0.3)
  expect(read.lift).toBeLessThan(0.6)
  expect(none.lift).toBeLessThan(0.1)
  expect(unread.lift).toBeGreaterThan(none.lift)
  expect(read.open).toBeCloseTo(0.25, 1)
})
