import { channels } from '#contract/channels.ts'
import { delivery } from '#contract/delivery.ts'
import { bind, type Routes } from '../http/bind.ts'
import { checkDomain } from './domain-checks.ts'
import { previewContent, previewTemplate } from './preview.ts'
import { addProvider, changeChannels, changeProvider, listKinds, removeProvider, showChannels } from './providers.ts'
import { clearSandbox, listSandbox, readSandbox } from './sandbox.ts'
import { sendTest } from './test-message.ts'
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
  bind(app, ctx, channels.get, () => showChannels(ctx))
  bind(app, ctx, channels.update, ({ body, actor }) => changeChannels(ctx, actor, body))
  bind(app, ctx, channels.kinds, () => listKinds())
  bind(app, ctx, channels.addProvider, ({ body, actor }) => addProvider(ctx, actor, body))
  bind(app, ctx, channels.updateProvider, ({ params, body, actor }) => changeProvider(ctx, actor, params.id, body))
  bind(app, ctx, channels.removeProvider, async ({ params, actor }) => {
    await removeProvider(ctx, actor, params.id)
    return undefined
  })
  bind(app, ctx, channels.checkProvider, ({ params }) => checkDomain(ctx, params.id))
  bind(app, ctx, channels.test, ({ body }) => sendTest(ctx, body.channel, body.to, body.provider_id))
  bind(app, ctx, delivery.listSandbox, ({ query, actor }) => listSandbox(ctx, actor, query))
  bind(app, ctx, delivery.getSandbox, ({ params, actor }) => readSandbox(ctx, actor, params.id))
  bind(app, ctx, delivery.clearSandbox, ({ actor }) => clearSandbox(ctx, actor))
}
