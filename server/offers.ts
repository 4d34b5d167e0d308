import type { ClientBase, Pool } from 'pg'
import type { OfferInput, StoredOffer } from '#contract/offers.ts'
import { decisive } from '#core/compliance/verdict.ts'
import type { Policy } from '#core/compliance/policy.ts'
import { checkOffer } from '#core/compliance/rules.ts'
import type { StoreForGate } from '#core/planning/assign.ts'
import { noOffer, describeOffer, Offer } from '#core/planning/offer.ts'

export interface OfferRow extends Offer {
  is_active: boolean
  is_demo: boolean
}

const columns = `o.id, o.key, o.title, o.kind, o.value::float8 as value, o.min_quantity, o.department, o.category, o.product_ids, o.min_spend_cents, o.funded_by,
  o.redeemable_as_coupon, o.code, o.unit_cost_cents, o.regular_price_cents, o.valid_from, o.valid_to`

export interface OfferFilter {
  ids?: readonly string[]
  q?: string | undefined
  kind?: string | undefined
  department?: string | undefined
  isActive?: boolean | undefined
}

/**
 * Offers with the price facts the law asks for. Where an offer has none of its own, they come from the product in its
 * range with the thinnest margin: what is legal for that one is legal for the whole range. If a product in the range
 * has no cost they stay unknown, and rules that need them warn.
 */
export async function findOffers(client: ClientBase | Pool, filter: OfferFilter = {}): Promise<OfferRow[]> {
  const { rows } = await client.query<OfferRow>(
    `select ${columns.replace('o.unit_cost_cents, o.regular_price_cents', 'coalesce(o.unit_cost_cents, worst.unit_cost_cents) as unit_cost_cents, coalesce(o.regular_price_cents, worst.price_cents) as regular_price_cents')},
       o.is_active, o.is_demo
     from offers as o
     left join lateral (
       select p.unit_cost_cents, p.price_cents from products as p
       where o.unit_cost_cents is null and o.regular_price_cents is null and p.is_active and p.department <> 'other' and p.price_cents > 0
         and (cardinality(o.product_ids) = 0 or p.id = any(o.product_ids))
         and (o.department is null or p.department = o.department) and (o.category is null or p.category = o.category)
       order by p.unit_cost_cents::float8 / p.price_cents desc nulls first limit 1
     ) as worst on worst.unit_cost_cents is not null
     where ($1::uuid[] is null or o.id = any($1)) and ($2::text is null or o.title ilike '%' || $2 || '%' or o.key ilike '%' || $2 || '%')
       and ($3::text is null or o.kind = $3) and ($4::text is null or o.department = $4) and ($5::boolean is null or o.is_active = $5)
     order by o.id`,
    [
      filter.ids ?? null,
      filter.q?.replace(/[\\%_]/g, '\\$&') ?? null,
      filter.kind ?? null,
      filter.department ?? null,
      filter.isActive ?? null,
    ],
  )
  return rows
}

/** The offer without what only the list needs. */
export function offerOf({ is_active: _, is_demo: __, ...offer }: OfferRow): Offer {
  return Offer.parse(offer)
}

/** Adds the words for customers and the law's opinion per store. */
export function showOffer(
  row: OfferRow,
  stores: readonly StoreForGate[],
  policy: Policy,
  currency: string,
): StoredOffer {
  return { ...row, text: describeOffer(row, currency), stores: judgeOffer(row, stores, policy) }
}

export function judgeOffer(
  offer: Offer,
  stores: readonly StoreForGate[],
  policy: Policy,
  day: string | null = null,
): StoredOffer['stores'] {
  return stores
    .filter((s) => s.id !== 'shop')
    .map((store) => {
      const verdicts = checkOffer(offer, store, policy, day)
      return {
        store_id: store.id,
        store: store.name,
        state: store.state,
        allowed: decisive(verdicts) === null,
        verdicts,
      }
    })
}

/** An offer as it would be stored; the id is only a place-holder until the database gives one. */
export function completeOffer(input: OfferInput, id = noOffer.id): Offer {
  return Offer.parse({ ...noOffer, ...input, id })
}

/** Stores a new offer; the database's unique key refuses a second one of the same name. Returns its id. */
export async function insertOffer(client: ClientBase, input: OfferInput): Promise<string> {
  const { id: _, ...offer } = completeOffer(input)
  const { rows } = await client.query<{ id: string }>(
    `insert into offers (key, title, kind, value, min_quantity, department, category, product_ids, min_spend_cents, funded_by, redeemable_as_coupon, code, unit_cost_cents,
       regular_price_cents, valid_from, valid_to)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict (key) do nothing returning id`,
    [offer.key, offer.title, offer.kind, ...values(offer)],
  )
  return rows[0]?.id ?? ''
}

/** Overwrites an offer with this one. */
export async function saveOffer(client: ClientBase, offer: Offer, isActive: boolean): Promise<void> {
  await client.query(
    `update offers set title = $3, kind = $4, value = $5, min_quantity = $6, department = $7, category = $8, product_ids = $9, min_spend_cents = $10, funded_by = $11,
       redeemable_as_coupon = $12, code = $13, unit_cost_cents = $14, regular_price_cents = $15, valid_from = $16, valid_to = $17, is_active = $2, updated_at = now() where id = $1`,
    [offer.id, isActive, offer.title, offer.kind, ...values(offer)],
  )
}

/** The offer as stored, without price facts from products. */
export async function findStoredOffer(client: ClientBase, id: string): Promise<OfferRow | null> {
  const { rows } = await client.query<OfferRow>(
    `select ${columns}, o.is_active, o.is_demo from offers as o where o.id = $1 for update`,
    [id],
  )
  return rows[0] ?? null
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
