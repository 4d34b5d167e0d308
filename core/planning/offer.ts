import { z } from 'zod'
import { formatCents } from '../money.ts'

/** What a shop can hold out to a customer. Law, margin and text are computed from these fields, never from prose. */
export const offerKinds = [
  'percent_off',
  'amount_off',
  'multi_buy',
  'bogo',
  'free_item',
  'gift',
  'points',
  'price_point',
  'early_access',
  'tasting_event',
  'content',
] as const

export const departments = ['spirits', 'wine', 'beer', 'other'] as const
export type Department = (typeof departments)[number]

export const Offer = z.strictObject({
  id: z.uuid(),
  key: z.string().regex(/^[a-z0-9_]+$/),
  title: z.string().min(1).max(200),
  kind: z.enum(offerKinds),
  /** percent for percent_off and multi_buy, cents for amount_off and price_point, points for points; else null */
  value: z.number().nonnegative().nullable(),
  /** items needed for multi_buy and bogo */
  min_quantity: z.int().positive().nullable(),
  /** null: the whole range, alcohol included */
  department: z.enum(departments).nullable(),
  category: z.string().nullable(),
  product_ids: z.array(z.uuid()),
  min_spend_cents: z.int().nonnegative().nullable(),
  funded_by: z.enum(['store', 'supplier']),
  redeemable_as_coupon: z.boolean(),
  code: z.string().nullable(),
  unit_cost_cents: z.int().nonnegative().nullable(),
  regular_price_cents: z.int().nonnegative().nullable(),
  valid_from: z.iso.date().nullable(),
  valid_to: z.iso.date().nullable(),
})
export type Offer = z.infer<typeof Offer>

/** Offers nothing: what stands behind a plain note, and the ground other offers are made from. */
export const noOffer: Offer = {
  id: '00000000-0000-7000-8000-000000000000',
  key: 'none',
  title: 'No offer',
  kind: 'content',
  value: null,
  min_quantity: null,
  department: null,
  category: null,
  product_ids: [],
  min_spend_cents: null,
  funded_by: 'store',
  redeemable_as_coupon: false,
  code: null,
  unit_cost_cents: null,
  regular_price_cents: null,
  valid_from: null,
  valid_to: null,
}

/** True when the customer pays less or gets something for it: content, early access and events cost no margin. */
export function isDiscount(offer: Pick<Offer, 'kind'>): boolean {
  return !['content', 'early_access', 'tasting_event'].includes(offer.kind)
}

/** The offer in a customer's words, built from its fields alone. */
export function describeOffer(offer: Offer, currency = 'USD'): string {
  const what = offer.category ?? (offer.department && offer.department !== 'other' ? offer.department : 'your basket')
  const minimum = offer.min_spend_cents ? ` when you spend ${formatCents(offer.min_spend_cents, currency, true)}` : ''
  switch (offer.kind) {
    case 'percent_off':
      return `${offer.value ?? 0}% off ${what}${minimum}`
    case 'amount_off':
      return `${formatCents(offer.value ?? 0, currency, true)} off ${what}${minimum}`
    case 'multi_buy':
      return `${offer.value ?? 0}% off when you buy ${offer.min_quantity ?? 2} from ${what}`
    case 'bogo':
      return `Buy ${offer.min_quantity ?? 1}, get one free: ${what}`
    case 'price_point':
      return `${offer.title} at ${formatCents(offer.value ?? 0, currency)}`
    case 'points':
      return `${offer.value ?? 0} extra points on ${what}`
    case 'free_item':
    case 'gift':
    case 'early_access':
    case 'tasting_event':
    case 'content':
      return offer.title
  }
}
