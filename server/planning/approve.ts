import { checkPlan } from '#core/planning/check.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../http/errors.ts'
import { checkMove, findCampaign, planOf, type StoredCampaign } from './campaigns.ts'
import { loadPlannerFacts, ownLimits } from './planner-facts.ts'
import { checkTriggered } from './triggers/store.ts'

/**
 * Approves a draft as it stands and records who did. The plan is checked once more against today's law and limits:
 * what was legal when it was drafted may not be any more.
 */
export async function approveCampaign(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  const seen = await findCampaign(ctx.pool, id)
  checkMove(seen, 'approve')
  if (seen.type === 'triggered') {
    await checkTriggered(ctx, id)
    return moveToApproved(ctx, actor, seen, {})
  }
  const plan = planOf(seen)
  if (!plan.entries.some((e) => e.reach > 0))
    throw new AppError('plan.empty', 'The plan reaches nobody. Add an entry, or generate a plan.', { id })
  const { rows: store } = await ctx.pool.query('select 1 from stores limit 1')
  if (store.length === 0)
    throw new AppError(
      'plan.no_store',
      'Every message must show a postal address. Add your store under Settings first.',
      { id },
    )
  const bare = plan.entries.find((e) => e.template_id === null)
  if (bare)
    throw new AppError(
      'plan.no_template',
      `The message “${bare.offer.title}” on ${bare.day} has no template. Choose one for ${bare.channel}.`,
      { entry_id: bare.id },
    )
  const { changes } = checkPlan(plan.entries, await loadPlannerFacts(ctx, plan.week_start, ownLimits(seen), false))
  if (changes.length > 0) {
    throw new AppError('plan.outdated', `The plan no longer fits: ${changes[0]!.message} Edit or generate it again.`, {
      changes,
    })
  }
  await moveToApproved(ctx, actor, seen, { reach: plan.reach.at(-1)?.left ?? 0 })
}

async function moveToApproved(ctx: Ctx, actor: Actor, seen: StoredCampaign, facts: { reach?: number }): Promise<void> {
  const { id } = seen
  await withTx(ctx.pool, async (tx) => {
    const campaign = await findCampaign(tx, id, true)
    checkMove(campaign, 'approve')
    if (campaign.plan_version !== seen.plan_version)
      throw new AppError('edit.stale', 'Somebody changed the plan meanwhile. Look at it again before you approve.', {
        plan_version: campaign.plan_version,
      })
    await tx.query(
      `update campaigns set status = 'approved', approved_by = $2, approved_at = $3, updated_at = now() where id = $1`,
      [id, actor.kind === 'user' ? actor.id : null, ctx.clock()],
    )
    await audit(tx, actor, {
      action: 'campaign.approved',
      entity: 'campaign',
      entityId: id,
      before: { status: campaign.status },
      after: { status: 'approved', plan_version: campaign.plan_version, ...facts },
    })
  })
  await ctx.bus.publish(`campaign.${id}`, { id, status: 'approved' })
}
