import type { z } from 'zod'
import type { Order, OrderDetail, orders } from '#contract/orders.ts'
import type { Ctx } from '../../context.ts'
import { countUpTo, type Count } from '../../list-counts.ts'
import { notFound } from '../../http/errors.ts'
import { afterCursor, createParams, orderBy, parseSort, readCursor, writeCursor, type SortKeys } from '../../keyset.ts'

type Query = z.output<typeof orders.list.query>
type Row = z.input<typeof Order>
type Detail = z.input<typeof OrderDetail>

const sortKeys: SortKeys = {
  ordered_at: { sql: 'o.ordered_at', type: 'timestamptz' },
  // Ids carry the time they were made.
  created_at: { sql: 'o.id', type: 'uuid' },
}
const columns = `o.id, o.external_id, o.customer_id, c.name as customer_name, o.store_id, st.name as store_name, o.ordered_at, o.total_cents, o.discount_cents,
  o.coupon_code, o.currency, o.is_demo, o.created_at, o.updated_at`
const joins = 'join customers as c on c.id = o.customer_id left join stores as st on st.id = o.store_id'

/** One page of orders; with a cursor nothing is skipped or repeated while orders come in. */
export async function listOrders(
  ctx: Ctx,
  query: Query,
): Promise<Count & { data: Row[]; page: number; page_size: number; next_cursor: string | null }> {
  const sort = query.sort ?? '-ordered_at'
  const steps = parseSort(sort, '-ordered_at', sortKeys, 'o.id')
  const params = createParams()
  const terms = ['true']
  if (query.customer_id) terms.push(`o.customer_id = ${params.add(query.customer_id)}::uuid`)
  if (query.store_id) terms.push(`o.store_id = ${params.add(query.store_id)}::uuid`)
  if (query.external_id) terms.push(`o.external_id = ${params.add(query.external_id.replaceAll('\0', ''))}`)
  if (query.from) terms.push(`o.ordered_at >= ${params.add(query.from)}::timestamptz`)
  if (query.to) terms.push(`o.ordered_at < ${params.add(query.to)}::timestamptz`)
  const where = terms.join(' and ')
  const filterValues = [...params.values]
  // No order is without these keys, so the bound can be the index's.
  const after = query.cursor
    ? ` and ${afterCursor(steps, readCursor(ctx.config.secret, query.cursor, sort), params, true)}`
    : ''
  // Instants as text with their microseconds: a Date would lose them and repeat rows.
  const keys = steps.map((step) =>
    step.type === 'timestamptz' ? `to_char(${step.sql} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ')` : step.sql,
  )
  const [{ rows }, count] = await Promise.all([
    ctx.pool.query<Row & { page_keys: unknown[] }>(
      `select ${columns}, (select count(*)::int from order_items as i where i.order_id = o.id) as items, jsonb_build_array(${keys.join(', ')}) as page_keys
       from (select o.* from orders as o where ${where}${after} order by ${orderBy(steps, true)}
         limit ${params.add(query.page_size + 1)} offset ${params.add(query.cursor ? 0 : (query.page - 1) * query.page_size)}) as o
       ${joins} order by ${orderBy(steps, true)}`,
      params.values,
    ),
    countUpTo(ctx.pool, 'orders as o', where, filterValues),
  ])
  const page = rows.slice(0, query.page_size)
  const last = page.at(-1)
  return {
    data: page.map(({ page_keys: _, ...row }) => row),
    page: query.page,
    page_size: query.page_size,
    ...count,
    next_cursor: rows.length > query.page_size && last ? writeCursor(ctx.config.secret, sort, last.page_keys) : null,
  }
}

/** Throws not_found. */
export async function readOrder(ctx: Ctx, id: string): Promise<Detail> {
  const { rows } = await ctx.pool.query<Omit<Detail, 'items' | 'conversion'>>(
    `select ${columns} from orders as o ${joins} where o.id = $1`,
    [id],
  )
  const order = rows[0]
  if (!order) throw notFound('order', id)
  const [items, conversions] = await Promise.all([
    ctx.pool.query<Detail['items'][number]>(
      `select i.product_id, p.sku, p.name, p.brand, p.department, p.category, i.quantity::float8 as quantity, i.total_cents, i.discount_cents
       from order_items as i join products as p on p.id = i.product_id where i.order_id = $1 order by i.total_cents desc, i.id`,
      [id],
    ),
    ctx.pool.query<NonNullable<Detail['conversion']>>(
      `select v.send_id, v.campaign_id, p.name as campaign_name, v.because from conversions as v left join campaigns as p on p.id = v.campaign_id
       where v.order_id = $1`,
      [id],
    ),
  ])
  return { ...order, items: items.rows, conversion: conversions.rows[0] ?? null }
}
