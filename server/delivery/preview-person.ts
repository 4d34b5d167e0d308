import type { Pool } from 'pg'
import type { Variables } from '#core/delivery/template.ts'
import { createStoreFinder } from '#core/knowledge/nearest-store.ts'
import { formatCents } from '#core/money.ts'
import { describeOffer, type Offer } from '#core/planning/offer.ts'
import { notFound } from '../http/errors.ts'
import { loadStores } from '../stores.ts'
import { sampleVariables } from './starter-templates/sample.ts'

export interface PreviewPerson {
  variables: Variables
  storeId: string | null
}

/** What a message to this customer would be filled with; the sample customer for null. Throws not_found. */
export async function readPerson(pool: Pool, customerId: string | null): Promise<PreviewPerson> {
  if (customerId === null) return { variables: sampleVariables, storeId: null }
  const { rows } = await pool.query<{
    first_name: string | null
    store_id: string | null
    state: string | null
    zip: string | null
    category: string | null
    offer: Offer | null
  }>(
    `select c.first_name, c.store_id, c.state, c.zip, cs.primary_category as category, a.offer
     from customers as c left join customer_scores as cs on cs.customer_id = c.id
     left join lateral (select x.offer from every_action as x where x.customer_id = c.id order by x.id desc limit 1) as a on true
     where c.id = $1 and c.deleted_at is null`,
    [customerId],
  )
  const person = rows[0]
  if (!person) throw notFound('customer', customerId)
  const { rows: products } = await pool.query<{ name: string; price_cents: number }>(
    `select p.name, p.price_cents from products as p where p.is_active and ($1::text is null or p.category = $1) order by p.id limit 3`,
    [person.category],
  )
  const text = person.offer ? describeOffer(person.offer) : null
  const { store } = createStoreFinder(await loadStores(pool))(person)
  return {
    storeId: store.id === 'shop' ? null : store.id,
    variables: {
      first_name: person.first_name,
      // The same sentence as in a real message (planning/materialise); the reason of an action is for the shopkeeper.
      ...(person.category ? { reason: `Chosen because you often take home ${person.category}.` } : {}),
      offer: person.offer
        ? {
            title: person.offer.title,
            text: text === person.offer.title ? null : text,
            code: person.offer.code,
            ends: person.offer.valid_to,
          }
        : sampleVariables['offer'],
      products: products.map((p) => ({ name: p.name, price: formatCents(p.price_cents) })),
    },
  }
}
