import type { Day } from '#core/calendar.ts'
import type { Ctx } from '../context.ts'
import { streamAudience, type AudienceMember } from './audience.ts'
import { audienceOf } from './gate-query.ts'
import { loadGateFacts, type GateFacts, type OwnLimits } from './planner-facts.ts'
import { findLargest } from './segment-facts.ts'

/** So many memberships are counted one by one; beyond, some members of each segment stand for it. */
const mostCounted = 150_000
/** Members of each segment that are looked at then: an entry that reaches half of them is told to within three percent. */
const sampled = 1100

interface SegmentSize {
  key: string
  size: number
}

export const isLarge = (segments: readonly SegmentSize[]): boolean =>
  segments.reduce((n, s) => n + s.size, 0) > mostCounted

/** Some members of each segment, each for several customers, to count a draft by. The start of a campaign looks at everybody. */
export async function readSample(
  ctx: Ctx,
  gate: GateFacts,
  campaignId: string,
  segments: readonly SegmentSize[],
): Promise<AudienceMember[]> {
  const asked = segments.map((s) => ({ segment: s.key }))
  const audience = await audienceOf(ctx.pool, { id: campaignId, customer_ids: null }, gate, asked, ctx.clock())
  const shares = new Map(segments.map((s) => [s.key, Math.min(1, sampled / Math.max(1, s.size))]))
  const members: AudienceMember[] = []
  for await (const chunk of streamAudience(ctx.pool, ctx.config, { ...audience, shares, chunkSize: mostCounted }))
    for (const member of chunk) members.push(member)
  return members
}

/**
 * The same before the planner's facts are known, so that it is read beside them; null where the shop is so small that
 * everybody is counted. @param only keys; null: all active segments
 */
export function sampleAhead(
  ctx: Ctx,
  campaignId: string,
  week: Day,
  own: OwnLimits,
  only: readonly string[] | null,
): Promise<AudienceMember[] | null> {
  const read = async (): Promise<AudienceMember[] | null> => {
    const segments = (await findLargest(ctx.pool))
      .filter(({ key }) => !only || only.includes(key))
      .map((s) => ({ key: s.key, size: s.customer_count }))
    return isLarge(segments) ? readSample(ctx, await loadGateFacts(ctx, week, own), campaignId, segments) : null
  }
  const sample = read()
  // Where the facts fail, nobody asks for it any more.
  sample.catch(() => undefined)
  return sample
}
