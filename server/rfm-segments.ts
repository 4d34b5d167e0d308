import type { ClientBase } from 'pg'
import { playbooks } from '#core/scoring/playbooks.ts'
import { rfmSegments, type RfmSegment } from '#core/scoring/rfm.ts'
import { appendEvents, type NewEvent } from './events.ts'

export interface SegmentRefresh {
  segments: Partial<Record<RfmSegment, number>>
  entered: number
  left: number
}

/**
 * Brings the eleven RFM segments in line with the scores: who entered, who left, how many are there. A segment that
 * exists keeps its playbook as a person left it. Who leaves a segment, and what they enter instead, become events.
 */
export async function refreshRfmSegments(tx: ClientBase, asOf: Date): Promise<SegmentRefresh> {
  await insertMissing(tx)
  const { rows } = await tx.query<{ segment: string; customer_id: string; change: 'entered' | 'left' }>(
    `with target as (
       select g.id as segment_id, s.customer_id from customer_scores as s join segments as g on g.kind = 'rfm' and g.key = s.rfm_segment
     ), gone as (
       delete from segment_members as m using segments as g
       where g.id = m.segment_id and g.kind = 'rfm'
         and not exists (select 1 from target as t where t.segment_id = m.segment_id and t.customer_id = m.customer_id)
       returning g.key as segment, m.customer_id
     ), come as (
       insert into segment_members (segment_id, customer_id)
       select t.segment_id, t.customer_id from target as t
       where not exists (select 1 from segment_members as m where m.segment_id = t.segment_id and m.customer_id = t.customer_id)
       returning segment_id, customer_id
     )
     select gone.segment, gone.customer_id, 'left' as change from gone
     union all
     select g.key, come.customer_id, 'entered' from come join segments as g on g.id = come.segment_id`,
  )
  const left = rows.filter((row) => row.change === 'left')
  await reportMoves(tx, asOf, rows, new Set(left.map((row) => row.customer_id)))
  const counts = await tx.query<{ key: RfmSegment; customer_count: number }>(
    `update segments as g set customer_count = coalesce(n.count, 0), last_computed_at = $1
     from segments as s left join (select m.segment_id, count(*)::int as count from segment_members as m group by 1) as n on n.segment_id = s.id
     where g.id = s.id and g.kind = 'rfm'
     returning g.key, g.customer_count`,
    [asOf],
  )
  return {
    segments: Object.fromEntries(
      rfmSegments.map((key) => [key, counts.rows.find((row) => row.key === key)?.customer_count ?? 0]),
    ),
    entered: rows.length - left.length,
    left: left.length,
  }
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

/** News is who left a segment and where they went; a customer's first segment is none, or the first scoring would report the whole shop. */
async function reportMoves(
  tx: ClientBase,
  asOf: Date,
  changes: { segment: string; customer_id: string; change: string }[],
  movers: Set<string>,
): Promise<void> {
  const events = changes
    .filter((row) => movers.has(row.customer_id))
    .map((row): NewEvent => ({
      type: `segment_${row.change}`,
      at: asOf,
      customerId: row.customer_id,
      segment: row.segment,
      key: `segment_${row.change}:${row.segment}:${row.customer_id}:${asOf.getTime()}`,
    }))
  for (let from = 0; from < events.length; from += 5000) await appendEvents(tx, events.slice(from, from + 5000))
}
