import type { ClientBase, Pool } from 'pg'

/**
 * Sets the counter columns of campaigns to a recount of their sends and events; rows that are right stay untouched.
 * Without ids: campaigns that run, or that something happened to in the last two hours. Returns how many changed.
 * Completed is what a provider accepted and did not give back; a click implies an open; scanners never count.
 */
export async function refreshCampaignCounters(
  client: ClientBase | Pool,
  campaignIds?: readonly string[],
): Promise<number> {
  if (campaignIds?.length === 0) return 0
  const { rowCount } = await client.query(
    `with touched as (
       select unnest($1::uuid[]) as id
       union select c.id from campaigns as c where $1::uuid[] is null and c.status in ('active', 'paused')
       union select r.campaign_id from rollup_hourly as r where $1::uuid[] is null and r.hour >= date_trunc('hour', now() - interval '2 hours', 'UTC')
     ), sent as (
       select s.campaign_id as id, count(*) as total, count(*) filter (where s.status in ('sent', 'delivered')) as completed,
         count(*) filter (where s.status in ('failed', 'bounced')) as failed
       from sends as s where s.campaign_id in (select touched.id from touched) group by 1
     ), heard as (
       select e.campaign_id as id, count(*) filter (where e.event_type = 'open') as opens, count(*) filter (where e.event_type = 'click') as clicks,
         count(*) filter (where e.event_type = 'conversion') - count(*) filter (where e.event_type = 'conversion_withdrawn') as conversions,
         coalesce(sum(e.value_cents) filter (where e.event_type in ('conversion', 'conversion_adjusted', 'conversion_withdrawn')), 0) as revenue
       from analytics_events as e
       where e.campaign_id in (select touched.id from touched) and e.event_type in ('open', 'click', 'conversion', 'conversion_adjusted', 'conversion_withdrawn') and e.machine is not true
       group by 1
     ), fresh as (
       select touched.id, coalesce(sent.total, 0)::int as total, coalesce(sent.completed, 0)::int as completed, coalesce(sent.failed, 0)::int as failed,
         coalesce(heard.opens, 0)::int as opens, coalesce(heard.clicks, 0)::int as clicks, coalesce(heard.conversions, 0)::int as conversions,
         coalesce(heard.revenue, 0)::bigint as revenue
       from touched left join sent on sent.id = touched.id left join heard on heard.id = touched.id
     )
     update campaigns as c set total_sends = f.total, completed_sends = f.completed, failed_sends = f.failed, opens = f.opens, clicks = f.clicks,
       conversions = f.conversions, revenue_cents = f.revenue
     from fresh as f
     where c.id = f.id and (c.total_sends, c.completed_sends, c.failed_sends, c.opens, c.clicks, c.conversions, c.revenue_cents)
       is distinct from (f.total, f.completed, f.failed, f.opens, f.clicks, f.conversions, f.revenue)`,
    [campaignIds ?? null],
  )
  return rowCount ?? 0
}
