import type { ClientBase } from 'pg'
import { clickWindowMs, couponWindowMs } from '#core/feedback/attribution.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { refreshCampaignCounters } from '../counters.ts'
import { appendEvents, type NewEvent } from '../events.ts'
import { figuresChanged } from './notify.ts'

export interface AttributionResult {
  purchases: number
  conversions: number
}

interface OrderRow {
  id: string
  customer_id: string
  ordered_at: Date
  total_cents: number
}

const batchSize = 5000
/** So long after an order its clicks may still be told by a late provider; later it is settled. */
const openMs = 8 * 86_400_000

/** Ids are made before their orders are committed, by clocks that may be wrong: so far back is looked again. */
const overlapMs = 15 * 60_000

/**
 * Turns orders recorded since then (their UUIDv7 carries the time) into `purchase` events, and gives each the message
 * that earned it, by the rule of core/feedback/attribution.ts in one statement per 5,000 orders. Running it again
 * changes nothing, so it is run after each import and by the worker. Old orders are passed over once their purchase is known:
 * a shop that brings years of them in a day would otherwise have them read again for a week.
 */
export async function attributeOrders(ctx: Ctx, options: { since: Date | null }): Promise<AttributionResult> {
  const first = await firstId(ctx, options.since)
  return walk(ctx, (tx, last, openSince) => nextOrders(tx, last?.id ?? first, openSince))
}

/** What the worker does every minute: the orders recorded since it did so last; the first time, those of the last days. */
export async function attributeNewOrders(ctx: Ctx): Promise<AttributionResult> {
  const { rows } = await ctx.pool.query<{ now: Date; attributed_to: Date | null }>(
    'select now() as now, s.attributed_to from rollup_state as s',
  )
  const { now, attributed_to: last } = rows[0]!
  const result = await attributeOrders(ctx, {
    since: new Date(last ? last.getTime() - overlapMs : now.getTime() - openMs),
  })
  await ctx.pool.query('update rollup_state set attributed_to = $1', [now])
  return result
}

/** The orders of the last days once more: a click may have been told late. */
export function attributeOpenOrders(ctx: Ctx): Promise<AttributionResult> {
  return walk(ctx, nextOpen)
}

type Next = (tx: ClientBase, last: OrderRow | null, openSince: Date) => Promise<OrderRow[]>

async function walk(ctx: Ctx, next: Next): Promise<AttributionResult> {
  const total: AttributionResult = { purchases: 0, conversions: 0 }
  const campaigns = new Set<string>()
  let last: OrderRow | null = null
  for (;;) {
    const batch = await withTx(ctx.pool, async (tx) => {
      // Two at once would each miss what the other has not committed when they sum up a send's orders.
      await tx.query(`select pg_advisory_xact_lock(hashtextextended('attribution', 3))`)
      const orders = await next(tx, last, new Date(ctx.clock().getTime() - openMs))
      const purchases = await appendPurchases(tx, orders)
      const conversions = await convert(
        tx,
        orders.map((o) => o.id),
      )
      return { purchases, conversions, last: orders.length === batchSize ? orders.at(-1)! : null }
    })
    total.purchases += batch.purchases
    total.conversions += batch.conversions.length
    for (const c of batch.conversions) if (c.campaign_id) campaigns.add(c.campaign_id)
    if (!batch.last) break
    last = batch.last
  }
  if (campaigns.size > 0) await refreshCampaignCounters(ctx.pool, [...campaigns])
  if (total.purchases + total.conversions > 0) figuresChanged(ctx, null)
  return total
}

async function firstId(ctx: Ctx, since: Date | null): Promise<string> {
  if (!since) return '00000000-0000-0000-0000-000000000000'
  const { rows } = await ctx.pool.query<{ id: string }>('select uuidv7_floor($1) as id', [since])
  return rows[0]!.id
}

async function nextOrders(tx: ClientBase, after: string, openSince: Date): Promise<OrderRow[]> {
  const { rows } = await tx.query<OrderRow>(
    `select orders.id, orders.customer_id, orders.ordered_at, orders.total_cents from orders
     where orders.id > $1 and (orders.ordered_at >= $3 or not exists (select from event_keys where event_keys.key = 'order:' || orders.id)) order by orders.id limit $2`,
    [after, batchSize, openSince],
  )
  return rows
}

async function nextOpen(tx: ClientBase, last: OrderRow | null, openSince: Date): Promise<OrderRow[]> {
  const { rows } = await tx.query<OrderRow>(
    `select orders.id, orders.customer_id, orders.ordered_at, orders.total_cents from orders
     where orders.ordered_at >= $1 and ($2::uuid is null or (orders.ordered_at, orders.id) > (select o.ordered_at, o.id from orders as o where o.id = $2))
     order by orders.ordered_at, orders.id limit $3`,
    [openSince, last?.id ?? null, batchSize],
  )
  return rows
}

async function appendPurchases(tx: ClientBase, orders: readonly OrderRow[]): Promise<number> {
  if (orders.length === 0) return 0
  const { rows } = await tx.query<{ key: string }>(
    'select event_keys.key from event_keys where event_keys.key = any($1)',
    [orders.map((o) => `order:${o.id}`)],
  )
  const known = new Set(rows.map((r) => r.key))
  return appendEvents(
    tx,
    orders
      .filter((o) => !known.has(`order:${o.id}`))
      .map((o) => ({
        type: 'purchase',
        at: o.ordered_at,
        key: `order:${o.id}`,
        customerId: o.customer_id,
        valueCents: o.total_cents,
        properties: { order_id: o.id },
      })),
  )
}

interface ConversionRow {
  order_id: string
  send_id: string
  campaign_id: string | null
  customer_id: string
  value_cents: number
  because: string
  ordered_at: Date
  channel: string
  segment: string | null
}

async function convert(tx: ClientBase, orderIds: readonly string[]): Promise<ConversionRow[]> {
  if (orderIds.length === 0) return []
  const { rows } = await tx.query<ConversionRow>(
    `with fresh as materialized (
       select o.id, o.customer_id, o.ordered_at, o.total_cents, nullif(upper(trim(o.coupon_code)), '') as code
       from orders as o where o.id = any($1) and not exists (select 1 from conversions where conversions.order_id = o.id)
     ), span as materialized (
       select uuidv7_floor(min(fresh.ordered_at) - make_interval(secs => $2)) as low, uuidv7_floor(max(fresh.ordered_at) + interval '1 millisecond') as high from fresh
     ), touches as (
       select fresh.id as order_id, s.id as send_id, 'coupon' as because, 1 as rank, s.sent_at as at
       from fresh join sends as s on s.customer_id = fresh.customer_id
       where fresh.code is not null and upper(trim(offer_of(s) ->> 'code')) = fresh.code
         and s.sent_at <= fresh.ordered_at and s.sent_at > fresh.ordered_at - make_interval(secs => $3)
       union all
       select fresh.id, e.send_id, 'click', 2, e.occurred_at
       from fresh join analytics_events as e on e.customer_id = fresh.customer_id
       where e.event_type in ('click', 'click_hit') and e.machine is not true and e.send_id is not null
         and e.id >= (select span.low from span) and e.id < (select span.high from span)
         and e.occurred_at <= fresh.ordered_at and e.occurred_at > fresh.ordered_at - make_interval(secs => $2)
     ), best as (
       select distinct on (touches.order_id) touches.order_id, touches.send_id, touches.because
       from touches order by touches.order_id, touches.rank, touches.at desc, touches.send_id desc
     ), made as (
       insert into conversions (order_id, send_id, campaign_id, customer_id, value_cents, because)
       select fresh.id, best.send_id, s.campaign_id, fresh.customer_id, fresh.total_cents, best.because
       from best join fresh on fresh.id = best.order_id join sends as s on s.id = best.send_id
       on conflict (order_id) do nothing
       returning order_id, send_id, campaign_id, customer_id, value_cents, because
     )
     select made.*, fresh.ordered_at, s.channel, segment_of(s) as segment
     from made join fresh on fresh.id = made.order_id join sends as s on s.id = made.send_id`,
    [orderIds, clickWindowMs / 1000, couponWindowMs / 1000],
  )
  if (rows.length === 0) return rows
  await tx.query(
    `update sends set converted_at = t.first, conversion_cents = t.total, updated_at = now()
     from (select c.send_id, min(o.ordered_at) as first, sum(c.value_cents)::bigint as total from conversions as c join orders as o on o.id = c.order_id
           where c.send_id = any($1) group by c.send_id) as t
     where sends.id = t.send_id`,
    [[...new Set(rows.map((r) => r.send_id))]],
  )
  const events: NewEvent[] = rows.map((r) => ({
    type: 'conversion',
    at: r.ordered_at,
    key: `conversion:${r.order_id}`,
    sendId: r.send_id,
    customerId: r.customer_id,
    campaignId: r.campaign_id,
    channel: r.channel,
    segment: r.segment,
    machine: false,
    valueCents: r.value_cents,
    properties: { order_id: r.order_id, because: r.because },
  }))
  await appendEvents(tx, events)
  return rows
}
