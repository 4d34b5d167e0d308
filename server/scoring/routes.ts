import { scoring } from '#contract/scoring.ts'
import { audit } from '../audit.ts'
import { startJob } from '../background.ts'
import { bind, type Routes } from '../http/bind.ts'
import { notFound } from '../http/errors.ts'
import { readAffinities, readRecommendations } from './likes.ts'
import { listModels, readModelCard } from './model-card.ts'
import { findAction, listActions } from './queries.ts'

export const scoringRoutes: Routes = (app, ctx) => {
  bind(app, ctx, scoring.list, ({ query }) => listActions(ctx.pool, query))

  bind(app, ctx, scoring.get, async ({ params }) => {
    const action = await findAction(ctx.pool, params.id)
    if (!action) throw notFound('action', params.id)
    return action
  })

  bind(app, ctx, scoring.generate, async ({ body, actor }) => {
    const job = await startJob(ctx, actor, 'actions', body)
    await audit(ctx.pool, actor, { action: 'actions.requested', entity: 'job', entityId: job.id, after: body })
    return job
  })

  bind(app, ctx, scoring.compute, async ({ body, actor }) => {
    const job = await startJob(ctx, actor, 'score', body)
    await audit(ctx.pool, actor, { action: 'scores.requested', entity: 'job', entityId: job.id, after: body })
    return job
  })

  bind(app, ctx, scoring.model, ({ query }) => readModelCard(ctx.pool, query.version))
  bind(app, ctx, scoring.models, ({ query }) => listModels(ctx.pool, query))
  bind(app, ctx, scoring.affinities, ({ params }) => readAffinities(ctx, params.id))
  bind(app, ctx, scoring.recommendations, ({ params, query }) => readRecommendations(ctx, params.id, query.limit))
}
