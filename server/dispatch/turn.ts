import type { ClientBase, Pool } from 'pg'
import type { ChannelKind } from '#core/delivery/message.ts'
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

export interface Turn {
  verdicts: Map<string, StartVerdict>
  /** sends whose acceptance was written into their attempt by this; of the others it was there, or the batch was taken away */
  accepted: Set<string>
}

/**
 * One turn of the slots, in one statement that commits by itself: what the providers took is written into its attempts,
 * and attempt rows are made for the sends that may go. Repeated after a lost answer it gives the same verdicts. Written for
 * one plan that is kept as long as the connection, whatever the tables grow to: no join may read a table.
 */
export async function writeTurn(
  client: ClientBase | Pool,
  accepted: readonly AcceptedItem[],
  starts: readonly StartItem[],
  now: Date,
): Promise<Turn> {
  if (accepted.length + starts.length === 0) return { verdicts: new Map(), accepted: new Set() }
  const ids = starts.map((s) => s.sendId)
  const sends = partitionOf('sends', ids.length > 0 ? ids : accepted.map((a) => a.sendId))
  const batches = [...new Set([...accepted, ...starts].map((item) => item.batchId))]
  const { rows } = await client.query<[string, StartVerdict | 'accepted']>({
    name: `dispatch-turn ${sends}`,
    rowMode: 'array',
    text: `with held as (
        -- A sweeper that takes the batch away waits for us, or we for it.
        select b.id from send_batches as b where b.id = any($8::uuid[]) and b.closed_at is null for share
      ), finished as (
        update delivery_attempts as a set outcome = 'accepted', code = case when a.send_id = any($11::uuid[]) then 'delivered' end, detail = null,
          finished_at = $7, provider_message_id = $10::jsonb ->> a.send_id::text
        where a.send_id = any($9::uuid[]) and a.batch_id = any(array(select held.id from held)) and (a.outcome is null or a.outcome = 'unknown')
        returning a.send_id
      ), judged as (
        -- The limits keep each of these what it is, a look-up by key.
        select given.*, case
          when s.status is distinct from 'pending' or given.batch_id <> all(array(select held.id from held)) then 'lost'
          when c.status = 'cancelled' then 'cancelled'
          when c.status is distinct from 'active' then 'paused'
          when s.window_end <= $7 then 'window'
          when cu.email_consent is null then 'person-erased'
          when case given.channel when 'email' then cu.email_consent else cu.sms_consent end <> 'granted' then 'person-consent'
          when exists (select 1 from suppressions as x where x.address_hash = given.hash and x.channel in (given.channel, 'all')) then 'person-suppressed'
          else 'go' end as verdict, past.attempts, past.is_begun
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[]) as given(send_id, batch_id, channel, hash, provider, message_id)
        left join lateral (select x.status, x.window_end, x.campaign_id, x.customer_id from ${sends} as x where x.id = given.send_id limit 1) as s on true
        left join lateral (select x.status from campaigns as x where x.id = s.campaign_id limit 1) as c on true
        left join lateral (select x.email_consent, x.sms_consent from customers as x where x.id = s.customer_id and x.deleted_at is null limit 1) as cu on true
        left join lateral (
          select max(a.attempt) as attempts, bool_or(a.batch_id = given.batch_id and a.outcome is null) as is_begun
          from delivery_attempts as a where a.send_id = given.send_id
        ) as past on true
      ), begun as (
        insert into delivery_attempts (send_id, batch_id, attempt, provider, message_id)
        select j.send_id, j.batch_id, 1 + coalesce(j.attempts, 0), j.provider, j.message_id
        from judged as j where j.verdict = 'go' and j.is_begun is not true
      )
      select judged.send_id, judged.verdict from judged union all select finished.send_id, 'accepted' from finished`,
    values: [
      ids,
      starts.map((s) => s.batchId),
      starts.map((s) => s.channel),
      starts.map((s) => s.addressHash),
      starts.map((s) => s.provider),
      starts.map((s) => s.messageId),
      now,
      batches,
      accepted.map((a) => a.sendId),
      JSON.stringify(Object.fromEntries(accepted.map((a) => [a.sendId, a.providerMessageId]))),
      accepted.filter((a) => a.isDelivered).map((a) => a.sendId),
    ],
  })
  const turn: Turn = { verdicts: new Map(), accepted: new Set() }
  for (const [id, said] of rows) {
    if (said === 'accepted') turn.accepted.add(id)
    else turn.verdicts.set(id, said)
  }
  return turn
}
