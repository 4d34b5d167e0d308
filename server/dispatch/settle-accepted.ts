import type { ClientBase } from 'pg'
import { appendEvents } from '../events.ts'
import { partitionOf } from '../partitions.ts'
import type { Settled } from './ledger.ts'

/** A send whose attempt says that a provider took it. */
export interface Acceptance {
  sendId: string
  segment: string | null
}

type Row = Pick<Settled, 'id' | 'campaign_id' | 'customer_id' | 'channel' | 'status' | 'segment'> & { sent_at: Date }

/**
 * Says in the sends what their attempts say, with the event and the sums of each. Belongs into a transaction. A send that
 * is settled already, by this or by the provider's own report, stays as it is: `sent_at` is written once, together with
 * its event. Returns what was moved.
 */
export async function settleAccepted(tx: ClientBase, items: readonly Acceptance[]): Promise<Settled[]> {
  if (items.length === 0) return []
  // In the order of their ids, as reports of providers lock them.
  const sorted = items.toSorted((a, b) => (a.sendId < b.sendId ? -1 : 1))
  const ids = sorted.map((i) => i.sendId)
  const sends = partitionOf('sends', ids)
  const { rows } = await tx.query<Row>({
    name: `dispatch-settle ${sends}`,
    text: `with accepted as (
        select given.send_id, given.segment, a.batch_id, a.provider, a.provider_message_id, a.finished_at, a.is_delivered
        from unnest($1::uuid[], $2::text[]) as given(send_id, segment)
        cross join lateral (
          select x.batch_id, x.provider, x.provider_message_id, x.finished_at, x.code is not distinct from 'delivered' as is_delivered
          from delivery_attempts as x where x.send_id = given.send_id and x.outcome = 'accepted' order by x.attempt desc limit 1
        ) as a
      ), moved as (
        update ${sends} as s set status = case when a.is_delivered then 'delivered' else 'sent' end, refused_by = null, error_message = null,
          provider = a.provider, provider_message_id = coalesce(a.provider_message_id, s.provider_message_id), batch_id = a.batch_id,
          sent_at = a.finished_at, delivered_at = case when a.is_delivered then a.finished_at else s.delivered_at end, updated_at = now()
        from accepted as a
        -- what the provider took has left, whatever was decided about it meanwhile
        where s.id = a.send_id and s.sent_at is null and s.status in ('pending', 'unknown', 'cancelled', 'skipped')
        returning s.id, s.campaign_id, s.customer_id, s.channel, s.status, s.sent_at, a.segment
      ), said as (
        -- No key: the guard of the move lets each send come here once.
        insert into analytics_events (id, event_type, customer_id, campaign_id, send_id, channel, segment, occurred_at)
        select uuidv7_at(m.sent_at), 'sent', m.customer_id, m.campaign_id, m.id, m.channel, m.segment, m.sent_at from moved as m
      ), summed as (
        insert into rollup_hourly as r (hour, campaign_id, channel, segment, event_type, machine, events, value_cents)
        select date_trunc('hour', m.sent_at, 'UTC'), coalesce(m.campaign_id, '00000000-0000-0000-0000-000000000000'), m.channel,
          coalesce(m.segment, ''), 'sent', false, count(*), 0
        from moved as m group by 1, 2, 3, 4 order by 1, 2, 3, 4
        on conflict (hour, event_type, campaign_id, channel, segment, machine) do update set events = r.events + excluded.events
      )
      select moved.id, moved.campaign_id, moved.customer_id, moved.channel, moved.status, moved.segment, moved.sent_at from moved`,
    values: [ids, sorted.map((i) => i.segment)],
  })
  const delivered = rows.filter((r) => r.status === 'delivered')
  if (delivered.length > 0)
    await appendEvents(
      tx,
      delivered.map((r) => ({
        type: 'delivered',
        at: r.sent_at,
        key: `delivered:${r.id}`,
        sendId: r.id,
        campaignId: r.campaign_id,
        customerId: r.customer_id,
        channel: r.channel,
        segment: r.segment,
      })),
    )
  return rows
}
