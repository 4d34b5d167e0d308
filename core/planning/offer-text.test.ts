import { expect, test } from 'vitest'
import { parseOfferText, sameTerms } from './offer-text.ts'

test.each([
  ['Buy 2 get 10 % off', { kind: 'multi_buy', value: 10, min_quantity: 2 }],
  ['Buy two, get 10% off', { kind: 'multi_buy', value: 10, min_quantity: 2 }],
  ['Mix any six bottles of wine, save 10%', { kind: 'multi_buy', value: 10, min_quantity: 6, department: 'wine' }],
  ['15% off 12 or more', { kind: 'multi_buy', value: 15, min_quantity: 12 }],
  ['20% off when you buy 3', { kind: 'multi_buy', value: 20, min_quantity: 3 }],
  ['10% off wine by the case', { kind: 'multi_buy', value: 10, min_quantity: 12, department: 'wine' }],
  ['Buy one get one 50% off', { kind: 'multi_buy', value: 25, min_quantity: 2 }],
  ['Buy one, get one free', { kind: 'bogo', min_quantity: 1 }],
  ['Buy 2 cases of lager and get 1 free', { kind: 'bogo', min_quantity: 2, department: 'beer' }],
  ['BOGO on all reds', { kind: 'bogo', min_quantity: 1, department: 'wine' }],
  ['Buy 2 cases get 1 for a penny', { kind: 'bogo', min_quantity: 2 }],
  ['2 for $20', { kind: 'price_point', value: 1000, min_quantity: 2 }],
  ['$5 off when you spend $60', { kind: 'amount_off', value: 500, min_spend_cents: 6000 }],
  ['Spend $100, save $15', { kind: 'amount_off', value: 1500, min_spend_cents: 10_000 }],
  ['Save $3 on bourbon', { kind: 'amount_off', value: 300, department: 'spirits' }],
  [
    '10% off one visit with code BACK10',
    { kind: 'percent_off', value: 10, code: 'BACK10', redeemable_as_coupon: true },
  ],
  ['Clip this coupon: 20 percent off', { kind: 'percent_off', value: 20, redeemable_as_coupon: true }],
  ['Half price champagne', { kind: 'percent_off', value: 50, department: 'wine' }],
  [
    '$2 off, paid by the brewery: manufacturer coupon',
    { kind: 'amount_off', value: 200, funded_by: 'supplier', redeemable_as_coupon: true },
  ],
  ['A free bottle with every case', { kind: 'free_item' }],
  ['A free tasting glass with every bottle of rye', { kind: 'gift' }],
  ['Gift with purchase', { kind: 'gift' }],
  ['Double points on wine', { kind: 'points', department: 'wine' }],
  ['500 bonus points', { kind: 'points', value: 500 }],
  ['Buffalo Trace now $24.99', { kind: 'price_point', value: 2499 }],
  ['Friday tasting: meet the winemaker', { kind: 'tasting_event' }],
  ['First look at this month’s new arrivals', { kind: 'early_access' }],
  ['Five bourbons our staff would pour tonight', { kind: 'content', department: 'spirits' }],
])('%s', (text, terms) => {
  expect(parseOfferText(text)).toMatchObject({ redeemable_as_coupon: false, funded_by: 'store', ...terms })
})

test('words that smell of a price and fit no kind are not taken for harmless', () => {
  for (const text of [
    '',
    '   ',
    'Huge sale on everything',
    'Save big',
    'Special deals inside',
    'The best discount in town',
    '150% off',
    'Win a prize price',
  ])
    expect(parseOfferText(text)?.kind ?? 'not understood', text).not.toBe('content')
  expect(parseOfferText('Huge sale on everything')).toBeNull()
})

test('free words lead to an offer of the catalogue only when exactly one has the same terms', () => {
  const ten = { ...parseOfferText('10% off')!, key: 'ten', id: '01900000-0000-7000-8000-000000000010' }
  const mix = {
    ...parseOfferText('Mix any 6 wines, save 10%')!,
    key: 'mix',
    id: '01900000-0000-7000-8000-000000000011',
  }
  expect(sameTerms(parseOfferText('take 10 percent off')!, [ten, mix])?.key).toBe('ten')
  expect(sameTerms(parseOfferText('90% off')!, [ten, mix])).toBeNull()
  expect(sameTerms(parseOfferText('10% off')!, [ten, { ...ten, key: 'other' }])).toBeNull()
})
