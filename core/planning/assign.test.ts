import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDays, instantOf, localMinutes, minutesOf } from '../calendar.ts'
import { defaultPolicy } from '../compliance/policy.ts'
import {
  busiestWeek,
  createAssigner,
  type AssignableCustomer,
  type AssignableEntry,
  type AssignRules,
} from './assign.ts'
import { noOffer, type Offer } from './offer.ts'
import { createReachCount } from './reach.ts'

const content: Offer = {
  ...noOffer,
  id: '01900000-0000-7000-8000-000000000001',
  key: 'picks',
  title: 'Picks',
}
const entry = (day: string, part: Partial<AssignableEntry> = {}): AssignableEntry => ({
  id: `${day}:${part.segment ?? 'all'}:${part.channel ?? 'email'}`,
  day,
  segment: 'all',
  channel: 'email',
  offer: content,
  window: { start: '10:00', end: '20:00' },
  score: 1,
  ...part,
})
const rules = (entries: AssignableEntry[], part: Partial<AssignRules> = {}): AssignRules => ({
  entries,
  policy: defaultPolicy(),
  template: { has_footer: true, has_unsubscribe: true },
  now: instantOf('2026-11-29', '12:00', 'America/Chicago'),
  limits: {
    max_per_customer_week: 2,
    max_sms_per_customer_week: 1,
    email_window: { start: '08:00', end: '21:00' },
    sms_window: { start: '10:00', end: '20:00' },
    email_ages: ['dob_verified', 'attested'],
    unknown_place: 'warn',
  },
  ...part,
})
const person = (part: Partial<AssignableCustomer> = {}): AssignableCustomer => ({
  birth_date: '1980-01-01',
  age_status: 'dob_verified',
  email_consent: 'granted',
  sms_consent: 'granted',
  has_email: true,
  has_phone: true,
  state: 'IL',
  time_zones: ['America/Chicago'],
  suppressed: { email: false, sms: false },
  store: {
    id: 's',
    state: 'IL',
    name: 'Main',
    legal_name: 'Main LLC',
    licence_number: null,
    sells: ['spirits', 'wine', 'beer', 'other'],
    time_zone: 'America/Chicago',
  },
  segments: ['all'],
  usual_hour: null,
  contacts: [],
  held_out: false,
  spread: 0.5,
  ...part,
})
const outcomes = (r: AssignRules, c: AssignableCustomer) =>
  createAssigner(r)(c).map((a) => [a.entry.day, a.outcome, a.verdict?.rule_id ?? null])

test('a message is due an hour before the customer usually buys, inside the window', () => {
  const [a] = createAssigner(rules([entry('2026-12-01')]))(person({ usual_hour: 17 }))
  expect(localMinutes(a!.due_at!, 'America/Chicago')).toBe(16 * 60)
  const [night] = createAssigner(rules([entry('2026-12-01')]))(person({ usual_hour: 23.5, spread: 0.9 }))
  expect(localMinutes(night!.due_at!, 'America/Chicago')).toBeGreaterThanOrEqual(19 * 60)
  expect(night!.due_at! < night!.window_end!).toBe(true)
})

test('the third message within seven days is refused, also across campaigns and weeks', () => {
  const week = [entry('2026-11-30'), entry('2026-12-02'), entry('2026-12-04')]
  expect(outcomes(rules(week), person())).toEqual([
    ['2026-11-30', 'pending', null],
    ['2026-12-02', 'pending', null],
    ['2026-12-04', 'skipped', 'cap-week'],
  ])
  const earlier = { at: instantOf('2026-11-28', '12:00', 'America/Chicago'), channel: 'email' as const }
  const later = { at: instantOf('2026-12-07', '12:00', 'America/Chicago'), channel: 'email' as const }
  expect(outcomes(rules(week), person({ contacts: [earlier] })).map((o) => o[1])).toEqual([
    'pending',
    'skipped',
    'skipped',
  ])
  // One more that waits in the week after counts as well.
  expect(
    outcomes(rules([entry('2026-12-02'), entry('2026-12-04')]), person({ contacts: [later] })).map((o) => o[1]),
  ).toEqual(['pending', 'skipped'])
  expect(busiestWeek([earlier, later], instantOf('2026-12-02', '12:00', 'America/Chicago'))).toBe(1)
})

test('one message a day: the more valuable entry goes, and one that is refused does not block the other', () => {
  const two = [entry('2026-12-01', { id: 'a', score: 5 }), entry('2026-12-01', { id: 'b', channel: 'sms', score: 9 })]
  expect(createAssigner(rules(two))(person()).map((a) => [a.entry.id, a.outcome, a.verdict?.rule_id])).toEqual([
    ['b', 'pending', undefined],
    ['a', 'skipped', 'shop-one-a-day'],
  ])
  expect(createAssigner(rules(two))(person({ sms_consent: 'denied' })).map((a) => [a.entry.id, a.outcome])).toEqual([
    ['b', 'skipped'],
    ['a', 'pending'],
  ])
})

test('a day that is over and a window that never opens are told as such; a graver reason is told first', () => {
  const now = instantOf('2026-12-01', '20:30', 'America/Chicago')
  expect(outcomes(rules([entry('2026-12-01')], { now }), person())).toEqual([
    ['2026-12-01', 'skipped', 'shop-window-over'],
  ])
  expect(outcomes(rules([entry('2026-12-01')], { now }), person({ email_consent: 'denied' }))).toEqual([
    ['2026-12-01', 'skipped', 'person-consent-email'],
  ])
  const sunday = outcomes(rules([entry('2026-12-06', { channel: 'sms' })]), person({ state: 'AL' }))
  expect(sunday).toEqual([['2026-12-06', 'skipped', 'us-al-quiet-hours']])
})

test('held-out customers pass the same gate and are never pending', () => {
  expect(outcomes(rules([entry('2026-12-01')]), person({ held_out: true }))).toEqual([['2026-12-01', 'holdout', null]])
  expect(outcomes(rules([entry('2026-12-01')]), person({ held_out: true, email_consent: 'unknown' }))[0]?.[1]).toBe(
    'skipped',
  )
})

test('every customer is counted once, the funnel adds up, and each message lies inside its window', () => {
  const entries = [entry('2026-11-30'), entry('2026-12-03', { segment: 'vip', channel: 'sms' }), entry('2026-12-04')]
  const anyone = fc
    .record({
      age_status: fc.constantFrom(
        'dob_verified' as const,
        'attested' as const,
        'unknown' as const,
        'under_age' as const,
      ),
      email_consent: fc.constantFrom('granted' as const, 'denied' as const),
      held_out: fc.boolean(),
      sms_consent: fc.constantFrom('granted' as const, 'unknown' as const),
      segments: fc.constantFrom(['all'], ['vip'], ['all', 'vip'], ['other']),
      spread: fc.double({ min: 0, max: 0.999999, noNaN: true }),
      usual_hour: fc.option(fc.double({ min: 0, max: 23.99, noNaN: true })),
      time_zones: fc.constantFrom(['America/Chicago'], ['America/New_York', 'America/Los_Angeles'], []),
      state: fc.constantFrom('IL', 'RI', null),
    })
    .map((part) => person(part))
  fc.assert(
    fc.property(fc.array(anyone, { maxLength: 40 }), (people) => {
      const assign = createAssigner(rules(entries))
      const count = createReachCount()
      let reached = 0
      for (const p of people) {
        const all = assign(p)
        count.add(all)
        if (all.some((a) => a.outcome === 'pending')) reached++
        for (const a of all.filter((x) => x.due_at)) {
          for (const zone of p.time_zones) {
            expect(localMinutes(a.due_at!, zone)).toBeGreaterThanOrEqual(minutesOf(a.entry.window.start))
            expect(localMinutes(a.due_at!, zone)).toBeLessThan(minutesOf(a.entry.window.end))
          }
        }
      }
      const steps = count.steps()
      expect(steps.at(-1)!.left).toBe(reached)
      for (let i = 1; i < steps.length; i++) expect(steps[i]!.left).toBe(steps[i - 1]!.left - steps[i]!.removed)
      for (const e of entries) {
        const c = count.ofEntry(e.id)
        expect(c.matched).toBe(people.filter((p) => p.segments.includes(e.segment)).length)
      }
    }),
    { numRuns: 150 },
  )
  expect(addDays('2026-11-30', 4)).toBe('2026-12-04')
})

test('a segment whose playbook asks for peace gets nothing before it is over, whoever wrote last', () => {
  const calm = rules([entry('2026-12-01'), entry('2026-12-04')], { coolDowns: new Map([['all', 60]]) })
  const at = (day: string) => ({ at: instantOf(day, '12:00', 'America/Chicago'), channel: 'email' as const })
  expect(outcomes(calm, person())).toEqual([
    ['2026-12-01', 'pending', null],
    ['2026-12-04', 'skipped', 'playbook-cool-down'],
  ])
  expect(outcomes(calm, person({ contacts: [at('2026-10-20')] })).map((o) => o[2])).toEqual([
    'playbook-cool-down',
    'playbook-cool-down',
  ])
  expect(outcomes(calm, person({ contacts: [at('2026-09-30')] }))[0]).toEqual(['2026-12-01', 'pending', null])
  // One that waits in a later campaign counts as well, and a graver reason is told first.
  expect(outcomes(calm, person({ contacts: [at('2027-01-10')] }))[0]?.[2]).toBe('playbook-cool-down')
  expect(outcomes(calm, person({ contacts: [at('2026-10-20')], email_consent: 'denied' }))[0]?.[2]).toBe(
    'person-consent-email',
  )
  expect(
    outcomes(rules(calm.entries as AssignableEntry[], { coolDowns: new Map([['all', 0]]) }), person())[1]?.[1],
  ).toBe('pending')
})
