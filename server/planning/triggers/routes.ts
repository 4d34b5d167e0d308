import { triggers } from '#contract/triggers.ts'
import { bind, type Routes } from '../../http/bind.ts'
import { changeTrigger, readTrigger } from './store.ts'

export const triggerRoutes: Routes = (app, ctx) => {
  bind(app, ctx, triggers.get, ({ params }) => readTrigger(ctx, params.id))
  bind(app, ctx, triggers.update, async ({ params, body, actor }) => {
    await changeTrigger(ctx, actor, params.id, body)
    return readTrigger(ctx, params.id)
  })
}
