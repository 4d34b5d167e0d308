import { roundCents } from '../money.ts'
import type { Offer } from './offer.ts'
import { discountShare, lowestUnitPriceCents, redemptionCostCents } from './price.ts'

export interface OfferEconomics {
  /** of one unit, in cents; null where cost or price is not known */
  regular_price_cents: number | null
  lowest_price_cents: number | null
  unit_cost_cents: number | null
  margin_before_cents: number | null
  margin_after_cents: number | null
  /** part of the price that is given away, 0..1; null when it cannot be told */
  discount_share: number | null
  /** what one redemption on a usual basket costs the shop, in cents; nothing where a supplier pays */
  redemption_cost_cents: number
  /** gross margin of a usual basket without the offer, in cents */
  basket_margin_cents: number
  /**
   * Share of the redemptions that must be visits which would not have happened otherwise, before the offer earns
   * anything: cost ÷ margin. Above 1 it cannot pay for itself.
   */
  break_even_share: number | null
}

/**
 * What an offer does to the margin of one unit and of a usual basket. An additional visit earns margin − cost, one that
 * would have happened anyway loses the cost: f·(m − c) = (1 − f)·c gives f = c ÷ m.
 * @param shop.basketCents usual order of the shop
 * @param shop.marginShare gross margin, 0..1
 */
export function offerEconomics(offer: Offer, shop: { basketCents: number; marginShare: number }): OfferEconomics {
  const [price, cost] = [offer.regular_price_cents, offer.unit_cost_cents]
  const lowest = lowestUnitPriceCents(offer) ?? (discountShare(offer) === 0 ? price : null)
  const redemption = offer.funded_by === 'supplier' ? 0 : roundCents(redemptionCostCents(offer, shop.basketCents))
  const margin = roundCents(shop.basketCents * shop.marginShare)
  const less = (from: number | null): number | null => (from === null || cost === null ? null : roundCents(from - cost))
  return {
    regular_price_cents: price,
    lowest_price_cents: lowest === null ? null : roundCents(lowest),
    unit_cost_cents: cost,
    margin_before_cents: less(price),
    margin_after_cents: less(lowest),
    discount_share: discountShare(offer),
    redemption_cost_cents: redemption,
    basket_margin_cents: margin,
    break_even_share: margin > 0 ? redemption / margin : null,
  }
}
