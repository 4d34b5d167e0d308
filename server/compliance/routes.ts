import { compliance } from '#contract/compliance.ts'
import { bind, type Routes } from '../http/bind.ts'
import { changeCompliance } from './change.ts'
import { checkQuestion } from './check.ts'
import { showCompliance } from './show.ts'

export const complianceRoutes: Routes = (app, ctx) => {
  bind(app, ctx, compliance.get, async ({ reply }) => {
    const shown = await showCompliance(ctx)
    void reply.header('etag', `"${shown.version}"`)
    return shown
  })

  bind(app, ctx, compliance.update, async ({ body, actor, request, reply }) => {
    await changeCompliance(ctx, actor, body, request.headers['if-match'])
    const shown = await showCompliance(ctx)
    void reply.header('etag', `"${shown.version}"`)
    return shown
  })

  bind(app, ctx, compliance.check, ({ body }) => checkQuestion(ctx, body))
}
