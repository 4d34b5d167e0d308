import type { ClientBase } from 'pg'
import { appendEvents } from './events.ts'
import { AppError, notFound } from './http/errors.ts'

/** Throws not_found, conflict when the segment's members are not picked by hand. */
export async function checkPicked(client: ClientBase, segmentId: string): Promise<{ key: string; name: string }> {
  const { rows } = await client.query<{ key: string; name: string; kind: string }>(
    'select g.key, g.name, g.kind from segments as g where g.id = $1 and g.deleted_at is null for share',
    [segmentId],
  )
  const found = rows[0]
  if (!found) throw notFound('segment', segmentId)
  if (found.kind !== 'snapshot')
    throw new AppError(
      'conflict',
      `${found.name} follows its rule, so nobody can be added or taken out by hand. Make a hand-picked segment instead.`,
      { id: segmentId },
    )
  return found
}

/**
 * Adds customers to a hand-picked segment, or takes them out. Who really came or left becomes an event, as with rules.
 * Returns their ids. Runs in the caller's transaction; throws as checkPicked does.
 */
export async function changePicked(
  tx: ClientBase,
  change: 'add' | 'remove',
  segmentId: string,
  customerIds: readonly string[],
  at: Date,
): Promise<string[]> {
  const { key } = await checkPicked(tx, segmentId)
  const { rows } = await tx.query<{ customer_id: string }>(
    change === 'add'
      ? `insert into segment_members (segment_id, customer_id)
         select $1, c.id from customers as c where c.id = any($2::uuid[]) and c.deleted_at is null
         on conflict do nothing returning customer_id`
      : 'delete from segment_members as m where m.segment_id = $1 and m.customer_id = any($2::uuid[]) returning m.customer_id',
    [segmentId, customerIds],
  )
  const changed = rows.map((r) => r.customer_id)
  const type = change === 'add' ? 'segment_entered' : 'segment_left'
  await appendEvents(
    tx,
    changed.map((customerId) => ({ type, at, customerId, segment: key })),
  )
  return changed
}

/** Brings the stored count in line with the members, and keeps it in the history when somebody came or left since. */
export async function countPicked(tx: ClientBase, segmentId: string, at: Date): Promise<void> {
  const { rows } = await tx.query<{ members: number; before: number }>(
    `with before as (select g.id, g.customer_count from segments as g where g.id = $1 for update)
     update segments as g set customer_count = (select count(*) from segment_members as m where m.segment_id = $1), last_computed_at = $2
     from before where g.id = before.id returning g.customer_count as members, before.customer_count as before`,
    [segmentId, at],
  )
  const found = rows[0]
  if (!found || found.members === found.before) return
  const more = found.members - found.before
  await tx.query(
    `insert into segment_counts (segment_id, at, members, entered, "left") values ($1, $2, $3, $4, $5) on conflict (segment_id, at) do nothing`,
    [segmentId, at, found.members, Math.max(0, more), Math.max(0, -more)],
  )
}
