import type { ClientBase } from 'pg'
import { copyIn } from '#db/pool.ts'
import type { DemoOrder } from './orders.ts'

/** COPY of orders and their lines. */
export async function insertOrders(
  tx: ClientBase,
  orders: readonly DemoOrder[],
  stores: readonly string[] | null,
): Promise<void> {
  await copyIn(
    tx,
    'orders',
    [
      'id',
      'external_id',
      'customer_id',
      'store_id',
      'ordered_at',
      'total_cents',
      'discount_cents',
      'coupon_code',
      'is_demo',
      'created_at',
    ],
    orders.map((o) => [
      o.id,
      o.external_id,
      o.customer.id,
      stores?.[o.customer.store] ?? null,
      o.at.toISOString(),
      o.total_cents,
      o.discount_cents,
      o.coupon_code,
      true,
      o.at.toISOString(),
    ]),
  )
  function* lines(): Generator<(string | number)[]> {
    for (const order of orders)
      for (const l of order.lines) yield [l.id, order.id, l.product.id, l.quantity, l.total_cents, l.discount_cents]
  }
  await copyIn(
    tx,
    'order_items',
    ['id', 'order_id', 'product_id', 'quantity', 'total_cents', 'discount_cents'],
    lines(),
  )
}
