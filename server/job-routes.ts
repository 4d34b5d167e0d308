import { jobs } from '#contract/jobs.ts'
import { audit } from './audit.ts'
import { cancelJob, readJob, undoJob } from './background.ts'
import { bind, type Routes } from './http/bind.ts'

export const jobRoutes: Routes = (app, ctx) => {
  bind(app, ctx, jobs.get, ({ params }) => readJob(ctx, params.id))
  bind(app, ctx, jobs.cancel, async ({ params, actor }) => {
    await cancelJob(ctx, params.id)
    await audit(ctx.pool, actor, { action: 'job.cancelled', entity: 'job', entityId: params.id })
    return readJob(ctx, params.id)
  })
  bind(app, ctx, jobs.undo, ({ params, actor }) => undoJob(ctx, actor, params.id))
}
