import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDays } from '../calendar.ts'
import { defaultPolicy } from '../compliance/policy.ts'
import { checkPlan } from './check.ts'
import type { PlannerFacts, SegmentFacts } from './facts.ts'
import type { PlanEntry } from './plan.ts'
import { planHeuristically } from './heuristic.ts'
import { spendOf } from './spend.ts'
import { storeVerdicts } from './week.ts'
import { moveCampaign, type CampaignMove, type CampaignStatus } from './lifecycle.ts'
import { isDiscount, type Offer } from './offer.ts'
import { learnResponse, valueOfMessage } from './response.ts'
import { sumForecasts } from './forecast.ts'

const offerIds = new Map<string, string>()
function offer(key: string, kind: Offer['kind'], part: Partial<Offer> = {}): Offer {
  const id = offerIds.get(key) ?? `01900000-0000-7000-8000-0000000000${String(offerIds.size + 10)}`
  offerIds.set(key, id)
  return {
    id,
    key,
    title: key,
    kind,
    value: null,
    min_quantity: null,
    department: null,
    category: null,
    product_ids: [],
    min_spend_cents: null,
    funded_by: 'store',
    redeemable_as_coupon: false,
    code: null,
    unit_cost_cents: 700,
    regular_price_cents: 1000,
    valid_from: null,
    valid_to: null,
    ...part,
  }
}
function segment(key: string, part: Partial<SegmentFacts> = {}): SegmentFacts {
  return {
    key,
    name: key,
    size: 1000,
    reachable: { email: 700, sms: 200 },
    playbook: {
      offers: ['content', 'percent_off'],
      channels: ['email', 'sms'],
      window: { start: '10:00', end: '20:00' },
    },
    orders_per_week: 0.4,
    basket_cents: 4500,
    churn: 0.2,
    new_share: 0,
    due_ratio: 1,
    weekday_share: [0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.1],
    hour_share: Array.from({ length: 24 }, () => 1 / 24),
    top_category: 'Bourbon',
    stores: { a: 1000 },
    ...part,
  }
}
const offers = [
  offer('picks', 'content'),
  offer('guide', 'content', { department: 'spirits', category: 'Bourbon' }),
  offer('first', 'early_access'),
  offer('ten', 'percent_off', { value: 10 }),
  offer('back', 'percent_off', { value: 15, code: 'BACK', redeemable_as_coupon: true }),
  offer('two_one', 'bogo', { min_quantity: 2, department: 'beer' }),
  offer('glass', 'gift', { department: 'spirits' }),
]
function shop(state: string, part: Partial<PlannerFacts> = {}): PlannerFacts {
  return {
    week_start: '2026-11-30',
    first_day: '2026-11-25',
    currency: 'USD',
    margin_share: 0.25,
    offers,
    past: [],
    policy: defaultPolicy(),
    segments: [
      segment('regulars'),
      segment('gone', { orders_per_week: 0.005, churn: 0.95, due_ratio: 4 }),
      segment('fresh', { new_share: 0.9, size: 300, reachable: { email: 200, sms: 50 } }),
    ],
    templates: [
      { id: '01900000-0000-7000-8000-000000000001', key: 'w', channel: 'email', category: 'win_back' },
      { id: '01900000-0000-7000-8000-000000000002', key: 'd', channel: 'email', category: 'discovery' },
      { id: '01900000-0000-7000-8000-000000000003', key: 's', channel: 'sms', category: 'replenishment' },
    ],
    stores: [
      {
        id: 'a',
        state,
        name: 'Main',
        legal_name: 'Main LLC',
        licence_number: null,
        sells: ['spirits', 'wine', 'beer', 'other'],
      },
    ],
    limits: {
      max_per_customer_week: 2,
      max_sms_per_customer_week: 1,
      holdout_share: 0.1,
      channels: ['email', 'sms'],
      email_per_day: null,
    },
    contact: {
      max_per_customer_week: 2,
      max_sms_per_customer_week: 1,
      email_window: { start: '08:00', end: '21:00' },
      sms_window: { start: '10:00', end: '20:00' },
      email_ages: ['dob_verified', 'attested'],
      unknown_place: 'warn',
    },
    ...part,
  }
}

test('regulars get content, because a discount would be paid to all who buy anyway; the lapsed may get a way back', () => {
  const { entries } = planHeuristically(shop('NY'))
  const regulars = entries.filter((e) => e.segment === 'regulars')
  expect(regulars.length).toBeGreaterThan(0)
  expect(regulars.every((e) => !isDiscount(e.offer))).toBe(true)
  const facts = shop('NY')
  const value = (key: string, o: Offer) =>
    valueOfMessage({
      segment: facts.segments.find((s) => s.key === key)!,
      offer: o,
      channel: 'email',
      day_factor: 1,
      earlier: 0,
      margin_share: 0.25,
      past: learnResponse([], facts.segments),
    }).margin_cents
  expect(value('regulars', offers[3]!)).toBeLessThan(0)
  expect(value('regulars', offers[0]!)).toBeGreaterThan(0)
  expect(value('gone', offers[3]!)).toBeGreaterThan(0)
})

test('a plan stays inside its limits and is not changed by the checker', () => {
  for (const state of ['NY', 'TX', 'IL', 'CA', 'UT', 'CO']) {
    const facts = shop(state)
    const { entries } = planHeuristically(facts)
    expect(entries.length).toBeGreaterThan(2)
    expect(checkPlan(entries, facts).changes).toEqual([])
    for (const s of facts.segments) {
      const own = entries.filter((e) => e.segment === s.key)
      expect(own.length).toBeLessThanOrEqual(2)
      expect(own.filter((e) => e.channel === 'sms').length).toBeLessThanOrEqual(1)
      expect(new Set(own.map((e) => e.day)).size).toBe(own.length)
      expect(own.filter((e) => isDiscount(e.offer)).length).toBeLessThanOrEqual(1)
    }
    expect(entries.every((e) => e.reason.length > 40 && e.score > 0 && e.template_id !== null)).toBe(true)
    expect(
      entries.every(
        (e) =>
          e.forecast.margin_cents.low <= e.forecast.margin_cents.mid &&
          e.forecast.margin_cents.mid <= e.forecast.margin_cents.high,
      ),
    ).toBe(true)
  }
})

test('a store in Texas plans no coupon, no gift and no free case, and the plan says which rule stood in the way', () => {
  const { entries, refused } = planHeuristically(shop('TX'))
  expect(entries.some((e) => ['back', 'two_one', 'glass'].includes(e.offer.key))).toBe(false)
  const why = (title: string) => refused.find((r) => r.offer_title === title)?.verdict.rule_id
  expect([why('back'), why('two_one'), why('glass')]).toEqual([
    'us-tx-coupon-prohibited',
    'us-tx-inducement-prohibited',
    'us-tx-inducement-prohibited',
  ])
})

test('no more e-mails a day than the shop can stand, no channel without a template, no day that is over', () => {
  const tight = shop('NY', { limits: { ...shop('NY').limits, email_per_day: 900 } })
  const loads = new Map<string, number>()
  for (const e of planHeuristically(tight).entries)
    if (e.channel === 'email') loads.set(e.day, (loads.get(e.day) ?? 0) + e.reach)
  expect(Math.max(...loads.values())).toBeLessThanOrEqual(900)
  const mailOnly = shop('NY', { templates: shop('NY').templates.filter((t) => t.channel === 'email') })
  expect(planHeuristically(mailOnly).entries.every((e) => e.channel === 'email')).toBe(true)
  const late = shop('NY', { first_day: '2026-12-04' })
  expect(planHeuristically(late).entries.every((e) => e.day >= '2026-12-04')).toBe(true)
})

test('the week keeps to its budget for messages and reductions, spends it where it earns most, and says what it was not enough for', () => {
  const facts = shop('IL')
  const spend = (entries: readonly PlanEntry[]): number => entries.reduce((n, e) => n + spendOf(e, facts), 0)
  const free = planHeuristically(facts).entries
  const budget = Math.round(spend(free) / 3)
  const tight = { ...facts, limits: { ...facts.limits, budget_cents: budget } }
  const { entries, refused } = planHeuristically(tight)
  expect(entries.length).toBeGreaterThan(0)
  expect(spend(entries)).toBeLessThanOrEqual(budget)
  expect(refused.map((r) => r.verdict.rule_id)).toContain('shop-budget')
  const margin = (all: readonly PlanEntry[]): number => all.reduce((n, e) => n + e.forecast.margin_cents.mid, 0)
  expect(margin(entries) / spend(entries)).toBeGreaterThan(margin(free) / spend(free))
  expect(checkPlan(entries, tight).changes).toEqual([])
  const cut = checkPlan(free, tight)
  expect(spend(cut.entries)).toBeLessThanOrEqual(budget)
  expect(cut.refused[0]!.verdict).toMatchObject({ rule_id: 'shop-budget', summary: expect.stringContaining('$') })
})

test('whom the texts of a day have no room for gets an email', () => {
  const facts = shop('IL')
  const texts = { ...facts, limits: { ...facts.limits, sms_per_day: 1, max_per_customer_week: 1 } }
  const { entries } = planHeuristically(texts)
  expect(entries.every((e) => e.channel === 'email')).toBe(true)
  expect(new Set(entries.map((e) => e.segment)).size).toBe(3)
})

test('locked entries stay, and the rest is planned around them', () => {
  const facts = shop('NY')
  const kept = { ...planHeuristically(facts).entries[0]!, locked: true }
  const again = planHeuristically(facts, [kept]).entries
  expect(again).toContainEqual(kept)
  expect(checkPlan(again, facts).changes).toEqual([])
})

test('results move the plan: an offer that keeps failing is valued less, ten messages change next to nothing', () => {
  const facts = shop('NY')
  const value = (sends: number, orders: number) =>
    valueOfMessage({
      segment: facts.segments[0]!,
      offer: offers[0]!,
      channel: 'email',
      day_factor: 1,
      earlier: 0,
      margin_share: 0.25,
      past: learnResponse(
        [{ segment: 'regulars', offer_kind: 'content', channel: 'email', sends, opens: sends * 0.28, orders }],
        facts.segments,
      ),
    }).margin_cents
  const prior = value(0, 0)
  expect(value(20_000, 20)).toBeLessThan(prior * 0.75)
  expect(value(20_000, 1500)).toBeGreaterThan(prior * 1.2)
  expect(Math.abs(value(10, 0) - prior)).toBeLessThan(prior * 0.1)
})

test('whatever somebody writes into a plan, what comes out of the checker is legal and within the limits', () => {
  const facts = shop('TX')
  const sane = planHeuristically(facts).entries[0]!
  const anyEntry = fc
    .record({
      id: fc.string({ minLength: 1, maxLength: 4 }),
      day: fc.integer({ min: -9, max: 12 }).map((n) => addDays('2026-11-30', n)),
      segment: fc.constantFrom('regulars', 'gone', 'fresh', 'ghosts'),
      channel: fc.constantFrom('email' as const, 'sms' as const),
      offer: fc.constantFrom(...offers),
      template_id: fc.constantFrom(
        null,
        '01900000-0000-7000-8000-000000000001',
        '01900000-0000-7000-8000-000000000003',
      ),
      window: fc.constantFrom(
        { start: '00:00', end: '24:00' },
        { start: '22:00', end: '23:00' },
        { start: '12:00', end: '13:00' },
      ),
      reach: fc.nat(2000),
      score: fc.float({ noNaN: true }),
      locked: fc.boolean(),
    })
    .map((part) => ({ ...sane, ...part }))
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 25 }), (entries) => {
      const { entries: kept, changes } = checkPlan(entries, facts)
      expect(kept.length + changes.filter((c) => c.what === 'dropped').length).toBe(entries.length)
      expect(checkPlan(kept, facts).changes).toEqual([])
      for (const e of kept) {
        expect(['back', 'two_one', 'glass']).not.toContain(e.offer.key)
        expect(e.window.start >= '08:00' && e.window.end <= '21:00').toBe(true)
        expect(e.day >= '2026-11-30' && e.day <= '2026-12-06').toBe(true)
        expect(kept.filter((o) => o.segment === e.segment).length).toBeLessThanOrEqual(2)
      }
    }),
    { numRuns: 300 },
  )
})

test('the week’s forecast adds up in the middle and is no wider than the sum of its parts', () => {
  const parts = planHeuristically(shop('NY')).entries.map((e) => e.forecast)
  const sum = sumForecasts(parts)
  expect(sum.margin_cents.mid).toBe(parts.reduce((n, f) => n + f.margin_cents.mid, 0))
  expect(sum.margin_cents.high - sum.margin_cents.mid).toBeLessThanOrEqual(
    parts.reduce((n, f) => n + f.margin_cents.high - f.margin_cents.mid, 0) + 1,
  )
  expect(sumForecasts([]).orders).toEqual({ low: 0, mid: 0, high: 0 })
})

test('a campaign only moves along its life', () => {
  const allowed: [CampaignStatus, CampaignMove, CampaignStatus][] = [
    ['draft', 'approve', 'approved'],
    ['approved', 'start', 'active'],
    ['approved', 'reopen', 'draft'],
    ['active', 'pause', 'paused'],
    ['paused', 'resume', 'active'],
    ['active', 'complete', 'completed'],
    ['paused', 'cancel', 'cancelled'],
    ['draft', 'cancel', 'cancelled'],
  ]
  for (const [from, move, to] of allowed) expect(moveCampaign(from, move)).toEqual({ to })
  for (const [from, move] of [
    ['draft', 'start'],
    ['completed', 'resume'],
    ['cancelled', 'start'],
    ['active', 'approve'],
    ['completed', 'cancel'],
    ['draft', 'pause'],
  ] as const)
    expect(moveCampaign(from, move)).toHaveProperty('refused')
})

test('a segment whose playbook asks for peace gets one message a week at most', () => {
  const entriesOf = (coolDown: number): number => {
    const calm = segment('regulars')
    const facts = shop('NY', {
      segments: [{ ...calm, playbook: { ...calm.playbook, cool_down_days: coolDown } }],
    })
    return planHeuristically(facts).entries.length
  }
  expect(entriesOf(0)).toBe(2)
  expect(entriesOf(7)).toBe(1)
  expect(entriesOf(60)).toBe(1)
})

test('an entry says when it calls customers to a shelf that is closed on its day', () => {
  const day = [{ start: '10:00', end: '21:00' }]
  const facts = shop('NY')
  const stores = [{ ...facts.stores[0]!, opening_hours: [day, day, day, day, day, day, []], sale_hours: {} }]
  const rulesOn = (on: string): string[] =>
    storeVerdicts(offers[3]!, facts.segments[0]!, on, { ...facts, stores }).map((v) => v.rule_id)
  expect(rulesOn('2026-12-06')).toContain('shop-store-hours')
  expect(rulesOn('2026-12-05')).not.toContain('shop-store-hours')
  expect(checkPlan(planHeuristically({ ...facts, stores }).entries, { ...facts, stores }).changes).toEqual([])
})
