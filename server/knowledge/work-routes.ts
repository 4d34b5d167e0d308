import { bulk } from '#contract/bulk.ts'
import { consents } from '#contract/consents.ts'
import { merges } from '#contract/merges.ts'
import { personalData } from '#contract/personal-data.ts'
import { views } from '#contract/views.ts'
import { mergeInto } from '../customer-merge.ts'
import { undoMerge } from '../customer-unmerge.ts'
import { bind, type Routes } from '../http/bind.ts'
import { startBulk } from './bulk/start.ts'
import { listConsents, recordConsent } from './consents.ts'
import { readCustomer } from './customer-detail.ts'
import { findDuplicates } from './duplicates.ts'
import { eraseOne } from './erase-one.ts'
import { listExports, openExport, removeExport } from './exports.ts'
import { listMerges, readMerge } from './merges.ts'
import { makePersonalData, openPersonalData } from './personal-data.ts'
import { addSuppression, liftSuppression, listSuppressions, lookUpSuppression } from './suppressions.ts'
import { listTags, removeTag, renameTag } from './tags.ts'
import { createView, listViews, removeView, updateView } from './views.ts'

/** What is done with customers beside reading and changing one: views, bulk, exports, tags, consent, merging, erasure. */
export const customerWorkRoutes: Routes = (app, ctx) => {
  bind(app, ctx, views.list, ({ actor }) => listViews(ctx, actor))
  bind(app, ctx, views.create, ({ body, actor }) => createView(ctx, actor, body))
  bind(app, ctx, views.update, ({ params, body, actor }) => updateView(ctx, actor, params.id, body))
  bind(app, ctx, views.remove, async ({ params, actor }) => {
    await removeView(ctx, actor, params.id)
    return undefined
  })

  bind(app, ctx, bulk.start, ({ body, actor }) => startBulk(ctx, actor, body))
  bind(app, ctx, bulk.listTags, ({ query }) => listTags(ctx, query))
  bind(app, ctx, bulk.renameTag, ({ params, body, actor }) => renameTag(ctx, actor, params.tag, body.name))
  bind(app, ctx, bulk.removeTag, ({ params, actor }) => removeTag(ctx, actor, params.tag))
  bind(app, ctx, bulk.listExports, ({ query, actor }) => listExports(ctx, actor, query))
  bind(app, ctx, bulk.downloadExport, async ({ params, actor, reply }) => {
    const { stream, name } = await openExport(ctx, actor, params.id)
    await reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('cache-control', 'no-store')
      .send(stream)
    return undefined
  })
  bind(app, ctx, bulk.removeExport, async ({ params, actor }) => {
    await removeExport(ctx, actor, params.id)
    return undefined
  })

  bind(app, ctx, consents.list, ({ params, query, actor }) => listConsents(ctx, actor, params.id, query))
  bind(app, ctx, consents.record, async ({ params, body, actor }) => {
    await recordConsent(ctx, actor, params.id, body)
    return readCustomer(ctx, actor, params.id)
  })
  bind(app, ctx, consents.listSuppressions, ({ query, actor }) => listSuppressions(ctx, actor, query))
  bind(app, ctx, consents.lookUp, ({ body, actor }) => lookUpSuppression(ctx, actor, body.address))
  bind(app, ctx, consents.suppress, ({ body, actor }) => addSuppression(ctx, actor, body))
  bind(app, ctx, consents.lift, async ({ params, body, actor }) => {
    await liftSuppression(ctx, actor, params.id, body.note)
    return undefined
  })

  bind(app, ctx, merges.duplicates, ({ params, actor }) => findDuplicates(ctx, actor, params.id))
  bind(app, ctx, merges.list, ({ params }) => listMerges(ctx, params.id))
  bind(app, ctx, merges.merge, async ({ params, body, actor }) => {
    const id = await mergeInto(ctx, actor, params.id, body.other_id, body.keep ?? {})
    return { merge: await readMerge(ctx, id), customer: await readCustomer(ctx, actor, params.id) }
  })
  bind(app, ctx, merges.undo, async ({ params, actor }) => {
    await undoMerge(ctx, actor, params.id)
    return readMerge(ctx, params.id)
  })
  bind(app, ctx, personalData.make, ({ params, actor }) => makePersonalData(ctx, actor, params.id))
  bind(app, ctx, personalData.download, async ({ params, actor, reply }) => {
    const { stream, name } = await openPersonalData(ctx, actor, params.id)
    await reply
      .type('application/zip')
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('cache-control', 'no-store')
      .send(stream)
    return undefined
  })
  bind(app, ctx, merges.erase, async ({ params, body, actor }) => {
    await eraseOne(ctx, actor, params.id, body.reason)
    return undefined
  })
}
