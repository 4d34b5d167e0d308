import { isDiscount, type Offer } from './offer.ts'

/**
 * The lowest price of one unit under this offer, in cents; null when the offer does not touch the price or the figures
 * to tell are missing. The worst legal case counts: one unit alone gets an amount off unless a minimum spend spreads it.
 */
export function lowestUnitPriceCents(offer: Offer): number | null {
  if (offer.kind === 'price_point') return offer.value
  if (offer.kind === 'free_item') return 0
  const share = discountShare(offer)
  return share === null || offer.regular_price_cents === null ? null : offer.regular_price_cents * (1 - share)
}

/** Part of the price the customer does not pay, 0..1; null when it cannot be told, 0 for offers that leave the price alone. */
export function discountShare(offer: Offer): number | null {
  if (!lowersPrice(offer)) return 0
  const value = offer.value ?? 0
  switch (offer.kind) {
    case 'percent_off':
    case 'multi_buy':
      return Math.min(1, value / 100)
    case 'bogo':
      return 1 / ((offer.min_quantity ?? 1) + 1)
    case 'amount_off': {
      const spend = Math.max(offer.min_spend_cents ?? 0, offer.regular_price_cents ?? 0)
      return spend > 0 ? Math.min(1, value / spend) : null
    }
    case 'price_point':
      return offer.regular_price_cents ? Math.max(0, 1 - value / offer.regular_price_cents) : null
    case 'free_item':
      return 1
    default:
      return 0
  }
}

/** True when a unit becomes cheaper: gifts and points cost the shop, but leave the price alone. */
export function lowersPrice(offer: Pick<Offer, 'kind'>): boolean {
  return isDiscount(offer) && offer.kind !== 'gift' && offer.kind !== 'points'
}

/**
 * What one redemption costs the shop in cents, given the basket it is used on: price given away, or the cost of what is
 * given. Points are counted at one cent.
 */
export function redemptionCostCents(offer: Offer, basketCents: number): number {
  switch (offer.kind) {
    case 'percent_off':
    case 'multi_buy':
      return (basketCents * (offer.value ?? 0)) / 100
    case 'amount_off':
      return offer.value ?? 0
    case 'bogo':
      return offer.regular_price_cents ?? basketCents / ((offer.min_quantity ?? 1) + 1)
    case 'free_item':
    case 'gift':
      return offer.unit_cost_cents ?? 300
    case 'price_point':
      return offer.regular_price_cents && offer.value !== null
        ? Math.max(0, offer.regular_price_cents - offer.value)
        : basketCents * 0.1
    case 'points':
      return offer.value ?? 0
    default:
      return 0
  }
}
