import type { ReplyOf } from '../../lib/api.ts'
import { count, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'

export type StoredOffer = ReplyOf<'GET /api/v1/offers/:id'>
export type Judged = ReplyOf<'POST /api/v1/offers/preview'>
type Kind = StoredOffer['kind']

export const kindWords: Record<Kind, string> = {
  content: 'Content, no price',
  early_access: 'Early access',
  tasting_event: 'Tasting',
  percent_off: 'Percent off',
  amount_off: 'Amount off',
  multi_buy: 'Percent off several',
  price_point: 'Special price',
  bogo: 'Buy some, get one',
  free_item: 'Free item',
  gift: 'Gift',
  points: 'Points',
}
export const kinds = Object.keys(kindWords) as Kind[]

/** What `value` means for this kind, and in which unit people type it; null: it has none. */
export function valueOf(kind: Kind): { label: string; unit: 'percent' | 'money' | 'count' } | null {
  switch (kind) {
    case 'percent_off':
    case 'multi_buy':
      return { label: t('Percent off'), unit: 'percent' }
    case 'amount_off':
      return { label: t('Amount off, in dollars'), unit: 'money' }
    case 'price_point':
      return { label: t('Price, in dollars'), unit: 'money' }
    case 'points':
      return { label: t('Points'), unit: 'count' }
    default:
      return null
  }
}
export const hasQuantity = (kind: Kind): boolean => kind === 'multi_buy' || kind === 'bogo'
export const isDiscount = (kind: Kind): boolean => !['content', 'early_access', 'tasting_event'].includes(kind)

export const departmentWords: Record<NonNullable<StoredOffer['department']>, string> = {
  spirits: 'Spirits',
  wine: 'Wine',
  beer: 'Beer',
  other: 'Other goods',
}

/** "come_back_10" from "Come back: 10%". */
export const keyFrom = (title: string): string =>
  title
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60)

/** What a unit earns under the offer: "$2.50, was $5.00". */
export function marginWord({ margin_before_cents: before, margin_after_cents: after }: Judged['economics']): string {
  if (after === null) return t('not known')
  const word = (cents: number): string => money(cents, true).replace('-', '\u2212')
  return before === null || before === after
    ? word(after)
    : t('{after}, was {before}', { after: word(after), before: word(before) })
}

/** How many of ten redemptions must be visits that would not have happened. */
export function breakEvenWord({ break_even_share: share }: Judged['economics']): string {
  if (share === null) return t('not known')
  if (share === 0) return t('costs no margin')
  return share > 1 ? t('cannot pay for itself') : t('pays from {share} additional visits', { share: percent(share, 0) })
}

export function stockWord({ products, in_stock: left, units }: Judged['stock']): string {
  if (products === 0) return t('no product of the catalogue')
  if (left === 0) return t('sold out')
  const range = t('{left} of {products} in stock', { left: count(left), products: count(products) })
  return units === null ? range : t('{range}, {units} units', { range, units: count(units) })
}
