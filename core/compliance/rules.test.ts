import { expect, test } from 'vitest'
import { noOffer, type Offer } from '../planning/offer.ts'
import { defaultPolicy, isLocked, parsePolicy, withOverrides } from './policy.ts'
import { lintCopy } from './lint.ts'
import { checkOffer, type StoreFacts } from './rules.ts'

const policy = defaultPolicy()

function offer(part: Partial<Offer> & Pick<Offer, 'kind'>): Offer {
  return { ...noOffer, key: 'o', title: 'An offer', ...part }
}
const store = (state: string): StoreFacts => ({
  state,
  name: 'Main Street',
  legal_name: 'Main Street Liquor LLC',
  licence_number: 'L-1',
  sells: ['spirits', 'wine', 'beer', 'other'],
})
const priced = { unit_cost_cents: 2000, regular_price_cents: 2500 }
const percent = (value: number, part: Partial<Offer> = {}) => offer({ kind: 'percent_off', value, ...priced, ...part })
const coupon = percent(10, { code: 'TEN', redeemable_as_coupon: true })
test('missing cost or price warns, it never passes in silence', () => {
  const bare = offer({ kind: 'percent_off', value: 10 })
  for (const [state, id] of [
    ['IL', 'us-il-below-cost-prohibited'],
    ['OH', 'us-oh-min-markup-pct'],
    ['WA', 'us-wa-below-cost-prohibited'],
  ] as const) {
    expect(checkOffer(bare, store(state), policy).find((v) => v.rule_id === id)?.outcome).toBe('warn')
  }
  const amount = offer({ kind: 'amount_off', value: 500, department: 'wine' })
  expect(checkOffer(amount, store('NC'), policy).find((v) => v.rule_id === 'us-nc-max-discount-pct')?.outcome).toBe(
    'warn',
  )
})

test('content is free to go in every state, and a store refuses what it does not sell or what has ended', () => {
  for (const state of ['TX', 'CA', 'UT', 'IL', 'NC', 'MA', 'CO'])
    expect(
      checkOffer(offer({ kind: 'content' }), store(state), policy, '2026-11-22').filter((v) => v.outcome === 'deny'),
    ).toEqual([])
  expect(
    checkOffer(offer({ kind: 'content', department: 'wine' }), { ...store('IL'), sells: ['beer'] }, policy)[0]?.rule_id,
  ).toBe('shop-store-sells')
  expect(
    checkOffer(offer({ kind: 'content', valid_to: '2026-11-23' }), store('IL'), policy, '2026-11-24')[0]?.rule_id,
  ).toBe('shop-offer-dates')
})

const reason = 'Counsel read the rule with us on Monday.'
const decided = (what: Offer, state: string, by: typeof policy, id: string) =>
  checkOffer(what, store(state), by, '2026-11-22').find((v) => v.rule_id === id)?.outcome

test('an admin may soften, sharpen or switch off a state rule, and the version tells what was changed', () => {
  const softer = withOverrides(policy, [{ rule_id: 'us-tx-coupon-prohibited', effect: 'warn', reason }])
  expect(decided(coupon, 'TX', softer, 'us-tx-coupon-prohibited')).toBe('warn')
  expect(softer.version).toMatch(new RegExp(`^${policy.version}\\+1\\.[0-9a-z]+$`))
  const off = withOverrides(policy, [{ rule_id: 'us-tx-coupon-prohibited', effect: 'off', reason }])
  expect(decided(coupon, 'TX', off, 'us-tx-coupon-prohibited')).toBeUndefined()
  expect(off.version).not.toBe(softer.version)
  for (const [id, state, what] of [
    ['us-tx-sunday-spirits-closed', 'TX', percent(5)],
    ['us-supplier-funded-promo', 'NY', percent(5, { funded_by: 'supplier' })],
    ['us-wa-coupon-review', 'WA', coupon],
    ['us-state-unknown', 'CO', percent(5)],
    ['us-control-state-spirits', 'ME', percent(5)],
  ] as const) {
    expect(decided(what, state, policy, id)).toBe('warn')
    expect(decided(what, state, withOverrides(policy, [{ rule_id: id, effect: 'block', reason }]), id), id).toBe('deny')
  }
  expect(withOverrides(policy, [])).toBe(policy)
})

test('what is not known is a warning, or held where the shop says so; advice near a rule is never held', () => {
  const hold = withOverrides(policy, [], 'hold')
  expect(hold.version).not.toBe(policy.version)
  const bare = offer({ kind: 'percent_off', value: 10 })
  for (const [what, state, id] of [
    [bare, 'IL', 'us-il-below-cost-prohibited'],
    [bare, 'OH', 'us-oh-min-markup-pct'],
    [bare, 'CO', 'us-state-unknown'],
  ] as const) {
    expect(decided(what, state, policy, id)).toBe('warn')
    expect(decided(what, state, hold, id)).toBe('deny')
  }
  expect(decided(percent(10), 'TX', hold, 'us-tx-coupon-prohibited')).toBe('warn')
})

test('no override loosens what protects persons: age, consent, opting out, hours, the footer', () => {
  const locked = policy.rules.filter(isLocked)
  expect(locked.length).toBeGreaterThanOrEqual(12)
  const after = withOverrides(
    policy,
    policy.rules.map((r) => ({ rule_id: r.id, effect: 'off' as const, reason })),
  )
  expect(after.rules).toEqual(locked)
  for (const type of ['legal_age', 'age_gate_required', 'sms_quiet_hours', 'sms_revocation', 'email_footer_required'])
    expect(
      after.rules.some((r) => r.type === type && r.effect !== 'info'),
      type,
    ).toBe(true)
})

test('a broken policy file is refused by the name of the field', () => {
  const [first, ...rest] = policy.rules
  expect(() => parsePolicy({ ...policy, rules: [{ ...first, effect: 'maybe' }] })).toThrow(/effect/)
  expect(() => parsePolicy({ ...policy, rules: [first, first] })).toThrow(/same id/)
  const markup = rest.find((r) => r.type === 'min_markup_pct')
  expect(() => parsePolicy({ ...policy, rules: [{ ...markup, params: {} }] })).toThrow(/pct/)
  expect(() => parsePolicy({ ...policy, rules: [{ ...markup, effect: 'info' }] })).toThrow(/evaluated, not told/)
  expect(() => parsePolicy({ ...policy, rules: [{ ...markup, jurisdiction: 'Ohio' }] })).toThrow(/jurisdiction/)
})

const topics = (text: string) => lintCopy(text).map((v) => v.rule_id.split(':')[1])

test.each([
  [
    'appeal_to_minors',
    [
      'Fun for kids of all ages',
      'Back to school sale',
      'Santa Claus is coming with rum',
      'Cotton candy vodka',
      'Celebrate your 20th birthday',
      'Spring break starts here',
      'k1ds love it',
    ],
  ],
  [
    'excessive_consumption',
    [
      'Bottomless mimosas',
      'Chug it',
      'Binge all weekend',
      'Drink more, worry less',
      'Shots all night',
      'Beer pong Friday',
      'Hair of the dog',
    ],
  ],
  [
    'intoxication_goal',
    ['Get drunk tonight', 'Feel the buzz all night', 'Drown your sorrows', 'Get druuunk', 'Forget your week'],
  ],
  [
    'health_claims',
    [
      'Full of antioxidants',
      'A hangover-free night',
      'Heart-healthy reds',
      'Skinny margarita',
      'Low-calorie seltzer',
      'Helps you sleep',
      'Guilt free',
    ],
  ],
  [
    'drive_or_operate',
    ['One for the road', 'Road sodas are back', 'Drinks while boating', 'Behind the wheel of flavor'],
  ],
  [
    'sexual_or_athletic_success',
    ['Get lucky tonight', 'Liquid courage', 'A sexier you', 'Impress the ladies', 'Fuel your workout'],
  ],
  [
    'free_alcohol',
    [
      'Buy one, get one <b>FREE</b>',
      'BOGO on lager',
      'A bottle on the house',
      'f.r.e.e beer',
      'FR33 wine',
      'fr\u200bee wine',
      'Complimentary pour',
      'Gratis',
    ],
  ],
  ['urgency', ['Hurry in', 'Last chance for rye', 'Only 3 hours left', 'Don’t miss it', 'Act now']],
  ['tone', ['Big news!!', 'HUGE SAVINGS TODAY on bourbon', 'THE WHOLE SHOP IS ON SALE THIS WEEK']],
  ['link_shortener', ['See bit.ly/abc', 'https://tinyurl.com/rye']],
] as const)('copy lint finds %s, written plainly or in disguise', (topic, lines) => {
  for (const line of lines) expect(topics(line), line).toContain(topic)
})

test('plain copy of a good shop passes', () => {
  for (const line of [
    'Free delivery over $60. Meet the winemaker on Friday.',
    'Five bourbons our staff would pour tonight',
    'Mix any six bottles of wine, save 10%',
    'We kept your place: 10% off one visit',
    'Santa Barbara Pinot Noir, Santa Margherita Pinot Grigio',
    'Old school cocktails for the weekend. To your health!',
    'Feel free to ask at the counter; alcohol-free beers are on the left.',
    'Buffalo Trace 750ml $29.99, IPA and VSOP on the shelf',
    'Last day of the offer: Sunday. A smoked old fashioned, and copper hammered mugs',
    'Running low on Rittenhouse Rye? We have it here.',
  ])
    expect(topics(line), line).toEqual([])
})
