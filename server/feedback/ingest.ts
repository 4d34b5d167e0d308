import type { ClientBase } from 'pg'
import type { DeliveryEvent } from '#contract/feedback.ts'
import { sourcesOf, stateOf, type SendState } from '#core/feedback/lattice.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { appendEvents, type NewEvent } from '../events.ts'
import { closeAddresses, type Closing } from '../opt-out.ts'
import { figuresChanged } from './notify.ts'

/** Soft bounces within 30 days after which an address counts as dead. */
const softLimit = 3
const waitMs = 5
const batchSize = 200

interface Batch {
  events: DeliveryEvent[]
  waiting: { resolve: () => void; reject: (error: unknown) => void }[]
  timer: NodeJS.Timeout
}
const open = new WeakMap<Ctx, Batch>()

/**
 * Takes reports of providers. Bursts share a transaction (5 ms or 200 reports); resolves when it is committed, so a
 * webhook may answer 2xx then. Copies, any order, and reports about unknown sends are harmless.
 */
export function recordDeliveryEvents(ctx: Ctx, events: readonly DeliveryEvent[]): Promise<void> {
  if (events.length === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    let batch = open.get(ctx)
    if (!batch) {
      batch = { events: [], waiting: [], timer: setTimeout(() => flush(ctx), waitMs) }
      open.set(ctx, batch)
    }
    batch.events.push(...events)
    batch.waiting.push({ resolve, reject })
    if (batch.events.length >= batchSize) flush(ctx)
  })
}

function flush(ctx: Ctx): void {
  const batch = open.get(ctx)
  if (!batch) return
  open.delete(ctx)
  clearTimeout(batch.timer)
  withTx(ctx.pool, (tx) => applyEvents(ctx, tx, batch.events)).then(
    (campaigns) => {
      for (const id of campaigns) figuresChanged(ctx, id)
      for (const w of batch.waiting) w.resolve()
    },
    (error: unknown) => {
      for (const w of batch.waiting) w.reject(error)
    },
  )
}

interface Known {
  id: string
  customer_id: string | null
  campaign_id: string | null
  channel: 'email' | 'sms'
  recipient: string
  segment: string | null
}

async function applyEvents(ctx: Ctx, tx: ClientBase, events: readonly DeliveryEvent[]): Promise<Set<string>> {
  // Locked in the order of their ids, so that two batches never wait for each other.
  const { rows } = await tx.query<Known>(
    `select sends.id, sends.customer_id, sends.campaign_id, sends.channel, sends.recipient, (select actions.segment from actions where actions.id = sends.action_id) as segment
     from sends where sends.id = any($1) order by sends.id for no key update`,
    [[...new Set(events.map((e) => e.send_id))]],
  )
  const sends = new Map(rows.map((s) => [s.id, s]))
  const known = events.filter((e) => sends.has(e.send_id))
  await moveSends(tx, known)
  await appendEvents(
    tx,
    known.flatMap((e) => factOf(e, sends.get(e.send_id)!)),
  )
  const closings = known.flatMap((e) => closingOf(e, sends.get(e.send_id)!))
  const worn = await wornOut(
    tx,
    known.filter((e) => e.kind === 'bounced' && e.hardness === 'soft').map((e) => sends.get(e.send_id)!),
    ctx.clock(),
  )
  await closeAddresses(tx, ctx.config, [...closings, ...worn], { source: 'provider_report' })
  return new Set(rows.flatMap((s) => s.campaign_id ?? []))
}

/** One guarded statement per state, in the order of the lattice: late and repeated reports move nothing back. */
async function moveSends(tx: ClientBase, events: readonly DeliveryEvent[]): Promise<void> {
  for (const to of ['sent', 'delivered', 'bounced'] satisfies SendState[]) {
    const moved = events.filter((e) => stateOf(e.kind) === to)
    if (moved.length === 0) continue
    await tx.query(
      `update sends set status = $2, updated_at = now(),
         sent_at = coalesce(sends.sent_at, g.at),
         delivered_at = case when $2 = 'delivered' then coalesce(sends.delivered_at, g.at) else sends.delivered_at end,
         error_message = case when $2 = 'bounced' then coalesce(g.detail, sends.error_message) else sends.error_message end
       from (select distinct on (x.send_id) x.* from jsonb_to_recordset($1::jsonb) as x(send_id uuid, at timestamptz, detail text) order by x.send_id, x.at) as g
       where sends.id = g.send_id and sends.status = any($3)`,
      [
        JSON.stringify(moved.map((e) => ({ send_id: e.send_id, at: e.at.toISOString(), detail: e.detail }))),
        to,
        sourcesOf(to),
      ],
    )
  }
}

function factOf(event: DeliveryEvent, send: Known): NewEvent[] {
  const base = {
    at: event.at,
    sendId: send.id,
    customerId: send.customer_id,
    campaignId: send.campaign_id,
    channel: send.channel,
    segment: send.segment,
  }
  const properties = { provider: event.provider, code: event.code, detail: event.detail }
  switch (event.kind) {
    case 'accepted':
      return []
    case 'deferred':
      return [{ ...base, type: 'deferred', key: `deferred:${event.provider}:${event.event_id}`, properties }]
    case 'delivered':
      return [{ ...base, type: 'delivered', key: `delivered:${send.id}`, properties }]
    case 'bounced':
      return [
        { ...base, type: 'bounce', key: `bounce:${send.id}`, properties: { ...properties, class: event.hardness } },
      ]
    case 'complained':
      return [{ ...base, type: 'complaint', key: `complaint:${send.id}`, properties }]
  }
}

function closingOf(event: DeliveryEvent, send: Known): Closing[] {
  const closing = {
    channel: send.channel,
    address: send.recipient,
    customerId: send.customer_id,
    sendId: send.id,
    at: event.at,
  }
  if (event.kind === 'complained') return [{ ...closing, reason: 'complaint' }]
  return event.kind === 'bounced' && event.hardness === 'hard' ? [{ ...closing, reason: 'hard_bounce' }] : []
}

/** Addresses whose soft bounces reached the limit. */
async function wornOut(tx: ClientBase, sends: readonly Known[], now: Date): Promise<Closing[]> {
  const customers = [...new Set(sends.flatMap((s) => s.customer_id ?? []))]
  if (customers.length === 0) return []
  const { rows } = await tx.query<{ customer_id: string; channel: string }>(
    `select e.customer_id, e.channel from analytics_events as e
     where e.customer_id = any($1) and e.id >= uuidv7_floor($2) and e.event_type = 'bounce' and e.properties ->> 'class' = 'soft'
     group by e.customer_id, e.channel having count(*) >= $3`,
    [customers, new Date(now.getTime() - 30 * 86_400_000), softLimit],
  )
  return sends
    .filter((s) => rows.some((r) => r.customer_id === s.customer_id && r.channel === s.channel))
    .map((s) => ({
      channel: s.channel,
      address: s.recipient,
      customerId: s.customer_id,
      sendId: s.id,
      reason: 'hard_bounce',
      at: now,
    }))
}
