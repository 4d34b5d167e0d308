import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'

export type Playbook = ReplyOf<'GET /api/v1/segments/:id/playbook'>['playbook']
export type PlaybookCheck = ReplyOf<'GET /api/v1/segments/:id/playbook'>['check']
export type StateVerdict = PlaybookCheck['channels'][number]['states'][number]
type Kind = PlaybookCheck['offers'][number]['kind']

const kinds: Record<Kind, string> = {
  content: 'News and recommendations',
  early_access: 'First look at new arrivals',
  tasting_event: 'A tasting in the store',
  percent_off: 'Percent off',
  amount_off: 'Amount off',
  multi_buy: 'Lower price for several',
  bogo: 'Buy some, get one free',
  free_item: 'A free item',
  gift: 'A gift',
  points: 'Extra points',
  price_point: 'A special price',
}
export const kindNames = Object.keys(kinds) as Kind[]

/** A kind of offer in words, or the title of the offer with this key. */
export function offerWord(name: string, titles: ReadonlyMap<string, string>): string {
  return name in kinds ? t(kinds[name as Kind]) : (titles.get(name) ?? name.replaceAll('_', ' '))
}

const fields: Record<keyof Playbook, string> = {
  recommended_offers: 'offers',
  tone: 'tone',
  messaging_strategy: 'what to say',
  optimal_channels: 'channels',
  optimal_send_window: 'hours',
  cool_down_days: 'cool-down',
}
export const fieldWord = (field: string): string => t(fields[field as keyof Playbook] ?? field)
