import type { ClientBase } from 'pg'
import { intArray, uuidArray } from '#db/binary-arrays.ts'
import { appendEvents } from '../events.ts'
import { createIds } from '../ids.ts'
import { partitionOf } from '../partitions.ts'
import type { Moves } from './ledger.ts'

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

interface Row {
  /** null: so many moved alike; else one that was delivered at once */
  id: string | null
  campaign_id: string | null
  customer_id: string | null
  channel: string
  status: string
  segment: string | null
  sent_at: Date | null
  n: number
  /** attempts that were new */
  noted: number
}

/**
 * Writes attempt, send, event and sums of what providers took. Belongs into a transaction. A send that is settled already,
 * by this or by the provider's own report, stays as it is: `sent_at` is written once, together with its event. Written, as
 * the turn is, for one plan that is kept. Returns how many were moved.
 * @param isFirst none of them has an attempt yet, as is nearly always so: where one has, it throws 23505. Looking first
 * would cost each message a look-up.
 */
export async function settleAccepted(
  tx: ClientBase,
  items: readonly Acceptance[],
  { isFirst }: { isFirst: boolean },
): Promise<Moves[]> {
  if (items.length === 0) return []
  // In the order of their ids, as reports of providers lock them.
  const sorted = items.toSorted((a, b) => (a.sendId < b.sendId ? -1 : 1))
  const lot = packed(sorted)
  const sends = partitionOf('sends', lot.ids)
  const events = partitionOf('analytics_events', lot.eventIds)
  const { rows } = await tx.query<Row>({
    name: `dispatch-settle ${isFirst ? 'first' : 'again'} ${sends} ${events}`,
    text: `with given as (
        select g.send_id, g.event_id, g.message_id, g.provider_message_id, $5::timestamptz + g.after * interval '1 millisecond' as finished_at, g.label,
          ($6::uuid[])[g.turn] as batch_id, ($7::timestamptz[])[g.turn] as started_at, ($8::text[])[g.label] as provider, ($9::text[])[g.label] as segment,
          ($10::boolean[])[g.label] as is_delivered
        from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $12::int[], $13::text[], $14::text[]) as g(send_id, event_id, turn, label, after, message_id, provider_message_id)
      ), noted as (
        insert into delivery_attempts (send_id, batch_id, attempt, provider, message_id, outcome, code, started_at, finished_at, provider_message_id)
        select g.send_id, g.batch_id, 1, g.provider, g.message_id, 'accepted', case when g.is_delivered then 'delivered' end, g.started_at, g.finished_at, g.provider_message_id
        from given as g
        ${isFirst ? '' : 'on conflict (send_id, attempt) do nothing'} returning 1
      ), moved as (
        update ${sends} as s set status = case when g.is_delivered then 'delivered' else 'sent' end, refused_by = null, error_message = null,
          provider = g.provider, provider_message_id = coalesce(g.provider_message_id, s.provider_message_id), batch_id = g.batch_id,
          sent_at = g.finished_at, delivered_at = case when g.is_delivered then g.finished_at else s.delivered_at end, updated_at = now()
        from given as g
        -- what the provider took has left, whatever was decided about it meanwhile
        where s.id = g.send_id and s.sent_at is null and s.status in ('pending', 'unknown', 'cancelled', 'skipped')
        returning s.id, s.campaign_id, s.customer_id, s.channel, s.status, s.sent_at, g.label, g.segment, g.event_id
      ), said as (
        -- No key: the guard of the move lets each send come here once.
        insert into ${events} (id, event_type, customer_id, campaign_id, send_id, channel, segment, occurred_at)
        select m.event_id, 'sent', m.customer_id, m.campaign_id, m.id, m.channel, m.segment, m.sent_at from moved as m
      ), counted as (
        select m.campaign_id, m.channel, m.status, m.label, count(*) as n from moved as m group by 1, 2, 3, 4
      ), summed as (
        insert into rollup_hourly as r (hour, campaign_id, channel, segment, event_type, machine, events, value_cents)
        select ($11::timestamptz[])[c.label], coalesce(c.campaign_id, '00000000-0000-0000-0000-000000000000'), c.channel,
          coalesce(($9::text[])[c.label], ''), 'sent', false, sum(c.n), 0
        from counted as c group by 1, 2, 3, 4 order by 1, 2, 3, 4
        on conflict (hour, event_type, campaign_id, channel, segment, machine) do update set events = r.events + excluded.events
      )
      select null::uuid as id, null::uuid as campaign_id, null::uuid as customer_id, null as channel, null as status, null as segment, null::timestamptz as sent_at,
        0 as n, (select count(*)::int from noted) as noted
      union all
      select null, c.campaign_id, null, c.channel, c.status, null, null, sum(c.n)::int, 0 from counted as c group by 2, 4, 5
      union all
      select m.id, m.campaign_id, m.customer_id, m.channel, m.status, m.segment, m.sent_at, 0, 0 from moved as m where m.status = 'delivered'`,
    values: [
      uuidArray(lot.ids),
      uuidArray(lot.eventIds),
      intArray(lot.turns),
      intArray(lot.labels),
      lot.since,
      lot.turn.map((t) => t.batchId),
      lot.turn.map((t) => t.startedAt),
      lot.label.map((l) => l.provider),
      lot.label.map((l) => l.segment),
      lot.label.map((l) => l.isDelivered),
      lot.label.map((l) => new Date(Math.floor(l.finishedAt.getTime() / hourMs) * hourMs)),
      intArray(sorted.map((i) => i.finishedAt.getTime() - lot.since.getTime())),
      sorted.map((i) => i.messageId),
      sorted.map((i) => i.providerMessageId),
    ],
  })
  if (rows[0]!.noted < items.length) await noteRest(tx, sorted)
  const delivered = rows.filter((r) => r.id !== null)
  if (delivered.length > 0)
    await appendEvents(
      tx,
      delivered.map((r) => ({
        type: 'delivered',
        at: r.sent_at!,
        key: `delivered:${r.id}`,
        sendId: r.id,
        campaignId: r.campaign_id,
        customerId: r.customer_id,
        channel: r.channel,
        segment: r.segment,
      })),
    )
  return rows.filter((r) => r.n > 0)
}

const hourMs = 3_600_000

// Most of what a lot says is the same for many: said once, and pointed to. Reading an array of numbers costs a fifth of
// reading the same number of times or ids.
function packed(items: readonly Acceptance[]): {
  ids: string[]
  eventIds: string[]
  since: Date
  turn: Acceptance[]
  turns: number[]
  label: Acceptance[]
  labels: number[]
} {
  const since = items.reduce((least, { finishedAt }) => (finishedAt < least ? finishedAt : least), items[0]!.finishedAt)
  const turn: Acceptance[] = []
  const label: Acceptance[] = []
  const seen = new Map<string, number>()
  const placeOf = (key: string, item: Acceptance, among: Acceptance[]): number => {
    let place = seen.get(key)
    if (!place) seen.set(key, (place = among.push(item)))
    return place
  }
  // An event's id carries its time.
  const makers = new Map<number, () => string>()
  const eventIds = items.map(({ finishedAt }) => {
    const at = finishedAt.getTime()
    let next = makers.get(at)
    if (!next) makers.set(at, (next = createIds(finishedAt)))
    return next()
  })
  return {
    ids: items.map((i) => i.sendId),
    eventIds,
    since,
    turns: items.map((i) => placeOf(`${i.batchId} ${i.startedAt.getTime()}`, i, turn)),
    labels: items.map((i) =>
      placeOf(
        `${Math.floor(i.finishedAt.getTime() / hourMs)} ${i.isDelivered} ${i.provider} ${i.segment === null ? '' : `=${i.segment}`}`,
        i,
        label,
      ),
    ),
    turn,
    label,
  }
}

// Not the first attempt of its send; or it was written before, by a lot whose answer was lost or by who looked at the
// batch meanwhile.
async function noteRest(tx: ClientBase, items: readonly Acceptance[]): Promise<void> {
  await tx.query({
    name: 'dispatch-note-rest',
    text: `insert into delivery_attempts as a (send_id, batch_id, attempt, provider, message_id, outcome, code, started_at, finished_at, provider_message_id)
      select g.send_id, g.batch_id, coalesce(past.same, past.last + 1, 1), g.provider, g.message_id, 'accepted', case when g.is_delivered then 'delivered' end,
        g.started_at, g.finished_at, g.provider_message_id
      from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::boolean[])
        as g(send_id, batch_id, provider, message_id, started_at, finished_at, provider_message_id, is_delivered)
      cross join lateral (
        select max(x.attempt) as last, max(x.attempt) filter (where x.batch_id = g.batch_id) as same from delivery_attempts as x where x.send_id = g.send_id
      ) as past
      on conflict (send_id, attempt) do update set outcome = 'accepted', code = excluded.code, detail = null, finished_at = excluded.finished_at,
        provider_message_id = excluded.provider_message_id
      where a.batch_id = excluded.batch_id and (a.outcome is null or a.outcome = 'unknown')`,
    values: [
      items.map((i) => i.sendId),
      items.map((i) => i.batchId),
      items.map((i) => i.provider),
      items.map((i) => i.messageId),
      items.map((i) => i.startedAt),
      items.map((i) => i.finishedAt),
      items.map((i) => i.providerMessageId),
      items.map((i) => i.isDelivered),
    ],
  })
}
