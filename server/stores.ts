import type { ClientBase, Pool } from 'pg'
import type { StoreForGate } from '#core/planning/assign.ts'
import type { Department } from '#core/planning/offer.ts'
import { readSetting } from './settings.ts'

/**
 * The shop's stores, oldest first. A shop without any gets one with an unknown state, so that rules on offers warn
 * instead of passing in silence.
 */
export async function loadStores(client: ClientBase | Pool): Promise<StoreForGate[]> {
  const { rows } = await client.query<StoreForGate & { sells: Department[] }>({
    name: 'stores',
    text: `select stores.id, stores.name, stores.legal_name, stores.licence_number, stores.state, stores.zip, stores.time_zone, stores.sells, stores.opening_hours, stores.sale_hours
     from stores order by stores.id`,
  })
  if (rows.length > 0) return rows.map((row) => ({ ...row, sells: [...row.sells, 'other'] }))
  const shop = await readSetting(client, 'shop')
  return [
    {
      id: 'shop',
      name: shop.name,
      legal_name: shop.name,
      licence_number: null,
      state: '??',
      time_zone: shop.time_zone,
      sells: ['spirits', 'wine', 'beer', 'other'],
    },
  ]
}
