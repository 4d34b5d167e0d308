import type { ClientBase } from 'pg'

/**
 * Software gave itself away by a second link within seconds, so what was counted for a person just before was software
 * too. Its raw hits are marked, the figures once counted from them (click, and an open implied by it) are taken back,
 * and the hourly rollup follows in the same statement.
 */
export async function withdrawClicks(client: ClientBase, sendId: string, since: Date): Promise<void> {
  await client.query(
    `with marked as (
       update analytics_events as e set machine = true
       where e.send_id = $1 and e.id >= uuidv7_floor($2) and e.occurred_at >= $2 and e.event_type = 'click_hit' and e.machine is distinct from true
       returning e.occurred_at, e.campaign_id, e.channel, e.segment, e.event_type
     ), removed as (
       delete from analytics_events as e
       where e.send_id = $1 and e.id >= uuidv7_floor($2) and e.occurred_at >= $2 and e.machine is distinct from true
         and (e.event_type = 'click' or (e.event_type = 'open' and e.properties ? 'implied_by'))
       returning e.id, e.occurred_at, e.campaign_id, e.channel, e.segment, e.event_type
     ), freed as (
       delete from event_keys using removed where event_keys.key = removed.event_type || ':' || $1::text and event_keys.event_id = removed.id
     ), undone as (
       update sends set
         clicked_at = case when exists (select 1 from removed where removed.event_type = 'click') then null else sends.clicked_at end,
         opened_at = case when exists (select 1 from removed where removed.event_type = 'open') then null else sends.opened_at end
       where sends.id = $1 and exists (select 1 from removed)
     ), change as (
       select date_trunc('hour', m.occurred_at, 'UTC') as hour, m.campaign_id, m.channel, m.segment, m.event_type, false as machine, -1 as n from marked as m
       union all select date_trunc('hour', m.occurred_at, 'UTC'), m.campaign_id, m.channel, m.segment, m.event_type, true, 1 from marked as m
       union all select date_trunc('hour', r.occurred_at, 'UTC'), r.campaign_id, r.channel, r.segment, r.event_type, false, -1 from removed as r
     )
     insert into rollup_hourly as r (hour, campaign_id, channel, segment, event_type, machine, events, value_cents)
     select change.hour, coalesce(change.campaign_id, '00000000-0000-0000-0000-000000000000'), coalesce(change.channel, ''),
       coalesce(change.segment, ''), change.event_type, change.machine, sum(change.n), 0
     from change group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
     on conflict (hour, event_type, campaign_id, channel, segment, machine) do update set events = r.events + excluded.events`,
    [sendId, since],
  )
}
