import type { PlanOperation } from '#contract/planning.ts'
import { checkPlan } from '#core/planning/check.ts'
import { checkCopy } from '#core/planning/copy.ts'
import type { PlannerFacts } from '#core/planning/facts.ts'
import { entryOf, valueOfEntry } from '#core/planning/entry.ts'
import type { Offer } from '#core/planning/offer.ts'
import type { PlanChange, PlanEntry, WeeklyPlan } from '#core/planning/plan.ts'
import { chooseTemplate } from '#core/planning/template-choice.ts'
import { isEditable } from '#core/planning/lifecycle.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError } from '../http/errors.ts'
import { buildPlan } from './build-plan.ts'
import { findCampaign, planOf } from './campaigns.ts'
import { targets } from './generate.ts'
import { loadPlannerFacts, ownLimits } from './planner-facts.ts'
import { sampleAhead } from './sample.ts'

/**
 * Applies operations to the plan of a campaign that has not started, checks and counts the whole plan anew. The version
 * grows by one; an approved plan becomes a draft again. Throws edit.stale when `version` is not the present one.
 */
export async function editPlan(
  ctx: Ctx,
  actor: Actor,
  id: string,
  version: number,
  operations: readonly PlanOperation[],
): Promise<PlanChange[]> {
  const seen = await findCampaign(ctx.pool, id)
  if (!isEditable(seen.status))
    throw new AppError('conflict', 'A campaign that has started cannot be edited. Cancel it, or plan another one.', {
      id,
      status: seen.status,
    })
  if (seen.plan_version !== version)
    throw new AppError('edit.stale', 'Somebody changed the plan meanwhile. Load it again and repeat your change.', {
      plan_version: seen.plan_version,
    })
  const plan = planOf(seen)
  const own = ownLimits(seen)
  const sample = seen.customer_ids ? undefined : sampleAhead(ctx, id, plan.week_start, own, null)
  const facts = await loadPlannerFacts(ctx, plan.week_start, own)
  const touched = new Set<string>()
  let entries: PlanEntry[] = plan.entries
  for (const [i, operation] of operations.entries()) entries = apply(entries, operation, i, facts, touched)

  // What a person just did goes first where entries compete: it is held like a locked one for this check.
  const wasLocked = new Map(entries.map((e) => [e.id, e.locked]))
  const checked = checkPlan(
    entries.map((e) => (touched.has(e.id) ? { ...e, locked: true } : e)),
    facts,
    new Set(plan.entries.map((e) => e.id).filter((id) => !touched.has(id))),
  )
  const settled = checked.entries.map((e) => ({ ...e, locked: wasLocked.get(e.id) ?? e.locked }))
  const counted = await buildPlan(ctx, facts, {
    campaignId: id,
    customerIds: seen.customer_ids,
    engine: 'manual',
    fallbackReason: plan.fallback_reason,
    entries: settled,
    refused: plan.refused,
    sample,
  })
  const after: WeeklyPlan = {
    ...counted,
    engine: plan.engine,
    generated_at: plan.generated_at,
    ...(plan.llm ? { llm: plan.llm } : {}),
  }
  await withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query(
      `update campaigns set weekly_plan = $3, plan_version = campaigns.plan_version + 1, target_segments = $4, status = 'draft', approved_by = null, approved_at = null, updated_at = now()
       where campaigns.id = $1 and campaigns.plan_version = $2 and campaigns.status in ('draft', 'approved', 'scheduled')`,
      [id, version, JSON.stringify(after), targets(after)],
    )
    if (!rowCount)
      throw new AppError('edit.stale', 'Somebody changed the plan meanwhile. Load it again and repeat your change.', {
        id,
      })
    await audit(tx, actor, {
      action: 'campaign.plan_edited',
      entity: 'campaign',
      entityId: id,
      before: { plan_version: version, status: seen.status, entries: summary(plan) },
      after: { plan_version: version + 1, status: 'draft', operations, entries: summary(after) },
    })
  })
  await ctx.bus.publish(`campaign.${id}`, { id, status: 'draft', plan_version: version + 1 })
  return checked.changes
}

const summary = (plan: WeeklyPlan): { id: string; day: string; reach: number }[] =>
  plan.entries.map((e) => ({ id: e.id, day: e.day, reach: e.reach }))

function apply(
  entries: readonly PlanEntry[],
  operation: PlanOperation,
  index: number,
  facts: PlannerFacts,
  touched: Set<string>,
): PlanEntry[] {
  const wrong = (field: string, message: string): InputError =>
    new InputError([{ path: `operations.${index}.${field}`, message }])
  const offerOf = (offerId: string): Offer => {
    const offer = facts.offers.find((o) => o.id === offerId)
    if (!offer) throw wrong('offer_id', 'There is no such active offer.')
    return offer
  }
  if (operation.op === 'add') {
    const segment = facts.segments.find((s) => s.key === operation.segment)
    if (!segment) throw wrong('segment', 'There is no such active segment.')
    const candidate = { segment, offer: offerOf(operation.offer_id), channel: operation.channel, day: operation.day }
    const value = valueOfEntry(
      { ...candidate, segment: segment.key },
      entries.filter((e) => e.segment === segment.key && e.day < operation.day).length,
      facts,
    )!
    const entry = entryOf(candidate, value, value.margin_cents * segment.reachable[operation.channel], facts)
    const added = { ...entry, window: operation.window ?? entry.window, reason: `Added by hand. ${entry.reason}` }
    if (entries.some((e) => e.id === added.id)) throw wrong('segment', 'The plan has this entry already.')
    touched.add(added.id)
    return [...entries, added]
  }
  const old = entries.find((e) => e.id === operation.entry_id)
  if (!old) throw wrong('entry_id', 'The plan has no such entry; it may have been removed.')
  if (operation.op === 'remove') return entries.filter((e) => e !== old)
  touched.add(old.id)
  const edited = changed(old, operation, facts, offerOf)
  const fault = edited.copy && operation.op === 'change' && operation.copy ? copyFault(edited, facts) : null
  if (fault) throw wrong('copy', fault)
  return entries.map((e) => (e === old ? edited : e))
}

function changed(
  old: PlanEntry,
  operation: Exclude<PlanOperation, { op: 'add' | 'remove' }>,
  facts: PlannerFacts,
  offerOf: (id: string) => Offer,
): PlanEntry {
  if (operation.op === 'lock') return { ...old, locked: operation.locked }
  if (operation.op === 'move')
    return { ...old, day: operation.day, reason: told(old.reason, `Moved by hand from ${old.day}.`) }
  const offer = operation.offer_id ? offerOf(operation.offer_id) : old.offer
  const channel = operation.channel ?? old.channel
  const segment = facts.segments.find((s) => s.key === old.segment)
  const suits = offer === old.offer && channel === old.channel
  const template_id =
    operation.template_id ??
    (suits || !segment ? old.template_id : (chooseTemplate(facts.templates, channel, offer, segment)?.id ?? null))
  // Words belong to the offer and channel they were written for.
  const copy = operation.copy === undefined ? (suits ? old.copy : undefined) : (operation.copy ?? undefined)
  const { copy: _, ...rest } = old
  return {
    ...rest,
    ...(copy ? { copy } : {}),
    offer,
    channel,
    template_id,
    window: operation.window ?? old.window,
    reason: told(old.reason, 'Changed by hand.'),
  }
}

/** Why these words may not be sent, in one sentence. */
function copyFault({ copy, channel, offer }: PlanEntry, facts: PlannerFacts): string | null {
  const [first] = copy ? checkCopy(copy, channel, offer, facts.policy, facts.currency) : []
  return first ? `${first.summary} ${first.cure ?? ''}`.trim() : null
}

const told = (reason: string, note: string): string => (reason.startsWith(note) ? reason : `${note} ${reason}`)
