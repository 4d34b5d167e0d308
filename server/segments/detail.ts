import type { z } from 'zod'
import { Rule } from '#core/segments/rule.ts'
import { sayRule } from '#core/segments/sentence.ts'
import type { Ctx } from '../context.ts'
import { readSegment } from './queries.ts'
import { readWords } from './words.ts'

type Detail = z.input<typeof import('#contract/segments.ts').SegmentDetail>

/** A segment with all that a person asks about it before changing or removing it. Throws not_found. */
export async function readSegmentDetail(ctx: Ctx, id: string): Promise<Detail> {
  const segment = await readSegment(ctx, id)
  const [words, usedBy, history, versions, overlap] = await Promise.all([
    readWords(ctx.pool),
    ctx.pool.query<Detail['used_by'][number]>(
      'select c.id, c.name, c.status from campaigns as c where $1 = any(c.target_segments) or $1 = any(c.only_segments) order by c.id desc limit 50',
      [segment.key],
    ),
    ctx.pool.query<Detail['history'][number]>(
      `select n.at, n.members, n.entered, n."left" from (
         select k.at, k.members, k.entered, k."left" from segment_counts as k where k.segment_id = $1 order by k.at desc limit 200) as n order by n.at`,
      [id],
    ),
    ctx.pool.query<Detail['versions'][number]>(
      'select v.version, v.name, v.rules, v.created_at from segment_versions as v where v.segment_id = $1 order by v.version desc limit 50',
      [id],
    ),
    ctx.pool.query<Detail['overlap'][number]>(
      `select g.id, g.name, count(*)::int as members, count(*)::float8 / $2 as share
       from segment_members as mine join segment_members as m on m.customer_id = mine.customer_id and m.segment_id <> mine.segment_id
       join segments as g on g.id = m.segment_id and g.deleted_at is null
       where mine.segment_id = $1 group by g.id order by 3 desc limit 5`,
      [id, Math.max(1, segment.customer_count)],
    ),
  ])
  const rule = Rule.safeParse(segment.rules)
  return {
    ...segment,
    sentence: rule.success ? sayRule(rule.data, words) : null,
    used_by: usedBy.rows,
    history: history.rows,
    versions: versions.rows,
    overlap: overlap.rows,
  }
}
