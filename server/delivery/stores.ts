import type { Pool } from 'pg'
import type { ShopSettings } from '#contract/settings.ts'
import type { StoreFacts } from '#core/delivery/footer.ts'

const columns = 's.id, s.name, s.legal_name, s.address, s.city, s.state, s.zip, s.licence_number, s.phone, s.website'

/** The store a customer belongs to, else the shop's first; null when the shop has none. */
export interface StoreBook {
  find(storeId: string | null): StoreFacts | null
}

/** All stores of the shop: a handful, so they are read as one. */
export async function readStores(pool: Pool, shop: Pick<ShopSettings, 'from_email' | 'website'>): Promise<StoreBook> {
  const { rows } = await pool.query<Omit<StoreFacts, 'url'> & { id: string; website: string | null }>(
    `select ${columns} from stores as s order by s.created_at, s.id limit 1000`,
  )
  const url = shop.website ?? `https://${shop.from_email.slice(shop.from_email.indexOf('@') + 1)}/`
  const books = new Map(rows.map(({ id, website, ...facts }) => [id, { ...facts, url: website ?? url }]))
  const first = books.values().next().value ?? null
  return { find: (storeId) => (storeId ? (books.get(storeId) ?? first) : first) }
}
