import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDays, instantOf, localDate, localMinutes, minutesOf } from '../calendar.ts'
import { noOffer, type Offer } from '../planning/offer.ts'
import { ageOn } from './age.ts'
import { gate, mayGo, type GateInput, type Recipient } from './gate.ts'
import { defaultPolicy } from './policy.ts'
import { decisive } from './verdict.ts'

const offer: Offer = {
  ...noOffer,
  id: '01900000-0000-7000-8000-000000000001',
  key: 'picks',
  title: 'Weekend picks',
}
const adult: Recipient = {
  birth_date: '1980-05-01',
  age_status: 'dob_verified',
  email_consent: 'granted',
  sms_consent: 'granted',
  has_email: true,
  has_phone: true,
  is_suppressed: false,
  state: 'IL',
  time_zones: ['America/Chicago'],
}
const limits: GateInput['limits'] = {
  max_per_customer_week: 2,
  max_sms_per_customer_week: 1,
  email_window: { start: '08:00', end: '21:00' },
  sms_window: { start: '10:00', end: '20:00' },
  email_ages: ['dob_verified', 'attested'],
  unknown_place: 'warn',
}
const noon = instantOf('2026-11-24', '12:00', 'America/Chicago')
const base: GateInput = {
  recipient: adult,
  channel: 'email',
  offer,
  template: { has_footer: true, has_unsubscribe: true },
  policy: defaultPolicy(),
  limits,
  history: { week: 0, sms_week: 0, sms_day: 0 },
  at: noon,
  store: {
    state: 'IL',
    time_zone: 'America/Chicago',
    name: 'Main',
    legal_name: 'Main LLC',
    licence_number: null,
    sells: ['spirits', 'wine', 'beer', 'other'],
  },
}
const ask = (change: Partial<GateInput>, person: Partial<Recipient> = {}) =>
  decisive(gate({ ...base, ...change, recipient: { ...adult, ...person } }))

test('an adult who agreed gets content at noon on both channels', () => {
  expect(ask({})).toBeNull()
  expect(ask({ channel: 'sms' })).toBeNull()
})

test.each([
  ['person-no-address', { channel: 'sms' as const }, { has_phone: false }],
  ['person-suppressed', {}, { is_suppressed: true }],
  ['person-consent-email', {}, { email_consent: 'unknown' as const }],
  ['person-consent-sms', { channel: 'sms' as const }, { sms_consent: 'denied' as const }],
  ['us-legal-age', {}, { birth_date: '2006-01-01' }],
  ['us-legal-age', {}, { age_status: 'under_age' as const, birth_date: null }],
  ['us-age-gate-required', { channel: 'sms' as const }, { age_status: 'attested' as const }],
  ['person-age-unknown', {}, { age_status: 'unknown' as const }],
  [
    'person-age-unknown',
    { limits: { ...limits, email_ages: ['dob_verified' as const] } },
    { age_status: 'attested' as const },
  ],
  ['us-email-footer-required', { template: { has_footer: true, has_unsubscribe: false } }, {}],
  ['cap-week', { history: { week: 2, sms_week: 0, sms_day: 0 } }, {}],
  ['cap-sms-week', { channel: 'sms' as const, history: { week: 1, sms_week: 1, sms_day: 1 } }, {}],
  ['person-place-unknown', { limits: { ...limits, unknown_place: 'hold' as const } }, { state: null }],
])('%s refuses, with a source and a cure', (id, change, person) => {
  const verdict = ask(change, person)
  expect(verdict).toMatchObject({ outcome: 'deny', rule_id: id })
  expect(verdict?.source).toBeTruthy()
  expect(verdict?.cure).toBeTruthy()
})

test('an attested age is enough for e-mail, and an unknown place only warns unless the shop holds it', () => {
  expect(ask({}, { age_status: 'attested', birth_date: null })).toBeNull()
  expect(gate({ ...base, recipient: { ...adult, state: null } }).map((v) => [v.outcome, v.rule_id])).toContainEqual([
    'warn',
    'person-place-unknown',
  ])
})

test('21 begins on the birthday by the recipient’s own clock, and on 1 March for those born on 29 February', () => {
  expect(ageOn('2004-02-29', '2025-02-28')).toBe(20)
  expect(ageOn('2004-02-29', '2025-03-01')).toBe(21)
  expect(ageOn('2004-02-29', '2028-02-29')).toBe(24)
  const late = { ...limits, email_window: { start: '00:00', end: '24:00' } }
  const justAfterMidnightInNewYork = instantOf('2026-11-24', '00:30', 'America/New_York')
  const born = { birth_date: '2005-11-24' }
  expect(
    ask({ limits: late, at: justAfterMidnightInNewYork }, { ...born, time_zones: ['America/New_York'] }),
  ).toBeNull()
  expect(
    ask(
      { limits: late, at: justAfterMidnightInNewYork },
      { ...born, time_zones: ['America/New_York', 'America/Los_Angeles'] },
    )?.rule_id,
  ).toBe('us-legal-age')
})

test('outside the window the message waits for the next one, named by the rule that closed it', () => {
  const night = ask({ at: instantOf('2026-11-24', '22:00', 'America/Chicago') })
  expect(night).toMatchObject({
    outcome: 'defer',
    rule_id: 'shop-email-window',
    until: instantOf('2026-11-25', '08:00', 'America/Chicago').toISOString(),
  })
  const evening = ask(
    { channel: 'sms', at: instantOf('2026-11-24', '19:00', 'America/New_York') },
    { state: 'RI', time_zones: ['America/New_York'] },
  )
  expect(evening).toMatchObject({ outcome: 'defer', rule_id: 'us-ri-quiet-hours' })
  // No texts on Sundays in Alabama: Saturday night waits for Monday.
  const sunday = ask({ channel: 'sms', at: instantOf('2026-11-22', '15:00', 'America/Chicago') }, { state: 'AL' })
  expect(sunday).toMatchObject({
    rule_id: 'us-al-quiet-hours',
    until: instantOf('2026-11-23', '10:00', 'America/Chicago').toISOString(),
  })
  // Nor on Thanksgiving in Rhode Island.
  expect(
    ask(
      { channel: 'sms', at: instantOf('2026-11-26', '12:00', 'America/New_York') },
      { state: 'RI', time_zones: ['America/New_York'] },
    )?.outcome,
  ).toBe('defer')
  // Two zones never open together: the message can never go.
  const never = ask(
    { channel: 'sms', limits: { ...limits, sms_window: { start: '10:00', end: '11:00' } } },
    { time_zones: ['America/New_York', 'America/Los_Angeles'] },
  )
  expect(never?.outcome).toBe('deny')
})

test('the law of the store decides the offer, not the home of the recipient', () => {
  const coupon: Offer = {
    ...offer,
    kind: 'percent_off',
    value: 10,
    code: 'X',
    redeemable_as_coupon: true,
    unit_cost_cents: 100,
    regular_price_cents: 200,
  }
  expect(ask({ offer: coupon, store: { ...base.store, state: 'TX' } })?.rule_id).toBe('us-tx-coupon-prohibited')
  expect(ask({ offer: coupon }, { state: 'TX' })).toBeNull()
})

const anyRecipient: fc.Arbitrary<Recipient> = fc.record({
  birth_date: fc.option(fc.integer({ min: 14 * 365, max: 70 * 365 }).map((days) => addDays('2026-11-24', -days))),
  age_status: fc.constantFrom('dob_verified', 'attested', 'unknown', 'under_age'),
  email_consent: fc.constantFrom('granted', 'granted', 'denied', 'unknown'),
  sms_consent: fc.constantFrom('granted', 'granted', 'denied', 'unknown'),
  has_email: fc.boolean(),
  has_phone: fc.boolean(),
  is_suppressed: fc.constantFrom(false, false, true),
  state: fc.constantFrom('IL', 'TX', 'RI', 'AL', 'CA', 'HI', null),
  time_zones: fc.constantFrom(
    ['America/Chicago'],
    ['America/New_York', 'America/Los_Angeles'],
    ['Pacific/Honolulu'],
    ['America/New_York', 'America/Chicago'],
    [],
  ),
})

test('nobody under age, without consent, suppressed, over the cap or outside the window is ever let through', () => {
  let passed = 0
  fc.assert(
    fc.property(
      anyRecipient,
      fc.constantFrom('email', 'sms'),
      fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) }),
      fc.nat(3),
      fc.nat(2),
      (recipient, channel, ms, week, sms_week) => {
        const at = new Date(ms)
        if (!mayGo({ ...base, recipient, channel, at, history: { week, sms_week, sms_day: 0 } })) return
        passed++
        const zones = recipient.time_zones.length > 0 ? recipient.time_zones : ['America/Chicago']
        for (const zone of zones) {
          if (recipient.birth_date) expect(ageOn(recipient.birth_date, localDate(at, zone))).toBeGreaterThanOrEqual(21)
          const window = channel === 'email' ? limits.email_window : limits.sms_window
          expect(localMinutes(at, zone)).toBeGreaterThanOrEqual(minutesOf(window.start))
          expect(localMinutes(at, zone)).toBeLessThan(minutesOf(window.end))
        }
        expect(recipient.is_suppressed).toBe(false)
        expect(channel === 'email' ? recipient.email_consent : recipient.sms_consent).toBe('granted')
        expect(channel === 'email' ? recipient.has_email : recipient.has_phone).toBe(true)
        expect(['under_age', 'unknown']).not.toContain(recipient.age_status)
        if (channel === 'sms') expect(recipient.age_status).toBe('dob_verified')
        expect(week).toBeLessThan(2)
        if (channel === 'sms') expect(sms_week).toBeLessThan(1)
      },
    ),
    { numRuns: 6000 },
  )
  expect(passed).toBeGreaterThan(50)
})
