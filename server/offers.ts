import type { ClientBase, Pool } from 'pg'
import type { JudgedOffer, OfferInput, StoreOpinion } from '#contract/offers.ts'
import { lintCopy } from '#core/compliance/lint.ts'
import { decisive, worst } from '#core/compliance/verdict.ts'
import type { Policy } from '#core/compliance/policy.ts'
import { checkOffer } from '#core/compliance/rules.ts'
import type { StoreForGate } from '#core/planning/assign.ts'
import { offerEconomics } from '#core/planning/offer-economics.ts'
import { noOffer, describeOffer, Offer } from '#core/planning/offer.ts'
import { readPolicy } from './policy.ts'
import { readSetting } from './settings.ts'
import { loadStores } from './stores.ts'

export interface OfferRow extends Offer {
  is_active: boolean
  is_demo: boolean
  archived_at: Date | null
  created_at: Date
  updated_at: Date
  version: number
  price_from: JudgedOffer['price_from']
  stock: JudgedOffer['stock']
}

const terms = `o.id, o.key, o.title, o.kind, o.value::float8 as value, o.min_quantity, o.department, o.category, o.product_ids, o.min_spend_cents, o.funded_by,
  o.redeemable_as_coupon, o.code, o.valid_from, o.valid_to`
const state = 'o.is_active, o.is_demo, o.archived_at, o.created_at, o.updated_at, o.version'
const inRange = `p.is_active and p.department <> 'other' and (cardinality(o.product_ids) = 0 or p.id = any(o.product_ids))
  and (o.department is null or p.department = o.department) and (o.category is null or p.category = o.category)`

export interface OfferFilter {
  ids?: readonly string[]
  q?: string | undefined
  kind?: string | undefined
  department?: string | undefined
  fundedBy?: string | undefined
  isActive?: boolean | undefined
  /** left out: archived or not */
  archived?: boolean | undefined
  /** keyset: after this id */
  after?: string | undefined
  limit?: number
  offset?: number
}

// Price facts where an offer has none of its own: those of the product in its range with the thinnest margin, because
// what is legal for that one is legal for the whole range. A product without cost leaves them unknown, and rules warn.
const withPrices = `left join lateral (
    select p.unit_cost_cents, p.price_cents from products as p
    where o.unit_cost_cents is null and o.regular_price_cents is null and p.price_cents > 0 and ${inRange}
    order by p.unit_cost_cents::float8 / p.price_cents desc nulls first limit 1
  ) as worst on worst.unit_cost_cents is not null
  left join lateral (
    select count(*) as products, count(*) filter (where coalesce(p.stock, 1) > 0) as in_stock, sum(p.stock) as units from products as p where ${inRange}
  ) as shelf on true`
const computed = `coalesce(o.unit_cost_cents, worst.unit_cost_cents) as unit_cost_cents, coalesce(o.regular_price_cents, worst.price_cents) as regular_price_cents,
  case when o.unit_cost_cents is not null or o.regular_price_cents is not null then 'offer' when worst.unit_cost_cents is not null then 'products' else 'unknown' end as price_from,
  jsonb_build_object('products', shelf.products, 'in_stock', shelf.in_stock, 'units', shelf.units) as stock`

const where = `($1::uuid[] is null or o.id = any($1)) and ($2::text is null or o.title ilike '%' || $2 || '%' or o.key ilike '%' || $2 || '%')
  and ($3::text is null or o.kind = $3) and ($4::text is null or o.department = $4) and ($5::boolean is null or o.is_active = $5)
  and ($6::text is null or o.funded_by = $6) and ($7::boolean is null or (o.archived_at is not null) = $7)`
const args = (f: OfferFilter): unknown[] => [
  f.ids ?? null,
  f.q?.replace(/[\\%_]/g, '\\$&') ?? null,
  f.kind ?? null,
  f.department ?? null,
  f.isActive ?? null,
  f.fundedBy ?? null,
  f.archived ?? null,
]

/** Offers in the order they were made, with price facts and stock from the catalogue. */
export async function findOffers(client: ClientBase | Pool, filter: OfferFilter = {}): Promise<OfferRow[]> {
  const { rows } = await client.query<OfferRow>(
    `select ${terms}, ${computed}, ${state} from offers as o ${withPrices}
     where ${where} and ($8::uuid is null or o.id > $8) order by o.id limit $9 offset $10`,
    [...args(filter), filter.after ?? null, filter.limit ?? null, filter.offset ?? 0],
  )
  return rows
}

export async function countOffers(client: ClientBase | Pool, filter: OfferFilter): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    `select count(*)::int as n from offers as o where ${where}`,
    args(filter),
  )
  return rows[0]!.n
}

/** Price facts and stock for an offer that is not stored. */
export async function withCatalogue(
  client: ClientBase | Pool,
  offer: Offer,
): Promise<Offer & Pick<OfferRow, 'price_from' | 'stock'>> {
  const { rows } = await client.query<
    Pick<OfferRow, 'price_from' | 'stock' | 'unit_cost_cents' | 'regular_price_cents'>
  >(
    `select ${computed} from (select $1::uuid[] as product_ids, $2::text as department, $3::text as category, $4::bigint as unit_cost_cents, $5::bigint as regular_price_cents) as o ${withPrices}`,
    [offer.product_ids, offer.department, offer.category, offer.unit_cost_cents, offer.regular_price_cents],
  )
  return { ...offer, ...rows[0]! }
}

/** The offer without what only the list needs. */
export function offerOf(row: Offer & Partial<OfferRow>): Offer {
  const fields: Record<string, unknown> = { ...row }
  return Offer.parse(Object.fromEntries(Object.keys(Offer.shape).map((name) => [name, fields[name]])))
}

/** What the shop must know to judge offers: read once per list. */
export interface JudgeFacts {
  stores: readonly StoreForGate[]
  policy: Policy
  currency: string
  marginShare: number
  basketCents: number
}

export async function loadJudgeFacts(pool: Pool): Promise<JudgeFacts> {
  const [stores, policy, shop, basket] = await Promise.all([
    loadStores(pool),
    readPolicy(pool),
    readSetting(pool, 'shop'),
    pool.query<{ cents: number | null }>(
      // A year at most, and of that the latest orders: a usual basket, not a total.
      `select avg(o.total_cents)::float8 as cents from (select orders.total_cents from orders order by orders.ordered_at desc limit 5000) as o`,
    ),
  ])
  const cents = basket.rows[0]?.cents ?? null
  return {
    stores,
    policy,
    currency: shop.currency,
    marginShare: shop.margin_pct / 100,
    basketCents: cents !== null && cents > 0 ? cents : 4000,
  }
}

/** Words, margin and law of an offer. */
export function judge(row: Offer & Pick<OfferRow, 'price_from' | 'stock'>, facts: JudgeFacts): JudgedOffer {
  const offer = offerOf(row)
  return {
    text: describeOffer(offer, facts.currency),
    price_from: row.price_from,
    economics: offerEconomics(offer, facts),
    stock: row.stock,
    stores: judgeOffer(offer, facts.stores, facts.policy),
    copy: lintCopy(offer.title, facts.policy),
  }
}

function judgeOffer(offer: Offer, stores: readonly StoreForGate[], policy: Policy): StoreOpinion[] {
  return stores.filter((s) => s.id !== 'shop').map((store) => opinionOf(offer, store, policy, null))
}

/** What one store's state says; a place that is no store of the shop has no id. */
export function opinionOf(offer: Offer, store: StoreForGate, policy: Policy, day: string | null): StoreOpinion {
  const verdicts = checkOffer(offer, store, policy, day)
  return {
    store_id: ['state', 'shop'].includes(store.id) ? null : store.id,
    store: store.name,
    state: store.state,
    allowed: decisive(verdicts) === null,
    outcome: worst(verdicts),
    verdicts,
  }
}

/** An offer as it would be stored; the id is only a place-holder until the database gives one. */
export function completeOffer(input: OfferInput, id = noOffer.id): Offer {
  return Offer.parse({ ...noOffer, ...input, id })
}
