import type { Offer } from './offer.ts'

/** What is missing or cannot be, with the field it belongs to; empty when the offer can be stored. */
export function offerFaults(offer: Offer): { path: string; message: string }[] {
  const faults: { path: string; message: string }[] = []
  const fault = (path: keyof Offer, message: string): void => void faults.push({ path, message })
  const { kind, value } = offer
  const units: Partial<Record<Offer['kind'], string>> = {
    percent_off: 'the percentage',
    multi_buy: 'the percentage',
    amount_off: 'the amount in cents',
    price_point: 'the price in cents',
    points: 'the number of points',
  }
  const unit = units[kind]
  if (unit && !value) fault('value', `This kind of offer needs ${unit}.`)
  if (!unit && value !== null) fault('value', 'This kind of offer has no value. Leave it empty.')
  if (['percent_off', 'multi_buy'].includes(kind) && (value ?? 0) > 100)
    fault('value', 'A percentage cannot be more than 100.')
  if (['amount_off', 'price_point', 'points'].includes(kind) && value !== null && !Number.isInteger(value))
    fault('value', 'Write a whole number of cents or points.')
  if (['multi_buy', 'bogo'].includes(kind) && !offer.min_quantity)
    fault('min_quantity', 'Say how many items the customer must buy.')
  if (kind === 'multi_buy' && offer.min_quantity === 1) fault('min_quantity', 'Several items are at least two.')
  if (
    kind === 'price_point' &&
    value !== null &&
    offer.regular_price_cents !== null &&
    value > offer.regular_price_cents
  )
    fault('value', 'The special price is above the regular price.')
  if (kind === 'amount_off' && offer.min_spend_cents && (value ?? 0) > offer.min_spend_cents)
    fault('value', 'The amount off is more than the customer must spend.')
  if (offer.valid_from && offer.valid_to && offer.valid_to < offer.valid_from)
    fault('valid_to', 'The last day lies before the first.')
  if (offer.code !== null && !/^[A-Z0-9][A-Z0-9-]{1,39}$/i.test(offer.code))
    fault('code', 'Use 2 to 40 letters, digits and hyphens.')
  if (offer.code !== null && !offer.redeemable_as_coupon && kind === 'content')
    fault('code', 'Content has nothing to redeem. Leave the code empty.')
  if (!offer.title.trim()) fault('title', 'Write what customers read.')
  return faults
}
