import type { ClientBase } from 'pg'

// People with whole cellars say nothing about what goes together.
const mostProducts = 40
const leastCustomers = 3
const keptPerProduct = 20
/** Customers in common that count half: two people may agree by chance. */
const shrinkage = 5

export interface NeighbourRow {
  product_id: string
  neighbour_id: string
  customers: number
  similarity: number
}

/**
 * Which products the same people buy: cosine of the customers of two products over the last year, drawn to 0 where few
 * bought both. Reads the sample of drawSample and needs scoring.as_of set in the transaction.
 */
export async function findNeighbours(tx: ClientBase): Promise<NeighbourRow[]> {
  const { rows } = await tx.query<NeighbourRow>(
    `with bought as materialized (
       select distinct l.customer_id, l.product_id from score_lines as l
       where l.ordered_at > current_setting('scoring.as_of')::timestamptz - interval '1 year'
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
     select r.product_id, r.neighbour_id, r.n::int as customers, r.similarity
     from (select k.*, row_number() over (partition by k.product_id order by k.similarity desc, k.neighbour_id) as place from ranked as k) as r
     where r.place <= ${keptPerProduct}`,
  )
  return rows
}

/** Takes the place of the neighbours that are stored. */
export async function storeNeighbours(tx: ClientBase, rows: readonly NeighbourRow[]): Promise<void> {
  await tx.query('delete from product_neighbours')
  await tx.query(
    `insert into product_neighbours (product_id, neighbour_id, customers, similarity)
     select n.* from unnest($1::uuid[], $2::uuid[], $3::int[], $4::real[]) as n(product_id, neighbour_id, customers, similarity)
     -- who was deleted since the snapshot
     join products as p on p.id = n.product_id join products as q on q.id = n.neighbour_id`,
    [
      rows.map((row) => row.product_id),
      rows.map((row) => row.neighbour_id),
      rows.map((row) => row.customers),
      rows.map((row) => row.similarity),
    ],
  )
}
