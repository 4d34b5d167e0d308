import type { ClientBase } from 'pg'
import { drawSample } from './sample.ts'

// A sample of the customers says what goes together; people with whole cellars say nothing.
const sampledCustomers = 50_000
const mostProducts = 40
const leastCustomers = 3
const keptPerProduct = 20
/** Customers in common that count half: two people may agree by chance. */
const shrinkage = 5

/**
 * Which products the same people buy: cosine of the customers of two products over the last year, drawn to 0 where few
 * bought both. Needs scoring.as_of set in the transaction.
 */
export async function refreshNeighbours(tx: ClientBase, customers: number): Promise<number> {
  await tx.query('delete from product_neighbours')
  await drawSample(tx, sampledCustomers / Math.max(1, customers), 13)
  const { rowCount } = await tx.query(
    `with at as (select current_setting('scoring.as_of')::timestamptz as as_of),
     bought as materialized (
       select distinct o.customer_id, i.product_id
       from at cross join score_sample as s join orders as o on o.customer_id = s.customer_id join order_items as i on i.order_id = o.id
       where o.ordered_at > at.as_of - interval '1 year' and o.ordered_at <= at.as_of and i.quantity > 0 and i.total_cents >= 0
     ), telling as materialized (
       select b.customer_id, b.product_id from bought as b
       where b.customer_id in (select n.customer_id from bought as n group by 1 having count(*) between 2 and ${mostProducts})
     ), each as (
       select t.product_id, count(*) as n from telling as t group by 1
     ), pairs as (
       select x.product_id, y.product_id as neighbour_id, count(*) as n
       from telling as x join telling as y on y.customer_id = x.customer_id and y.product_id <> x.product_id
       group by 1, 2 having count(*) >= ${leastCustomers}
     ), ranked as (
       select p.product_id, p.neighbour_id, p.n, p.n / sqrt(a.n::float8 * b.n) * (p.n / (p.n + ${shrinkage}::float8)) as similarity
       from pairs as p join each as a on a.product_id = p.product_id join each as b on b.product_id = p.neighbour_id
     )
     insert into product_neighbours (product_id, neighbour_id, customers, similarity)
     select r.product_id, r.neighbour_id, r.n, r.similarity
     from (select k.*, row_number() over (partition by k.product_id order by k.similarity desc, k.neighbour_id) as place from ranked as k) as r
     where r.place <= ${keptPerProduct}`,
  )
  return rowCount ?? 0
}
