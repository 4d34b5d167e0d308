import type { ClientBase } from 'pg'

/**
 * Takes back what orders that are about to be removed brought: their purchase and conversion events with the rollup, the
 * conversions, and what the sends that earned them say. Returns the campaigns whose figures changed; their counters are
 * the caller's to refresh (server/counters.ts), after its transaction.
 */
export async function retractOrders(tx: ClientBase, orderIds: readonly string[]): Promise<string[]> {
  if (orderIds.length === 0) return []
  // Nobody may give an order its message while it goes (server/feedback/attribute.ts takes the same lock).
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('attribution', 3))`)
  await tx.query(
    `with keys as (
       delete from event_keys as k where k.key = any($1) returning k.event_id
     ), gone as (
       delete from analytics_events as e where e.id = any(array(select keys.event_id from keys))
       returning e.occurred_at, e.campaign_id, e.channel, e.segment, e.event_type, e.machine, e.value_cents
     ), sums as (
       select date_trunc('hour', gone.occurred_at, 'UTC') as hour, coalesce(gone.campaign_id, '00000000-0000-0000-0000-000000000000') as campaign_id,
         coalesce(gone.channel, '') as channel, coalesce(gone.segment, '') as segment, gone.event_type, coalesce(gone.machine, false) as machine,
         count(*) as events, coalesce(sum(gone.value_cents), 0) as value_cents
       from gone group by 1, 2, 3, 4, 5, 6
     )
     update rollup_hourly as r set events = r.events - s.events, value_cents = r.value_cents - s.value_cents
     from sums as s
     where (r.hour, r.campaign_id, r.channel, r.segment, r.event_type, r.machine) = (s.hour, s.campaign_id, s.channel, s.segment, s.event_type, s.machine)`,
    [orderIds.flatMap((id) => [`order:${id}`, `conversion:${id}`])],
  )
  // A recount would not have a line for what never was.
  await tx.query(
    `delete from rollup_hourly as r where r.event_type in ('purchase', 'conversion') and r.events = 0
       and r.hour in (select date_trunc('hour', o.ordered_at, 'UTC') from orders as o where o.id = any($1))`,
    [orderIds],
  )
  const { rows } = await tx.query<{ send_id: string; campaign_id: string | null }>(
    'delete from conversions as c where c.order_id = any($1) returning c.send_id, c.campaign_id',
    [orderIds],
  )
  if (rows.length === 0) return []
  await tx.query(
    `update sends set converted_at = t.first, conversion_cents = t.total, updated_at = now()
     from (select s.id, min(o.ordered_at) as first, sum(c.value_cents)::bigint as total from unnest($1::uuid[]) as s(id)
           left join conversions as c on c.send_id = s.id left join orders as o on o.id = c.order_id group by s.id) as t
     where sends.id = t.id`,
    [[...new Set(rows.map((r) => r.send_id))]],
  )
  return [...new Set(rows.flatMap((r) => r.campaign_id ?? []))]
}
