import type { ClientBase } from 'pg'
import { appendEvents } from '../events.ts'
import { createIds } from '../ids.ts'
import { partitionOf } from '../partitions.ts'
import type { Settled } from './ledger.ts'

/** What a provider took: all that its attempt, its send and its event say. */
export interface Acceptance {
  sendId: string
  batchId: string
  provider: string
  messageId: string | null
  startedAt: Date
  finishedAt: Date
  providerMessageId: string | null
  isDelivered: boolean
  segment: string | null
}

type Row = Pick<Settled, 'id' | 'campaign_id' | 'customer_id' | 'channel' | 'status' | 'segment'> & { sent_at: Date }

/**
 * Writes attempt, send, event and sums of what providers took. Belongs into a transaction. A send that is settled already,
 * by this or by the provider's own report, stays as it is: `sent_at` is written once, together with its event. Written, as
 * the turn is, for one plan that is kept. Returns what was moved.
 */
export async function settleAccepted(tx: ClientBase, items: readonly Acceptance[]): Promise<Settled[]> {
  if (items.length === 0) return []
  // In the order of their ids, as reports of providers lock them.
  const sorted = items.toSorted((a, b) => (a.sendId < b.sendId ? -1 : 1))
  const ids = sorted.map((i) => i.sendId)
  const sends = partitionOf('sends', ids)
  // An event's id carries its time (uuidv7_at), a lot is of one moment.
  const eventIds = new Map<number, () => string>()
  const eventId = ({ finishedAt }: Acceptance): string => {
    let next = eventIds.get(finishedAt.getTime())
    if (!next) eventIds.set(finishedAt.getTime(), (next = createIds(finishedAt)))
    return next()
  }
  const { rows } = await tx.query<Row>({
    name: `dispatch-settle ${sends}`,
    text: `with given as (
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::boolean[], $9::text[], $10::uuid[])
          as g(send_id, batch_id, provider, message_id, started_at, finished_at, provider_message_id, is_delivered, segment, event_id)
      ), noted as (
        -- An attempt of this batch that is there already was written by who looked at the batch meanwhile.
        insert into delivery_attempts as a (send_id, batch_id, attempt, provider, message_id, outcome, code, started_at, finished_at, provider_message_id)
        select g.send_id, g.batch_id, coalesce(past.same, past.last + 1, 1), g.provider, g.message_id, 'accepted', case when g.is_delivered then 'delivered' end,
          g.started_at, g.finished_at, g.provider_message_id
        from given as g cross join lateral (
          select max(x.attempt) as last, max(x.attempt) filter (where x.batch_id = g.batch_id) as same from delivery_attempts as x where x.send_id = g.send_id
        ) as past
        on conflict (send_id, attempt) do update set outcome = 'accepted', code = excluded.code, detail = null, finished_at = excluded.finished_at,
          provider_message_id = excluded.provider_message_id
        where a.batch_id = excluded.batch_id and (a.outcome is null or a.outcome = 'unknown')
      ), moved as (
        update ${sends} as s set status = case when g.is_delivered then 'delivered' else 'sent' end, refused_by = null, error_message = null,
          provider = g.provider, provider_message_id = coalesce(g.provider_message_id, s.provider_message_id), batch_id = g.batch_id,
          sent_at = g.finished_at, delivered_at = case when g.is_delivered then g.finished_at else s.delivered_at end, updated_at = now()
        from given as g
        -- what the provider took has left, whatever was decided about it meanwhile
        where s.id = g.send_id and s.sent_at is null and s.status in ('pending', 'unknown', 'cancelled', 'skipped')
        returning s.id, s.campaign_id, s.customer_id, s.channel, s.status, s.sent_at, g.segment, g.event_id
      ), said as (
        -- No key: the guard of the move lets each send come here once.
        insert into analytics_events (id, event_type, customer_id, campaign_id, send_id, channel, segment, occurred_at)
        select m.event_id, 'sent', m.customer_id, m.campaign_id, m.id, m.channel, m.segment, m.sent_at from moved as m
      ), summed as (
        insert into rollup_hourly as r (hour, campaign_id, channel, segment, event_type, machine, events, value_cents)
        select date_trunc('hour', m.sent_at, 'UTC'), coalesce(m.campaign_id, '00000000-0000-0000-0000-000000000000'), m.channel,
          coalesce(m.segment, ''), 'sent', false, count(*), 0
        from moved as m group by 1, 2, 3, 4 order by 1, 2, 3, 4
        on conflict (hour, event_type, campaign_id, channel, segment, machine) do update set events = r.events + excluded.events
      )
      select moved.id, moved.campaign_id, moved.customer_id, moved.channel, moved.status, moved.segment, moved.sent_at from moved`,
    values: [
      ids,
      sorted.map((i) => i.batchId),
      sorted.map((i) => i.provider),
      sorted.map((i) => i.messageId),
      sorted.map((i) => i.startedAt),
      sorted.map((i) => i.finishedAt),
      sorted.map((i) => i.providerMessageId),
      sorted.map((i) => i.isDelivered),
      sorted.map((i) => i.segment),
      sorted.map(eventId),
    ],
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
