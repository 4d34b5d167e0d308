import type { ClientBase } from 'pg'
import { tasteHalfLifeDays } from '#core/scoring/taste.ts'

/**
 * Sums up every live customer's orders as of an instant into temporary tables of the running transaction:
 * score_facts, score_lines, score_taste, score_messages. Nothing later than `asOf` is read. A day is a day in the zone of
 * the customer's store, else of the shop. Returns the number of customers with a purchase.
 */
export async function gatherFacts(tx: ClientBase, asOf: Date, shopZone: string): Promise<number> {
  await tx.query('drop table if exists score_facts, score_lines, score_taste, score_messages')
  await gatherPurchases(tx, asOf, shopZone)
  await gatherTaste(tx, asOf)
  await gatherMessages(tx, asOf)
  const { rows } = await tx.query<{ n: number }>('select count(*) as n from score_facts')
  return rows[0]!.n
}

/** Same definitions as summariseOrders of core/scoring/facts.ts, tested against it. */
async function gatherPurchases(tx: ClientBase, asOf: Date, shopZone: string): Promise<void> {
  await tx.query(
    `create temp table score_facts on commit drop as
     with placed as (
       select o.customer_id, o.ordered_at, o.total_cents, o.total_cents >= 0 as is_purchase,
         (o.discount_cents > 0 or o.coupon_code is not null) as is_discounted,
         o.ordered_at at time zone coalesce(s.time_zone, $2) as local_at,
         ($1::timestamptz at time zone coalesce(s.time_zone, $2))::date as as_of_day
       from orders as o
       join customers as c on c.id = o.customer_id
       left join stores as s on s.id = c.store_id
       where o.ordered_at <= $1::timestamptz and c.deleted_at is null
     ), clocked as (
       -- exactly midnight is a date without a time
       select p.*, case when p.local_at::time <> '00:00' then extract(hour from p.local_at) + extract(minute from p.local_at) / 60.0 end::float8 as hour
       from placed as p
     ), days as (
       select k.customer_id, k.local_at::date as day, max(k.as_of_day) as as_of_day, sum(k.total_cents) as cents,
         count(*) filter (where k.is_purchase) as orders,
         min(k.ordered_at) filter (where k.is_purchase) as first_at, max(k.ordered_at) filter (where k.is_purchase) as last_at,
         count(k.hour) filter (where k.is_purchase) as timed,
         sum(cos(k.hour * pi() / 12)) filter (where k.is_purchase) as hour_cos,
         sum(sin(k.hour * pi() / 12)) filter (where k.is_purchase) as hour_sin,
         count(*) filter (where k.is_purchase and (k.hour >= 20 or k.hour < 4)) as night,
         count(*) filter (where k.is_purchase and k.is_discounted) as discounted
       from clocked as k group by k.customer_id, k.local_at::date
     ), marked as (
       select d.*,
         min(d.day) filter (where d.orders > 0) over (partition by d.customer_id) as first_day,
         case when d.orders > 0 then ln((d.day - lag(d.day) over (partition by d.customer_id, d.orders > 0 order by d.day))::float8) end as log_gap
       from days as d
     )
     select m.customer_id, sum(m.orders)::int as orders, count(*) filter (where m.orders > 0)::int as transactions,
       max(m.as_of_day) - min(m.first_day) as tenure_days,
       max(m.as_of_day) - max(m.day) filter (where m.orders > 0) as days_since_last,
       sum(m.cents)::bigint as total_cents,
       coalesce(sum(m.cents) filter (where m.day <> m.first_day), 0)::bigint as repeat_cents,
       count(m.log_gap)::int as gaps, coalesce(sum(m.log_gap), 0) as gap_log_sum, coalesce(sum(m.log_gap * m.log_gap), 0) as gap_log_squares,
       sum(m.timed)::int as timed_orders, coalesce(sum(m.hour_cos), 0) as hour_cos, coalesce(sum(m.hour_sin), 0) as hour_sin,
       sum(m.night)::int as night_orders, sum(m.discounted)::int as discounted_orders,
       array[${[1, 2, 3, 4, 5, 6, 7].map((d) => `coalesce(sum(m.orders) filter (where extract(isodow from m.day) = ${d}), 0)`).join(', ')}]::int[] as weekdays,
       min(m.first_at) as first_purchase_at, max(m.last_at) as last_purchase_at
     from marked as m
     group by m.customer_id
     having sum(m.orders) > 0`,
    [asOf, shopZone],
  )
  await tx.query('create index on score_facts (customer_id)')
  await tx.query('analyze score_facts')
}

/** Lines per customer, category and brand, halved in weight every half-life; then packed per customer. */
async function gatherTaste(tx: ClientBase, asOf: Date): Promise<void> {
  await tx.query(
    `create temp table score_lines on commit drop as
     select o.customer_id, p.category, p.brand,
       sum(power(0.5::float8, extract(epoch from $1::timestamptz - o.ordered_at)::float8 / 86400 / $2)) as weight
     from order_items as i
     join orders as o on o.id = i.order_id
     join products as p on p.id = i.product_id
     where o.ordered_at <= $1::timestamptz and i.quantity > 0 and i.total_cents >= 0
     group by o.customer_id, p.category, p.brand`,
    [asOf, tasteHalfLifeDays],
  )
  await tx.query(
    `create temp table score_taste on commit drop as
     with categories as (
       select l.customer_id, l.category as name, sum(l.weight) as weight from score_lines as l group by 1, 2
     ), brands as (
       select l.customer_id, l.brand as name, sum(l.weight) as weight from score_lines as l where l.brand is not null group by 1, 2
     ), packed_brands as (
       select b.customer_id, jsonb_agg(jsonb_build_object('name', b.name, 'weight', b.weight) order by b.weight desc, b.name) as brands from brands as b group by 1
     ), packed_categories as (
       select c.customer_id, jsonb_agg(jsonb_build_object('name', c.name, 'weight', c.weight) order by c.weight desc, c.name) as categories from categories as c group by 1
     )
     select c.customer_id, c.categories, b.brands from packed_categories as c left join packed_brands as b on b.customer_id = c.customer_id`,
  )
  await tx.query('create index on score_taste (customer_id)')
  await tx.query('analyze score_taste')
}

/** Messages of the last year that left, and those followed by an order within seven days. */
async function gatherMessages(tx: ClientBase, asOf: Date): Promise<void> {
  await tx.query(
    `create temp table score_messages on commit drop as
     select s.customer_id, count(*)::int as delivered,
       count(*) filter (where exists (
         select 1 from orders as o
         where o.customer_id = s.customer_id and o.total_cents >= 0 and o.ordered_at <= $1::timestamptz
           and o.ordered_at >= s.sent_at and o.ordered_at < s.sent_at + interval '7 days'
       ))::int as successes
     from sends as s
     where s.status in ('sent', 'delivered') and s.customer_id is not null
       and s.sent_at <= $1::timestamptz and s.sent_at > $1::timestamptz - interval '1 year'
       and s.id >= uuidv7_floor($1::timestamptz - interval '13 months')
     group by s.customer_id`,
    [asOf],
  )
  await tx.query('analyze score_messages')
}
