import { addDays, weekStart as mondayOf, type Day } from '#core/calendar.ts'
import { checkPlan } from '#core/planning/check.ts'
import { planHeuristically } from '#core/planning/heuristic.ts'
import type { PlannerFacts } from '#core/planning/facts.ts'
import type { LlmTrace, PlanEntry, Refusal, WeeklyPlan } from '#core/planning/plan.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { JobHandler } from '../background.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../http/errors.ts'
import { buildPlan } from './build-plan.ts'
import { findCampaign } from './campaigns.ts'
import { linkCalls } from './llm/calls.ts'
import { planWithModel } from './llm/plan.ts'
import { loadPlannerFacts } from './planner-facts.ts'
import { countResults } from './results.ts'
import { sampleAhead } from './sample.ts'

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
  /** most it may cost in messages and reductions; null: no limit; left out: the draft's, else the shop's */
  budgetCents?: number | null | undefined
  /** engine llm: ask again even where an answer to the same question is known */
  fresh?: boolean | undefined
  /** background job that plans */
  jobId?: string | undefined
  /** stops a language model in mid-answer; then nothing is stored */
  signal?: AbortSignal | undefined
  onProgress?: (message: string, done: number) => Promise<void>
}

/** What an engine made, checked, and how it came about. */
interface Draft {
  engine: 'llm' | 'heuristic'
  fallbackReason: string | null
  entries: PlanEntry[]
  refused: Refusal[]
  trace: LlmTrace | null
  callIds: string[]
  prompt: string | null
}

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
  await countResults(ctx, input.signal)
  const own = {
    holdoutShare: input.holdoutShare ?? before?.holdout_share,
    budgetCents: input.budgetCents === undefined ? before?.weekly_plan?.limits.budget_cents : input.budgetCents,
  }
  const id = before?.id ?? (await ctx.pool.query<{ id: string }>('select uuidv7() as id')).rows[0]!.id
  const customerIds = input.customerIds ?? before?.customer_ids ?? null
  // A model answers after minutes: by then the sample would be old.
  const sample =
    input.engine === 'heuristic' && !customerIds ? sampleAhead(ctx, id, monday, own, onlySegments) : undefined
  const facts = chooseSegments(await loadPlannerFacts(ctx, monday, own), onlySegments)
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

  const kept: PlanEntry[] = before?.weekly_plan?.entries.filter((e) => e.locked) ?? []
  const locked = checkPlan(kept, facts, new Set(kept.map((e) => e.id))).entries
  const build = async ({ engine, fallbackReason, entries, refused, trace }: Draft): Promise<WeeklyPlan> => {
    const built = await buildPlan(
      ctx,
      facts,
      { campaignId: id, customerIds, engine, fallbackReason, entries, refused, sample },
      async (customers) => input.onProgress?.('Counting whom the plan reaches', customers),
    )
    return trace ? { ...built, llm: trace } : built
  }
  let draft = await draftOf(ctx, facts, locked, input)
  let plan = await build(draft)
  if (draft.engine === 'llm' && plan.entries.length <= locked.length) {
    draft = byRules(facts, locked, { ...draft, reason: 'The language model’s plan would reach nobody.' })
    plan = await build(draft)
  }
  input.signal?.throwIfAborted()

  await withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query(
      `insert into campaigns as c (id, name, type, status, start_date, end_date, target_segments, engine, engine_note, weekly_plan, plan_version, holdout_share, created_by, customer_ids, only_segments, llm_prompt)
       values ($1, $2, 'weekly_plan', 'draft', $3, $4, $5, $14, $6, $7, 1, $8, $9, $12, $13, $15)
       on conflict (id) do update set name = coalesce($10, c.name), start_date = $3, end_date = $4, target_segments = $5, engine = $14, engine_note = $6, llm_prompt = $15, weekly_plan = $7, customer_ids = $12, only_segments = $13, holdout_share = $8,
         plan_version = c.plan_version + 1, updated_at = now()
       where c.status = 'draft' and c.plan_version = $11`,
      [
        id,
        input.name ?? weekName(monday),
        monday,
        addDays(monday, 6),
        targets(plan),
        draft.fallbackReason,
        JSON.stringify(plan),
        facts.limits.holdout_share,
        input.actor.kind === 'user' ? input.actor.id : null,
        input.name ?? null,
        before?.plan_version ?? 0,
        customerIds,
        onlySegments,
        draft.engine,
        draft.prompt,
      ],
    )
    if (!rowCount)
      throw new AppError('conflict', 'Somebody changed the campaign while it was planned. Look at it and try again.', {
        id,
      })
    await linkCalls(tx, draft.callIds, id)
    await audit(tx, input.actor, {
      action: before ? 'campaign.replanned' : 'campaign.generated',
      entity: 'campaign',
      entityId: id,
      after: {
        week_start: monday,
        asked_engine: input.engine,
        engine: draft.engine,
        ...(draft.trace ? { rounds: draft.trace.rounds, cost_micros: draft.trace.cost_micros } : {}),
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

/** The chosen engine's plan; where the language model has none, the rule-based one's with the reason. */
async function draftOf(
  ctx: Ctx,
  facts: PlannerFacts,
  locked: readonly PlanEntry[],
  input: GenerateInput,
): Promise<Draft> {
  const model =
    input.engine === 'llm'
      ? await planWithModel(ctx, facts, {
          locked,
          jobId: input.jobId ?? null,
          fresh: input.fresh ?? false,
          signal: input.signal ?? new AbortController().signal,
          onProgress: async (message) => input.onProgress?.(message, 0),
        })
      : null
  if (model?.entries) return { ...model, engine: 'llm', fallbackReason: null, entries: model.entries }
  return byRules(facts, locked, model)
}

/** The rule-based plan; after a language model with its reason, its cost, and what was refused of it. */
function byRules(
  facts: PlannerFacts,
  locked: readonly PlanEntry[],
  model: (Pick<Draft, 'refused' | 'trace' | 'callIds' | 'prompt'> & { reason: string | null }) | null,
): Draft {
  const { entries, refused } = planHeuristically(facts, locked)
  const checked = checkPlan(entries, facts, new Set(locked.map((e) => e.id)))
  return {
    engine: 'heuristic',
    fallbackReason: model?.reason ? `${model.reason} The rule-based planner made this plan.` : null,
    entries: checked.entries,
    refused: [...refused, ...checked.refused, ...(model?.refused ?? [])],
    trace: model?.trace ?? null,
    callIds: model?.callIds ?? [],
    prompt: model?.prompt ?? null,
  }
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

/** Background job `plan`: input as of POST /campaigns/generate; the result is {campaign_id, engine, fallback_reason, cost_micros}. */
export const planJob: JobHandler = async (ctx, input, tools) => {
  const text = (name: string): string | undefined => (typeof input[name] === 'string' ? input[name] : undefined)
  const { segments, holdout_share: holdoutShare, budget_cents: budget } = input
  const { id, plan } = await generatePlan(ctx, {
    weekStart: text('week_start') ?? '',
    engine: input['engine'] === 'llm' ? 'llm' : 'heuristic',
    name: text('name'),
    campaignId: text('campaign_id'),
    segments: Array.isArray(segments) ? segments.map(String) : undefined,
    budgetCents: typeof budget === 'number' || budget === null ? budget : undefined,
    holdoutShare: typeof holdoutShare === 'number' ? holdoutShare : undefined,
    fresh: input['fresh'] === true,
    jobId: tools.jobId,
    signal: tools.signal,
    actor: tools.actor,
    onProgress: (message, done) => tools.progress(done, null, message),
  })
  return {
    campaign_id: id,
    engine: plan.engine,
    fallback_reason: plan.fallback_reason,
    cost_micros: plan.llm?.cost_micros ?? null,
  }
}
