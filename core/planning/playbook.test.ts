import { describe, expect, test } from 'vitest'
import { defaultPolicy } from '../compliance/policy.ts'
import { noOffer, offerKinds, type Offer } from './offer.ts'
import { checkPlaybook, offerNames, type PlaybookCase, type PlaybookTerms } from './playbook.ts'

const store = (state: string, name = state) => ({
  id: name,
  state,
  name,
  legal_name: `${name} LLC`,
  licence_number: null,
  sells: ['spirits', 'wine', 'beer', 'other'] as const,
  time_zone: 'America/Chicago',
})
const facts = (...states: string[]): PlaybookCase => ({
  offers: [],
  stores: states.map((s) => store(s)),
  policy: defaultPolicy(),
  currency: 'USD',
  week: '2026-11-30',
  limits: {
    max_per_customer_week: 2,
    max_sms_per_customer_week: 1,
    email_window: { start: '08:00', end: '21:00' },
    sms_window: { start: '10:00', end: '20:00' },
    email_ages: ['dob_verified', 'attested'],
    unknown_place: 'warn',
  },
})
const terms = (part: Partial<PlaybookTerms> = {}): PlaybookTerms => ({
  recommended_offers: ['content'],
  optimal_channels: ['email'],
  optimal_send_window: { start: '10:00', end: '20:00' },
  ...part,
})

describe('offers of a playbook are held against the law of each state', () => {
  test('a kind without an offer of its own is asked about as usual, and the answer names rule and cure', () => {
    const { offers } = checkPlaybook(terms({ recommended_offers: ['content', 'bogo'] }), facts('TX', 'NY'))
    expect(offers.map((o) => [o.name, o.is_stored, o.states.map((s) => [s.state, s.allowed])])).toEqual([
      [
        'content',
        false,
        [
          ['TX', true],
          ['NY', true],
        ],
      ],
      [
        'bogo',
        false,
        [
          ['TX', false],
          ['NY', true],
        ],
      ],
    ])
    const denied = offers[1]!.states[0]!.verdicts.find((v) => v.outcome === 'deny')!
    expect(denied.rule_id).toMatch(/^us-tx-/)
    expect(denied.cure).toBeTruthy()
    expect(denied.source).toBeTruthy()
  })
  test('where the shop has offers of the kind, each of them is asked about', () => {
    const back: Offer = {
      ...noOffer,
      key: 'back15',
      title: 'Come back',
      kind: 'percent_off',
      value: 15,
      code: 'B',
      redeemable_as_coupon: true,
    }
    const plain: Offer = { ...back, key: 'ten', title: 'Ten off', value: 10, code: null, redeemable_as_coupon: false }
    const { offers } = checkPlaybook(terms({ recommended_offers: ['percent_off'] }), {
      ...facts('TX'),
      offers: [back, plain],
    })
    expect(offers.map((o) => [o.title, o.is_stored, o.states[0]!.allowed])).toEqual([
      ['Come back', true, false],
      ['Ten off', true, true],
    ])
    const byKey = checkPlaybook(terms({ recommended_offers: ['ten'] }), { ...facts('TX'), offers: [back, plain] })
    expect(byKey.offers.map((o) => o.title)).toEqual(['Ten off'])
  })
  test('stores of one state speak with one voice: a denial that not all share is a warning', () => {
    const two: PlaybookCase = {
      ...facts(),
      stores: [store('IL', 'Oak'), { ...store('IL', 'Elm'), sells: ['beer'] as never }],
      offers: [{ ...noOffer, key: 'w', title: 'Wine week', kind: 'content', department: 'wine' }],
    }
    const [wine] = checkPlaybook(terms({ recommended_offers: ['w'] }), two).offers
    expect(wine!.states).toMatchObject([
      {
        state: 'IL',
        stores: ['Oak', 'Elm'],
        allowed: true,
        verdicts: [{ outcome: 'warn', rule_id: 'shop-store-sells' }],
      },
    ])
    expect(wine!.states[0]!.verdicts[0]!.summary).toMatch(/^Customers of Elm will not get it/)
  })
  test('every kind can be asked about in every state without a throw; without stores nobody answers', () => {
    const all = checkPlaybook(terms({ recommended_offers: [...offerKinds] }), facts('TX', 'UT', 'PA', 'CA', '??'))
    expect(all.offers).toHaveLength(offerKinds.length)
    expect(checkPlaybook(terms(), { ...facts(), stores: [{ ...store('??'), id: 'shop' }] }).offers[0]!.states).toEqual(
      [],
    )
  })
})

describe('hours of a playbook', () => {
  const channel = (part: Partial<PlaybookTerms>, state = 'IL') =>
    checkPlaybook(terms(part), facts(state)).channels[0]!.states[0]!
  test('inside the shop’s they are fine', () => expect(channel({})).toMatchObject({ allowed: true, verdicts: [] }))
  test('outside of them nothing would go out', () =>
    expect(channel({ optimal_channels: ['sms'], optimal_send_window: { start: '20:30', end: '22:00' } })).toMatchObject(
      {
        allowed: false,
        verdicts: [
          {
            outcome: 'deny',
            summary: expect.stringMatching(/^No texts would go out between 20:30 and 22:00/) as string,
          },
        ],
      },
    ))
  test('partly outside they are cut, and it says to what', () =>
    expect(channel({ optimal_send_window: { start: '18:00', end: '23:00' } })).toMatchObject({
      allowed: true,
      verdicts: [{ outcome: 'warn', summary: expect.stringMatching(/^The hours are cut to 18:00 to 21:00/) as string }],
    }))
  test('a state without texts on Sundays is named with the day', () =>
    expect(channel({ optimal_channels: ['sms'] }, 'AL').verdicts[0]).toMatchObject({
      outcome: 'warn',
      rule_id: 'us-al-quiet-hours',
      summary: expect.stringMatching(/^No texts go out on Sundays/) as string,
    }))
})

test('offers are named as text or as an object, other things are none', () =>
  expect(offerNames(['content', { kind: 'bogo' }, { key: 'back15' }, 7, null])).toEqual(['content', 'bogo', 'back15']))
