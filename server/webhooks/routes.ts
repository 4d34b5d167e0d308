import { webhooks } from '#contract/webhooks.ts'
import { bind, type Routes } from '../http/bind.ts'
import { listDeliveries, readDelivery, replayDelivery, replayFailed, testWebhook } from './log.ts'
import { createWebhook, listWebhooks, removeWebhook, rotateSecret, updateWebhook } from './subscriptions.ts'

/** Webhooks out: who is told of what, and the log of it. */
export const webhookRoutes: Routes = (app, ctx) => {
  bind(app, ctx, webhooks.list, async () => ({
    data: await listWebhooks(ctx),
    private_allowed: ctx.config.privateAddresses.has('webhooks'),
  }))
  bind(app, ctx, webhooks.create, ({ body, actor, reply }) => {
    void reply.header('cache-control', 'no-store')
    return createWebhook(ctx, actor, body)
  })
  bind(app, ctx, webhooks.update, ({ params, body, actor }) => updateWebhook(ctx, actor, params.id, body))
  bind(app, ctx, webhooks.remove, async ({ params, actor }) => {
    await removeWebhook(ctx, actor, params.id)
    return undefined
  })
  bind(app, ctx, webhooks.rotate, ({ params, actor, reply }) => {
    void reply.header('cache-control', 'no-store')
    return rotateSecret(ctx, actor, params.id)
  })
  bind(app, ctx, webhooks.test, ({ params }) => testWebhook(ctx, params.id))
  bind(app, ctx, webhooks.deliveries, ({ params, query }) => listDeliveries(ctx, params.id, query))
  bind(app, ctx, webhooks.delivery, ({ params }) => readDelivery(ctx, params.id, params.delivery_id))
  bind(app, ctx, webhooks.replay, ({ params, actor }) => replayDelivery(ctx, actor, params.id, params.delivery_id))
  bind(app, ctx, webhooks.replayFailed, async ({ params, body, actor }) => ({
    replayed: await replayFailed(ctx, actor, params.id, body.since ?? null),
  }))
}
