import type { ClientBase, Pool } from 'pg'

/** An append-only fact. `key` makes it unique: the same key twice is one event. */
export interface NewEvent {
  type: string
  at: Date
  key?: string
  customerId?: string | null
  campaignId?: string | null
  sendId?: string | null
  channel?: string | null
  segment?: string | null
  machine?: boolean | null
  valueCents?: number | null
  properties?: Record<string, unknown>
}

/**
 * Appends events and adds them to the hourly rollup in the same statement, so the two cannot disagree.
 * Call it inside the transaction of the change it reports. Returns how many were new.
 */
export async function appendEvents(client: ClientBase | Pool, events: readonly NewEvent[]): Promise<number> {
  let added = 0
  for (let from = 0; from < events.length; from += mostAtOnce)
    added += await appendBatch(client, events.slice(from, from + mostAtOnce))
  return added
}

/** One statement holds so many; more would only hold memory. */
const mostAtOnce = 10_000

async function appendBatch(client: ClientBase | Pool, events: readonly NewEvent[]): Promise<number> {
  const rows = events.map((e) => ({
    type: e.type,
    at: e.at.toISOString(),
    key: e.key ?? null,
    customer_id: e.customerId ?? null,
    campaign_id: e.campaignId ?? null,
    send_id: e.sendId ?? null,
    channel: e.channel ?? null,
    segment: e.segment ?? null,
    machine: e.machine ?? null,
    value_cents: e.valueCents ?? null,
    properties: e.properties ?? {},
  }))
  const { rows: answer } = await client.query<{ added: number }>({
    name: 'append-events',
    text: `with given as (
       -- ids carry the time of the fact: a late event lands in its own month
       select uuidv7_at(g.at) as id, g.*, row_number() over (partition by g.key) as nth
       from jsonb_to_recordset($1::jsonb) as g(type text, at timestamptz, key text, customer_id uuid, campaign_id uuid,
         send_id uuid, channel text, segment text, machine boolean, value_cents bigint, properties jsonb)
     ), keyed as (
       insert into event_keys (key, event_id)
       select given.key, given.id from given where given.key is not null and given.nth = 1
       on conflict (key) do nothing returning event_id
     ), fresh as (
       insert into analytics_events (id, event_type, customer_id, campaign_id, send_id, channel, segment, machine,
         value_cents, properties, occurred_at)
       select given.id, given.type, given.customer_id, given.campaign_id, given.send_id, given.channel, given.segment,
         given.machine, given.value_cents, given.properties, given.at
       from given where given.key is null or given.id in (select keyed.event_id from keyed)
       returning id, event_type, campaign_id, channel, segment, machine, value_cents, occurred_at
     ), rolled as (
       insert into rollup_hourly as r (hour, campaign_id, channel, segment, event_type, machine, events, value_cents)
       select date_trunc('hour', fresh.occurred_at, 'UTC'),
         coalesce(fresh.campaign_id, '00000000-0000-0000-0000-000000000000'), coalesce(fresh.channel, ''),
         coalesce(fresh.segment, ''), fresh.event_type, coalesce(fresh.machine, false), count(*),
         coalesce(sum(fresh.value_cents), 0)
       from fresh group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
       on conflict (hour, event_type, campaign_id, channel, segment, machine)
       do update set events = r.events + excluded.events, value_cents = r.value_cents + excluded.value_cents
     )
     select count(*) as added from fresh`,
    values: [JSON.stringify(rows)],
  })
  return answer[0]?.added ?? 0
}
