import { expect, test } from 'vitest'
import { noOffer, type Offer } from './offer.ts'
import { offerEconomics } from './offer-economics.ts'

const shop = { basketCents: 4000, marginShare: 0.25 }
const offer = (part: Partial<Offer>): Offer => ({
  ...noOffer,
  unit_cost_cents: 2000,
  regular_price_cents: 2500,
  ...part,
})

test('a percentage takes its part of the price, and of every basket it is used on', () => {
  expect(offerEconomics(offer({ kind: 'percent_off', value: 10 }), shop)).toEqual({
    regular_price_cents: 2500,
    lowest_price_cents: 2250,
    unit_cost_cents: 2000,
    margin_before_cents: 500,
    margin_after_cents: 250,
    discount_share: 0.1,
    redemption_cost_cents: 400,
    basket_margin_cents: 1000,
    break_even_share: 0.4,
  })
})

test('content costs nothing and needs no additional visit; what a supplier pays for costs the shop nothing', () => {
  expect(offerEconomics(offer({ kind: 'content' }), shop)).toMatchObject({
    lowest_price_cents: 2500,
    margin_after_cents: 500,
    redemption_cost_cents: 0,
    break_even_share: 0,
  })
  const paid = offerEconomics(offer({ kind: 'amount_off', value: 500, funded_by: 'supplier' }), shop)
  expect(paid.redemption_cost_cents).toBe(0)
})

test('an offer below cost shows a loss per unit, and one that costs more than the margin can never pay', () => {
  const deep = offerEconomics(offer({ kind: 'percent_off', value: 30 }), shop)
  expect(deep.margin_after_cents).toBe(-250)
  expect(deep.break_even_share).toBeGreaterThan(1)
})

test('what is not known is not guessed', () => {
  const bare = offerEconomics({ ...noOffer, kind: 'percent_off', value: 10 }, shop)
  expect(bare).toMatchObject({ lowest_price_cents: null, margin_before_cents: null, margin_after_cents: null })
})
