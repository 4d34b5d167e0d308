import type { ClientBase } from 'pg'
import type { VariantContent } from '#contract/experiments.ts'
import { bucket } from '#core/experiments/assign.ts'
import type { PlannerFacts } from '#core/planning/facts.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { chooseTemplate } from '#core/planning/template-choice.ts'
import { AppError } from '../../http/errors.ts'

/** One version of a campaign as it will be sent. */
export interface DrawnArm {
  /** null: the campaign tests nothing */
  key: string | null
  /** the plan's entries with the tested thing changed; ids stay */
  entries: PlanEntry[]
  /** replaces the subject of the template */
  subject: string | null
}

export interface Draw {
  arms: DrawnArm[]
  /** the same customer is in the same arm for ever */
  armOf: (customerId: string) => number
}

/**
 * The versions of a campaign and who gets which; starts its test. Every arm's entries go through the gate like any
 * others, so no version can be sent to whom the law or a cap keeps it from.
 */
export async function startDraw(
  tx: ClientBase,
  campaignId: string,
  entries: readonly PlanEntry[],
  now: Date,
  loadFacts: () => Promise<PlannerFacts>,
): Promise<Draw> {
  const { rows: tests } = await tx.query<{ id: string; salt: string }>(
    `update experiments set status = 'running', started_at = $2, updated_at = now() where experiments.campaign_id = $1 and experiments.kind = 'ab' and experiments.status = 'draft' returning id, salt`,
    [campaignId, now],
  )
  const test = tests[0]
  if (!test) return { arms: [{ key: null, entries: [...entries], subject: null }], armOf: () => 0 }
  const { rows: variants } = await tx.query<{ key: string; weight: number; content: VariantContent }>(
    'select v.key, v.weight::float8 as weight, v.content from campaign_variants as v where v.campaign_id = $1 order by v.position',
    [campaignId],
  )
  const facts = await loadFacts()
  const whole = variants.reduce((sum, v) => sum + v.weight, 0)
  const edges = variants.map((_, i) => variants.slice(0, i + 1).reduce((sum, v) => sum + v.weight, 0) / whole)
  return {
    arms: variants.map((v) => ({
      key: v.key,
      entries: entries.map((e) => changed(e, v.content, facts)),
      subject: v.content.subject ?? null,
    })),
    armOf: (customerId) => {
      const at = bucket(`arms:${test.salt}`, customerId)
      const found = edges.findIndex((edge) => at < edge)
      return found === -1 ? edges.length - 1 : found
    },
  }
}

function changed(entry: PlanEntry, content: VariantContent, facts: PlannerFacts): PlanEntry {
  const offer = content.offer_id ? facts.offers.find((o) => o.id === content.offer_id) : entry.offer
  if (!offer)
    throw new AppError('conflict', 'An offer of the test is no longer active. Change the test, then start.', {
      offer_id: content.offer_id,
    })
  const channel = content.channel ?? entry.channel
  const segment = facts.segments.find((s) => s.key === entry.segment)
  const template =
    content.template_id ??
    (channel === entry.channel
      ? entry.template_id
      : ((segment && chooseTemplate(facts.templates, channel, offer, segment)?.id) ?? null))
  return { ...entry, offer, channel, template_id: template, window: content.window ?? entry.window }
}
