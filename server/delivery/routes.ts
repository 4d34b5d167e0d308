import { delivery } from '#contract/delivery.ts'
import { bind, type Routes } from '../http/bind.ts'
import { changeChannels, sendTest, showChannels } from './channels.ts'
import { previewContent, previewTemplate } from './preview.ts'
import { clearSandbox, listSandbox, readSandbox } from './sandbox.ts'
import { createTemplate, listTemplates, listVersions, updateTemplate } from './templates.ts'

export const deliveryRoutes: Routes = (app, ctx) => {
  bind(app, ctx, delivery.listTemplates, async ({ query }) => ({ data: await listTemplates(ctx, query) }))
  bind(app, ctx, delivery.createTemplate, ({ body, actor }) => createTemplate(ctx, actor, body))
  bind(app, ctx, delivery.updateTemplate, ({ params, body, actor }) =>
    updateTemplate(ctx, actor, params.id, body as Partial<Parameters<typeof updateTemplate>[3]>),
  )
  bind(app, ctx, delivery.previewTemplate, ({ params, query }) => previewTemplate(ctx, params.id, query.customer_id))
  bind(app, ctx, delivery.previewDraft, ({ body: { customer_id: customerId, ...words } }) =>
    previewContent(ctx, words, customerId),
  )
  bind(app, ctx, delivery.templateVersions, ({ params }) => listVersions(ctx, params.id))
  bind(app, ctx, delivery.getChannels, () => showChannels(ctx))
  bind(app, ctx, delivery.updateChannels, ({ body, actor }) => changeChannels(ctx, actor, body))
  bind(app, ctx, delivery.testChannel, ({ body }) => sendTest(ctx, body.channel, body.to))
  bind(app, ctx, delivery.listSandbox, ({ query, actor }) => listSandbox(ctx, actor, query))
  bind(app, ctx, delivery.getSandbox, ({ params, actor }) => readSandbox(ctx, actor, params.id))
  bind(app, ctx, delivery.clearSandbox, ({ actor }) => clearSandbox(ctx, actor))
}
