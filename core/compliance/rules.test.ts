import { expect, test } from 'vitest'
import { noOffer, type Offer } from '../planning/offer.ts'
import {
  copyRuleTypes,
  defaultPolicy,
  infoRuleTypes,
  isLocked,
  offerRuleTypes,
  parsePolicy,
  personRuleTypes,
  withOverrides,
} from './policy.ts'
import { lintCopy } from './lint.ts'
import { checkOffer, type StoreFacts } from './rules.ts'

const policy = defaultPolicy()

export function offer(part: Partial<Offer> & Pick<Offer, 'kind'>): Offer {
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
const supplierCoupon = percent(10, { code: 'TEN', redeemable_as_coupon: true, funded_by: 'supplier' })

/** rule -> [an offer it forbids, the nearest offer it does not forbid] */
const cases: Record<string, [state: string, illegal: Offer, legal: Offer]> = {
  'us-tx-coupon-prohibited': ['TX', coupon, percent(10)],
  'us-tx-inducement-prohibited': ['TX', offer({ kind: 'gift', unit_cost_cents: 250 }), offer({ kind: 'content' })],
  'us-tx-multi-unit-free-prohibited': [
    'TX',
    offer({ kind: 'bogo', min_quantity: 1 }),
    offer({ kind: 'multi_buy', value: 10, min_quantity: 2 }),
  ],
  'us-ca-free-goods-prohibited': ['CA', offer({ kind: 'free_item' }), percent(10)],
  'us-ca-supplier-coupon-prohibited': ['CA', supplierCoupon, coupon],
  'us-wa-below-cost-prohibited': ['WA', percent(21), percent(20)],
  'us-wa-required-text': ['WA', offer({ kind: 'content' }), offer({ kind: 'content', department: 'other' })],
  'us-ga-below-cost-prohibited': ['GA', percent(30, { department: 'spirits' }), percent(30, { department: 'wine' })],
  'us-oh-min-markup-pct': ['OH', percent(1, { department: 'beer' }), percent(0, { department: 'beer' })],
  'us-il-below-cost-prohibited': [
    'IL',
    offer({ kind: 'price_point', value: 1999, ...priced }),
    offer({ kind: 'price_point', value: 2000, ...priced }),
  ],
  'us-il-multi-unit-free-prohibited': [
    'IL',
    offer({ kind: 'bogo', min_quantity: 2, department: 'beer' }),
    offer({ kind: 'multi_buy', value: 10, min_quantity: 6, ...priced }),
  ],
  'us-nc-max-discount-pct': [
    'NC',
    percent(36, { department: 'wine', unit_cost_cents: 100 }),
    percent(35, { department: 'wine', unit_cost_cents: 100 }),
  ],
  'us-nc-supplier-coupon-prohibited': ['NC', percent(10, { funded_by: 'supplier' }), percent(10)],
  'us-ne-supplier-coupon-prohibited': ['NE', supplierCoupon, coupon],
  'us-ok-inducement-prohibited': [
    'OK',
    offer({ kind: 'gift', department: 'wine' }),
    offer({ kind: 'multi_buy', value: 10, min_quantity: 6, department: 'wine' }),
  ],
  'us-tn-min-markup-pct-spirits': [
    'TN',
    percent(13, { department: 'spirits' }),
    percent(12, { department: 'spirits' }),
  ],
  'us-tn-min-markup-pct-wine': ['TN', percent(5, { department: 'wine' }), percent(4, { department: 'wine' })],
  'us-ct-below-cost-prohibited': ['CT', percent(25), percent(15)],
  'us-ma-below-cost-prohibited': ['MA', percent(25), percent(15)],
  'us-ma-coupon-prohibited': ['MA', coupon, percent(10)],
  'us-nj-inducement-prohibited': ['NJ', offer({ kind: 'free_item' }), coupon],
  'us-nj-below-cost-prohibited': ['NJ', percent(25), percent(15)],
  'us-nj-supplier-coupon-prohibited': ['NJ', supplierCoupon, coupon],
  'us-va-supplier-coupon-prohibited': ['VA', supplierCoupon, coupon],
  'us-md-required-text': ['MD', supplierCoupon, coupon],
  'us-ut-discount-prohibited': ['UT', percent(5), offer({ kind: 'tasting_event' })],
  'us-al-supplier-coupon-prohibited': ['AL', supplierCoupon, coupon],
}

test.each(Object.entries(cases))(
  '%s stops what it forbids and lets its nearest legal neighbour pass',
  (id, [state, illegal, legal]) => {
    const stops = ['deny', 'require']
    const of = (o: Offer) =>
      checkOffer(o, store(state), policy, '2026-11-24').filter((v) => v.rule_id === id && stops.includes(v.outcome))
    expect(of(illegal)).toHaveLength(1)
    const found = of(illegal)[0]!
    expect(found.source.length).toBeGreaterThan(3)
    expect(found.cure ?? found.text).toBeTruthy()
    expect(of(legal)).toEqual([])
  },
)

test('every blocking rule on offers has its case above, and every rule of the policy is evaluated or only informs', () => {
  const evaluated: readonly string[] = [...offerRuleTypes, ...personRuleTypes, ...copyRuleTypes]
  for (const rule of policy.rules) {
    if (rule.effect === 'info') expect(infoRuleTypes, rule.id).toContain(rule.type)
    else expect(evaluated, rule.id).toContain(rule.type)
    if (rule.effect === 'block' && (offerRuleTypes as readonly string[]).includes(rule.type))
      expect(Object.keys(cases), rule.id).toContain(rule.id)
  }
  expect(policy.rules).toHaveLength(53)
})

test.each([
  ['us-wa-coupon-review', 'WA', coupon, '2026-11-24'],
  ['us-mi-min-price-review', 'MI', percent(5, { department: 'spirits' }), '2026-11-24'],
  ['us-la-below-cost-review', 'LA', percent(5), '2026-11-24'],
  ['us-ks-below-cost-review', 'KS', percent(5), '2026-11-24'],
  ['us-supplier-funded-promo', 'NY', offer({ kind: 'content', funded_by: 'supplier' }), '2026-11-24'],
  ['us-tx-sunday-spirits-closed', 'TX', percent(5, { department: 'spirits' }), '2026-11-22'],
  ['us-tx-sunday-spirits-closed', 'TX', percent(5, { department: 'spirits' }), '2026-11-26'],
  ['us-nc-sunday-spirits-closed', 'NC', percent(5), '2026-11-22'],
  ['us-ut-sunday-spirits-closed', 'UT', percent(5, { department: 'wine' }), '2026-11-22'],
  ['us-ms-sunday-spirits-closed', 'MS', percent(5), '2026-11-22'],
  ['us-sc-sunday-spirits-closed', 'SC', percent(5), '2026-11-22'],
  ['us-state-unknown', 'CO', percent(5), null],
  ['us-control-state-spirits', 'ME', percent(5, { department: 'spirits' }), null],
] as const)('%s warns in %s and does not stop', (id, state, what, day) => {
  const found = checkOffer(what, store(state), policy, day).find((v) => v.rule_id === id)
  expect(found?.outcome).toBe('warn')
  expect(found?.cure).toBeTruthy()
})

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

test('an admin may soften or switch off a state rule, but not the rules about age, texting and opting out', () => {
  const reason = 'Counsel read the rule with us on Monday.'
  const softer = withOverrides(policy, [{ rule_id: 'us-tx-coupon-prohibited', effect: 'warn', reason }])
  expect(checkOffer(coupon, store('TX'), softer).find((v) => v.rule_id === 'us-tx-coupon-prohibited')?.outcome).toBe(
    'warn',
  )
  expect(softer.version).toBe(`${policy.version}+1`)
  const off = withOverrides(policy, [
    { rule_id: 'us-tx-coupon-prohibited', effect: 'off', reason },
    { rule_id: 'us-legal-age', effect: 'off', reason },
  ])
  expect(checkOffer(coupon, store('TX'), off).some((v) => v.rule_id === 'us-tx-coupon-prohibited')).toBe(false)
  expect(off.rules.some((r) => r.id === 'us-legal-age')).toBe(true)
  expect(policy.rules.filter(isLocked).length).toBeGreaterThanOrEqual(6)
})

test('a broken policy file is refused by the name of the field', () => {
  expect(() => parsePolicy({ ...policy, rules: [{ ...policy.rules[0], effect: 'maybe' }] })).toThrow(/effect/)
  expect(() => parsePolicy({ ...policy, rules: [policy.rules[0], policy.rules[0]] })).toThrow(/same id/)
})

test('copy that speaks to minors, praises excess or health, or says free is pointed out; plain copy is not', () => {
  const topics = (text: string) => lintCopy(text).map((v) => v.rule_id.split(':')[1])
  expect(topics('Fun for kids of all ages')).toEqual(['minors'])
  expect(topics('Bottomless mimosas, get drunk!')).toEqual(['excess'])
  expect(topics('Full of antioxidants')).toEqual(['health'])
  expect(topics('Buy one, get one <b>FREE</b>')).toEqual(['free'])
  expect(topics('Free delivery over $60. Meet the winemaker on Friday.')).toEqual([])
  expect(topics('Five bourbons our staff would pour tonight')).toEqual([])
})
