import type { Pool } from 'pg'
import { formatCents } from '#core/money.ts'
import { playbooks } from '#core/scoring/playbooks.ts'
import type { Words } from '#core/segments/sentence.ts'
import { readSetting } from '../settings.ts'

/** How rules are said in this shop: its currency, its stores and campaigns by name. */
export async function readWords(pool: Pool): Promise<Words> {
  const [shop, stores, campaigns] = await Promise.all([
    readSetting(pool, 'shop'),
    pool.query<{ id: string; name: string }>('select stores.id, stores.name from stores limit 1000'),
    pool.query<{ id: string; name: string }>(
      'select campaigns.id, campaigns.name from campaigns order by campaigns.id desc limit 1000',
    ),
  ])
  const storeNames = new Map(stores.rows.map((s) => [s.id, s.name]))
  const campaignNames = new Map(campaigns.rows.map((c) => [c.id, c.name]))
  return {
    money: (cents) => formatCents(cents, shop.currency, true),
    value: (lookup, value) => {
      if (lookup === 'store') return storeNames.get(value)
      return lookup === 'rfm_segment' && value in playbooks
        ? playbooks[value as keyof typeof playbooks].name
        : undefined
    },
    campaign: (id) => campaignNames.get(id),
  }
}
