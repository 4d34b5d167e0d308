import { signup } from '#contract/signup.ts'
import { notFound } from '../../http/errors.ts'
import { bind, type Routes } from '../../http/bind.ts'
import { createForm, listForms, readFigures, readForm, updateForm } from './forms.ts'
import { publicSignupRoutes } from './public.ts'
import { qrPng, qrSvg } from './qr.ts'
import { addText, listTexts } from './texts.ts'

/** Sign-up: what the shop sets up, and the pages that customers see. */
export const signupRoutes: Routes = (app, ctx) => {
  bind(app, ctx, signup.listForms, async () => ({ data: await listForms(ctx) }))
  bind(app, ctx, signup.createForm, async ({ body, actor, reply }) => {
    const form = await createForm(ctx, actor, body)
    void reply.header('location', `/api/v1/signup-forms/${form.id}`)
    return form
  })
  bind(app, ctx, signup.updateForm, ({ params, body, actor }) => updateForm(ctx, actor, params.id, body))
  bind(app, ctx, signup.figures, ({ params, query }) => readFigures(ctx, params.id, query.days))
  bind(app, ctx, signup.qr, async ({ params, query, reply }) => {
    const form = await readForm(ctx, params.id)
    const url = new URL(form.url)
    url.searchParams.set('via', 'qr')
    if (query.store_id) {
      const { rowCount } = await ctx.pool.query('select from stores as s where s.id = $1', [query.store_id])
      if (!rowCount) throw notFound('store', query.store_id)
      url.searchParams.set('store', query.store_id)
    }
    const isPng = query.format === 'png'
    await reply
      .type(isPng ? 'image/png' : 'image/svg+xml')
      .header('content-disposition', `attachment; filename="sign-up-${form.key}.${query.format}"`)
      .send(isPng ? qrPng(url.href, query.size) : qrSvg(url.href))
    return undefined
  })
  bind(app, ctx, signup.listTexts, async () => ({ data: await listTexts(ctx) }))
  bind(app, ctx, signup.addText, ({ body, actor }) => addText(ctx, actor, body))
  publicSignupRoutes(app, ctx)
}
