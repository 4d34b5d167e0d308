import { knowledge } from '#contract/knowledge.ts'
import { bind, type Routes } from '../http/bind.ts'
import { readBreakdown } from './breakdown.ts'
import { readCustomer } from './customer-detail.ts'
import { createCustomer, setDeleted, updateCustomer } from './customer-edit.ts'
import { listCustomers } from './customer-list.ts'
import { readHistory } from './history.ts'
import { previewImport } from './import/preview.ts'
import { cancelImport, listImports, openRejectsOf, queueImport, readImport } from './imports.ts'
import { listProducts } from './products.ts'
import { readForm, receive } from './uploads.ts'

export const knowledgeRoutes: Routes = (app, ctx) => {
  bind(app, ctx, knowledge.listCustomers, ({ query, actor }) => listCustomers(ctx, actor, query))
  bind(app, ctx, knowledge.customerSegments, () => readBreakdown(ctx))
  bind(app, ctx, knowledge.createCustomer, async ({ body, actor, reply }) => {
    const id = await createCustomer(ctx, actor, body)
    void reply.header('location', `/api/v1/customers/${id}`)
    return readCustomer(ctx, actor, id)
  })
  bind(app, ctx, knowledge.getCustomer, async ({ params, actor, reply }) => {
    const customer = await readCustomer(ctx, actor, params.id)
    void reply.header('etag', customer.etag)
    return customer
  })
  bind(app, ctx, knowledge.updateCustomer, async ({ params, body, actor, request, reply }) => {
    await updateCustomer(ctx, actor, params.id, body, request.headers['if-match'])
    const customer = await readCustomer(ctx, actor, params.id)
    void reply.header('etag', customer.etag)
    return customer
  })
  bind(app, ctx, knowledge.deleteCustomer, async ({ params, actor }) => {
    await setDeleted(ctx, actor, params.id, true)
    return undefined
  })
  bind(app, ctx, knowledge.restoreCustomer, async ({ params, actor }) => {
    await setDeleted(ctx, actor, params.id, false)
    return readCustomer(ctx, actor, params.id)
  })
  bind(app, ctx, knowledge.customerHistory, ({ params, query }) => readHistory(ctx, params.id, query))

  bind(app, ctx, knowledge.importCustomers, async ({ request, actor }) =>
    queueImport(ctx, actor, await receive(ctx, request, actor)),
  )
  bind(app, ctx, knowledge.previewImport, async ({ request }) => {
    const { fields, file } = await readForm(request)
    try {
      return await previewImport(ctx, file.file, fields)
    } finally {
      // The rest of the upload is not wanted, but must be read before the answer can go out.
      file.file.resume()
    }
  })
  bind(app, ctx, knowledge.listImports, ({ query }) => listImports(ctx, query))
  bind(app, ctx, knowledge.getImport, ({ params }) => readImport(ctx, params.id))
  bind(app, ctx, knowledge.cancelImport, ({ params, actor }) => cancelImport(ctx, actor, params.id))
  bind(app, ctx, knowledge.importRejects, async ({ params, actor, reply }) => {
    const { stream, name } = await openRejectsOf(ctx, actor, params.id)
    await reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(stream)
    return undefined
  })
  bind(app, ctx, knowledge.listProducts, ({ query }) => listProducts(ctx, query))
}
