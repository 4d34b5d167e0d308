import type { FastifyRequest } from 'fastify'
import { planning } from '#contract/planning.ts'
import { withTx } from '#db/pool.ts'
import { audit } from '../audit.ts'
import { startJob } from '../background.ts'
import { bind, type Routes } from '../http/bind.ts'
import { AppError, InputError } from '../http/errors.ts'
import { approveCampaign } from './approve.ts'
import { findCampaign, listCampaigns, shownCampaign } from './campaigns.ts'
import { cloneCampaign, createCampaign } from './create.ts'
import { editPlan } from './edit.ts'
import { llmRoutes } from './llm/routes.ts'
import { previewEntry } from './entry-preview.ts'
import { experimentRoutes } from './experiments/routes.ts'
import { startCampaign } from './materialise.ts'
import { offerRoutes } from './offer-routes.ts'
import { listRecipients } from './recipients.ts'
import { cancelCampaign, pauseCampaign, releaseCampaign, resumeCampaign } from './run.ts'
import { triggerRoutes } from './triggers/routes.ts'
import { startTriggered } from './triggers/store.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const planningRoutes: Routes = (app, ctx) => {
  offerRoutes(app, ctx)
  llmRoutes(app, ctx)
  experimentRoutes(app, ctx)
  triggerRoutes(app, ctx)
  const shown = (id: string) => shownCampaign(ctx.pool, id)

  bind(app, ctx, planning.list, async ({ query }) => {
    const { data, total, next } = await listCampaigns(ctx.pool, { ...query, cursor: cursorOf(query.cursor) })
    return { data, page: query.page, page_size: query.page_size, total, total_is_exact: true, next_cursor: next }
  })
  bind(app, ctx, planning.get, async ({ params, reply }) => {
    const campaign = await shown(params.id)
    void reply.header('etag', `"${campaign.plan_version}"`)
    return campaign
  })
  bind(app, ctx, planning.create, async ({ body, actor }) => shown(await createCampaign(ctx, actor, body)))
  bind(app, ctx, planning.clone, async ({ params, body, actor }) => {
    const { id, changes } = await cloneCampaign(ctx, actor, params.id, body)
    return { campaign: await shown(id), changes }
  })
  bind(app, ctx, planning.update, async ({ params, body, actor }) => {
    await withTx(ctx.pool, async (tx) => {
      const before = await findCampaign(tx, params.id, true)
      // The share decides who is contacted: it may change only while nothing was approved or counted with it.
      if (body.holdout_share !== undefined && body.holdout_share !== before.holdout_share && before.status !== 'draft')
        throw new AppError('conflict', 'The holdout share can only be changed while the plan is a draft.', {
          status: before.status,
        })
      const after = {
        name: body.name ?? before.name,
        description: body.description === undefined ? before.description : body.description,
        holdout_share: body.holdout_share ?? before.holdout_share,
        resend_unknown: body.resend_unknown ?? before.resend_unknown,
      }
      await tx.query(
        'update campaigns set name = $2, description = $3, holdout_share = $4, resend_unknown = $5, updated_at = now() where id = $1',
        [params.id, after.name, after.description, after.holdout_share, after.resend_unknown],
      )
      await audit(tx, actor, {
        action: 'campaign.updated',
        entity: 'campaign',
        entityId: params.id,
        before: {
          name: before.name,
          description: before.description,
          holdout_share: before.holdout_share,
          resend_unknown: before.resend_unknown,
        },
        after,
      })
    })
    const campaign = await findCampaign(ctx.pool, params.id)
    // A new holdout share changes every count: the plan is counted anew through an edit that changes nothing else.
    const first = campaign.weekly_plan?.entries[0]
    if (body.holdout_share !== undefined && first)
      await editPlan(ctx, actor, params.id, campaign.plan_version, [
        { op: 'lock', entry_id: first.id, locked: first.locked },
      ])
    return shown(params.id)
  })
  bind(app, ctx, planning.remove, async ({ params, actor }) => {
    await withTx(ctx.pool, async (tx) => {
      const campaign = await findCampaign(tx, params.id, true)
      const { rowCount } = await tx.query(
        `delete from campaigns where campaigns.id = $1 and campaigns.started_at is null and campaigns.status in ('draft', 'approved', 'scheduled', 'cancelled')`,
        [params.id],
      )
      if (!rowCount)
        throw new AppError(
          'conflict',
          'A campaign that has started is part of the record and cannot be removed. Cancel it instead.',
          { id: params.id, status: campaign.status },
        )
      await audit(tx, actor, {
        action: 'campaign.removed',
        entity: 'campaign',
        entityId: params.id,
        before: { name: campaign.name, status: campaign.status },
      })
    })
    return undefined
  })
  bind(app, ctx, planning.generate, ({ body, actor }) => startJob(ctx, actor, 'plan', body))
  bind(app, ctx, planning.editPlan, async ({ params, body, actor, request, reply }) => {
    const changes = await editPlan(ctx, actor, params.id, versionOf(request), body.operations)
    const campaign = await shown(params.id)
    void reply.header('etag', `"${campaign.plan_version}"`)
    return { campaign, changes }
  })
  bind(app, ctx, planning.previewEntry, ({ params, query }) => previewEntry(ctx, params.id, query))
  bind(app, ctx, planning.recipients, ({ params, query }) =>
    listRecipients(ctx, params.id, { ...query, cursor: cursorOf(query.cursor) }),
  )

  bind(app, ctx, planning.approve, async ({ params, actor }) => {
    await approveCampaign(ctx, actor, params.id)
    return shown(params.id)
  })
  bind(app, ctx, planning.start, async ({ params, body, actor }) => {
    const campaign = await findCampaign(ctx.pool, params.id)
    if (campaign.type === 'triggered') await startTriggered(ctx, actor, campaign)
    else await startCampaign(ctx, actor, params.id, body)
    return shown(params.id)
  })
  bind(app, ctx, planning.release, async ({ params, actor }) => {
    await releaseCampaign(ctx, actor, params.id)
    return shown(params.id)
  })
  bind(app, ctx, planning.pause, async ({ params, body, actor }) => {
    await pauseCampaign(ctx, actor, params.id, body.reason)
    return shown(params.id)
  })
  bind(app, ctx, planning.resume, async ({ params, actor }) => {
    await resumeCampaign(ctx, actor, params.id)
    return shown(params.id)
  })
  bind(app, ctx, planning.cancel, async ({ params, body, actor }) => {
    await cancelCampaign(ctx, actor, params.id, body.reason)
    return shown(params.id)
  })
}

/** The plan version of If-Match: `"3"` or `W/"3"`. */
function versionOf(request: FastifyRequest): number {
  const version = /^(?:W\/)?"?(\d+)"?$/.exec(request.headers['if-match'] ?? '')?.[1]
  if (!version)
    throw new AppError(
      'edit.no_version',
      'Send the version you changed as If-Match, e.g. If-Match: "3". It is the ETag of the campaign.',
    )
  return Number(version)
}

function cursorOf(cursor: string | undefined): string | undefined {
  if (cursor !== undefined && !uuid.test(cursor))
    throw new InputError([{ path: 'query.cursor', message: 'This is not a cursor of this list.' }])
  return cursor
}
