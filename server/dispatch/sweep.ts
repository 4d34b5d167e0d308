import { withTx } from '#db/pool.ts'
import type { ChannelKind } from '#core/delivery/message.ts'
import { settle } from '#core/dispatch/settle.ts'
import type { Ctx } from '../context.ts'
import { loadPartitions } from '../partitions.ts'
import { lookUp } from './reconcile.ts'
import { readSetting } from '../settings.ts'
import { reportResults, writeResults, type ResultItem } from './ledger.ts'
import type { Worker } from './liveness.ts'
import { settleAccepted, type Acceptance } from './settle-accepted.ts'

interface OpenAttempt {
  send_id: string
  batch_id: string
  channel: ChannelKind
  provider: string
  recipient: string
  started_at: Date
  message_id: string | null
  retry_count: number
  segment: string | null
  resend_unknown: boolean
}

export interface Reclaimed {
  batches: number
  released: number
  reconciled: number
  unknown: number
}

/**
 * Takes over batches whose worker is dead (its advisory lock is free) or hangs (the lease ran out). What had not begun
 * waits again; what had begun is looked up at the provider where that is possible, and otherwise left as unknown.
 */
export async function reclaimBatches(ctx: Ctx, worker: Worker): Promise<Reclaimed> {
  const total: Reclaimed = { batches: 0, released: 0, reconciled: 0, unknown: 0 }
  if (!worker.isSettled()) return total
  const { rows: open } = await ctx.pool.query<{ id: string; lock_key: number }>(
    `select b.id, b.lock_key from send_batches as b
     where b.closed_at is null and (b.leased_until < now() or (b.lock_key <> $1
       -- a database that has just started has freed everybody's lock
       and pg_postmaster_start_time() < now() - interval '3 seconds'
       and not exists (select 1 from pg_locks as l where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
         and l.classid::bigint = b.lock_key >> 32 and l.objid::bigint = b.lock_key & 4294967295
         and l.database = (select d.oid from pg_database as d where d.datname = current_database()))))
     order by b.created_at limit 200`,
    [worker.lockKey],
  )
  for (const { id } of open) {
    const one = await reclaim(ctx, id)
    total.batches += one.batches
    total.released += one.released
    total.reconciled += one.reconciled
    total.unknown += one.unknown
  }
  if (total.batches > 0) ctx.log.warn({ ...total }, 'took over what a stopped worker had left')
  return total
}

async function reclaim(ctx: Ctx, batchId: string): Promise<Reclaimed> {
  // The turns of the batch become attempts. Looked up before the transaction: a provider may be slow, and row locks must not
  // wait for it.
  await ctx.pool.query(
    'select write_attempts_of(b.id) from (select b.id from send_batches as b where b.id = $1 and b.closed_at is null for update) as b',
    [batchId],
  )
  const { rows: attempts } = await ctx.pool.query<OpenAttempt>(
    `select a.send_id, a.batch_id, s.channel, a.provider, s.recipient, a.started_at, a.message_id, s.retry_count, segment_of(s) as segment, coalesce(c.resend_unknown, false) as resend_unknown
     from send_batches as b cross join unnest(b.send_ids) as leased(id)
     join delivery_attempts as a on a.send_id = leased.id and a.batch_id = b.id and a.outcome is null
     join sends as s on s.id = a.send_id and s.status = 'pending'
     left join campaigns as c on c.id = s.campaign_id
     where b.id = $1`,
    [batchId],
  )
  const fates = await lookUp(ctx, attempts)
  await loadPartitions(ctx.pool)
  return withTx(ctx.pool, async (tx) => {
    // Waits for a commit of the worker, should it only hang; after this it can begin nothing more of this batch.
    const { rows: held } = await tx.query<{ send_ids: string[] }>(
      'select b.send_ids from send_batches as b where b.id = $1 and b.closed_at is null for update',
      [batchId],
    )
    if (!held[0]) return { batches: 0, released: 0, reconciled: 0, unknown: 0 }
    const now = ctx.clock()
    // A worker that only hung may have gone on since we looked.
    await tx.query('select write_attempts_of($1)', [batchId])
    // What it had handed over and not yet said in the sends.
    const { rows: accepted } = await tx.query<Acceptance>(
      `select a.send_id as "sendId", a.batch_id as "batchId", a.provider, a.message_id as "messageId", a.started_at as "startedAt",
         a.finished_at as "finishedAt", a.provider_message_id as "providerMessageId", a.code is not distinct from 'delivered' as "isDelivered", segment_of(s) as segment
       from delivery_attempts as a join sends as s on s.id = a.send_id and s.status = 'pending'
       where a.send_id = any($2::uuid[]) and a.batch_id = $1 and a.outcome = 'accepted'`,
      [batchId, held[0].send_ids],
    )
    await settleAccepted(tx, accepted, { isFirst: false })
    const results = attempts.map((a): ResultItem => {
      const fate = fates.get(a.send_id) ?? 'unknown'
      const outcome =
        fate === 'accepted' || fate === 'delivered'
          ? ({ kind: 'accepted', providerMessageId: a.message_id, isDelivered: fate === 'delivered' } as const)
          : fate === 'absent'
            ? ({
                kind: 'deferred',
                code: 'worker.stopped',
                detail: 'the worker stopped before the message left',
                unreachable: true,
                retryAfterMs: 0,
              } as const)
            : ({ kind: 'unknown', detail: 'the worker stopped while the message was on its way' } as const)
      const next = settle(outcome, { retryCount: a.retry_count, resendUnknown: a.resend_unknown }, now, 0)
      return {
        sendId: a.send_id,
        batchId,
        status: next.status,
        outcome: outcome.kind,
        code: outcome.kind === 'deferred' ? outcome.code : null,
        detail: next.error,
        provider: null,
        providerMessageId: outcome.kind === 'accepted' ? a.message_id : null,
        refusedBy: null,
        dueAt: next.dueAt,
        windowEnd: null,
        retryCount: next.retryCount,
        segment: a.segment,
        at: now,
        deadAddress: null,
      }
    })
    await reportResults(tx, ctx.config, results, await writeResults(tx, results))
    const known = attempts.map((a) => a.send_id)
    // What it has begun since we looked stays leased, and the next sweep sees to it.
    const { rows: left } = await tx.query<{ id: string }>(
      `select a.send_id as id from delivery_attempts as a where a.send_id = any($2::uuid[]) and a.batch_id = $1 and a.outcome is null and a.send_id <> all($3::uuid[])`,
      [batchId, held[0].send_ids, known],
    )
    const still = left.map((row) => row.id)
    await tx.query(
      `update send_batches set send_ids = $2, leased_until = now(), closed_at = case when cardinality($2::uuid[]) = 0 then now() end where id = $1`,
      [batchId, still],
    )
    await tx.query(
      `delete from dispatch_turns as t where $1 = any(t.batches) and not exists (select from send_batches as b where b.id = any(t.batches) and b.closed_at is null)`,
      [batchId],
    )
    const released = held[0].send_ids.length - known.length - still.length - accepted.length
    const reconciled = [...fates.values()].filter((f) => f !== 'unknown').length
    return { batches: 1, released: Math.max(0, released), reconciled, unknown: attempts.length - reconciled }
  })
}

/** Sends whose window went by: the same hours of the next day by the recipient's clock, while the campaign still runs. */
export async function rollWindows(ctx: Ctx): Promise<void> {
  const shop = await readSetting(ctx.pool, 'shop')
  await ctx.pool.query(
    `with late as (
       select s.id, coalesce(cu.time_zones[1], $2) as zone, c.end_date, s.due_at, s.window_end, s.campaign_id,
         greatest(1, ceil(extract(epoch from ($1::timestamptz - s.window_end)) / 86400.0))::int as days
       from sends as s join campaigns as c on c.id = s.campaign_id and c.status = 'active'
       left join customers as cu on cu.id = s.customer_id
       where s.status = 'pending' and s.window_end <= $1 and not is_leased(s.id, s.campaign_id) order by s.window_end limit 5000 for update of s skip locked
     ), moved as (
       select late.id, late.end_date, late.zone,
         ((late.due_at at time zone late.zone) + make_interval(days => late.days)) at time zone late.zone as due_at,
         ((late.window_end at time zone late.zone) + make_interval(days => late.days)) at time zone late.zone as window_end
       from late
     )
     update sends as s set
       status = case when (moved.due_at at time zone moved.zone)::date > moved.end_date then 'skipped' else s.status end,
       refused_by = case when (moved.due_at at time zone moved.zone)::date > moved.end_date then 'window-passed' end,
       error_message = case when (moved.due_at at time zone moved.zone)::date > moved.end_date then 'Its hours went by and the campaign has no day left.' end,
       due_at = moved.due_at, window_end = moved.window_end, updated_at = now()
     from moved where s.id = moved.id and s.status = 'pending'`,
    [ctx.clock(), shop.time_zone],
  )
}

/** A message that a provider put off while its campaign was cancelled never goes. */
export async function cancelLeftovers(ctx: Ctx): Promise<void> {
  await ctx.pool.query(
    `update sends as s set status = 'cancelled', refused_by = 'campaign-cancelled', updated_at = now()
     from campaigns as c where c.id = s.campaign_id and c.status = 'cancelled' and c.updated_at > now() - interval '2 days' and s.status = 'pending'
       and not is_leased(s.id, s.campaign_id)`,
  )
}
