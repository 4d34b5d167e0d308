import type { FastifyRequest } from 'fastify'
import { imports } from '#contract/imports.ts'
import { knowledge } from '#contract/knowledge.ts'
import { products } from '#contract/products.ts'
import { forgetCounts, noteMade, noteWrite } from '../list-counts.ts'
import { bind, type Routes } from '../http/bind.ts'
import { readBreakdown } from './breakdown.ts'
import { readCustomer } from './customer-detail.ts'
import { createCustomer, setDeleted, updateCustomer } from './customer-edit.ts'
import { listCustomers } from './customer-list.ts'
import { readHistory } from './history.ts'
import { previewImport } from './import/preview.ts'
import { queueUndo } from './import/undo.ts'
import { cancelImport, listImports, openRejectsOf, queueImport, readImport } from './imports.ts'
import { createProduct, readProduct, setActive, updateProduct } from './product-edit.ts'
import { listProducts, readFacets } from './products.ts'
import { readForm, receive } from './uploads.ts'
import { customerWorkRoutes } from './work-routes.ts'

export const knowledgeRoutes: Routes = (app, ctx) => {
  // The worker that changed many customers may be another process.
  ctx.bus.subscribe('job.', (_topic, { status }) => status === 'running' || forgetCounts())
  // Who writes reads what they wrote. Programs write all day long, and leaf through nothing.
  const made = new WeakMap<FastifyRequest, string>()
  app.addHook('onResponse', (request, reply, done) => {
    if (request.method !== 'GET' && request.actor?.kind === 'user') {
      const id = made.get(request)
      if (id) noteMade(request.actor, id, reply.elapsedTime)
      else noteWrite(request.actor)
    }
    done()
  })
  bind(app, ctx, knowledge.listCustomers, ({ query, actor }) => listCustomers(ctx, actor, query))
  bind(app, ctx, knowledge.customerSegments, () => readBreakdown(ctx))
  bind(app, ctx, knowledge.createCustomer, async ({ body, actor, request, reply }) => {
    const id = await createCustomer(ctx, actor, body)
    made.set(request, id)
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
  bind(app, ctx, knowledge.customerHistory, ({ params, query, actor }) => readHistory(ctx, actor, params.id, query))

  customerWorkRoutes(app, ctx)

  bind(app, ctx, imports.create, async ({ request, actor }) =>
    queueImport(ctx, actor, await receive(ctx, request, actor)),
  )
  bind(app, ctx, imports.preview, async ({ request }) => {
    const { fields, file } = await readForm(request)
    // A stream that is destroyed half way is never read to its end, and the connection with it.
    const chunks = file.file.iterator({ destroyOnReturn: false })
    try {
      return await previewImport(ctx, chunks, fields)
    } finally {
      // The rest of the upload is not wanted, but the next request of the connection stands behind it.
      await chunks.return?.()
      file.file.resume()
    }
  })
  bind(app, ctx, imports.list, ({ query, actor }) => listImports(ctx, actor, query))
  bind(app, ctx, imports.get, ({ params, actor }) => readImport(ctx, params.id, actor.role))
  bind(app, ctx, imports.cancel, ({ params, actor }) => cancelImport(ctx, actor, params.id))
  bind(app, ctx, imports.undo, async ({ params, actor }) => {
    await queueUndo(ctx, actor, params.id)
    return readImport(ctx, params.id, actor.role)
  })
  bind(app, ctx, imports.rejects, async ({ params, actor, reply }) => {
    const { stream, name } = await openRejectsOf(ctx, actor, params.id)
    await reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(stream)
    return undefined
  })
  bind(app, ctx, products.list, ({ query }) => listProducts(ctx, query))
  bind(app, ctx, products.facets, () => readFacets(ctx))
  bind(app, ctx, products.create, async ({ body, actor, reply }) => {
    const made = await createProduct(ctx, actor, body)
    void reply.header('location', `/api/v1/products/${made.id}`).header('etag', made.etag)
    return made
  })
  bind(app, ctx, products.get, async ({ params, reply }) => {
    const product = await readProduct(ctx, params.id)
    void reply.header('etag', product.etag)
    return product
  })
  bind(app, ctx, products.update, async ({ params, body, actor, request, reply }) => {
    const product = await updateProduct(ctx, actor, params.id, body, request.headers['if-match'])
    void reply.header('etag', product.etag)
    return product
  })
  bind(app, ctx, products.remove, async ({ params, actor }) => {
    await setActive(ctx, actor, params.id, false)
    return undefined
  })
  bind(app, ctx, products.restore, async ({ params, actor }) => {
    await setActive(ctx, actor, params.id, true)
    return readProduct(ctx, params.id)
  })
}
