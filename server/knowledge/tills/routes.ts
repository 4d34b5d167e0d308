import { integrations } from '#contract/integrations.ts'
import { bind, type Routes } from '../../http/bind.ts'
import { registerHooks } from './hooks.ts'
import {
  createIntegration,
  listIntegrations,
  readIntegration,
  removeIntegration,
  updateIntegration,
} from './integrations.ts'
import { listHooks, replayHook, replayParked } from './log.ts'

/** Tills and web shops: their connections, what they post, and its log. */
export const tillRoutes: Routes = (app, ctx) => {
  bind(app, ctx, integrations.list, async () => ({ data: await listIntegrations(ctx) }))
  bind(app, ctx, integrations.get, ({ params }) => readIntegration(ctx, params.id))
  bind(app, ctx, integrations.create, ({ body, actor, reply }) => {
    void reply.header('cache-control', 'no-store')
    return createIntegration(ctx, actor, body)
  })
  bind(app, ctx, integrations.update, ({ params, body, actor, reply }) => {
    void reply.header('cache-control', 'no-store')
    return updateIntegration(ctx, actor, params.id, body)
  })
  bind(app, ctx, integrations.remove, async ({ params, actor }) => {
    await removeIntegration(ctx, actor, params.id)
    return undefined
  })
  bind(app, ctx, integrations.hooks, ({ params, query }) => listHooks(ctx, params.id, query))
  bind(app, ctx, integrations.replay, ({ params, actor }) => replayHook(ctx, actor, params.id, params.hook_id))
  bind(app, ctx, integrations.replayParked, ({ params, actor }) => replayParked(ctx, actor, params.id))
  registerHooks(app, ctx)
}
