import type { Sent } from '#contract/http.ts'
import type { Endpoints } from '../../lib/contract.ts'
import { hasQuantity, keyFrom, valueOf, type StoredOffer } from './offer-words.ts'

export type OfferBody = Sent<Endpoints['POST /api/v1/offers']>['body']
type Kind = StoredOffer['kind']

/** What a person types: money in dollars, nothing as an empty text. */
export interface OfferForm {
  title: string
  kind: Kind
  value: string
  min_quantity: string
  department: '' | NonNullable<StoredOffer['department']>
  category: string
  product_ids: string[]
  min_spend: string
  funded_by: 'store' | 'supplier'
  redeemable_as_coupon: boolean
  code: string
  unit_cost: string
  regular_price: string
  valid_from: string
  valid_to: string
}

const dollars = (cents: number | null): string => (cents === null ? '' : (cents / 100).toFixed(2))
const cents = (text: string): number | null => (text.trim() === '' ? null : Math.round(Number(text) * 100))
const whole = (text: string): number | null => (text.trim() === '' ? null : Number(text))

export function formOf(offer: StoredOffer | null): OfferForm {
  const unit = offer ? valueOf(offer.kind)?.unit : undefined
  // Prices that come from products are not the offer's own.
  const own = offer?.price_from === 'offer'
  return {
    title: offer?.title ?? '',
    kind: offer?.kind ?? 'content',
    value: offer?.value == null ? '' : unit === 'money' ? dollars(offer.value) : String(offer.value),
    min_quantity: offer?.min_quantity == null ? '' : String(offer.min_quantity),
    department: offer?.department ?? '',
    category: offer?.category ?? '',
    product_ids: offer?.product_ids ?? [],
    min_spend: dollars(offer?.min_spend_cents ?? null),
    funded_by: offer?.funded_by ?? 'store',
    redeemable_as_coupon: offer?.redeemable_as_coupon ?? false,
    code: offer?.code ?? '',
    unit_cost: own ? dollars(offer.unit_cost_cents) : '',
    regular_price: own ? dollars(offer.regular_price_cents) : '',
    valid_from: offer?.valid_from ?? '',
    valid_to: offer?.valid_to ?? '',
  }
}

/** As the server takes it; fields that the kind does not have are emptied. */
export function bodyOf(v: OfferForm, key: string): OfferBody {
  const value = valueOf(v.kind)
  return {
    key: key || keyFrom(v.title) || 'offer',
    title: v.title.trim() || '…',
    kind: v.kind,
    value: value ? (value.unit === 'money' ? cents(v.value) : whole(v.value)) : null,
    min_quantity: hasQuantity(v.kind) ? whole(v.min_quantity) : null,
    department: v.department || null,
    category: v.category.trim() || null,
    product_ids: v.product_ids,
    min_spend_cents: ['percent_off', 'amount_off'].includes(v.kind) ? cents(v.min_spend) : null,
    funded_by: v.funded_by,
    redeemable_as_coupon: v.redeemable_as_coupon,
    code: v.redeemable_as_coupon && v.code.trim() ? v.code.trim() : null,
    unit_cost_cents: cents(v.unit_cost),
    regular_price_cents: cents(v.regular_price),
    valid_from: v.valid_from || null,
    valid_to: v.valid_to || null,
  }
}

/** The field of the form that a path of the server belongs to. */
export const fieldOf: Record<string, keyof OfferForm> = {
  min_spend_cents: 'min_spend',
  unit_cost_cents: 'unit_cost',
  regular_price_cents: 'regular_price',
}
