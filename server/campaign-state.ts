import type { ClientBase } from 'pg'
import { audit, systemActor } from './audit.ts'
import type { Ctx } from './context.ts'
import { refreshCampaignCounters } from './counters.ts'

/** Running campaigns with nothing left to send are done. Returns their ids. */
export async function completeCampaigns(ctx: Ctx): Promise<string[]> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `update campaigns as c set status = 'completed', finished_at = $1, updated_at = now()
     where c.status = 'active' and c.type <> 'triggered' and c.started_at is not null
       and not exists (select 1 from sends as s where s.campaign_id = c.id and s.status = 'pending')
     returning c.id`,
    [ctx.clock()],
  )
  const ids = rows.map((r) => r.id)
  for (const id of ids)
    await audit(ctx.pool, systemActor, {
      action: 'campaign.completed',
      entity: 'campaign',
      entityId: id,
      after: { status: 'completed' },
    })
  await refreshCampaignCounters(ctx.pool, ids)
  return ids
}

/** A campaign that was done takes up work again for a message that somebody repeats; its last day moves with it. */
export async function reopenCampaign(client: ClientBase, id: string, now: Date): Promise<void> {
  await client.query(
    `update campaigns set status = 'active', finished_at = null, end_date = greatest(end_date, $2::timestamptz::date), updated_at = now()
     where id = $1 and status = 'completed'`,
    [id, now],
  )
}
