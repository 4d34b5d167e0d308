import type { ClientBase } from 'pg'
import { playbooks } from '#core/scoring/playbooks.ts'
import { rfmSegments, type RfmSegment } from '#core/scoring/rfm.ts'
import { appendEvents, type NewEvent } from './events.ts'
import { beginReplacement, completeReplacement, finishReplacement, isReplaceable } from './replace-table.ts'

export interface SegmentRefresh {
  segments: Partial<Record<RfmSegment, number>>
  entered: number
  left: number
}

/**
 * Brings the eleven RFM segments in line with the scores: who entered, who left, how many are there. A segment that
 * exists keeps its playbook as a person left it. Who leaves a segment, and what they enter instead, become events; a
 * customer's first segment is none, or the first scoring would report the whole shop. All of it happens inside the
 * database: after a first run a million customers come at once.
 * @param scores the table that holds the new scores
 * @param replaceFrom so many moves are written as a new table of members
 */
export async function refreshRfmSegments(
  tx: ClientBase,
  asOf: Date,
  scores: 'customer_scores' | 'customer_scores_next' = 'customer_scores',
  replaceFrom = mostMoved,
): Promise<SegmentRefresh> {
  await insertMissing(tx)
  await tx.query('drop table if exists rfm_moves')
  await tx.query(
    `create temp table rfm_moves on commit drop as
     select m.segment_id as from_id, g.id as to_id, coalesce(s.customer_id, m.customer_id) as customer_id
     from (
       select m.segment_id, m.customer_id from segment_members as m join segments as r on r.id = m.segment_id and r.kind = 'rfm'
     ) as m
     full join ${scores} as s on s.customer_id = m.customer_id
     left join segments as g on g.kind = 'rfm' and g.key = s.rfm_segment
     where m.segment_id is distinct from g.id`,
  )
  const { rows: counted } = await tx.query<{ n: number }>('select count(*)::int as n from rfm_moves')
  if (counted[0]!.n >= replaceFrom && (await isReplaceable(tx, 'segment_members'))) await replaceMembers(tx)
  else await moveMembers(tx)
  await tx.query({
    text: `declare rfm_news no scroll cursor for
     select 'left' as change, g.key as segment, v.customer_id from rfm_moves as v join segments as g on g.id = v.from_id
     union all
     select 'entered', g.key, v.customer_id from rfm_moves as v join segments as g on g.id = v.to_id where v.from_id is not null
     order by customer_id, change desc`,
  })
  for (;;) {
    const { rows } = await tx.query<Move>(`fetch ${eventsAtOnce} from rfm_news`)
    if (rows.length === 0) break
    await reportMoves(tx, asOf, rows)
  }
  await tx.query('close rfm_news')
  const { rows: counts } = await tx.query<{ key: RfmSegment; customer_count: number }>(
    `update segments as g set customer_count = coalesce(n.count, 0), clv_cents = coalesce(v.clv_cents, 0), last_computed_at = $1
     from segments as s left join (select m.segment_id, count(*)::int as count from segment_members as m group by 1) as n on n.segment_id = s.id
       left join (select x.rfm_segment as key, sum(x.clv_cents)::bigint as clv_cents from ${scores} as x group by 1) as v on v.key = s.key
     where g.id = s.id and g.kind = 'rfm'
     returning g.key, g.customer_count`,
    [asOf],
  )
  const { rows: moved } = await tx.query<{ entered: number; left: number }>(
    `select count(v.to_id)::int as entered, count(v.from_id)::int as left from rfm_moves as v`,
  )
  return {
    segments: Object.fromEntries(
      rfmSegments.map((key) => [key, counts.find((row) => row.key === key)?.customer_count ?? 0]),
    ),
    ...moved[0]!,
  }
}

/** The first run of a large shop moves everybody; a night moves a few per cent. */
const mostMoved = 200_000

async function moveMembers(tx: ClientBase): Promise<void> {
  await tx.query(
    `delete from segment_members as m using rfm_moves as v where m.segment_id = v.from_id and m.customer_id = v.customer_id`,
  )
  await tx.query(
    `insert into segment_members (segment_id, customer_id)
     select v.to_id, v.customer_id from rfm_moves as v where v.to_id is not null order by v.customer_id on conflict do nothing`,
  )
}

async function replaceMembers(tx: ClientBase): Promise<void> {
  // Other segments' members are copied: who changes them waits until the end of this transaction.
  await tx.query('lock table segment_members in share row exclusive mode')
  const next = await beginReplacement(tx, 'segment_members')
  await tx.query(
    `insert into ${next} select m.* from segment_members as m
     where not exists (select from rfm_moves as v where v.from_id = m.segment_id and v.customer_id = m.customer_id)`,
  )
  await tx.query(
    `insert into ${next} (segment_id, customer_id)
     select v.to_id, v.customer_id from rfm_moves as v
     where v.to_id is not null and not exists (select from segment_members as m where m.segment_id = v.to_id and m.customer_id = v.customer_id)
     order by v.customer_id`,
  )
  await completeReplacement(tx, 'segment_members')
  await finishReplacement(tx, 'segment_members')
}

/** The same for some customers after their scores changed, in one statement. */
export async function moveRfmMembers(tx: ClientBase, asOf: Date, customerIds: readonly string[]): Promise<void> {
  const { rows } = await tx.query<Move & { is_first: boolean }>(
    `with target as (
       select g.id as segment_id, g.key, s.customer_id from customer_scores as s join segments as g on g.kind = 'rfm' and g.key = s.rfm_segment
       where s.customer_id = any($1::uuid[])
     ), gone as (
       delete from segment_members as m using segments as g
       where m.customer_id = any($1::uuid[]) and g.id = m.segment_id and g.kind = 'rfm'
         and not exists (select from target as t where t.segment_id = m.segment_id and t.customer_id = m.customer_id)
       returning g.id as segment_id, g.key, m.customer_id
     ), come as (
       insert into segment_members (segment_id, customer_id)
       select t.segment_id, t.customer_id from target as t
       where not exists (select from segment_members as m where m.segment_id = t.segment_id and m.customer_id = t.customer_id)
       returning segment_id, customer_id
     ), counted as (
       update segments as g set customer_count = g.customer_count
         + (select count(*)::int from come as c where c.segment_id = g.id) - (select count(*)::int from gone as o where o.segment_id = g.id)
       where g.id in (select c.segment_id from come as c union select o.segment_id from gone as o)
     )
     select 'left' as change, o.key as segment, o.customer_id, false as is_first from gone as o
     union all
     select 'entered', t.key, c.customer_id, not exists (select from gone as o where o.customer_id = c.customer_id)
     from come as c join target as t on t.segment_id = c.segment_id and t.customer_id = c.customer_id`,
    [customerIds],
  )
  await reportMoves(
    tx,
    asOf,
    rows.filter((row) => !row.is_first),
  )
}

async function insertMissing(tx: ClientBase): Promise<void> {
  const rows = rfmSegments.map((key) => {
    const { name, description, offers, tone, strategy, channels, window, coolDownDays = 0 } = playbooks[key]
    return {
      key,
      name,
      description,
      offers,
      tone,
      strategy,
      cool_down_days: coolDownDays,
      channels,
      window,
      rules: { all: [{ field: 'rfm_segment', op: 'is', value: [key] }] },
    }
  })
  await tx.query(
    `insert into segments (key, name, description, kind, rules, recommended_offers, tone, messaging_strategy, optimal_channels, optimal_send_window, cool_down_days)
     select g.key, g.name, g.description, 'rfm', g.rules, g.offers, g.tone, g.strategy, g.channels, g."window", g.cool_down_days
     from jsonb_to_recordset($1::jsonb) as g(key text, name text, description text, rules jsonb, offers jsonb, tone text, strategy text, channels text[], "window" jsonb,
       cool_down_days int)
     on conflict (key) do nothing`,
    [JSON.stringify(rows)],
  )
}

const eventsAtOnce = 5000

interface Move {
  change: 'left' | 'entered'
  segment: string
  customer_id: string
}

async function reportMoves(tx: ClientBase, asOf: Date, moves: readonly Move[]): Promise<void> {
  await appendEvents(
    tx,
    moves.map((move): NewEvent => ({
      type: `segment_${move.change}`,
      at: asOf,
      customerId: move.customer_id,
      segment: move.segment,
      key: `segment_${move.change}:${move.segment}:${move.customer_id}:${asOf.getTime()}`,
    })),
  )
}
