import type { ClientBase } from 'pg'
import { appendEvents, type NewEvent } from './events.ts'

interface Conversion {
  order_id: string
  send_id: string
  campaign_id: string | null
  customer_id: string
  channel: string | null
  segment: string | null
  /** when the order was placed: what it earned is taken back where it was counted */
  ordered_at: Date
  /** cents more or less than counted so far */
  change_cents: number
}

const facts = `s.channel, segment_of(s) as segment, o.ordered_at from conversions as c join orders as o on o.id = c.order_id
  join sends as s on s.id = c.send_id`

/**
 * Orders that are no purchases (any more): what messages earned by them is taken back, in the tables, the events and the
 * rollup at once. Call it before the orders are deleted, in the same transaction. Returns the campaigns it concerns.
 */
export async function withdrawConversions(client: ClientBase, orderIds: readonly string[]): Promise<string[]> {
  if (orderIds.length === 0) return []
  const { rows } = await client.query<Conversion>(
    `select c.order_id, c.send_id, c.campaign_id, c.customer_id, -c.value_cents as change_cents, ${facts} where c.order_id = any($1::uuid[])`,
    [orderIds],
  )
  if (rows.length === 0) return []
  await client.query('delete from conversions where order_id = any($1::uuid[])', [rows.map((r) => r.order_id)])
  return tell(client, 'conversion_withdrawn', rows)
}

/**
 * Orders whose sum changed after they were counted for a message, by a refund or a correction: the difference is counted
 * as well. Returns the campaigns it concerns. Doing it twice changes nothing.
 */
export async function adjustConversions(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<Conversion>(
    `select c.order_id, c.send_id, c.campaign_id, c.customer_id, o.total_cents - c.value_cents as change_cents, ${facts}
     where c.value_cents <> o.total_cents order by c.order_id for update of c`,
  )
  if (rows.length === 0) return []
  await client.query(
    `update conversions as c set value_cents = o.total_cents from orders as o where o.id = c.order_id and c.order_id = any($1::uuid[])`,
    [rows.map((r) => r.order_id)],
  )
  return tell(client, 'conversion_adjusted', rows)
}

async function tell(
  client: ClientBase,
  type: 'conversion_withdrawn' | 'conversion_adjusted',
  rows: readonly Conversion[],
): Promise<string[]> {
  await appendEvents(
    client,
    rows.map((r): NewEvent => ({
      type,
      at: r.ordered_at,
      sendId: r.send_id,
      customerId: r.customer_id,
      campaignId: r.campaign_id,
      channel: r.channel,
      segment: r.segment,
      machine: false,
      valueCents: r.change_cents,
      properties: { order_id: r.order_id },
    })),
  )
  await client.query(
    `update sends set converted_at = t.first, conversion_cents = t.total, updated_at = now()
     from (select g.id, min(o.ordered_at) as first, sum(c.value_cents)::bigint as total from unnest($1::uuid[]) as g(id)
           left join conversions as c on c.send_id = g.id left join orders as o on o.id = c.order_id group by g.id) as t
     where sends.id = t.id`,
    [[...new Set(rows.map((r) => r.send_id))]],
  )
  return [...new Set(rows.flatMap((r) => r.campaign_id ?? []))]
}
