import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digitsOf, likeness, mailboxOf, type Likeness } from './duplicates.ts'
import { mergeCustomers, whyNotMerge, type Mergeable } from './merge.ts'

const now = new Date('2026-11-23T18:00:00Z')
const nobody: Mergeable = {
  external_id: null,
  email: null,
  phone: null,
  name: null,
  first_name: null,
  birth_date: null,
  age_status: 'unknown',
  email_consent: 'unknown',
  sms_consent: 'unknown',
  address: null,
  city: null,
  state: null,
  zip: null,
  time_zones: [],
  store_id: null,
  tags: [],
}
const of = (given: Partial<Mergeable>): Mergeable => ({ ...nobody, ...given })

describe('merging two customers', () => {
  test('what only one knows is kept, what both know is chosen, and an address moves whole', () => {
    const mine = of({
      email: 'a@x.com',
      name: 'Maya E',
      first_name: 'Maya',
      city: 'Albany',
      state: 'NY',
      zip: '12201',
      time_zones: ['America/New_York'],
    })
    const other = of({
      email: 'b@x.com',
      phone: '+12125550100',
      name: 'Maya Ellison',
      first_name: 'Mimi',
      address: '1 Elm St',
      state: 'TX',
      zip: '75001',
      time_zones: ['America/Chicago'],
      tags: ['vip'],
    })
    expect(mergeCustomers(mine, other, {}, now)).toMatchObject({
      email: 'a@x.com',
      phone: '+12125550100',
      name: 'Maya E',
      address: null,
      zip: '12201',
      tags: ['vip'],
    })
    expect(mergeCustomers(mine, other, { email: 'other', name: 'other', address: 'other' }, now)).toMatchObject({
      email: 'b@x.com',
      name: 'Maya Ellison',
      first_name: 'Mimi',
      address: '1 Elm St',
      city: null,
      state: 'TX',
      time_zones: ['America/Chicago'],
    })
    // Choosing what is not there loses nothing.
    expect(mergeCustomers(mine, other, { phone: 'this' }, now).phone).toBe('+12125550100')
  })

  test('the stricter consent wins, whoever is kept', () => {
    const statuses = ['granted', 'denied', 'unknown'] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...statuses),
        fc.constantFrom(...statuses),
        fc.constantFrom('this', 'other'),
        (a, b, keep) => {
          const merged = mergeCustomers(
            of({ email: 'a@x.com', email_consent: a }),
            of({ email: 'b@x.com', email_consent: b }),
            { email: keep as 'this' },
            now,
          )
          const expected =
            a === 'denied' || b === 'denied' ? 'denied' : a === 'granted' && b === 'granted' ? 'granted' : 'unknown'
          expect(merged.email_consent).toBe(expected)
        },
      ),
    )
  })

  test('who has no phone said nothing about texts, but a no counts even so', () => {
    const yes = of({ phone: '+12125550100', sms_consent: 'granted' })
    expect(mergeCustomers(of({ email: 'a@x.com' }), yes, {}, now).sms_consent).toBe('granted')
    expect(mergeCustomers(of({ email: 'a@x.com', sms_consent: 'denied' }), yes, {}, now).sms_consent).toBe('denied')
    expect(
      mergeCustomers(of({ email: 'a@x.com', sms_consent: 'granted' }), of({ email: 'b@x.com' }), {}, now).sms_consent,
    ).toBe('unknown')
  })

  test('a birth date decides the age; without one, under age stays under age', () => {
    expect(
      mergeCustomers(of({ age_status: 'attested' }), of({ birth_date: '2010-01-01', age_status: 'under_age' }), {}, now)
        .age_status,
    ).toBe('under_age')
    expect(
      mergeCustomers(
        of({ age_status: 'under_age' }),
        of({ birth_date: '1980-01-01', age_status: 'dob_verified' }),
        {},
        now,
      ).age_status,
    ).toBe('dob_verified')
    expect(mergeCustomers(of({ age_status: 'under_age' }), of({ age_status: 'attested' }), {}, now).age_status).toBe(
      'under_age',
    )
    expect(mergeCustomers(of({ age_status: 'unknown' }), of({ age_status: 'attested' }), {}, now).age_status).toBe(
      'attested',
    )
  })

  test('who may not become one is told why', () => {
    const live = { id: 'a', is_live: true, is_demo: false }
    expect(whyNotMerge(live, { ...live, id: 'b' })).toBeNull()
    expect(whyNotMerge(live, live)).toMatch(/same customer/)
    expect(whyNotMerge(live, { ...live, id: 'b', is_live: false })).toMatch(/Restore it first/)
    expect(whyNotMerge(live, { ...live, id: 'b', is_demo: true })).toMatch(/Demo data/)
  })
})

describe('finding duplicates', () => {
  const a: Likeness = {
    email: 'maya.ellison@gmail.com',
    phone: '+12125550100',
    name: 'Maya Ellison',
    birth_date: '1980-05-01',
    address: '1 Elm St.',
    zip: '12201-1234',
    store_id: 's',
  }
  const b: Likeness = {
    email: null,
    phone: null,
    name: null,
    birth_date: null,
    address: null,
    zip: null,
    store_id: null,
  }
  test('nothing in common is nobody', () => {
    expect(likeness(a, b)).toBeNull()
    expect(likeness(a, { ...b, name: 'Other Person', zip: '12201' })).toBeNull()
  })
  test('signs add up, and say what they are', () => {
    expect(likeness(a, { ...b, name: 'Ellison, Maya', zip: '12201' })).toEqual({
      likelihood: 0.7,
      reasons: ['Same name and ZIP'],
    })
    expect(likeness(a, { ...b, name: 'maya j. ellison', zip: '12201', address: '1 Elm st' })).toEqual({
      likelihood: 0.97,
      reasons: ['Same name and street', 'Same name and ZIP'],
    })
    expect(likeness(a, { ...b, name: 'Máya Ellison', store_id: 's' })).toMatchObject({ likelihood: 0.4 })
    expect(likeness(a, { ...b, email: 'mayaellison+shop@googlemail.com' })).toMatchObject({ likelihood: 0.95 })
    expect(likeness(a, { ...b, phone: '+522125550100' })).toMatchObject({ reasons: ['Same phone number'] })
    expect(likeness(a, { ...b, name: 'Maya Ellison' })).toEqual({ likelihood: 0.2, reasons: ['Same name'] })
  })
  test('different birth dates speak against it: a daughter has the street and may have the name', () => {
    expect(likeness(a, { ...b, name: 'Maya Ellison', zip: '12201', birth_date: '2006-05-01' })).toEqual({
      likelihood: 0.14,
      reasons: ['Same name and ZIP', 'But different birth dates'],
    })
  })
  test('likeness is the same from both sides', () => {
    const text = fc.option(fc.constantFrom('Maya Ellison', 'Ellison, Maya', 'Bo', ''), { nil: null })
    const someone = fc.record({
      email: fc.option(fc.constantFrom('a@x.com', 'a+b@x.com', 'a.b@gmail.com', 'ab@gmail.com'), { nil: null }),
      phone: fc.option(fc.constantFrom('+12125550100', '+522125550100'), { nil: null }),
      name: text,
      birth_date: fc.option(fc.constantFrom('1980-01-01', '1990-01-01'), { nil: null }),
      address: fc.option(fc.constantFrom('1 Elm St', '1 elm st.'), { nil: null }),
      zip: fc.option(fc.constantFrom('12201', '12201-1234'), { nil: null }),
      store_id: fc.option(fc.constantFrom('s', 't'), { nil: null }),
    })
    fc.assert(
      fc.property(someone, someone, (x, y) => {
        expect(likeness(x, y)).toEqual(likeness(y, x))
      }),
    )
  })
  test('addresses are told apart as the mail does', () => {
    expect(mailboxOf('A.B+c@GMAIL.com')).toBe('ab@gmail.com')
    expect(mailboxOf('A.B+c@Shop.com')).toBe('a.b@shop.com')
    expect(mailboxOf('broken')).toBeNull()
    expect([digitsOf('+1 (212) 555-0100'), digitsOf('12345'), digitsOf(null)]).toEqual(['2125550100', null, null])
  })
})
