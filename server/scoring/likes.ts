import type { Pool } from 'pg'
import type { scoring } from '#contract/scoring.ts'
import type { Answer } from '#contract/http.ts'
import type { Department } from '#core/planning/offer.ts'
import { occasions } from '#core/scoring/occasions.ts'
import { recommend, type Neighbour, type ShelfProduct } from '#core/scoring/recommend.ts'
import type { Answered } from '#core/scoring/response.ts'
import {
  priceTiers,
  scoreTaste,
  sizeClasses,
  smoothedShares,
  type BaseShares,
  type Weighted,
} from '#core/scoring/taste.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { AppError, notFound } from '../http/errors.ts'
import { assembleOne, type OneCustomer } from './rescore.ts'

const mostNamed = 12
const sharePrior = 4
const answerPrior = 10

/** What a customer likes, from their orders and answers up to now. Throws not_found. */
export async function readAffinities(ctx: Ctx, id: string): Promise<Answer<typeof scoring.affinities>> {
  const asOf = ctx.clock()
  const one = await assemble(ctx, id, asOf)
  const { model } = one
  const { base, responses } = model
  const none = { bought: { categories: [], brands: [], tiers: [], sizes: [] }, messages: [] as Answered[] }
  const { bought, messages } = one.assembled?.facts ?? none
  const facts = one.assembled?.facts ?? { orders: 0, discountedOrders: 0, occasions: occasions.map(() => 0) }
  const shares = (items: readonly Weighted[], shop: BaseShares, prior: number) =>
    smoothedShares(items, shop, prior)
      .slice(0, mostNamed)
      .map(({ name, value }) => ({ name, share: value, shop_share: shop[name] ?? 0 }))
  const places = (names: readonly string[], weights: readonly number[], shop: readonly number[]) => {
    const total = weights.reduce((sum, w) => sum + w, 0)
    return names.map((name, i) => ({
      name,
      share: ((weights[i] ?? 0) + sharePrior * (shop[i] ?? 0)) / (total + sharePrior),
      shop_share: shop[i] ?? 0,
    }))
  }
  return {
    customer_id: id,
    as_of: asOf,
    weight: bought.categories.reduce((sum, c) => sum + c.weight, 0),
    categories: shares(bought.categories, base.categories, 2),
    brands: shares(bought.brands, base.brands, 4),
    price_tiers: places(priceTiers, bought.tiers, base.tiers),
    sizes: places(sizeClasses, bought.sizes, base.sizes),
    occasions: places(occasions, facts.occasions, base.occasions),
    offers: answersBy(messages, (m) => m.kind, responses.kinds, responses.overall),
    channels: answersBy(messages, (m) => m.channel, responses.channels, responses.overall),
    price_sensitivity: scoreTaste(bought, facts, base).priceSensitivity,
  }
}

function answersBy<K extends string>(
  messages: readonly Answered[],
  keyOf: (row: Answered) => K | null,
  rates: Readonly<Partial<Record<K, number>>>,
  overall: number,
): { name: string; delivered: number; answered: number; lift: number }[] {
  const keys = [...new Set(messages.flatMap((m) => keyOf(m) ?? []))].sort()
  return keys.map((name) => {
    const own = messages.filter((m) => keyOf(m) === name)
    const delivered = own.reduce((sum, m) => sum + m.delivered, 0)
    const answered = own.reduce((sum, m) => sum + m.responded, 0)
    const rate = Math.max(1e-4, rates[name] ?? overall)
    return { name, delivered, answered, lift: (answered + answerPrior * rate) / (delivered + answerPrior) / rate }
  })
}

/** Products worth showing to a customer now. Throws not_found. */
export async function readRecommendations(
  ctx: Ctx,
  id: string,
  limit: number,
): Promise<Answer<typeof scoring.recommendations>> {
  const asOf = ctx.clock()
  const one = await assemble(ctx, id, asOf)
  const facts = one.assembled?.facts
  const taste = facts && scoreTaste(facts.bought, facts, one.model.base)
  const categories = Object.fromEntries(
    smoothedShares(facts?.bought.categories ?? [], one.model.base.categories, 2).map((c) => [c.name, c.value]),
  )
  const { rows: people } = await ctx.pool.query<{ age_status: string; sells: Department[] }>(
    `select c.age_status, coalesce(s.sells, (select array_agg(distinct d order by d) from stores as a cross join unnest(a.sells) as d), '{spirits,wine,beer}') as sells
     from customers as c left join stores as s on s.id = c.store_id where c.id = $1`,
    [id],
  )
  const { age_status: age, sells } = people[0]!
  const isAdult = age === 'dob_verified' || age === 'attested'
  const { rows: bought } = await ctx.pool.query<{ id: string; days: number[] }>(
    `select i.product_id as id, array_agg(floor(extract(epoch from o.ordered_at) / 86400)::int order by o.ordered_at) as days
     from orders as o join order_items as i on i.order_id = o.id
     where o.customer_id = $1 and o.ordered_at <= $2 and i.quantity > 0 and i.total_cents >= 0 group by 1`,
    [id, asOf],
  )
  const { rows: neighbours } = await ctx.pool.query<Neighbour>(
    `select n.product_id as "productId", n.neighbour_id as "neighbourId", n.similarity from product_neighbours as n where n.product_id = any($1::uuid[])`,
    [bought.map((b) => b.id)],
  )
  const ids = [...bought.map((b) => b.id), ...neighbours.map((n) => n.neighbourId)]
  const shelf = await readShelf(ctx.pool, ids, Object.keys(categories).slice(0, 3), asOf)
  const found = recommend(
    {
      asOfDay: Math.floor(asOf.getTime() / 86_400_000),
      shelf,
      bought,
      neighbours,
      categories,
      favoriteBrands: taste?.favoriteBrands ?? [],
      sells,
      isAdult,
    },
    limit,
  )
  const note = !isAdult
    ? age === 'under_age'
      ? 'Under age: nothing with alcohol is shown.'
      : 'Age not known: nothing with alcohol is shown. Record a date of birth to change that.'
    : found.length === 0
      ? 'Nothing stands out: no purchase with known products yet, or nothing of it is in stock.'
      : null
  return {
    data: found.map(({ product, kind, reason, score }) => ({
      product_id: product.id,
      sku: product.sku,
      name: product.name,
      category: product.category,
      price_cents: product.priceCents,
      stock: product.stock,
      kind,
      reason,
      score,
    })),
    note,
  }
}

/** These products, and the best sellers of the last quarter in these categories. */
async function readShelf(
  pool: Pool,
  ids: readonly string[],
  categories: readonly string[],
  asOf: Date,
): Promise<ShelfProduct[]> {
  const { rows } = await pool.query<ShelfProduct>(
    `with sold as (
       select i.product_id, count(*) as n, p.category
       from orders as o join order_items as i on i.order_id = o.id join products as p on p.id = i.product_id
       where o.ordered_at > $3::timestamptz - interval '90 days' and o.ordered_at <= $3 and p.category = any($2) and i.quantity > 0
         and (uuid_hash_extended(o.customer_id, 17) & 1023) < 1024 * $4::float8
       group by 1, 3
     ), best as (
       select s.product_id, s.n::float8 / sum(s.n) over (partition by s.category) as share, row_number() over (partition by s.category order by s.n desc, s.product_id) as place
       from sold as s
     )
     select p.id, p.sku, p.name, p.brand, p.category, p.department, p.price_cents as "priceCents", p.is_active as "isActive", p.stock,
       coalesce(b.share, 0) as popularity
     from products as p left join best as b on b.product_id = p.id and b.place <= 20
     where p.id = any($1::uuid[]) or b.product_id is not null`,
    [ids, categories, asOf, await sampleShare(pool)],
  )
  return rows
}

/** A tenth of a second of best sellers is enough: of very many customers, some. */
async function sampleShare(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select greatest(1, c.reltuples)::float8 as n from pg_class as c where c.oid = 'orders'::regclass`,
  )
  return Math.min(1, 200_000 / rows[0]!.n)
}

async function assemble(ctx: Ctx, id: string, asOf: Date): Promise<OneCustomer> {
  const { rowCount } = await ctx.pool.query('select from customers as c where c.id = $1', [id])
  if (rowCount === 0) throw notFound('customer', id)
  const one = await withTx(ctx.pool, (tx) => assembleOne(ctx, tx, id, asOf))
  if (!one)
    throw new AppError(
      'not_found',
      'There is no model yet. Import orders and score the customers: POST /api/v1/scores/compute, or `liquor-agent score`.',
    )
  return one
}
