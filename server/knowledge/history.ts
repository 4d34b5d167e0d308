import type { HistoryEntry } from '#contract/knowledge.ts'
import type { z } from 'zod'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { hideAddresses } from '../customer-rows.ts'
import { notFound } from '../http/errors.ts'
import { readCursor, writeCursor } from '../keyset.ts'

type Entry = z.input<typeof import('#contract/knowledge.ts').HistoryEntry>

const branches: Record<HistoryEntry['kind'], string> = {
  order: `select 'order:' || o.id as id, 'order' as kind, o.ordered_at as at, 'Order ' || o.external_id as title,
      o.coupon_code as detail, o.total_cents as amount_cents, null::text as channel, null::text as status, v.campaign_id, v.send_id, o.id as order_id
    from orders as o left join conversions as v on v.order_id = o.id where o.customer_id = $1`,
  send: `select 'send:' || n.id, 'send', coalesce(n.sent_at, n.due_at), coalesce(t.name, 'Message'), coalesce(n.error_message, n.refused_by), null::bigint,
      n.channel, n.status, n.campaign_id, n.id, null::uuid
    from sends as n left join message_templates as t on t.id = n.template_id where n.customer_id = $1`,
  // What the sends and orders say themselves is not said twice.
  event: `select 'event:' || e.id, 'event', e.occurred_at, e.event_type, e.properties ->> 'reason', e.value_cents, e.channel,
      case when e.machine then 'machine' end, e.campaign_id, e.send_id, null::uuid
    from analytics_events as e where e.customer_id = $1 and e.event_type not in ('purchase', 'sent', 'delivered', 'order')`,
}

/** Purchases, messages and events of one customer on one line of time, newest first. Throws not_found. */
export async function readHistory(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  id: string,
  query: { cursor?: string | undefined; page_size: number; kind?: string[] | undefined },
): Promise<{ data: Entry[]; next_cursor: string | null }> {
  const { rowCount } = await ctx.pool.query('select 1 from customers where customers.id = $1', [id])
  if (!rowCount) throw notFound('customer', id)
  const kinds = (['order', 'send', 'event'] as const).filter(
    (k) => !query.kind || query.kind.length === 0 || query.kind.includes(k),
  )
  if (kinds.length === 0) return { data: [], next_cursor: null }
  const sort = `history:${id}`
  const [at, last] = query.cursor ? readCursor(ctx.config.secret, query.cursor, sort) : [null, null]
  const { rows } = await ctx.pool.query<Entry & { order_id: string | null; key: string }>(
    `with line (id, kind, at, title, detail, amount_cents, channel, status, campaign_id, send_id, order_id) as (
       ${kinds.map((k) => branches[k]).join('\n union all ')}
     )
     select line.*, p.name as campaign_name, to_char(line.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ') as key
     from line left join campaigns as p on p.id = line.campaign_id
     where $2::timestamptz is null or (line.at, line.id) < ($2::timestamptz, $3::text)
     order by line.at desc, line.id desc limit $4`,
    [id, at, last, query.page_size + 1],
  )
  const page = rows.slice(0, query.page_size)
  const orderIds = page.flatMap((r) => (r.order_id ? [r.order_id] : []))
  const items = new Map<string, Entry['items']>()
  if (orderIds.length > 0) {
    const { rows: found } = await ctx.pool.query<Entry['items'][number] & { order_id: string }>(
      `select i.order_id, i.product_id, p.name, p.category, i.quantity::float8 as quantity, i.total_cents
       from order_items as i join products as p on p.id = i.product_id where i.order_id = any($1::uuid[]) order by i.total_cents desc, i.id`,
      [orderIds],
    )
    for (const { order_id, ...item } of found) items.set(order_id, [...(items.get(order_id) ?? []), item])
  }
  const end = page.at(-1)
  return {
    data: page.map(({ order_id, key: _, ...entry }) => ({
      ...entry,
      // A provider's words about a failure may quote the address.
      detail: actor.role === 'user' ? hideAddresses(entry.detail) : entry.detail,
      items: order_id ? (items.get(order_id) ?? []) : [],
    })),
    next_cursor: rows.length > query.page_size && end ? writeCursor(ctx.config.secret, sort, [end.key, end.id]) : null,
  }
}
