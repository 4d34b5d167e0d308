import type { ClientBase, Pool } from 'pg'
import { rebuildRollups } from '../rollups.ts'
import { emailOfDemo } from './identity.ts'

/** How much demo data is in the shop. */
export async function demoState(
  client: ClientBase | Pool,
): Promise<{ present: boolean; customers: number; orders: number; campaigns: number }> {
  const { rows } = await client.query<{ present: boolean; customers: number; orders: number; campaigns: number }>(
    `select exists (select 1 from settings where settings.name = 'demo') as present,
       (select count(*) from customers where customers.is_demo) as customers,
       (select count(*) from orders where orders.is_demo) as orders,
       (select count(*) from campaigns where campaigns.is_demo) as campaigns`,
  )
  return rows[0]!
}

/**
 * Removes every row the demo brought, and what hung on it. Runs in the caller's transaction. What a real person
 * added meanwhile (users, customers, campaigns without the demo mark) stays.
 */
export async function removeDemo(
  client: ClientBase,
): Promise<{ removed_customers: number; removed_orders: number; removed_campaigns: number }> {
  const before = await demoState(client)
  // Events of demo customers or campaigns first, then everything that cascades; the rollups are derived, so rebuilt at last.
  await client.query(`delete from event_keys where event_keys.event_id in (select e.id from analytics_events as e
    where e.customer_id in (select c.id from customers as c where c.is_demo) or e.campaign_id in (select p.id from campaigns as p where p.is_demo))`)
  await client.query(`delete from analytics_events as e where e.customer_id in (select c.id from customers as c where c.is_demo)
    or e.campaign_id in (select p.id from campaigns as p where p.is_demo)`)
  await client.query(`delete from sandbox_messages as m where m.send_id in (select s.id from sends as s where s.campaign_id in (select p.id from campaigns as p where p.is_demo)
    or s.customer_id in (select c.id from customers as c where c.is_demo))`)
  await client.query(`delete from delivery_attempts as a where a.send_id in (select s.id from sends as s where s.campaign_id in (select p.id from campaigns as p where p.is_demo)
    or s.customer_id in (select c.id from customers as c where c.is_demo))`)
  await client.query(`delete from sends as s where s.customer_id in (select c.id from customers as c where c.is_demo)`)
  await client.query(
    `delete from notices as n where n.path in (select '/campaigns/' || p.id from campaigns as p where p.is_demo)`,
  )
  await client.query('delete from campaigns as p where p.is_demo')
  // Its form stays once somebody real has signed up with it: their consent names it.
  await client.query(
    `delete from signup_forms as f using settings as d where d.name = 'demo' and f.id::text = d.value ->> 'signup_form'
       and not exists (select 1 from signups as g where g.form_id = f.id and g.status = 'confirmed')`,
  )
  await client.query(
    'delete from suppressions as s where s.is_demo or s.customer_id in (select c.id from customers as c where c.is_demo)',
  )
  await client.query('delete from customers as c where c.is_demo')
  // Learned from made-up people; the next scoring learns from real ones.
  await client.query('delete from model_versions')
  // Days that are not counted yet are counted again, of whoever is left.
  await client.query('delete from plan_result_days')
  await client.query('delete from plan_evidence')
  await client.query('delete from customer_reading')
  await rebuildRollups(client)
  await client.query('delete from offers as o where o.is_demo')
  await client.query(
    'delete from products as p where p.is_demo and not exists (select 1 from order_items as i where i.product_id = p.id)',
  )
  await client.query(
    'update stores set is_demo = false where stores.is_demo and exists (select 1 from customers as c where c.store_id = stores.id)',
  )
  await client.query('delete from stores where stores.is_demo')
  await client.query(
    `update segments set customer_count = (select count(*) from segment_members as m where m.segment_id = segments.id),
       clv_cents = case when segments.clv_cents is not null then (select coalesce(sum(s.clv_cents), 0) from customer_scores as s where s.rfm_segment = segments.key) end`,
  )
  await client.query(
    `delete from settings where settings.name in ('demo', 'shop') and exists (select 1 from settings as d where d.name = 'demo')`,
  )
  await client.query(
    'delete from users where users.email = $1 and exists (select 1 from users as u where u.role = $2 and u.email <> $1 and u.is_active)',
    [emailOfDemo, 'admin'],
  )
  return { removed_customers: before.customers, removed_orders: before.orders, removed_campaigns: before.campaigns }
}
