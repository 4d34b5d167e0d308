import type { ClientBase, Pool } from 'pg'
import { longestPace, type Wishes } from '#core/compliance/wishes.ts'

interface Row extends Wishes {
  customer_id: string
}

/** What these customers wish for; who is not in the map wishes for nothing special. */
export async function readWishes(
  client: ClientBase | Pool,
  customerIds: readonly string[],
): Promise<Map<string, Wishes>> {
  const { rows } = await client.query<Row>({
    name: 'wishes of customers',
    text: `select p.customer_id, p.topics_off, p.every_days, p.paused_until from customer_preferences as p where p.customer_id = any($1::uuid[])`,
    values: [customerIds],
  })
  return new Map(rows.map(({ customer_id: id, ...wishes }) => [id, wishes]))
}

/**
 * Milliseconds since the last message that went to each of these customers, as far back as the longest pace; who got
 * none is not in the map. For the few who chose a pace: the caps of the shop are counted elsewhere.
 */
export async function sinceLastMessage(
  client: ClientBase | Pool,
  customerIds: readonly string[],
  at: Date,
): Promise<Map<string, number>> {
  if (customerIds.length === 0) return new Map()
  const { rows } = await client.query<{ customer_id: string; last_at: Date }>({
    name: 'last message of customers',
    text: `select s.customer_id, max(coalesce(s.sent_at, s.updated_at)) as last_at from sends as s
      where s.customer_id = any($1::uuid[]) and s.status in ('sent', 'delivered', 'unknown')
        -- a message is written down some weeks before it leaves at most: older partitions need not be looked at
        and s.id > uuidv7_floor($2::timestamptz - make_interval(days => ${longestPace + 60}))
        and coalesce(s.sent_at, s.updated_at) > $2::timestamptz - make_interval(days => ${longestPace})
      group by s.customer_id`,
    values: [customerIds, at],
  })
  return new Map(rows.map((r) => [r.customer_id, Math.max(0, at.getTime() - r.last_at.getTime())]))
}
