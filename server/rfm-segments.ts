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
 * exists keeps its playbook as a person left it. Who leaves a segment, and what they enter instead, become events; a
 * customer's first segment is none, or the first scoring would report the whole shop. All of it happens inside the
 * database: after a first run a million customers come at once.
 * @param scores the table that holds the new scores
 * @param only just these customers changed
 */
export async function refreshRfmSegments(
  tx: ClientBase,
  asOf: Date,
  scores: 'customer_scores' | 'customer_scores_next' = 'customer_scores',
  only: readonly string[] | null = null,
): Promise<SegmentRefresh> {
  await insertMissing(tx)
  await tx.query('drop table if exists rfm_moves')
  await tx.query(
    `create temp table rfm_moves on commit drop as
     select m.segment_id as from_id, g.id as to_id, coalesce(s.customer_id, m.customer_id) as customer_id
     from (
       select m.segment_id, m.customer_id from segment_members as m join segments as r on r.id = m.segment_id and r.kind = 'rfm'
       where $1::uuid[] is null or m.customer_id = any($1::uuid[])
     ) as m
     full join (
       select s.customer_id, s.rfm_segment from ${scores} as s where $1::uuid[] is null or s.customer_id = any($1::uuid[])
     ) as s on s.customer_id = m.customer_id
     left join segments as g on g.kind = 'rfm' and g.key = s.rfm_segment
     where m.segment_id is distinct from g.id`,
    [only],
  )
  await tx.query(
    `delete from segment_members as m using rfm_moves as v where m.segment_id = v.from_id and m.customer_id = v.customer_id`,
  )
  await tx.query(
    `insert into segment_members (segment_id, customer_id)
     select v.to_id, v.customer_id from rfm_moves as v where v.to_id is not null order by v.customer_id on conflict do nothing`,
  )
  await reportMoves(tx, asOf)
  const { rows: counts } = await tx.query<{ key: RfmSegment; customer_count: number }>(
    `update segments as g set customer_count = ${
      only
        ? `g.customer_count + (select count(*) filter (where v.to_id = g.id) - count(*) filter (where v.from_id = g.id) from rfm_moves as v)`
        : `coalesce(n.count, 0)`
    }, last_computed_at = $1
     from segments as s ${
       only
         ? ''
         : 'left join (select m.segment_id, count(*)::int as count from segment_members as m group by 1) as n on n.segment_id = s.id'
     }
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

async function reportMoves(tx: ClientBase, asOf: Date): Promise<void> {
  await tx.query({
    text: `declare rfm_news no scroll cursor for
     select 'left' as change, g.key as segment, v.customer_id from rfm_moves as v join segments as g on g.id = v.from_id
     union all
     select 'entered', g.key, v.customer_id from rfm_moves as v join segments as g on g.id = v.to_id where v.from_id is not null
     order by customer_id, change desc`,
  })
  for (;;) {
    const { rows } = await tx.query<{ change: 'left' | 'entered'; segment: string; customer_id: string }>(
      `fetch ${eventsAtOnce} from rfm_news`,
    )
    if (rows.length === 0) break
    await appendEvents(
      tx,
      rows.map((row): NewEvent => ({
        type: `segment_${row.change}`,
        at: asOf,
        customerId: row.customer_id,
        segment: row.segment,
        key: `segment_${row.change}:${row.segment}:${row.customer_id}:${asOf.getTime()}`,
      })),
    )
  }
  await tx.query('close rfm_news')
}
