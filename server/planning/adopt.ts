import { addDays, weekStart } from '#core/calendar.ts'
import { checkPlan } from '#core/planning/check.ts'
import type { WeeklyPlan } from '#core/planning/plan.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../http/errors.ts'
import { buildPlan } from './build-plan.ts'
import { targets, weekName } from './generate.ts'
import { loadPlannerFacts } from './planner-facts.ts'

/** The database cannot hold NUL in text, and no plan needs it. */
function withoutNul(plan: WeeklyPlan): WeeklyPlan {
  const clean = (_: string, value: unknown): unknown => (typeof value === 'string' ? value.replaceAll('\0', '') : value)
  return JSON.parse(JSON.stringify(plan), clean) as WeeklyPlan
}

export interface GivenPlan {
  campaign_id: string
  plan_version: number
  plan: WeeklyPlan
}

/**
 * Takes a plan that came back as a file. Unchanged, it is the campaign it came from; changed by hand, it becomes a
 * campaign of its own: offers are read from the shop again by their id, everything is checked and counted like any
 * plan, and nothing a file claims about reach, law or worth is believed. Returns the campaign's id.
 */
export async function adoptPlan(ctx: Ctx, actor: Actor, file: GivenPlan): Promise<string> {
  const given: GivenPlan = { ...file, plan: withoutNul(file.plan) }
  const { rows: source } = await ctx.pool.query<{
    same: boolean
    holdout_share: number
    customer_ids: string[] | null
  }>(
    `select c.plan_version = $2 and c.weekly_plan = $3::jsonb as same, c.holdout_share::float8 as holdout_share, c.customer_ids from campaigns as c where c.id = $1`,
    [given.campaign_id, given.plan_version, JSON.stringify(given.plan)],
  )
  if (source[0]?.same) return given.campaign_id

  const monday = weekStart(given.plan.week_start)
  const facts = await loadPlannerFacts(ctx, monday, {
    holdoutShare: source[0]?.holdout_share ?? given.plan.limits.holdout_share,
    budgetCents: given.plan.limits.budget_cents,
  })
  const entries = given.plan.entries.flatMap((entry) => {
    const offer = facts.offers.find((o) => o.id === entry.offer.id)
    return offer ? [{ ...entry, offer }] : []
  })
  const checked = checkPlan(entries, facts)
  if (checked.entries.length === 0)
    throw new AppError(
      'plan.empty',
      `Nothing of this plan may be sent. ${checked.changes[0]?.message ?? 'Its offers no longer exist.'}`,
      { changes: checked.changes },
    )
  const { rows: made } = await ctx.pool.query<{ id: string }>('select uuidv7() as id')
  const id = made[0]!.id
  const customerIds = source[0]?.customer_ids ?? null
  const plan = await buildPlan(ctx, facts, {
    campaignId: id,
    customerIds,
    engine: 'manual',
    fallbackReason: null,
    entries: checked.entries,
    refused: [],
  })
  await withTx(ctx.pool, async (tx) => {
    await tx.query(
      `insert into campaigns (id, name, start_date, end_date, target_segments, engine, weekly_plan, plan_version, holdout_share, created_by, customer_ids)
       values ($1, $2, $3, $4, $5, 'manual', $6, 1, $7, $8, $9)`,
      [
        id,
        `${weekName(monday)}, from a file`,
        monday,
        addDays(monday, 6),
        targets(plan),
        JSON.stringify(plan),
        facts.limits.holdout_share,
        actor.kind === 'user' ? actor.id : null,
        customerIds,
      ],
    )
    await audit(tx, actor, {
      action: 'campaign.adopted',
      entity: 'campaign',
      entityId: id,
      after: { from: given.campaign_id, changes: checked.changes },
    })
  })
  return id
}
