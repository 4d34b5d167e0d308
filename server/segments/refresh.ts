import type { PoolClient } from 'pg'
import { Rule } from '#core/segments/rule.ts'
import { withTx } from '#db/pool.ts'
import type { JobHandler } from '../background.ts'
import type { Ctx } from '../context.ts'
import { customerFrom } from '../customer-rows.ts'
import { AppError, notFound } from '../http/errors.ts'
import { createParams } from '../keyset.ts'
import { readSetting } from '../settings.ts'
import { compileRule } from './compile.ts'

export interface Refreshed {
  members: number
  entered: number
  left: number
}

interface Stored {
  key: string
  kind: string
  rules: unknown
  last_computed_at: Date | null
}

/** Refreshes are this far apart at most, while a worker runs. */
const staleAfterMs = 3_600_000

/**
 * Brings the members of a rule segment in line with its rule in one set difference. Who entered and who left become
 * events; filling a new segment makes none, for nobody did anything. Throws not_found, conflict for RFM segments.
 */
export async function refreshSegment(ctx: Ctx, id: string): Promise<Refreshed> {
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const now = ctx.clock()
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<Stored>(
      'select g.key, g.kind, g.rules, g.last_computed_at from segments as g where g.id = $1 and g.deleted_at is null for update',
      [id],
    )
    const segment = rows[0]
    if (!segment) throw notFound('segment', id)
    checkRefreshable(id, segment.kind)
    const params = createParams()
    const me = params.add(id)
    const rule = compileRule(Rule.parse(segment.rules), params, { now, zone })
    const changed = await tx.query<{ entered: number; left: number }>(
      `with found as materialized (select c.id from ${customerFrom} where c.deleted_at is null and (${rule})),
         gone as (
           delete from segment_members as m where m.segment_id = ${me}::uuid and not exists (select from found where found.id = m.customer_id)
           returning m.customer_id
         ), come as (
           insert into segment_members (segment_id, customer_id)
           select ${me}::uuid, found.id from found where not exists (select from segment_members as m where m.segment_id = ${me}::uuid and m.customer_id = found.id)
           returning customer_id
         ), told as (${toldSql(segment, params.add(now), params.add(segment.key))}
         )
       select (select count(*) from come) as entered, (select count(*) from gone) as "left"`,
      params.values,
    )
    const { entered, left } = changed.rows[0]!
    return finish(tx, id, now, entered, left)
  })
}

/** Only a rule can be asked anew. Throws conflict. */
export function checkRefreshable(id: string, kind: string): void {
  if (kind === 'rule') return
  throw new AppError(
    'conflict',
    kind === 'rfm'
      ? 'An RFM segment follows the scores: run scoring to refresh it.'
      : 'This segment is picked by hand: its members are those you added, there is nothing to count again.',
    { id },
  )
}

// Events and their rollup in the same statement, as server/events.ts does it, but on sets: a segment may be large.
function toldSql(segment: Stored, at: string, key: string): string {
  if (segment.last_computed_at === null) return `select ${at}::timestamptz, ${key}::text`
  return `
           insert into analytics_events (event_type, customer_id, segment, occurred_at)
           select 'segment_entered', come.customer_id, ${key}::text, ${at}::timestamptz from come
           union all select 'segment_left', gone.customer_id, ${key}::text, ${at}::timestamptz from gone
           returning event_type, segment, occurred_at
         ), rolled as (
           insert into rollup_hourly as r (hour, segment, event_type, events)
           select date_trunc('hour', told.occurred_at, 'UTC'), told.segment, told.event_type, count(*) from told group by 1, 2, 3
           on conflict (hour, event_type, campaign_id, channel, segment, machine) do update set events = r.events + excluded.events`
}

async function finish(tx: PoolClient, id: string, now: Date, entered: number, left: number): Promise<Refreshed> {
  const { rows } = await tx.query<{ members: number }>(
    `update segments set customer_count = (select count(*) from segment_members as m where m.segment_id = $1), last_computed_at = $2
     where segments.id = $1 returning customer_count as members`,
    [id, now],
  )
  const { members } = rows[0]!
  if (entered + left > 0)
    await tx.query(
      `insert into segment_counts (segment_id, at, members, entered, "left") values ($1, $2, $3, $4, $5) on conflict (segment_id, at) do nothing`,
      [id, now, members, entered, left],
    )
  return { members, entered, left }
}

/** Job `segment_refresh`: input { segment_id }. */
export const segmentRefreshJob: JobHandler = (ctx, input) => refreshSegment(ctx, String(input['segment_id']))

/** The rule segments nobody looked at for an hour, one after the other; relative dates move by themselves. */
export async function refreshStaleSegments(ctx: Ctx, signal: AbortSignal): Promise<number> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `select g.id from segments as g where g.kind = 'rule' and g.is_active and g.deleted_at is null and (g.last_computed_at is null or g.last_computed_at < $1)
     order by g.last_computed_at nulls first limit 50`,
    [new Date(ctx.clock().getTime() - staleAfterMs)],
  )
  for (const { id } of rows) {
    if (signal.aborted) break
    await refreshSegment(ctx, id)
  }
  return rows.length
}
