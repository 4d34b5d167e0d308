import { createAssigner } from '#core/planning/assign.ts'
import type { PlannerFacts } from '#core/planning/facts.ts'
import { forecastOf, sumForecasts } from '#core/planning/forecast.ts'
import { valueOfEntry } from '#core/planning/entry.ts'
import { createReachCount, withCount } from '#core/planning/reach.ts'
import { netOf } from '#core/planning/response.ts'
import { overlap } from '#core/planning/week.ts'
import type { PlanEntry, Refusal, WeeklyPlan } from '#core/planning/plan.ts'
import type { Ctx } from '../context.ts'
import { streamAudience, type AudienceMember } from './audience.ts'
import { assignRules, audienceOf } from './gate-query.ts'
import { isLarge, readSample } from './sample.ts'

export interface PlanDraft {
  campaignId: string
  /** only these customers; null: everybody in the segments */
  customerIds: readonly string[] | null
  engine: WeeklyPlan['engine']
  fallbackReason: string | null
  entries: readonly PlanEntry[]
  refused: readonly Refusal[]
  /** members to count by, where they are being read already (sample.ts) */
  sample?: Promise<AudienceMember[] | null> | undefined
}

/**
 * Counts the draft customer by customer through the gate, then forecasts from the exact reach. An entry of an engine
 * that reaches nobody is dropped and told; people's own entries stay, so that they can see why they reach nobody.
 */
export async function buildPlan(
  ctx: Ctx,
  facts: PlannerFacts,
  draft: PlanDraft,
  onProgress?: (customers: number) => Promise<void>,
): Promise<WeeklyPlan> {
  const count = createReachCount()
  const assign = createAssigner(assignRules(facts, draft.entries, ctx.clock()))
  const used = facts.segments.filter((segment) => draft.entries.some((e) => e.segment === segment.key))
  const isSampled = draft.customerIds === null && isLarge(used)
  const add = (member: AudienceMember): void => count.add(assign(member.customer), member.weight)
  if (isSampled) {
    const members = (await draft.sample) ?? (await readSample(ctx, facts, draft.campaignId, facts.segments))
    members.forEach(add)
    await onProgress?.(members.length)
  } else if (draft.entries.length > 0) {
    const campaign = { id: draft.campaignId, customer_ids: draft.customerIds }
    const audience = await audienceOf(ctx.pool, campaign, facts, draft.entries, ctx.clock())
    let seen = 0
    for await (const chunk of streamAudience(ctx.pool, ctx.config, audience)) {
      chunk.forEach(add)
      await onProgress?.((seen += chunk.length))
    }
  }
  const refused = [...draft.refused]
  const entries: PlanEntry[] = []
  for (const entry of draft.entries) {
    const counted = withCount(entry, count.ofEntry(entry.id))
    const segment = facts.segments.find((s) => s.key === entry.segment)
    const earlier = entries.filter((e) => overlap(e, entry) && e.day < entry.day).length
    const value = valueOfEntry(entry, earlier, facts)
    const top = counted.kept_back[0]
    if (counted.reach === 0 && draft.engine !== 'manual' && !entry.locked) {
      refused.push({
        segment: entry.segment,
        channel: entry.channel,
        offer_title: entry.offer.title,
        day: entry.day,
        verdict: {
          outcome: 'deny',
          rule_id: top?.rule_id ?? 'shop-empty-segment',
          summary: top ? `It would reach nobody: ${top.count} ${top.label}.` : 'The segment is empty.',
          source: 'count of this plan',
          confidence: 'high',
        },
      })
      continue
    }
    entries.push({
      ...counted,
      score: value ? netOf(value) * counted.reach : 0,
      forecast:
        value && segment ? forecastOf(value, counted.reach, segment.basket_cents, facts.margin_share) : entry.forecast,
    })
  }
  return {
    week_start: facts.week_start,
    engine: draft.engine,
    fallback_reason: draft.fallbackReason,
    generated_at: ctx.clock().toISOString(),
    policy_version: facts.policy.version,
    limits: facts.limits,
    entries,
    refused,
    reach: count.steps(),
    forecast: sumForecasts(entries.map((e) => e.forecast)),
    holdout_customers: count.heldOut(),
    ...(isSampled ? { is_estimate: true } : {}),
  }
}
