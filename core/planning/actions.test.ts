import { describe, expect, test } from 'vitest'
import { playbooks } from '../scoring/playbooks.ts'
import type { RfmSegment } from '../scoring/rfm.ts'
import { proposeActions, type ActionCustomer, type ProposedAction } from './actions.ts'
import { noOffer, type Offer } from './offer.ts'

const offer = (key: string, kind: Offer['kind'], more: Partial<Offer> = {}): Offer => ({
  ...noOffer,
  id: '0198c0de-0000-7000-8000-000000000001',
  key,
  title: key,
  kind,
  ...more,
})
const offers = [
  offer('picks', 'content'),
  offer('bourbon_guide', 'content', { category: 'Bourbon', department: 'spirits' }),
  offer('new_first', 'early_access'),
  offer('ten_off', 'percent_off', { value: 10 }),
  offer('thirty_off', 'percent_off', { value: 30 }),
  offer('mixed_six', 'multi_buy', { value: 10, min_quantity: 6, department: 'wine' }),
]
const customer: ActionCustomer = {
  segment: 'High_Value_Loyal',
  orders: 12,
  daysSinceLast: 26,
  expectedGapDays: 24,
  dueRatio: 26 / 24,
  churnProbability: 0.15,
  averageOrderCents: 8000,
  clvCents: 20_000,
  primaryCategory: 'Bourbon',
  secondaryCategory: null,
  departments: ['spirits'],
  priceSensitivity: 0.2,
  averageHour: 18,
  isNightBuyer: false,
  channels: ['email'],
  daysSinceMessage: null,
  messagesThisWeek: 0,
  unanswered: 0,
  preferredWeekday: null,
  preferredOffer: null,
  preferredChannel: null,
  emails: { delivered: 0, opened: 0, openedLate: 0 },
}
// a Monday
const shop = { marginShare: 0.26, currency: 'USD', today: '2026-11-23' }
const propose = (change: Partial<ActionCustomer>, limit = 1, choice = offers): ReturnType<typeof proposeActions> => {
  const who = { ...customer, ...change }
  const { offers: wanted, channels, window } = playbooks[who.segment as RfmSegment]
  return proposeActions(who, choice, { offers: wanted, channels, window }, shop, limit)
}
const best = (change: Partial<ActionCustomer>): ProposedAction => {
  const answer = propose(change)
  if (typeof answer === 'string') throw new Error(answer)
  return answer[0]!
}

test('a loyal bourbon drinker who is due gets the bourbon guide, not a discount', () => {
  const action = best({})
  expect(action.offer.key).toBe('bourbon_guide')
  expect(action.reason).toBe(
    'Due now: buys about every 24 days, last 26 days ago; likes Bourbon, so “bourbon_guide” fits. Usual basket $80; no discount needed',
  )
  expect(action.window).toEqual({ start: '15:00', end: '18:00' })
  expect(action.priorityScore).toBeGreaterThan(0)
  expect(action.priorityScore).toBeLessThan(100)
})

test('who has just bought is left alone', () => {
  expect(propose({ daysSinceLast: 3, dueRatio: 0.125 })).toBe('just_bought')
})

test('nobody without an open channel gets an action', () => {
  expect(propose({ channels: [] })).toBe('unreachable')
})

test('very frequent buyers never get a blanket discount', () => {
  const all = propose({ segment: 'Very_Frequent_Buyers', priceSensitivity: 1 }, 10) as ProposedAction[]
  expect(all.map((a) => a.offer.key)).not.toContain('ten_off')
  expect(all.map((a) => a.offer.key)).not.toContain('thirty_off')
})

test('new customers are not offered discounts', () => {
  const all = propose({ segment: 'New_Customers', orders: 1, priceSensitivity: 1 }, 10) as ProposedAction[]
  expect(all.every((a) => ['content', 'early_access'].includes(a.offer.kind))).toBe(true)
})

describe('a lapsed one-timer', () => {
  const lapsed = {
    segment: 'One_Time_Buyers',
    orders: 1,
    daysSinceLast: 200,
    dueRatio: 6,
    churnProbability: 0.9,
    clvCents: 500,
    priceSensitivity: 0.6,
  } as const
  test('gets a small win-back at most', () => {
    const all = propose(lapsed, 10)
    expect(typeof all === 'string' ? [] : all.map((a) => a.offer.key)).not.toContain('thirty_off')
  })
  test('rests for 60 days after a message and is given up after three', () => {
    expect(propose({ ...lapsed, daysSinceMessage: 20, unanswered: 1 })).toBe('resting')
    expect(propose({ ...lapsed, daysSinceMessage: 90, unanswered: 3 })).toBe('stopped_answering')
  })
})

test('a high-value customer at risk is worth more than one who is doing fine by a small basket', () => {
  expect(
    best({ segment: 'At_Risk_High_Value', dueRatio: 4, churnProbability: 0.7, averageOrderCents: 20_000 })
      .priorityScore,
  ).toBeGreaterThan(best({ averageOrderCents: 2000, clvCents: 3000 }).priorityScore)
})

test('a text message window ends at 20:00', () => {
  const action = best({ channels: ['email', 'sms'], isNightBuyer: true, averageOrderCents: 30_000 })
  expect(action.window.end <= '20:00').toBe(true)
})

test('an action that costs more than it brings is not proposed', () => {
  expect(propose({ churnProbability: 0.999, dueRatio: 2, averageOrderCents: 500 })).toBe('nothing_pays')
})

test('the message goes out when they are due, on the day on which they usually buy', () => {
  expect(best({}).day).toBe('2026-11-23')
  // due from 0.8 x 24 = 19.2 days on, that is in four days
  expect(best({ daysSinceLast: 16, dueRatio: 16 / 24 })).toMatchObject({ day: '2026-11-27', terms: { wait_days: 4 } })
  expect(best({ preferredWeekday: 5 }).day).toBe('2026-11-27')
  // never more than a week ahead
  expect(best({ daysSinceLast: 16, dueRatio: 16 / 24, preferredWeekday: 4 }).day).toBe('2026-11-27')
})

test('what they answered before is said, and counts', () => {
  const late = best({ emails: { delivered: 4, opened: 3, openedLate: 2 } })
  expect(late.reason).toContain('; opened 3 of the last 4 emails, mostly after 8 pm. ')
  expect(best({ emails: { delivered: 2, opened: 2, openedLate: 0 } }).reason).toContain('; opened the last 2 emails. ')
  expect(best({ emails: { delivered: 4, opened: 1, openedLate: 1 } }).reason).not.toContain('opened')
  expect(best({ preferredOffer: 'content' }).priorityScore).toBeGreaterThan(best({}).priorityScore)
})
