import { experiments } from '#contract/experiments.ts'
import { bind, type Routes } from '../../http/bind.ts'
import { decide } from './decide.ts'
import { readGlobalHoldout } from './global-holdout.ts'
import { planExperiment } from './planner.ts'
import { readResults } from './results.ts'
import {
  createExperiment,
  findExperiment,
  listExperiments,
  removeExperiment,
  shownExperiment,
  updateExperiment,
} from './store.ts'

export const experimentRoutes: Routes = (app, ctx) => {
  bind(app, ctx, experiments.list, async ({ query }) => {
    const { data, total } = await listExperiments(ctx.pool, query)
    return { data, page: query.page, page_size: query.page_size, total, total_is_exact: true, next_cursor: null }
  })
  bind(app, ctx, experiments.planner, ({ query }) => planExperiment(ctx, query))
  bind(app, ctx, experiments.holdout, () => readGlobalHoldout(ctx))
  bind(app, ctx, experiments.get, async ({ params }) => shownExperiment(await findExperiment(ctx.pool, params.id)))
  bind(app, ctx, experiments.create, ({ body, actor }) => createExperiment(ctx, actor, body))
  bind(app, ctx, experiments.update, ({ params, body, actor }) => updateExperiment(ctx, actor, params.id, body))
  bind(app, ctx, experiments.remove, async ({ params, actor }) => {
    await removeExperiment(ctx, actor, params.id)
    return undefined
  })
  bind(app, ctx, experiments.results, ({ params }) => readResults(ctx, params.id))
  bind(app, ctx, experiments.decide, ({ params, body, actor }) =>
    decide(ctx, actor, params.id, body.variant, body.reason ?? null),
  )
  bind(app, ctx, experiments.stop, ({ params, actor }) => decide(ctx, actor, params.id, null, null))
}
