import type { PoolClient } from 'pg'
import type { Product, ProductDetail, ProductInput } from '#contract/products.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { etagOf } from './customer-detail.ts'
import { productColumns } from './products.ts'

/** Columns a person may change; a name that is not here never reaches SQL. */
const columns = [
  'sku',
  'name',
  'brand',
  'department',
  'category',
  'size_ml',
  'price_cents',
  'unit_cost_cents',
  'stock',
] as const
const names = columns.join(', ')
type Values = Partial<ProductInput>

/** A product with what it sold in 90 days and which offers name it. Throws not_found. */
export async function readProduct(ctx: Ctx, id: string): Promise<ProductDetail> {
  const { rows } = await ctx.pool.query<Omit<ProductDetail, 'etag'> & { version: string }>(
    `select ${productColumns}, extract(epoch from p.updated_at)::text as version,
       sold.units as units_90_days, sold.revenue as revenue_90_days_cents, sold.last_sold_at,
       coalesce((select jsonb_agg(jsonb_build_object('id', f.id, 'title', f.title, 'is_active', f.is_active) order by f.title) from offers as f where p.id = any(f.product_ids)), '[]') as offers
     from products as p, lateral (
       select coalesce(sum(i.quantity) filter (where o.ordered_at >= $2::timestamptz - interval '90 days'), 0)::float8 as units,
         coalesce(sum(i.total_cents) filter (where o.ordered_at >= $2::timestamptz - interval '90 days'), 0)::bigint as revenue, max(o.ordered_at) as last_sold_at
       from order_items as i join orders as o on o.id = i.order_id where i.product_id = p.id
     ) as sold
     where p.id = $1`,
    [id, ctx.clock()],
  )
  if (!rows[0]) throw notFound('product', id)
  const { version, ...product } = rows[0]
  return { ...product, etag: etagOf(id, version) }
}

/** Throws conflict when the number is taken. */
export async function createProduct(ctx: Ctx, actor: Actor, input: ProductInput): Promise<ProductDetail> {
  const id = await withTx(ctx.pool, async (tx) => {
    const { rows } = await guarded(
      tx.query<{ id: string }>(
        `insert into products (${names}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
        columns.map((name) => input[name] ?? null),
      ),
    )
    const made = rows[0]!.id
    await audit(tx, actor, { action: 'product.created', entity: 'product', entityId: made, after: input })
    return made
  })
  return readProduct(ctx, id)
}

/** Changes the given fields. Throws not_found, conflict, and edit.stale when `ifMatch` names an older state. */
export async function updateProduct(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Values,
  ifMatch: string | undefined,
): Promise<ProductDetail> {
  await withTx(ctx.pool, async (tx) => {
    const before = await lock(tx, id)
    if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etagOf(id, before.version))
      throw new AppError('edit.stale', 'Somebody changed this product meanwhile. Load it again and repeat your change.')
    const given = columns.filter((name) => change[name] !== undefined)
    if (given.length === 0) throw new InputError([{ path: '', message: 'Give at least one field to change.' }])
    await guarded(
      tx.query(
        `update products set ${given.map((name, i) => `${name} = $${i + 2}`).join(', ')}, updated_at = clock_timestamp() where products.id = $1`,
        [id, ...given.map((name) => change[name])],
      ),
    )
    await audit(tx, actor, {
      action: 'product.updated',
      entity: 'product',
      entityId: id,
      before: Object.fromEntries(given.map((name) => [name, before[name]])),
      after: change,
    })
  })
  return readProduct(ctx, id)
}

/** Takes a product out of sale, or back into it. Doing it twice changes nothing. Throws not_found. */
export async function setActive(ctx: Ctx, actor: Actor, id: string, isActive: boolean): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const before = await lock(tx, id)
    if (before.is_active === isActive) return
    await tx.query('update products set is_active = $2, updated_at = clock_timestamp() where products.id = $1', [
      id,
      isActive,
    ])
    await audit(tx, actor, {
      action: isActive ? 'product.restored' : 'product.removed',
      entity: 'product',
      entityId: id,
      before: { is_active: before.is_active },
      after: { is_active: isActive },
    })
  })
}

type Locked = Pick<Product, (typeof columns)[number] | 'is_active'> & { version: string }

async function lock(tx: PoolClient, id: string): Promise<Locked> {
  const { rows } = await tx.query<Locked>(
    `select ${names}, products.is_active, extract(epoch from products.updated_at)::text as version from products where products.id = $1 for update`,
    [id],
  )
  if (!rows[0]) throw notFound('product', id)
  return rows[0]
}

async function guarded<T>(query: Promise<T>): Promise<T> {
  try {
    return await query
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    throw new AppError('conflict', 'Another product has this number already. Open that one, or correct the number.', {
      field: 'sku',
    })
  }
}
