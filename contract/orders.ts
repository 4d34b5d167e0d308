import { z } from 'zod'
import { Cents, Id, IdParams, Instant, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const Order = z.strictObject({
  id: Id,
  external_id: z.string(),
  customer_id: Id,
  customer_name: z.string().nullable(),
  store_id: Id.nullable(),
  store_name: z.string().nullable(),
  ordered_at: Instant,
  total_cents: Cents,
  discount_cents: Cents,
  coupon_code: z.string().nullable(),
  currency: z.string(),
  items: z.int(),
  is_demo: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
})
export type Order = z.infer<typeof Order>

export const OrderDetail = Order.omit({ items: true }).extend({
  items: z.array(
    z.strictObject({
      product_id: Id,
      sku: z.string(),
      name: z.string(),
      brand: z.string().nullable(),
      department: z.string(),
      category: z.string(),
      quantity: z.number(),
      total_cents: Cents,
      discount_cents: Cents,
    }),
  ),
  /** the message it is counted for */
  conversion: z
    .strictObject({
      send_id: Id,
      campaign_id: Id.nullable(),
      campaign_name: z.string().nullable(),
      because: z.string(),
    })
    .nullable(),
})
export type OrderDetail = z.infer<typeof OrderDetail>

const When = z.iso.datetime({ offset: true })
const tag = 'Orders'
export const orders = {
  list: route({
    method: 'GET',
    path: '/api/v1/orders',
    access: 'user',
    scope: 'orders:read',
    tag,
    summary: 'Orders, the latest first',
    description: 'Sort keys: ordered_at, created_at. `from` is in, `to` is not.',
    query: z.strictObject({
      ...pageQuery,
      customer_id: Id.optional(),
      store_id: Id.optional(),
      external_id: z.string().max(100).optional(),
      from: When.optional(),
      to: When.optional(),
    }),
    reply: pageOf(Order),
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/orders/:id',
    access: 'user',
    scope: 'orders:read',
    tag,
    summary: 'One order with its items, and the message it is counted for',
    params: IdParams,
    reply: OrderDetail,
  }),
}
