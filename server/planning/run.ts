import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { checkMove, findCampaign } from './campaigns.ts'

/** Stops further messages from being taken up: dispatch only claims sends of active campaigns. Twice is once. */
export async function pauseCampaign(ctx: Ctx, actor: Actor, id: string, reason?: string): Promise<void> {
  await change(ctx, actor, id, 'pause', 'paused', reason ?? null)
}

export async function resumeCampaign(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await change(ctx, actor, id, 'resume', 'active', null)
}

/** Ends the hold after a start: what is due leaves now. */
export async function releaseCampaign(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  const now = ctx.clock()
  const { rowCount } = await ctx.pool.query(
    `update campaigns set hold_until = null, updated_at = now() where campaigns.id = $1 and campaigns.hold_until > $2 and campaigns.status = 'active'`,
    [id, now],
  )
  if (!rowCount) return void (await findCampaign(ctx.pool, id))
  await audit(ctx.pool, actor, { action: 'campaign.released', entity: 'campaign', entityId: id })
  await ctx.bus.publish(`campaign.${id}`, { id, status: 'active' })
}

async function change(
  ctx: Ctx,
  actor: Actor,
  id: string,
  move: 'pause' | 'resume',
  to: 'paused' | 'active',
  reason: string | null,
): Promise<void> {
  const moved = await withTx(ctx.pool, async (tx) => {
    const campaign = await findCampaign(tx, id, true)
    if (campaign.status === to) return false
    checkMove(campaign, move)
    await tx.query('update campaigns set status = $2, pause_reason = $3, updated_at = now() where id = $1', [
      id,
      to,
      reason,
    ])
    await audit(tx, actor, {
      action: `campaign.${to === 'paused' ? 'paused' : 'resumed'}`,
      entity: 'campaign',
      entityId: id,
      before: { status: campaign.status },
      after: { status: to },
      ...(reason ? { reason } : {}),
    })
    return true
  })
  if (moved) await ctx.bus.publish(`campaign.${id}`, { id, status: to })
}

/** Ends a campaign: what waits never leaves, what is being handed over right now finishes. Twice is once. */
export async function cancelCampaign(ctx: Ctx, actor: Actor, id: string, reason?: string): Promise<void> {
  const moved = await withTx(ctx.pool, async (tx) => {
    const campaign = await findCampaign(tx, id, true)
    if (campaign.status === 'cancelled') return false
    checkMove(campaign, 'cancel')
    const { rowCount: cancelled } = await tx.query(
      `update sends set status = 'cancelled', refused_by = 'campaign-cancelled', updated_at = now() where sends.campaign_id = $1 and sends.status = 'pending'
         and not is_leased(sends.id, sends.campaign_id)`,
      [id],
    )
    await tx.query(
      `update actions set status = 'skipped', refused_by = 'campaign-cancelled', updated_at = now()
       where actions.campaign_id = $1 and actions.status in ('pending', 'queued')
         and not exists (
           select from sends as s where s.id = actions.send_id and s.status not in ('cancelled', 'skipped'))`,
      [id],
    )
    await tx.query(`update campaigns set status = 'cancelled', finished_at = $2, updated_at = now() where id = $1`, [
      id,
      ctx.clock(),
    ])
    await audit(tx, actor, {
      action: 'campaign.cancelled',
      entity: 'campaign',
      entityId: id,
      before: { status: campaign.status },
      after: { status: 'cancelled', cancelled_sends: cancelled },
      ...(reason ? { reason } : {}),
    })
    return true
  })
  if (moved) await ctx.bus.publish(`campaign.${id}`, { id, status: 'cancelled' })
}
