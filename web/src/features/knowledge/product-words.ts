import { parseCents } from '#core/money.ts'
import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'

export type ProductRow = ReplyOf<'GET /api/v1/products'>['data'][number]
export type Product = ReplyOf<'GET /api/v1/products/:id'>
export const departments = ['spirits', 'wine', 'beer', 'other'] as const

const words: Record<(typeof departments)[number], string> = {
  spirits: 'Spirits',
  wine: 'Wine',
  beer: 'Beer',
  other: 'Other goods',
}
export const departmentWord = (department: (typeof departments)[number]): string => t(words[department])

/** "750 ml", "1.75 L". */
export function sizeWord(ml: number): string {
  return ml < 1000 ? t('{n} ml', { n: ml }) : t('{n} L', { n: ml / 1000 })
}

/** What was written as an amount: cents, null when it is empty, undefined when it is none. */
export function centsOf(text: string): number | null | undefined {
  return text.trim() === '' ? null : (parseCents(text) ?? undefined)
}
export const amountOf = (cents: number | null): string => (cents === null ? '' : (cents / 100).toFixed(2))
