import type { ClientBase, Pool } from 'pg'
import { createAssigner, type AssignRules } from '#core/planning/assign.ts'
import type { PlannerFacts } from '#core/planning/facts.ts'
import { usualHabits } from '#core/planning/groups.ts'
import { forecastOf, sumForecasts } from '#core/planning/forecast.ts'
import { valueOfEntry } from '#core/planning/entry.ts'
import { createReachCount, withCount } from '#core/planning/reach.ts'
import { netOf } from '#core/planning/response.ts'
import { overlap } from '#core/planning/week.ts'
import type { PlanEntry, Refusal, WeeklyPlan } from '#core/planning/plan.ts'
import type { Ctx } from '../context.ts'
import { streamAudience, type AudienceQuery } from './audience.ts'
import { loadStores } from '../stores.ts'
import type { GateFacts } from './planner-facts.ts'

export interface PlanDraft {
  campaignId: string
  /** only these customers; null: everybody in the segments */
  customerIds: readonly string[] | null
  engine: WeeklyPlan['engine']
  fallbackReason: string | null
  entries: readonly PlanEntry[]
  refused: readonly Refusal[]
}

// The renderer locks footer and unsubscribe link into every message (core/delivery/footer.ts), whatever the template.
const template: AssignRules['template'] = { has_footer: true, has_unsubscribe: true }

/** What the gate is asked with, at planning and at the start. */
export function assignRules(
  facts: Pick<GateFacts, 'policy' | 'contact' | 'segments'>,
  entries: readonly PlanEntry[],
  now: Date,
): AssignRules {
  return {
    entries,
    policy: facts.policy,
    limits: facts.contact,
    template,
    now,
    coolDowns: new Map(facts.segments.map((s) => [s.key, s.playbook.cool_down_days ?? 0])),
  }
}

export async function audienceOf(
  client: ClientBase | Pool,
  campaign: { id: string; customer_ids: readonly string[] | null },
  facts: GateFacts,
  entries: readonly PlanEntry[],
  now: Date,
): Promise<AudienceQuery> {
  return {
    grouped: { at: now, habits: facts.habits ?? usualHabits },
    segments: [...new Set(entries.map((e) => e.segment))],
    weekStart: facts.week_start,
    campaignId: campaign.id,
    customerIds: campaign.customer_ids,
    holdoutShare: facts.limits.holdout_share,
    coolDownDays: Math.max(
      0,
      ...facts.segments
        .filter((s) => entries.some((e) => e.segment === s.key))
        .map((s) => s.playbook.cool_down_days ?? 0),
    ),
    stores: await loadStores(client),
  }
}

/** So many memberships are counted one by one; beyond, a share of each segment stands for it. */
const mostCounted = 150_000
/** Members of each segment that are looked at then: an entry that reaches half of them is told to within three percent. */
const sampled = 1100

/** The share of each segment that is looked at; null: everybody is. The start of a campaign always looks at everybody. */
function sampleOf(facts: PlannerFacts, entries: readonly PlanEntry[]): ReadonlyMap<string, number> | null {
  const used = facts.segments.filter((s) => entries.some((e) => e.segment === s.key))
  if (used.reduce((n, s) => n + s.size, 0) <= mostCounted) return null
  return new Map(used.map((s) => [s.key, Math.min(1, sampled / s.size)]))
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
  const shares = draft.customerIds === null ? sampleOf(facts, draft.entries) : null
  let seen = 0
  if (draft.entries.length > 0) {
    for await (const chunk of streamAudience(ctx.pool, ctx.config, {
      ...(await audienceOf(
        ctx.pool,
        { id: draft.campaignId, customer_ids: draft.customerIds },
        facts,
        draft.entries,
        ctx.clock(),
      )),
      ...(shares ? { shares, chunkSize: mostCounted } : {}),
    })) {
      for (const member of chunk) count.add(assign(member.customer), member.weight)
      seen += chunk.length
      await onProgress?.(seen)
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
    ...(shares ? { is_estimate: true } : {}),
  }
}
