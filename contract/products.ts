import { z } from 'zod'
import { departments } from '#core/planning/offer.ts'
import { Cents, Flag, Id, IdParams, Instant, List, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

const most = 100_000_000
const fields = {
  /** number of the article in the till; unique */
  sku: z.string().trim().min(1, 'Give the number it has in your till.').max(100),
  name: z.string().trim().min(1, 'Give it a name.').max(200),
  brand: z.string().trim().max(120).nullable(),
  /** what the law calls it */
  department: z.enum(departments),
  /** what the shop calls it: Bourbon, Chardonnay */
  category: z.string().trim().min(1, 'Name the shelf it stands on, like Bourbon.').max(120),
  size_ml: z.int().min(1).max(1_000_000).nullable(),
  price_cents: Cents.min(0, 'A price is not below zero.').max(most),
  /** what the shop pays for one; rules on selling below cost need it */
  unit_cost_cents: Cents.min(0, 'A cost is not below zero.').max(most).nullable(),
  /** null: not counted */
  stock: z.int().min(-1_000_000).max(10_000_000).nullable(),
}
const ProductEdit = z.strictObject(fields)
export const ProductInput = ProductEdit.partial().required({
  sku: true,
  name: true,
  department: true,
  category: true,
  price_cents: true,
})
export type ProductInput = z.infer<typeof ProductInput>

export const Product = z.strictObject({
  id: Id,
  sku: z.string(),
  name: z.string(),
  brand: z.string().nullable(),
  department: z.enum(departments),
  category: z.string(),
  size_ml: z.int().nullable(),
  price_cents: Cents,
  unit_cost_cents: Cents.nullable(),
  /** gross margin of the regular price, 0..1; null without cost or price */
  margin_share: z.number().nullable(),
  stock: z.int().nullable(),
  /** false: no longer sold; past orders keep it, plans and offers leave it out */
  is_active: z.boolean(),
  is_demo: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
})
export type Product = z.infer<typeof Product>

export const ProductDetail = Product.extend({
  units_90_days: z.number(),
  revenue_90_days_cents: Cents,
  last_sold_at: Instant.nullable(),
  /** offers that name it */
  offers: z.array(z.strictObject({ id: Id, title: z.string(), is_active: z.boolean() })),
  /** send it back as If-Match with a change */
  etag: z.string(),
})
export type ProductDetail = z.infer<typeof ProductDetail>

const Facet = z.strictObject({ value: z.string(), products: z.int() })
const tag = 'Products'
export const products = {
  list: route({
    method: 'GET',
    path: '/api/v1/products',
    access: 'user',
    scope: 'catalog:read',
    tag,
    summary: 'The catalog',
    description: 'Sort by name, sku, brand, category, price, cost, margin, stock, created_at or updated_at.',
    query: z.strictObject({
      ...pageQuery,
      /** these, by id */
      ids: List.optional(),
      /** part of name, number or brand */
      q: z.string().trim().max(200).optional(),
      department: List.optional(),
      category: List.optional(),
      brand: List.optional(),
      is_active: Flag.optional(),
      /** out: none left; low: fewer than six; uncounted: nobody counts them */
      stock: z.enum(['in', 'low', 'out', 'uncounted']).optional(),
      has_cost: Flag.optional(),
      import_id: Id.optional(),
    }),
    reply: pageOf(Product),
  }),
  facets: route({
    method: 'GET',
    path: '/api/v1/products/facets',
    access: 'user',
    tag,
    summary: 'Categories and brands of the products that are sold, largest first',
    reply: z.strictObject({ categories: z.array(Facet), brands: z.array(Facet) }),
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/products',
    access: 'manager',
    scope: 'catalog:write',
    tag,
    status: 201,
    summary: 'Add a product',
    body: ProductInput,
    reply: ProductDetail,
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/products/:id',
    access: 'user',
    tag,
    summary: 'One product: what it sold, which offers name it',
    params: IdParams,
    reply: ProductDetail,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/products/:id',
    access: 'manager',
    scope: 'catalog:write',
    tag,
    summary: 'Change a product',
    description: 'With If-Match the change is refused (412) when somebody else was faster.',
    params: IdParams,
    body: ProductEdit.partial(),
    reply: ProductDetail,
  }),
  remove: route({
    method: 'DELETE',
    path: '/api/v1/products/:id',
    access: 'manager',
    scope: 'catalog:write',
    tag,
    summary: 'Stop selling a product; past orders keep it',
    params: IdParams,
  }),
  restore: route({
    method: 'POST',
    path: '/api/v1/products/:id/restore',
    access: 'manager',
    scope: 'catalog:write',
    tag,
    summary: 'Sell it again',
    params: IdParams,
    reply: ProductDetail,
  }),
}
