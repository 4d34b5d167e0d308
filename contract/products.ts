import { z } from 'zod'
import { Cents, Flag, Id, Instant, List, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const Product = z.strictObject({
  id: Id,
  sku: z.string(),
  name: z.string(),
  brand: z.string().nullable(),
  department: z.enum(['spirits', 'wine', 'beer', 'other']),
  category: z.string(),
  size_ml: z.int().nullable(),
  price_cents: Cents,
  unit_cost_cents: Cents.nullable(),
  stock: z.int().nullable(),
  is_active: z.boolean(),
  is_demo: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
})
export type Product = z.infer<typeof Product>

export const products = {
  list: route({
    method: 'GET',
    path: '/api/v1/products',
    access: 'user',
    tag: 'Products',
    summary: 'The catalog',
    query: z.strictObject({
      ...pageQuery,
      /** these, by id */
      ids: List.optional(),
      q: z.string().trim().max(200).optional(),
      department: List.optional(),
      category: List.optional(),
      brand: List.optional(),
      is_active: Flag.optional(),
    }),
    reply: pageOf(Product),
  }),
}
