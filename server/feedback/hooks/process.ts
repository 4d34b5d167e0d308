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
import type { HookItem } from './hook.ts'
import { storable, whenQuiet } from './inbox.ts'
import { takeReply } from './replies.ts'

interface Row {
  id: string
  provider: string
  provider_id: string | null
  kind: string
  body: { events?: HookItem[] }
  tries: number
  received_at: Date
}

/** One event of a post, and what became of it. */
interface Event {
  row: Row
  item: HookItem
  status: 'processed' | 'parked' | 'failed'
  error: string | null
}

/** Small enough that a post which comes meanwhile waits some tens of milliseconds. */
const eventsAtOnce = 500
/** A report may overtake our own commit, or come to a restored database: how long it waits for its message, in seconds. */
const parkS = [5, 30, 120, 600, 3_600, 4 * 3_600, 12 * 3_600, 24 * 3_600]

/** Takes everything apart that waits. Returns how many events it settled. */
export async function processInbox(ctx: Ctx): Promise<number> {
  let total = 0
  for (;;) {
    const { taken, settled, campaigns } = await withTx(ctx.pool, (tx) => processBatch(ctx, tx))
    total += settled
    for (const id of campaigns) figuresChanged(ctx, id)
    if (taken === 0) return total
    await whenQuiet(ctx, 300)
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
    `select w.id, w.provider, w.provider_id, w.kind, w.body, w.tries, w.received_at from webhook_inbox as w
     where w.id in (
       select x.id from (
         select y.id, sum(y.events) over (order by y.next_try_at, y.id) - y.events as before
         from (select z.id, z.events, z.next_try_at from webhook_inbox as z
               where z.kind is not null and z.status in ('received', 'parked') and z.next_try_at <= now() order by z.next_try_at, z.id limit $1) as y
       ) as x where x.before < $1)
     order by w.next_try_at, w.id for update`,
    [eventsAtOnce],
  )
  if (rows.length === 0) return nobody
  const events = rows.flatMap((row) =>
    (row.body.events ?? []).map((item): Event => ({ row, item, status: 'processed', error: null })),
  )
  const campaigns = await settle(ctx, tx, events)
  await finish(tx, rows, events)
  return { taken: rows.length, settled: events.filter((e) => e.status !== 'parked').length, campaigns }
}

/** All at once; when that breaks, in halves, so that a bad event takes none of its neighbours down. */
async function settle(ctx: Ctx, tx: ClientBase, events: readonly Event[]): Promise<Set<string>> {
  if (events.length === 0) return new Set()
  await tx.query('savepoint events')
  try {
    const campaigns = await apply(ctx, tx, events)
    await tx.query('release savepoint events')
    return campaigns
  } catch (error) {
    await tx.query('rollback to savepoint events')
    if (events.length === 1) {
      const event = events[0]!
      ctx.log.error({ err: error as Error, post: event.row.id, provider: event.row.provider }, 'an event broke')
      putOff(event, `It broke: ${(error as Error).message}`.slice(0, 300))
      return new Set()
    }
    const half = Math.ceil(events.length / 2)
    const first = await settle(ctx, tx, events.slice(0, half))
    return new Set([...first, ...(await settle(ctx, tx, events.slice(half)))])
  }
}

async function apply(ctx: Ctx, tx: ClientBase, events: readonly Event[]): Promise<Set<string>> {
  const reports: { event: Event; report: Report }[] = []
  const replies: { event: Event; reply: Reply }[] = []
  for (const event of events) {
    event.status = 'processed'
    event.error = null
    const read = isProviderKind(event.row.kind) ? readers[event.row.kind](event.item.body) : null
    if (read?.type === 'report') reports.push({ event, report: read })
    else if (read) replies.push({ event, reply: read })
    else event.error = 'It means nothing to us.'
  }
  const ours = reports.filter((r) => r.report.sendId !== null)
  const { campaigns, missing } = await applyEvents(
    ctx,
    tx,
    ours.map(({ event, report }) => eventOf(event, report)),
  )
  const strangers = reports.filter((r) => r.report.sendId === null)
  for (const { event } of strangers) event.error = 'It is about no message of ours.'
  for (const r of ours) {
    if (!missing.has(r.report.sendId!)) continue
    putOff(r.event, 'There is no message with its id.')
    if (r.event.status === 'failed') strangers.push(r)
  }
  // What names an address but none of our messages still says that the address is dead, or that its owner said no.
  await closeByAddress(
    ctx,
    tx,
    strangers.map(({ event, report }) => ({ report, at: sensible(report.at, event.row.received_at) })),
  )
  for (const { event, reply } of replies) {
    const said = { ...reply, at: sensible(reply.at, event.row.received_at) }
    const campaign = await takeReply(ctx, tx, event.row.provider, said, event.item.key)
    if (campaign) campaigns.add(campaign)
  }
  return campaigns
}

function eventOf({ row, item }: Event, r: Report): DeliveryEvent {
  const base = {
    event_id: r.eventId ?? item.key,
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

function putOff(event: Event, error: string): void {
  event.status = event.row.tries < parkS.length ? 'parked' : 'failed'
  event.error = error
}

/**
 * Closes the posts. An event that has to wait gets a row of its own, unless it already is one; so a post of a hundred
 * does not wait for one of them.
 */
async function finish(tx: ClientBase, rows: readonly Row[], events: readonly Event[]): Promise<void> {
  const alone = new Map(rows.filter((r) => r.body.events?.length === 1).map((r) => [r.id, r]))
  const byRow = new Map(events.map((e) => [e.row.id, e]))
  await tx.query(
    `update webhook_inbox as w set status = g.status, error = g.error, tries = w.tries + 1,
       next_try_at = case when g.status = 'parked' then now() + make_interval(secs => g.wait_s) else w.next_try_at end
     from unnest($1::uuid[], $2::text[], $3::text[], $4::int[]) as g(id, status, error, wait_s) where w.id = g.id`,
    [
      rows.map((r) => r.id),
      rows.map((r) => (alone.has(r.id) ? byRow.get(r.id)!.status : 'processed')),
      rows.map((r) => (alone.has(r.id) ? byRow.get(r.id)!.error : null)),
      rows.map((r) => parkS[r.tries] ?? 0),
    ],
  )
  const apart = events.filter((e) => e.status !== 'processed' && !alone.has(e.row.id))
  if (apart.length === 0) return
  await tx.query(
    `insert into webhook_inbox (provider, provider_id, kind, event_key, body, status, error, tries, received_at, next_try_at)
     select g.provider, g.provider_id, g.kind, g.key, g.body::jsonb, g.status, g.error, 1, g.received_at, now() + make_interval(secs => $8)
     from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $9::timestamptz[]) as g(provider, provider_id, kind, key, body, status, error, received_at)
     order by g.provider, g.key on conflict (provider, event_key) do nothing`,
    [
      apart.map((e) => e.row.provider),
      apart.map((e) => e.row.provider_id),
      apart.map((e) => e.row.kind),
      apart.map((e) => e.item.key),
      apart.map((e) => storable({ events: [e.item] })),
      apart.map((e) => e.status),
      apart.map((e) => e.error),
      parkS[0],
      apart.map((e) => e.row.received_at),
    ],
  )
}

/** Posts that were settled a month ago: no provider repeats that late. Ids carry the time. */
export async function forgetOldPosts(ctx: Ctx): Promise<number> {
  const { rowCount } = await ctx.pool.query(
    `delete from webhook_inbox where webhook_inbox.id in (
       select w.id from webhook_inbox as w where w.id < uuidv7_floor(now() - interval '30 days') and w.kind is not null and w.status in ('processed', 'failed') order by w.id limit 10000)`,
  )
  return rowCount ?? 0
}
