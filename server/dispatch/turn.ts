import type { ClientBase, Pool } from 'pg'
import type { ChannelKind } from '#core/delivery/message.ts'
import { byteaArray, smallintArray, uuidArray } from '#db/binary-arrays.ts'
import { partitionOf } from '../partitions.ts'

/** Asks to begin an attempt: the last look at consent and campaign before the body leaves. */
export interface StartItem {
  sendId: string
  batchId: string
  channel: ChannelKind
  addressHash: Buffer
  provider: string
  messageId: string
}

/** `go`, or why not: the campaign stopped, the window closed, the person said no, or the send is no longer ours. */
export type StartVerdict =
  | 'go'
  | 'lost'
  | 'paused'
  | 'cancelled'
  | 'window'
  | 'person-erased'
  | 'person-consent'
  | 'person-suppressed'

/** A message that a provider took. */
export interface AcceptedItem {
  sendId: string
  batchId: string
  providerMessageId: string | null
  isDelivered: boolean
}

/** Names a turn, so that it can be written again when the answer to it was lost. */
export interface TurnKey {
  writer: string
  turn: number
}

export interface Turn {
  verdicts: Map<string, StartVerdict>
  /** when the attempts of this turn began, by the clock of the database */
  startedAt: Date
  /** batches that were taken away: nothing of them was begun, and of nothing of them it was noted that a provider took it */
  away: Set<string>
}

/**
 * One turn of the slots, in one statement that commits by itself and writes one row: what the providers took, and which
 * messages may go now. Repeated after a lost answer it gives the same verdicts. Written for one plan that is kept as long
 * as the connection, whatever the tables grow to: no join may read a table. It looks for the few that may not go, all
 * others cost it two look-ups by key.
 */
export async function writeTurn(
  client: ClientBase | Pool,
  { writer, turn }: TurnKey,
  accepted: readonly AcceptedItem[],
  starts: readonly StartItem[],
  now: Date,
): Promise<Turn> {
  if (accepted.length + starts.length === 0) return { verdicts: new Map(), startedAt: now, away: new Set() }
  const ids = starts.map((s) => s.sendId)
  const batches = [...new Set([...accepted, ...starts].map((item) => item.batchId))]
  // As PostgreSQL counts.
  const places = new Map(batches.map((id, i) => [id, i + 1]))
  const sends = partitionOf('sends', ids.length > 0 ? ids : accepted.map((a) => a.sendId))
  const { rows } = await client.query<[string[], StartVerdict[], string[], Date]>({
    name: `dispatch-turn ${sends}`,
    rowMode: 'array',
    text: `with held as (
        -- A sweeper that takes the batch away waits for us, or we for it.
        select b.id from send_batches as b where b.id = any($3::uuid[]) and b.closed_at is null for share
      ), found as materialized (
        select s.id, s.channel, case
          when s.status <> 'pending' then 'lost'
          when s.campaign_id is null or s.campaign_id <> all(array(select c.id from campaigns as c where c.status = 'active')) then
            case when exists (select from campaigns as c where c.id = s.campaign_id and c.status = 'cancelled') then 'cancelled' else 'paused' end
          when s.window_end <= $7 then 'window'
          when cu.email_consent is null then 'person-erased'
          when case s.channel when 'email' then cu.email_consent else cu.sms_consent end <> 'granted' then 'person-consent' end as why
        from ${sends} as s
        -- The limit keeps this what it is, a look-up by key.
        left join lateral (select x.email_consent, x.sms_consent from customers as x where x.id = s.customer_id and x.deleted_at is null limit 1) as cu on true
        where s.id = any($1::uuid[])
      ), refused as materialized (
        -- Each of the last three is looked for only when there is one.
        select given.id, 'lost' as why from unnest($1::uuid[], $2::smallint[]) as given(id, place)
        where (select count(*) from held) < cardinality($3::uuid[]) and ($3::uuid[])[given.place] <> all(array(select held.id from held))
        union all
        select found.id, found.why from found where found.why is not null
        union all
        select given.id, 'lost' from unnest($1::uuid[]) as given(id)
        where (select count(*) from found) < cardinality($1::uuid[]) and given.id <> all(array(select found.id from found))
        union all
        select given.id, 'person-suppressed' from unnest($1::uuid[], $4::bytea[]) as given(id, hash)
        where exists (select from suppressions as x where x.address_hash = any($4::bytea[])) and exists (
          select from suppressions as x join found on found.id = given.id and found.why is null
          where x.address_hash = given.hash and x.channel in (found.channel, 'all'))
      )
      insert into dispatch_turns as t (writer, turn, batches, away, asked, asked_in, providers, message_ids, refused, reasons, taken, taken_in, replies, delivered)
      select $8, $9, $3, case when (select count(*) from held) = cardinality($3::uuid[]) then '{}' else array(select b.id from unnest($3::uuid[]) as b(id) where b.id <> all(array(select held.id from held))) end,
        $1, $2, $5, $6, array(select refused.id from refused), array(select refused.why from refused), $10, $11, $12, $13
      -- Written before: its answer was lost, and what it said counts.
      on conflict (writer, turn) do update set writer = excluded.writer
      returning t.refused, t.reasons, t.away, t.written_at`,
    values: [
      uuidArray(ids),
      smallintArray(starts.map((s) => places.get(s.batchId)!)),
      uuidArray(batches),
      byteaArray(starts.map((s) => s.addressHash)),
      once(starts.map((s) => s.provider)),
      once(starts.map((s) => domainOf(s))),
      now,
      writer,
      turn,
      uuidArray(accepted.map((a) => a.sendId)),
      smallintArray(accepted.map((a) => places.get(a.batchId)!)),
      accepted.map((a) => a.providerMessageId),
      uuidArray(accepted.filter((a) => a.isDelivered).map((a) => a.sendId)),
    ],
  })
  const [refused, reasons, away, startedAt] = rows[0]!
  const verdicts = new Map<string, StartVerdict>(ids.map((id) => [id, 'go']))
  // The first reason counts: that the batch is gone.
  for (let i = refused.length - 1; i >= 0; i--) verdicts.set(refused[i]!, reasons[i]!)
  return { verdicts, startedAt, away: new Set(away) }
}

/** Forgets the turns of this writer whose batches are all closed: sends and attempts say what they said. */
export async function forgetTurns(client: ClientBase | Pool, writer: string): Promise<void> {
  await client.query({
    name: 'dispatch-forget-turns',
    text: `delete from dispatch_turns as t where t.writer = $1 and not exists (select from send_batches as b where b.id = any(t.batches) and b.closed_at is null)`,
    values: [writer],
  })
}

/** What is the same for all is said once. */
const once = <T>(all: T[]): T[] => (all.every((one) => one === all[0]) ? all.slice(0, 1) : all)

/** Our Message-IDs are the id of the send and a domain: of these only the domain is kept. */
function domainOf({ sendId, messageId }: StartItem): string {
  return messageId.startsWith(`<${sendId}@`) && messageId.endsWith('>')
    ? messageId.slice(sendId.length + 1, -1)
    : messageId
}
