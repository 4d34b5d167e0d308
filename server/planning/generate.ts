import { addDays, weekStart as mondayOf, type Day } from '#core/calendar.ts'
import { checkPlan } from '#core/planning/check.ts'
import { planHeuristically } from '#core/planning/heuristic.ts'
import type { PlannerFacts } from '#core/planning/facts.ts'
import type { PlanEntry, WeeklyPlan } from '#core/planning/plan.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { JobHandler } from '../background.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../http/errors.ts'
import { buildPlan } from './build-plan.ts'
import { findCampaign } from './campaigns.ts'
import { loadPlannerFacts } from './planner-facts.ts'

export interface GenerateInput {
  /** any day of the week to plan */
  weekStart: Day
  engine: 'llm' | 'heuristic'
  name?: string | undefined
  actor: Actor
  /** plan this draft again; its locked entries stay */
  campaignId?: string | undefined
  /** only these customers of the segments */
  customerIds?: readonly string[] | undefined
  /** keys; only these segments */
  segments?: readonly string[] | undefined
  /** share held out, 0 to 0.5 */
  holdoutShare?: number | undefined
  onProgress?: (customers: number) => Promise<void>
}

const noLlm = 'The language-model planner is not part of this version yet, so the rule-based planner made this plan.'

/** Plans a week and stores it as a draft campaign. Throws plan.* when there is nothing to plan with. */
export async function generatePlan(
  ctx: Ctx,
  input: GenerateInput,
): Promise<{ id: string; plan: WeeklyPlan; plan_version: number }> {
  const before = input.campaignId ? await findCampaign(ctx.pool, input.campaignId) : null
  if (before && before.status !== 'draft')
    throw new AppError('conflict', 'Only a draft can be planned again. Edit the plan, or make a new one.', {
      id: before.id,
      status: before.status,
    })
  const monday = mondayOf(input.weekStart)
  const onlySegments = input.segments ?? before?.only_segments ?? null
  const facts = chooseSegments(
    await loadPlannerFacts(ctx, monday, input.holdoutShare ?? before?.holdout_share),
    onlySegments,
  )
  if (facts.first_day > addDays(monday, 6))
    throw new AppError('plan.week_over', `The week of ${monday} is over. Choose this week or a later one.`, {
      week_start: monday,
    })
  if (facts.segments.length === 0)
    throw new AppError(
      'plan.no_segments',
      'There are no customers in segments yet. Import orders and score them first.',
    )
  if (facts.offers.length === 0)
    throw new AppError(
      'plan.no_offers',
      'There are no active offers. Create at least one; content without a discount is a good start.',
    )
  if (facts.templates.length === 0)
    throw new AppError('plan.no_templates', 'There are no active message templates. Create one for email first.')

  const id = before?.id ?? (await ctx.pool.query<{ id: string }>('select uuidv7() as id')).rows[0]!.id
  const customerIds = input.customerIds ?? before?.customer_ids ?? null
  const kept: PlanEntry[] = before?.weekly_plan?.entries.filter((e) => e.locked) ?? []
  const locked = checkPlan(kept, facts).entries
  const { entries, refused } = planHeuristically(facts, locked)
  const checked = checkPlan(entries, facts)
  const fallbackReason = input.engine === 'llm' ? noLlm : null
  const plan = await buildPlan(
    ctx,
    facts,
    { campaignId: id, customerIds, engine: 'heuristic', fallbackReason, entries: checked.entries, refused },
    input.onProgress,
  )

  await withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query(
      `insert into campaigns as c (id, name, type, status, start_date, end_date, target_segments, engine, engine_note, weekly_plan, plan_version, holdout_share, created_by, customer_ids, only_segments)
       values ($1, $2, 'weekly_plan', 'draft', $3, $4, $5, 'heuristic', $6, $7, 1, $8, $9, $12, $13)
       on conflict (id) do update set name = coalesce($10, c.name), start_date = $3, end_date = $4, target_segments = $5, engine = 'heuristic', engine_note = $6, weekly_plan = $7, customer_ids = $12, only_segments = $13, holdout_share = $8,
         plan_version = c.plan_version + 1, updated_at = now()
       where c.status = 'draft' and c.plan_version = $11`,
      [
        id,
        input.name ?? weekName(monday),
        monday,
        addDays(monday, 6),
        targets(plan),
        fallbackReason,
        JSON.stringify(plan),
        facts.limits.holdout_share,
        input.actor.kind === 'user' ? input.actor.id : null,
        input.name ?? null,
        before?.plan_version ?? 0,
        customerIds,
        onlySegments,
      ],
    )
    if (!rowCount)
      throw new AppError('conflict', 'Somebody changed the campaign while it was planned. Look at it and try again.', {
        id,
      })
    await audit(tx, input.actor, {
      action: before ? 'campaign.replanned' : 'campaign.generated',
      entity: 'campaign',
      entityId: id,
      after: {
        week_start: monday,
        asked_engine: input.engine,
        segments: onlySegments,
        entries: plan.entries.length,
        kept: locked.length,
      },
    })
  })
  await ctx.bus.publish(`campaign.${id}`, { id, status: 'draft' })
  ctx.log.info({ campaign: id, entries: plan.entries.length, refused: plan.refused.length }, 'week planned')
  return { id, plan, plan_version: (before?.plan_version ?? 0) + 1 }
}

/** "Week of Nov 30, 2026", for a plan nobody named. */
export function weekName(monday: Day): string {
  const words = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(monday))
  return `Week of ${words}`
}

function chooseSegments(facts: PlannerFacts, only: readonly string[] | null): PlannerFacts {
  if (!only) return facts
  const unknown = only.filter((key) => facts.segments.every((s) => s.key !== key))
  if (unknown.length > 0)
    throw new AppError(
      'plan.unknown_segment',
      `There is no active segment ${unknown.join(', ')} with customers in it.`,
      {
        segments: unknown,
      },
    )
  return { ...facts, segments: facts.segments.filter((s) => only.includes(s.key)) }
}

/** Segments a plan speaks to. */
export function targets(plan: WeeklyPlan): string[] {
  return [...new Set(plan.entries.map((e) => e.segment))].toSorted()
}

/** Background job `plan`: input as of POST /campaigns/generate; the result is {campaign_id}. */
export const planJob: JobHandler = async (ctx, input, tools) => {
  const text = (name: string): string | undefined => (typeof input[name] === 'string' ? input[name] : undefined)
  const { segments, holdout_share: holdoutShare } = input
  const { id } = await generatePlan(ctx, {
    weekStart: text('week_start') ?? '',
    engine: input['engine'] === 'llm' ? 'llm' : 'heuristic',
    name: text('name'),
    campaignId: text('campaign_id'),
    segments: Array.isArray(segments) ? segments.map(String) : undefined,
    holdoutShare: typeof holdoutShare === 'number' ? holdoutShare : undefined,
    actor: tools.actor,
    onProgress: (customers) => tools.progress(customers, null, 'Counting whom the plan reaches'),
  })
  return { campaign_id: id }
}
