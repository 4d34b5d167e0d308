import type { ClientBase } from 'pg'

/** So many customers tell what a shop sells, and what goes together: a share of a tenth is known to a thousandth. */
const sampledCustomers = 10_000

/**
 * Draws the same share of the customers every time, and puts what they bought up to scoring.as_of into the temporary
 * table score_lines (customer_id, ordered_at, product_id) of this transaction. Customers are drawn first and counted,
 * so that the database looks their orders up instead of reading everybody's.
 */
export async function drawSample(tx: ClientBase, customers: number): Promise<void> {
  await tx.query('drop table if exists score_lines, score_sample')
  await tx.query('create temp table score_sample (customer_id uuid primary key) on commit drop')
  await tx.query(
    `insert into score_sample select c.id from customers as c
     where c.deleted_at is null and ($1::float8 >= 1 or (uuid_hash_extended(c.id, 11) & 1048575) < $1::float8 * 1048576)`,
    [sampledCustomers / Math.max(1, customers)],
  )
  await tx.query('analyze score_sample')
  await tx.query(
    `create temp table score_lines on commit drop as
     select o.customer_id, o.ordered_at, i.product_id
     from score_sample as s join orders as o on o.customer_id = s.customer_id join order_items as i on i.order_id = o.id
     where o.ordered_at <= current_setting('scoring.as_of')::timestamptz and i.quantity > 0 and i.total_cents >= 0`,
  )
  await tx.query('analyze score_lines')
}
