import { dispatch } from '#contract/dispatch.ts'
import { bind, type Routes } from '../http/bind.ts'
import { listSendEvents, listSends, readSend, resend } from './sends.ts'

export const dispatchRoutes: Routes = (app, ctx) => {
  bind(app, ctx, dispatch.list, ({ query, actor }) => listSends(ctx, actor, query))
  bind(app, ctx, dispatch.get, ({ params, actor }) => readSend(ctx, actor, params.id))
  bind(app, ctx, dispatch.events, ({ params, actor }) => listSendEvents(ctx, actor, params.id))
  bind(app, ctx, dispatch.resend, ({ params, actor }) => resend(ctx, actor, params.id))
}
