import type { ClientBase, Pool } from 'pg'
import type { AssignRules } from '#core/planning/assign.ts'
import { usualHabits } from '#core/planning/groups.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { loadStores } from '../stores.ts'
import type { AudienceQuery } from './audience.ts'
import type { GateFacts } from './planner-facts.ts'

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

/** Whom these entries may speak to, and what is asked of them. */
export async function audienceOf(
  client: ClientBase | Pool,
  campaign: { id: string; customer_ids: readonly string[] | null },
  facts: GateFacts,
  entries: readonly Pick<PlanEntry, 'segment'>[],
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
