import type { z } from 'zod'
import type { Product, products } from '#contract/products.ts'
import type { Ctx } from '../context.ts'
import { countUpTo, type Count } from '../list-counts.ts'
import { afterCursor, createParams, orderBy, parseSort, readCursor, writeCursor, type SortKeys } from '../keyset.ts'

const margin = '((p.price_cents - p.unit_cost_cents)::float8 / nullif(p.price_cents, 0))'
export const productColumns = `p.id, p.sku, p.name, p.brand, p.department, p.category, p.size_ml, p.price_cents, p.unit_cost_cents, ${margin} as margin_share,
  p.stock, p.is_active, p.is_demo, p.created_at, p.updated_at`

const sortKeys: SortKeys = {
  name: { sql: 'p.name', type: 'text' },
  sku: { sql: 'p.sku', type: 'text' },
  brand: { sql: 'p.brand', type: 'text' },
  category: { sql: 'p.category', type: 'text' },
  price: { sql: 'p.price_cents', type: 'bigint' },
  cost: { sql: 'p.unit_cost_cents', type: 'bigint' },
  margin: { sql: margin, type: 'float8' },
  stock: { sql: 'p.stock', type: 'bigint' },
  created_at: { sql: 'p.created_at', type: 'timestamptz' },
  updated_at: { sql: 'p.updated_at', type: 'timestamptz' },
}

const stockTerms = {
  in: 'p.stock > 0',
  low: 'p.stock between 1 and 5',
  out: 'p.stock <= 0',
  uncounted: 'p.stock is null',
} as const

type ProductQuery = z.output<(typeof products.list)['query']>

/** One page of the catalog. */
export async function listProducts(
  ctx: Ctx,
  query: ProductQuery,
): Promise<Count & { data: Product[]; page: number; page_size: number; next_cursor: string | null }> {
  const sort = query.sort ?? 'name'
  const steps = parseSort(sort, 'name', sortKeys, 'p.id')
  const params = createParams()
  const terms = ['true']
  // What is no id matches nothing; the cast never sees it.
  if (query.ids) terms.push(`p.id::text = any(${params.add(query.ids)}::text[])`)
  if (query.q) {
    const text = params.add(`%${query.q.replaceAll('\0', '').replace(/[\\%_]/g, '\\$&')}%`)
    terms.push(`(p.name ilike ${text} or p.sku ilike ${text} or p.brand ilike ${text})`)
  }
  for (const column of ['department', 'category', 'brand'] as const) {
    const values = query[column]
    if (values && values.length > 0) terms.push(`p.${column} = any(${params.add(values)}::text[])`)
  }
  if (query.is_active !== undefined) terms.push(`p.is_active = ${params.add(query.is_active)}::boolean`)
  if (query.stock) terms.push(stockTerms[query.stock])
  if (query.has_cost !== undefined) terms.push(`p.unit_cost_cents is ${query.has_cost ? 'not ' : ''}null`)
  if (query.import_id) terms.push(`p.import_id = ${params.add(query.import_id)}::uuid`)
  const where = terms.join(' and ')
  const filterValues = [...params.values]
  const after = query.cursor
    ? ` and ${afterCursor(steps, readCursor(ctx.config.secret, query.cursor, sort), params)}`
    : ''
  const keys = steps.map((s, i) => `${s.sql}::text as key_${i}`).join(', ')
  const [{ rows }, count] = await Promise.all([
    ctx.pool.query<Product & Record<`key_${number}`, unknown>>(
      `select ${productColumns}, ${keys} from products as p where ${where}${after} order by ${orderBy(steps)}
       limit ${params.add(query.page_size + 1)} offset ${params.add(query.cursor ? 0 : (query.page - 1) * query.page_size)}`,
      params.values,
    ),
    countUpTo(ctx.pool, 'products as p', where, filterValues),
  ])
  const page = rows.slice(0, query.page_size)
  const last = page.at(-1)
  const next =
    rows.length > query.page_size && last
      ? writeCursor(
          ctx.config.secret,
          sort,
          steps.map((_, i) => last[`key_${i}`]),
        )
      : null
  const data = page.map(
    (row) => Object.fromEntries(Object.entries(row).filter(([k]) => !k.startsWith('key_'))) as unknown as Product,
  )
  return { data, page: query.page, page_size: query.page_size, ...count, next_cursor: next }
}

/** What the filters of the catalog offer. */
export async function readFacets(ctx: Ctx): Promise<z.input<(typeof products.facets)['reply']>> {
  const count = async (column: 'category' | 'brand'): Promise<{ value: string; products: number }[]> => {
    const { rows } = await ctx.pool.query<{ value: string; products: number }>(
      `select p.${column} as value, count(*)::int as products from products as p where p.is_active and p.${column} is not null
       group by 1 order by 2 desc, 1 limit 300`,
    )
    return rows
  }
  const [categories, brands] = await Promise.all([count('category'), count('brand')])
  return { categories, brands }
}
