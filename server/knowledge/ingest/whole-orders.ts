import type { PoolClient } from 'pg'

// These work on the tables that a merge of orders leaves behind (import/merge-orders.ts): staged, rejected, heads, items, touched.

/** Before a merge: an order with a product that the catalog does not have is refused whole. */
export async function refuseUnknownProducts(tx: PoolClient): Promise<void> {
  await tx.query(`
    with unknown as (
      insert into rejected (line, column_name, reason)
      select s.line, 'sku', 'The catalog has no product with this number. Add it first, or set unknown_products to create.'
      from staged as s where s.sku is not null and not exists (select from products as p where p.sku = s.sku)
      returning line
    )
    delete from staged using (select distinct s.order_id from unknown join staged as s on s.line = unknown.line) as gone
    where staged.order_id = gone.order_id`)
}

/** After a merge: what these orders say is all there is, so items they do not name any more are gone. */
export async function dropMissingItems(tx: PoolClient, externalIds: readonly string[]): Promise<void> {
  await tx.query(
    `with gone as (
       delete from order_items as i using heads as h join orders as o on o.external_id = h.order_id
       where h.order_id = any($1::text[]) and i.order_id = o.id
         and not exists (select from items as f where f.order_id = h.order_id and f.product_id = i.product_id)
       returning h.order_id
     )
     insert into touched (order_id, is_new)
     select distinct gone.order_id, false from gone where not exists (select from touched as t where t.order_id = gone.order_id)`,
    [externalIds],
  )
}

/** After a merge: what became of each order that went in, by its number. */
export async function orderOutcomes(
  tx: PoolClient,
): Promise<Map<string, { id: string; outcome: 'created' | 'changed' | 'same' }>> {
  const { rows } = await tx.query<{ external_id: string; id: string; is_new: boolean | null }>(
    `select o.external_id, o.id, t.is_new from heads as h join orders as o on o.external_id = h.order_id
     left join touched as t on t.order_id = h.order_id`,
  )
  return new Map(
    rows.map((r) => [
      r.external_id,
      { id: r.id, outcome: r.is_new === null ? 'same' : r.is_new ? 'created' : 'changed' } as const,
    ]),
  )
}
