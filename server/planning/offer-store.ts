import type { ClientBase, Pool } from 'pg'
import type { OfferInput } from '#contract/offers.ts'
import type { Offer } from '#core/planning/offer.ts'
import { completeOffer } from '../offers.ts'

export interface StoredTerms extends Offer {
  is_active: boolean
  archived_at: Date | null
  version: number
}

/** Stores a new offer; the database's unique key refuses a second one of the same name. Returns its id, or null. */
export async function insertOffer(client: ClientBase, input: OfferInput): Promise<string | null> {
  const { id: _, ...offer } = completeOffer(input)
  const { rows } = await client.query<{ id: string }>(
    `insert into offers (key, title, kind, value, min_quantity, department, category, product_ids, min_spend_cents, funded_by, redeemable_as_coupon, code, unit_cost_cents,
       regular_price_cents, valid_from, valid_to)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict (key) do nothing returning id`,
    [offer.key, offer.title, offer.kind, ...values(offer)],
  )
  return rows[0]?.id ?? null
}

/** Overwrites an offer with this one; the version grows by one. */
export async function saveOffer(
  client: ClientBase,
  offer: Offer,
  state: { is_active: boolean; archived_at: Date | null },
): Promise<void> {
  await client.query(
    `update offers set title = $4, kind = $5, value = $6, min_quantity = $7, department = $8, category = $9, product_ids = $10, min_spend_cents = $11, funded_by = $12,
       redeemable_as_coupon = $13, code = $14, unit_cost_cents = $15, regular_price_cents = $16, valid_from = $17, valid_to = $18, is_active = $2, archived_at = $3,
       version = offers.version + 1, updated_at = now()
     where offers.id = $1`,
    [offer.id, state.is_active, state.archived_at, offer.title, offer.kind, ...values(offer)],
  )
}

/** The offer as stored, without price facts from products, held against other changes until the transaction ends. */
export async function lockOffer(client: ClientBase, id: string): Promise<StoredTerms | null> {
  const { rows } = await client.query<StoredTerms>(
    `select o.id, o.key, o.title, o.kind, o.value::float8 as value, o.min_quantity, o.department, o.category, o.product_ids, o.min_spend_cents, o.funded_by,
       o.redeemable_as_coupon, o.code, o.unit_cost_cents, o.regular_price_cents, o.valid_from, o.valid_to, o.is_active, o.archived_at, o.version
     from offers as o where o.id = $1 for update`,
    [id],
  )
  return rows[0] ?? null
}

/** In how many campaigns that wait or run each offer is planned. */
export async function countUses(client: ClientBase | Pool, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await client.query<{ id: string; n: number }>(
    `select e.entry #>> '{offer,id}' as id, count(distinct c.id)::int as n
     from campaigns as c cross join lateral jsonb_array_elements(c.weekly_plan -> 'entries') as e(entry)
     where c.status in ('draft', 'approved', 'scheduled', 'active', 'paused') and e.entry #>> '{offer,id}' = any($1::text[]) group by 1`,
    [ids],
  )
  return new Map(rows.map((r) => [r.id, r.n]))
}

/** Products of these ids that the catalogue does not have. */
export async function unknownProducts(client: ClientBase, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const { rows } = await client.query<{ id: string }>(
    `select given.id from unnest($1::uuid[]) as given(id) left join products on products.id = given.id where products.id is null`,
    [ids],
  )
  return rows.map((r) => r.id)
}

function values(o: Omit<Offer, 'id'>): unknown[] {
  return [
    o.value,
    o.min_quantity,
    o.department,
    o.category,
    o.product_ids,
    o.min_spend_cents,
    o.funded_by,
    o.redeemable_as_coupon,
    o.code,
    o.unit_cost_cents,
    o.regular_price_cents,
    o.valid_from,
    o.valid_to,
  ]
}
