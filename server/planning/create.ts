import type { z } from 'zod'
import type { planning } from '#contract/planning.ts'
import { addDays, daysBetween, localDate, weekStart, type Day } from '#core/calendar.ts'
import { checkPlan } from '#core/planning/check.ts'
import { sumForecasts } from '#core/planning/forecast.ts'
import type { PlanChange, WeeklyPlan } from '#core/planning/plan.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { buildPlan } from './build-plan.ts'
import { findCampaign, planOf, type StoredCampaign } from './campaigns.ts'
import { loadPlannerFacts, ownLimits } from './planner-facts.ts'
import { findTrigger, saveTrigger } from './triggers/store.ts'

type Input = z.output<(typeof planning.create)['body']>

/** A triggered campaign runs until somebody ends it; its last day only has to lie behind every message. */
const openEndDays = 3650

/** A draft: an empty week, or with a trigger a message that waits for something to happen. Returns its id. */
export async function createCampaign(ctx: Ctx, actor: Actor, input: Input): Promise<string> {
  const start = input.trigger ? input.start_date : weekStart(input.start_date)
  const facts = await loadPlannerFacts(ctx, weekStart(start), { holdoutShare: input.holdout_share })
  const plan: WeeklyPlan = {
    week_start: start,
    engine: 'manual',
    fallback_reason: null,
    generated_at: ctx.clock().toISOString(),
    policy_version: facts.policy.version,
    limits: facts.limits,
    entries: [],
    refused: [],
    reach: [{ label: 'customers in the segments of this plan', rule_id: null, removed: 0, left: 0 }],
    forecast: sumForecasts([]),
    holdout_customers: 0,
  }
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into campaigns (name, description, type, start_date, end_date, engine, weekly_plan, plan_version, holdout_share, resend_unknown, created_by)
       values ($1, $2, $3, $4, $5, 'manual', $6, 1, $7, $8, $9) returning id`,
      [
        input.name,
        input.description ?? null,
        input.trigger ? 'triggered' : (input.type ?? 'weekly_plan'),
        start,
        addDays(start, input.trigger ? openEndDays : 6),
        input.trigger ? null : JSON.stringify(plan),
        facts.limits.holdout_share,
        input.resend_unknown ?? false,
        actor.kind === 'user' ? actor.id : null,
      ],
    )
    const { id } = rows[0]!
    if (input.trigger) await saveTrigger(tx, id, input.trigger, 'trigger.')
    await audit(tx, actor, { action: 'campaign.created', entity: 'campaign', entityId: id, after: input })
    return id
  })
}

/**
 * A draft like this one. A plan moves to the other week day by day, goes through the checker of today's law and limits,
 * and is counted anew; what no longer fits is left out and told.
 */
export async function cloneCampaign(
  ctx: Ctx,
  actor: Actor,
  id: string,
  options: { name?: string | undefined; start_date?: Day | undefined },
): Promise<{ id: string; changes: PlanChange[] }> {
  const seen = await findCampaign(ctx.pool, id)
  const name = options.name ?? `${seen.name} (copy)`.slice(-200)
  const moved = seen.type === 'triggered' ? null : await movedPlan(ctx, seen, options.start_date)
  const { time_zone } = await readSetting(ctx.pool, 'shop')
  const start = moved?.plan.week_start ?? options.start_date ?? localDate(ctx.clock(), time_zone)
  const copy = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into campaigns (name, description, type, start_date, end_date, target_segments, target_kpis, engine, weekly_plan, plan_version, customer_ids, only_segments,
         holdout_share, resend_unknown, created_by)
       select $2, c.description, c.type, $3, $4, c.target_segments, c.target_kpis, 'manual', $5, 1, c.customer_ids, c.only_segments, c.holdout_share, c.resend_unknown, $6
       from campaigns as c where c.id = $1 returning id`,
      [
        id,
        name,
        start,
        addDays(start, moved ? 6 : openEndDays),
        moved ? JSON.stringify(moved.plan) : null,
        actor.kind === 'user' ? actor.id : null,
      ],
    )
    const made = rows[0]!.id
    if (!moved) await saveTrigger(tx, made, (await findTrigger(tx, id)).trigger, '')
    await audit(tx, actor, {
      action: 'campaign.created',
      entity: 'campaign',
      entityId: made,
      after: { name, copy_of: id, start_date: start },
    })
    return made
  })
  return { id: copy, changes: moved?.changes ?? [] }
}

async function movedPlan(
  ctx: Ctx,
  seen: StoredCampaign,
  startDate: Day | undefined,
): Promise<{ plan: WeeklyPlan; changes: PlanChange[] }> {
  const plan = planOf(seen)
  const { time_zone } = await readSetting(ctx.pool, 'shop')
  const thisWeek = weekStart(localDate(ctx.clock(), time_zone))
  const after = addDays(plan.week_start, 7)
  const monday = startDate ? weekStart(startDate) : after > thisWeek ? after : addDays(thisWeek, 7)
  const by = daysBetween(plan.week_start, monday)
  const facts = await loadPlannerFacts(ctx, monday, ownLimits(seen))
  const { entries, changes } = checkPlan(
    plan.entries.map((e) => ({ ...e, day: addDays(e.day, by) })),
    facts,
  )
  const counted = await buildPlan(ctx, facts, {
    campaignId: seen.id,
    customerIds: seen.customer_ids,
    engine: 'manual',
    fallbackReason: null,
    entries,
    refused: [],
  })
  return { plan: counted, changes }
}
