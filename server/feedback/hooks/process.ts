import type { ClientBase } from 'pg'
import type { DeliveryEvent } from '#contract/feedback.ts'
import { isProviderKind } from '#core/delivery/providers/kinds.ts'
import { readers } from '#core/feedback/reports/readers.ts'
import type { Reply, Report } from '#core/feedback/reports/report.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../../context.ts'
import { applyEvents } from '../ingest.ts'
import { figuresChanged } from '../notify.ts'
import { closeByAddress } from './by-address.ts'
import { takeReply } from './replies.ts'

interface Row {
  id: string
  provider: string
  kind: string
  event_key: string
  body: unknown
  tries: number
  received_at: Date
}

interface Done {
  id: string
  status: 'processed' | 'parked' | 'failed'
  error: string | null
  waitS: number
}

const batchSize = 1_000
/** A report may overtake our own commit, or come to a restored database: how long it waits for its message, in seconds. */
const parkS = [5, 30, 120, 600, 3_600, 4 * 3_600, 12 * 3_600, 24 * 3_600]

/** Takes everything apart that waits. Returns how many events it settled. */
export async function processInbox(ctx: Ctx): Promise<number> {
  let total = 0
  for (;;) {
    const { taken, settled, campaigns } = await withTx(ctx.pool, (tx) => processBatch(ctx, tx))
    total += settled
    for (const id of campaigns) figuresChanged(ctx, id)
    if (taken < batchSize) return total
  }
}

async function processBatch(
  ctx: Ctx,
  tx: ClientBase,
): Promise<{ taken: number; settled: number; campaigns: Set<string> }> {
  const nobody = { taken: 0, settled: 0, campaigns: new Set<string>() }
  // One at a time: two would wait for each other's event keys. Whoever comes second finds its work done.
  const { rows: lock } = await tx.query<{ ok: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended('webhook inbox', 5)) as ok`,
  )
  if (!lock[0]?.ok) return nobody
  const { rows } = await tx.query<Row>(
    `select w.id, w.provider, w.kind, w.event_key, w.body, w.tries, w.received_at from webhook_inbox as w
     where w.kind is not null and w.status in ('received', 'parked') and w.next_try_at <= now() order by w.next_try_at, w.id limit $1 for update skip locked`,
    [batchSize],
  )
  if (rows.length === 0) return nobody
  const done = new Map<string, Done>()
  const campaigns = await settleRows(ctx, tx, rows, done)
  await finish(tx, [...done.values()])
  return { taken: rows.length, settled: [...done.values()].filter((d) => d.status !== 'parked').length, campaigns }
}

/** All at once; when that breaks, one by one, so that a bad event takes none of its neighbours down. */
async function settleRows(
  ctx: Ctx,
  tx: ClientBase,
  rows: readonly Row[],
  done: Map<string, Done>,
): Promise<Set<string>> {
  await tx.query('savepoint rows')
  try {
    const campaigns = await apply(ctx, tx, rows, done)
    await tx.query('release savepoint rows')
    return campaigns
  } catch (error) {
    await tx.query('rollback to savepoint rows')
    if (rows.length === 1) {
      const row = rows[0]!
      ctx.log.error({ err: error as Error, event: row.id, provider: row.provider }, 'an event could not be taken apart')
      done.set(row.id, later(row, `It broke: ${(error as Error).message}`.slice(0, 300)))
      return new Set()
    }
    const all = new Set<string>()
    const half = Math.ceil(rows.length / 2)
    for (const part of [rows.slice(0, half), rows.slice(half)])
      for (const id of await settleRows(ctx, tx, part, done)) all.add(id)
    return all
  }
}

async function apply(ctx: Ctx, tx: ClientBase, rows: readonly Row[], done: Map<string, Done>): Promise<Set<string>> {
  const reports: { row: Row; report: Report }[] = []
  const replies: { row: Row; reply: Reply }[] = []
  for (const row of rows) {
    const read = isProviderKind(row.kind) ? readers[row.kind](row.body) : null
    if (read?.type === 'report') reports.push({ row, report: read })
    else if (read) replies.push({ row, reply: read })
    else done.set(row.id, { id: row.id, status: 'processed', error: 'It means nothing to us.', waitS: 0 })
  }
  const ours = reports.filter((r) => r.report.sendId !== null)
  const { campaigns, missing } = await applyEvents(
    ctx,
    tx,
    ours.map(({ row, report }) => eventOf(row, report)),
  )
  const strangers: typeof reports = reports.filter((r) => r.report.sendId === null)
  for (const r of ours) {
    if (!missing.has(r.report.sendId!)) {
      done.set(r.row.id, { id: r.row.id, status: 'processed', error: null, waitS: 0 })
      continue
    }
    const wait = later(r.row, 'There is no message with its id.')
    done.set(r.row.id, wait)
    if (wait.status === 'failed') strangers.push(r)
  }
  // What names an address but none of our messages still says that the address is dead, or that its owner said no.
  await closeByAddress(
    ctx,
    tx,
    strangers.map(({ row, report }) => ({ report, at: sensible(report.at, row.received_at) })),
  )
  for (const { row } of strangers)
    if (!done.has(row.id))
      done.set(row.id, { id: row.id, status: 'processed', error: 'It is about no message of ours.', waitS: 0 })
  for (const { row, reply } of replies) {
    const campaign = await takeReply(
      ctx,
      tx,
      row.provider,
      { ...reply, at: sensible(reply.at, row.received_at) },
      row.event_key,
    )
    if (campaign) campaigns.add(campaign)
    done.set(row.id, { id: row.id, status: 'processed', error: null, waitS: 0 })
  }
  return campaigns
}

function eventOf(row: Row, r: Report): DeliveryEvent {
  const base = {
    event_id: r.eventId ?? row.event_key,
    provider: row.provider,
    send_id: r.sendId!,
    at: sensible(r.at, row.received_at),
    code: r.code?.slice(0, 100) ?? null,
    detail: masked(r.detail),
  }
  switch (r.kind) {
    case 'bounced':
      return { ...base, kind: 'bounced', hardness: r.hardness, closes: r.closes ?? null }
    case 'opened':
    case 'clicked':
      return { ...base, kind: r.kind, machine: r.machine ?? null, user_agent: r.userAgent ?? null }
    case 'accepted':
    case 'deferred':
    case 'delivered':
    case 'complained':
    case 'unsubscribed':
      return { ...base, kind: r.kind }
  }
}

/** The provider's time, unless it has none or its clock is ahead of ours. */
function sensible(at: Date, receivedAt: Date): Date {
  return at.getTime() === 0 || at > receivedAt ? receivedAt : at
}

// A server's words often repeat the address.
function masked(detail: string | null): string | null {
  return detail?.replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '<email>').slice(0, 500) ?? null
}

function later(row: Row, error: string): Done {
  const waitS = parkS[row.tries]
  return waitS === undefined
    ? { id: row.id, status: 'failed', error, waitS: 0 }
    : { id: row.id, status: 'parked', error, waitS }
}

async function finish(tx: ClientBase, done: readonly Done[]): Promise<void> {
  await tx.query(
    `update webhook_inbox as w set status = g.status, error = g.error, tries = w.tries + 1,
       next_try_at = case when g.status = 'parked' then now() + make_interval(secs => g.wait_s) else w.next_try_at end,
       processed_at = case when g.status = 'parked' then null else now() end
     from unnest($1::uuid[], $2::text[], $3::text[], $4::int[]) as g(id, status, error, wait_s) where w.id = g.id`,
    [done.map((d) => d.id), done.map((d) => d.status), done.map((d) => d.error), done.map((d) => d.waitS)],
  )
}

/** Events that were settled a month ago: their keys are no longer needed, no provider repeats that late. */
export async function forgetOldEvents(ctx: Ctx): Promise<number> {
  const { rowCount } = await ctx.pool.query(
    `delete from webhook_inbox where webhook_inbox.id in (
       select w.id from webhook_inbox as w where w.kind is not null and w.status in ('processed', 'failed') and w.processed_at < now() - interval '30 days' limit 20000)`,
  )
  return rowCount ?? 0
}
