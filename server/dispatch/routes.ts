import { dispatch } from '#contract/dispatch.ts'
import { bind, type Routes } from '../http/bind.ts'
import { listSendEvents, listSends, readSend, resend } from './sends.ts'

export const dispatchRoutes: Routes = (app, ctx) => {
  bind(app, ctx, dispatch.list, ({ query }) => listSends(ctx, query))
  bind(app, ctx, dispatch.get, ({ params }) => readSend(ctx, params.id))
  bind(app, ctx, dispatch.events, ({ params }) => listSendEvents(ctx, params.id))
  bind(app, ctx, dispatch.resend, ({ params, actor }) => resend(ctx, actor, params.id))
}
