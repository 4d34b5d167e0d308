import type { PoolClient } from 'pg'
import type { OrderLine } from '#core/knowledge/import-row.ts'
import { updateList, type MergeCounts, type MergeOptions, type Staging } from './staging.ts'

/** @param zonesOf candidate zones of a customer created from an order */
export function orderStaging(
  zonesOf: (place: { state: string | null; zip: string | null; phone: string | null }) => string[],
): Staging<OrderLine> {
  return {
    columns: [
      ['order_id', 'text'],
      ['ordered_at', 'timestamptz'],
      ['customer_id', 'text'],
      ['email', 'citext'],
      ['phone', 'text'],
      ['customer_name', 'text'],
      ['store', 'text'],
      ['coupon_code', 'text'],
      ['total_cents', 'bigint'],
      ['discount_cents', 'bigint'],
      ['sku', 'text'],
      ['product_name', 'text'],
      ['brand', 'text'],
      ['department', 'text'],
      ['category', 'text'],
      ['quantity', 'numeric(12,3)'],
      ['line_total_cents', 'bigint'],
      ['line_discount_cents', 'bigint'],
      ['unit_price_cents', 'bigint'],
      ['time_zones', 'text[]'],
    ],
    values: (f) => [
      f.orderId,
      f.orderedAt,
      f.customerId,
      f.email,
      f.phone,
      f.customerName,
      f.store,
      f.couponCode,
      f.totalCents,
      f.discountCents,
      f.sku,
      f.productName,
      f.brand,
      f.department,
      f.category,
      f.quantity,
      f.lineTotalCents,
      f.lineDiscountCents,
      f.unitPriceCents,
      f.phone ? zonesOf({ state: null, zip: null, phone: f.phone }) : null,
    ],
  }
}

/**
 * Staged lines -> customers (when allowed), products, orders, order items. Lines of one order and product are summed and
 * replace the stored item; a line without product is a whole order and the last one wins. Every line counts as its order does.
 */
export async function mergeOrders(client: PoolClient, options: MergeOptions): Promise<MergeCounts> {
  await client.query('analyze staged')
  const createdCustomers = await resolveCustomers(client, options)
  const createdProducts = await createProducts(client, options)
  // An item file repeats the order on each line; a file of whole orders says it twice only by mistake.
  const duplicates = await client.query(`delete from lines using
    (select l.line, row_number() over (partition by l.order_id order by l.line desc) as nth from lines as l where l.sku is null) as d
    where d.line = lines.line and d.nth > 1`)
  await client.query(`
    with mixed as (select l.line, first_value(l.customer) over w as first_customer, first_value(l.line) over w as first_line, l.customer
      from lines as l window w as (partition by l.order_id order by l.line)),
    gone as (delete from lines using mixed where mixed.line = lines.line and mixed.customer <> mixed.first_customer returning lines.line, mixed.first_line)
    insert into rejected (line, column_name, reason)
    select gone.line, 'customer_id', format('Line %s says that this order belongs to another customer.', gone.first_line) from gone`)
  await client.query(`
    create temp table items on commit drop as
    select l.order_id, p.id as product_id, sum(l.quantity) as quantity, sum(l.line_total_cents)::bigint as total_cents,
      sum(l.line_discount_cents)::bigint as discount_cents
    from lines as l join products as p on p.sku = l.sku group by l.order_id, p.id`)
  // Items that came with an earlier file still belong to the order, so they are part of its sum.
  await client.query(`
    create temp table heads on commit drop as
    with summed as (
      select l.order_id, (array_agg(l.customer order by l.line))[1] as customer, min(l.ordered_at) as ordered_at,
        max(l.total_cents) as total_cents, max(l.discount_cents) as discount_cents, max(l.coupon_code) as coupon_code, max(l.store) as store,
        sum(coalesce(l.line_total_cents, 0))::bigint as lines_cents, sum(l.line_discount_cents)::bigint as lines_discount_cents,
        count(*) as lines, min(l.line) as first_line
      from lines as l group by l.order_id
    ), others as (
      select o.external_id as order_id, sum(i.total_cents)::bigint as total_cents, sum(i.discount_cents)::bigint as discount_cents
      from summed as s join orders as o on o.external_id = s.order_id join order_items as i on i.order_id = o.id
      where s.total_cents is null and not exists (select from items as f where f.order_id = s.order_id and f.product_id = i.product_id)
      group by 1
    )
    select s.order_id, s.customer, s.ordered_at, s.coupon_code, s.lines, s.first_line, st.id as store_id,
      coalesce(s.total_cents, s.lines_cents + coalesce(x.total_cents, 0)) as total_cents,
      coalesce(s.discount_cents, s.lines_discount_cents + coalesce(x.discount_cents, 0)) as discount_cents
    from summed as s left join others as x on x.order_id = s.order_id
    left join lateral (select stores.id from stores where stores.external_id = s.store or lower(stores.name) = lower(s.store)
      order by (stores.external_id = s.store) desc nulls last limit 1) as st on s.store is not null`)
  await client.query('create index on heads (order_id); analyze heads; analyze items')
  // Items that stored orders do not have, or have in another amount.
  await client.query(`
    create temp table differing on commit drop as
    select o.id, jsonb_object_agg(f.product_id, case when i.id is not null then jsonb_build_array(i.quantity, i.total_cents, i.discount_cents) end) as items
    from items as f join orders as o on o.external_id = f.order_id
    left join order_items as i on i.order_id = o.id and i.product_id = f.product_id
    where (i.quantity, i.total_cents, i.discount_cents) is distinct from (f.quantity, f.total_cents, f.discount_cents) group by o.id`)
  const { set, differs, before } = updateList(
    {
      customer_id: 'h.customer',
      store_id: 'coalesce(h.store_id, o.store_id)',
      ordered_at: 'h.ordered_at',
      total_cents: 'h.total_cents',
      discount_cents: 'h.discount_cents',
      coupon_code: 'coalesce(h.coupon_code, o.coupon_code)',
    },
    'o',
  )
  // What is locked is what is kept: nobody's change can fall between the two.
  await client.query(`
    create temp table touched on commit drop as
    select o.id, h.order_id, false as is_new, ${before} || case when d.id is not null then jsonb_build_object('items', d.items) else '{}' end as before
    from heads as h join orders as o on o.external_id = h.order_id left join differing as d on d.id = o.id
    where d.id is not null or ${differs} for update of o`)
  await client.query(
    `insert into import_before (import_id, entity, row_id, before) select $1::uuid, 'order', t.id, t.before from touched as t where $1::uuid is not null`,
    [options.importId],
  )
  await client.query(
    `update orders as o set ${set}, updated_at = now() from heads as h join touched as t on t.order_id = h.order_id where o.id = t.id`,
  )
  await client.query(
    `with added as (
       insert into orders (external_id, customer_id, store_id, ordered_at, total_cents, discount_cents, coupon_code, currency, is_demo, import_id)
       select h.order_id, h.customer, h.store_id, h.ordered_at, h.total_cents, h.discount_cents, h.coupon_code, $1, $2, $3
       from heads as h where not exists (select from orders as o where o.external_id = h.order_id) order by h.first_line
       on conflict (external_id) do nothing returning id, external_id)
     insert into touched (id, order_id, is_new) select added.id, added.external_id, true from added`,
    [options.currency, options.isDemo, options.importId],
  )
  await client.query(`
    insert into order_items as i (order_id, product_id, quantity, total_cents, discount_cents)
    select t.id, f.product_id, f.quantity, f.total_cents, f.discount_cents from items as f join touched as t on t.order_id = f.order_id
    on conflict (order_id, product_id) do update set quantity = excluded.quantity, total_cents = excluded.total_cents, discount_cents = excluded.discount_cents
    where (i.quantity, i.total_cents, i.discount_cents) is distinct from (excluded.quantity, excluded.total_cents, excluded.discount_cents)`)
  const { rows } = await client.query<
    Record<'new' | 'changed' | 'same' | 'orders_new' | 'orders_changed' | 'orders_same', number>
  >(`
    select coalesce(sum(h.lines) filter (where t.is_new), 0)::bigint as new, coalesce(sum(h.lines) filter (where not t.is_new), 0)::bigint as changed,
      coalesce(sum(h.lines) filter (where t.order_id is null), 0)::bigint as same, count(*) filter (where t.is_new) as orders_new,
      count(*) filter (where not t.is_new) as orders_changed, count(*) filter (where t.order_id is null) as orders_same
    from heads as h left join touched as t on t.order_id = h.order_id`)
  const sums = rows[0]!
  return {
    rowsNew: Number(sums.new),
    rowsChanged: Number(sums.changed),
    rowsSame: Number(sums.same),
    rowsDuplicate: duplicates.rowCount ?? 0,
    also: {
      orders_new: Number(sums.orders_new),
      orders_changed: Number(sums.orders_changed),
      orders_same: Number(sums.orders_same),
      customers_created: createdCustomers,
      products_created: createdProducts,
    },
  }
}

const buyerKey = (table: 'b' | 's'): string =>
  ['customer_id', 'email', 'phone'].map((c) => `coalesce(${table}.${c}::text, E'\\x01')`).join(` || E'\\x02' || `)

/** Makes `lines`: staged lines with the customer they mean. Unknown customers are created or their lines refused. */
async function resolveCustomers(client: PoolClient, options: MergeOptions): Promise<number> {
  await client.query(`
    create temp table buyers on commit drop as
    select row_number() over () as buyer, d.*, e.id as by_external, m.id as by_email, p.id as by_phone, coalesce(e.id, m.id, p.id) as customer,
      (e.id is not null and m.id is not null and e.id <> m.id) or (e.id is not null and p.id is not null and e.id <> p.id)
        or (m.id is not null and p.id is not null and m.id <> p.id)
        or (e.id is null and d.customer_id is not null and coalesce(m.own_external_id, p.own_external_id) is not null) as conflict
    from (select s.customer_id, s.email, s.phone, (array_agg(s.customer_name order by s.line desc) filter (where s.customer_name is not null))[1] as name,
        (array_agg(to_jsonb(s.time_zones)) filter (where s.time_zones is not null))[1] as zones, min(s.line) as line
      from staged as s group by s.customer_id, s.email, s.phone) as d
    left join identities as e on e.external_id = d.customer_id
    left join identities as m on m.email = d.email
    left join identities as p on p.phone = d.phone`)
  let created = 0
  if (options.createCustomers) {
    const { rowCount } = await client.query(
      `insert into customers (external_id, email, phone, name, first_name, time_zones, is_demo, import_id)
       select b.customer_id, b.email, b.phone, b.name, substring(b.name from '^\\S+'),
         coalesce(array(select jsonb_array_elements_text(b.zones)), '{}'), $1, $2
       from buyers as b where b.customer is null and not b.conflict order by b.line
       on conflict do nothing`,
      [options.isDemo, options.importId],
    )
    created = rowCount ?? 0
    // Two spellings of one new customer meet here: the second finds what the first created.
    await client.query(`
      update buyers as b set customer = c.id from customers as c
      where b.customer is null and not b.conflict
        and c.id = coalesce((select x.id from customers as x where x.external_id = b.customer_id),
          (select x.id from customers as x where x.email = b.email and (b.customer_id is null or x.external_id is null)),
          (select x.id from customers as x where x.phone = b.phone and (b.customer_id is null or x.external_id is null)))`)
  }
  await client.query('analyze buyers')
  await client.query(`
    create temp table lines on commit drop as
    select s.*, b.customer, b.conflict from staged as s
    -- one text per buyer: "is not distinct from" over three columns cannot be hashed
    join buyers as b on ${buyerKey('b')} = ${buyerKey('s')}`)
  await client.query(
    `with gone as (delete from lines where customer is null or conflict returning line, conflict)
     insert into rejected (line, column_name, reason) select gone.line, 'customer_id',
       case when gone.conflict then 'Customer number, email and phone of this row belong to different customers.' else $1 end from gone`,
    [
      options.createCustomers
        ? 'This customer could not be created: another customer has the same email or phone.'
        : 'No customer has this number, email or phone. Import the customers first, or switch on "create unknown customers".',
    ],
  )
  return created
}

async function createProducts(client: PoolClient, options: MergeOptions): Promise<number> {
  const { rowCount } = await client.query(
    `insert into products (sku, name, brand, department, category, price_cents, is_demo, import_id)
     select distinct on (l.sku) l.sku, coalesce(l.product_name, initcap(l.category) || ' ' || l.sku, l.sku), l.brand, l.department,
       coalesce(l.category, 'Uncategorised'), greatest(coalesce(l.unit_price_cents, 0), 0), $1, $2
     from lines as l where l.sku is not null and not exists (select from products as p where p.sku = l.sku)
     order by l.sku, (l.unit_price_cents is null), l.line desc
     on conflict (sku) do nothing`,
    [options.isDemo, options.importId],
  )
  return rowCount ?? 0
}
