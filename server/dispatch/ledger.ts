import type { ClientBase } from 'pg'
import type { ChannelKind } from '#core/delivery/message.ts'
import type { Config } from '../config.ts'
import { appendEvents, type NewEvent } from '../events.ts'
import { closeAddresses } from '../opt-out.ts'
import { partitionOf } from '../partitions.ts'

/** What became of a send; with an outcome when there was an attempt. */
export interface ResultItem {
  sendId: string
  batchId: string
  status: 'sent' | 'delivered' | 'failed' | 'skipped' | 'cancelled' | 'pending' | 'unknown'
  outcome: 'accepted' | 'rejected' | 'deferred' | 'unknown' | null
  code: string | null
  detail: string | null
  provider: string | null
  providerMessageId: string | null
  refusedBy: string | null
  dueAt: Date | null
  windowEnd: Date | null
  retryCount: number
  segment: string | null
  at: Date
  /** set when the address is dead and must not be tried again */
  deadAddress: { channel: ChannelKind; address: string; customerId: string | null } | null
}

export interface Settled {
  id: string
  campaign_id: string | null
  customer_id: string | null
  channel: string
  status: string
  segment: string | null
}

/** So many sends of a campaign that came to the same state. */
export interface Moves {
  campaign_id: string | null
  channel: string
  status: string
  n: number
}

/** An attempt that was begun, as its turn says (turn.ts); it is written down when it has ended. */
export interface Begun {
  messageId: string | null
  startedAt: Date
}

/** Begins a transaction of the ledger's connection: its statements are planned for the tables as they are now. */
export const beginLot = 'begin; set local plan_cache_mode = force_custom_plan'

/**
 * Moves sends on and writes their attempts: those of `begun` anew, others are there already. Guarded, so that repeating it
 * changes nothing: a send moves only while this batch holds it, except that a late "accepted" still corrects a send that
 * was already given up.
 */
export async function writeResults(
  tx: ClientBase,
  items: readonly ResultItem[],
  begun: ReadonlyMap<string, Begun> = new Map(),
): Promise<Settled[]> {
  if (items.length === 0) return []
  const sends = partitionOf(
    'sends',
    items.map((i) => i.sendId),
  )
  const { rows } = await tx.query<Moved>({
    name: `dispatch-results ${sends}`,
    text: `with given as (
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
          $10::timestamptz[], $11::timestamptz[], $12::int[], $13::timestamptz[], $14::text[], $15::timestamptz[]) as g(send_id, batch_id, status, outcome,
          code, detail, provider, provider_message_id, refused_by, due_at, window_end, retry_count, at, message_id, started_at)
      ), held as (
        select b.id from send_batches as b where b.id = any($2::uuid[]) and b.closed_at is null for share
      ), attempts as (
        update delivery_attempts as a set outcome = given.outcome, code = given.code, detail = given.detail, finished_at = given.at
        from given where a.send_id = given.send_id and a.batch_id = given.batch_id and given.outcome is not null
          and (a.outcome is null or (a.outcome = 'unknown' and given.outcome = 'accepted'))
      ), noted as (
        insert into delivery_attempts (send_id, batch_id, attempt, provider, message_id, outcome, code, detail, started_at, finished_at, provider_message_id)
        select g.send_id, g.batch_id, 1 + coalesce((select max(x.attempt) from delivery_attempts as x where x.send_id = g.send_id), 0), g.provider,
          g.message_id, g.outcome, g.code, g.detail, g.started_at, g.at, g.provider_message_id
        from given as g where g.outcome is not null and g.provider is not null and g.started_at is not null
          and not exists (select from delivery_attempts as x where x.send_id = g.send_id and x.batch_id = g.batch_id)
        on conflict (send_id, attempt) do nothing
      ), moved as (
        update ${sends} as s set status = given.status, refused_by = given.refused_by, error_message = case when given.status in ('sent', 'delivered') then null else given.detail end,
          provider = coalesce(given.provider, s.provider), provider_message_id = coalesce(given.provider_message_id, s.provider_message_id),
          due_at = coalesce(given.due_at, s.due_at), window_end = coalesce(given.window_end, s.window_end), retry_count = given.retry_count,
          sent_at = case when given.status in ('sent', 'delivered') then given.at else s.sent_at end,
          delivered_at = case when given.status = 'delivered' then given.at else s.delivered_at end,
          batch_id = case when given.status = 'pending' then null else given.batch_id end, updated_at = now()
        from given
        where s.id = given.send_id
          and ((s.status = 'pending' and given.batch_id in (select held.id from held))
            -- what the provider took has left, whatever was decided about it meanwhile
            or (given.outcome = 'accepted' and s.status in ('unknown', 'pending', 'cancelled', 'skipped')))
        returning s.id, s.campaign_id, s.customer_id, s.channel, s.status
      )
      select moved.id, moved.campaign_id, moved.customer_id, moved.channel, moved.status from moved`,
    values: [
      items.map((i) => i.sendId),
      items.map((i) => i.batchId),
      items.map((i) => i.status),
      items.map((i) => i.outcome),
      items.map((i) => i.code),
      items.map((i) => clean(i.detail)),
      items.map((i) => i.provider),
      items.map((i) => clean(i.providerMessageId)),
      items.map((i) => i.refusedBy),
      items.map((i) => i.dueAt),
      items.map((i) => i.windowEnd),
      items.map((i) => i.retryCount),
      items.map((i) => i.at),
      items.map((i) => begun.get(i.sendId)?.messageId ?? null),
      items.map((i) => begun.get(i.sendId)?.startedAt ?? null),
    ],
  })
  const segments = new Map(items.map((i) => [i.sendId, i.segment]))
  return rows.map((row) => ({ ...row, segment: segments.get(row.id) ?? null }))
}

type Moved = Omit<Settled, 'segment'>

// Only what keeps an action from its customer is written into it; that it went, its send says (action_status).
async function refuseActions(
  tx: ClientBase,
  settled: readonly Settled[],
  items: Map<string, ResultItem>,
): Promise<void> {
  const refused = settled.filter((s) => ['failed', 'skipped', 'cancelled'].includes(s.status))
  if (refused.length === 0) return
  await tx.query({
    name: 'dispatch-refused-actions',
    text: `update actions as a set status = case when g.status = 'failed' then 'failed' else 'skipped' end,
        refused_by = coalesce(g.refused_by, a.refused_by), updated_at = now()
      from unnest($1::uuid[], $2::text[], $3::text[]) as g(send_id, status, refused_by) join sends as s on s.id = g.send_id
      where a.id = s.action_id`,
    values: [
      refused.map((s) => s.id),
      refused.map((s) => s.status),
      refused.map((s) => (s.status === 'skipped' ? (items.get(s.id)?.refusedBy ?? null) : null)),
    ],
  })
}

// What goes back in line is no longer leased: somebody else may take it while the rest of its batch is still at work.
async function release(tx: ClientBase, items: readonly ResultItem[]): Promise<void> {
  if (items.length === 0) return
  await tx.query({
    name: 'dispatch-release',
    text: `update send_batches as b set send_ids = array(select x.id from unnest(b.send_ids) as x(id) where x.id <> all($2::uuid[]))
      where b.id = any($1::uuid[]) and b.closed_at is null`,
    values: [[...new Set(items.map((i) => i.batchId))], items.map((i) => i.sendId)],
  })
}

/** Batches whose every send is settled. */
export async function closeBatches(tx: ClientBase, batchIds: readonly string[]): Promise<void> {
  if (batchIds.length > 0)
    await tx.query({
      name: 'dispatch-close',
      text: 'update send_batches set closed_at = now() where id = any($1::uuid[]) and closed_at is null',
      values: [batchIds],
    })
}

/** True for what needs no more than a word in its attempt now; the send, its event and the sums can follow in a lot. */
export const isAcceptance = (item: ResultItem): boolean =>
  item.outcome === 'accepted' && (item.status === 'sent' || item.status === 'delivered')

/** What the results mean for everybody else: events, closed addresses, sends that are free again. Belongs to writeResults. */
export async function reportResults(
  tx: ClientBase,
  config: Pick<Config, 'secret'>,
  items: readonly ResultItem[],
  settled: readonly Settled[],
): Promise<void> {
  const freed = release(
    tx,
    items.filter((i) => i.status === 'pending'),
  )
  const given = new Map(items.map((i) => [i.sendId, i]))
  const events: NewEvent[] = []
  for (const s of settled) {
    const item = given.get(s.id)
    if (!item) continue
    const base = {
      at: item.at,
      sendId: s.id,
      campaignId: s.campaign_id,
      customerId: s.customer_id,
      channel: s.channel,
      segment: s.segment,
    }
    // No key: the guard of the move lets each send come here once.
    if (s.status === 'sent' || s.status === 'delivered') events.push({ ...base, type: 'sent' })
    if (s.status === 'delivered') events.push({ ...base, type: 'delivered', key: `delivered:${s.id}` })
    if (s.status === 'failed' && item.deadAddress)
      events.push({ ...base, type: 'bounce', key: `bounce:${s.id}`, properties: { class: 'hard', code: item.code } })
    else if (s.status === 'failed') events.push({ ...base, type: 'failed', properties: { code: item.code } })
  }
  await Promise.all([freed, refuseActions(tx, settled, given), appendEvents(tx, events)])
  const dead = settled.flatMap((s) => {
    const item = given.get(s.id)
    return item?.deadAddress ? [{ ...item.deadAddress, sendId: s.id, reason: 'hard_bounce' as const, at: item.at }] : []
  })
  if (dead.length > 0) await closeAddresses(tx, config, dead, { source: 'provider' })
}

/** PostgreSQL's text holds no NUL, and a server's reply may hold anything. */
export function clean(text: string | null): string | null {
  return text === null
    ? null
    : text
        .toWellFormed()
        .replace(/[\u0000-\u001f\u007f]+/g, ' ')
        .slice(0, 500)
}
