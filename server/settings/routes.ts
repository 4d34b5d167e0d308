import { settings } from '#contract/settings.ts'
import { removeDemo, demoState } from '../demo/remove.ts'
import { withTx } from '#db/pool.ts'
import { audit } from '../audit.ts'
import { bind, type Routes } from '../http/bind.ts'
import { inputError } from '../http/errors.ts'
import { changeSetting, readSetting } from '../settings.ts'
import { ZodError } from 'zod'
import { stores } from '#contract/stores.ts'
import { countNearest, createStore, listStores, removeStore, updateStore } from './stores.ts'

export const settingRoutes: Routes = (app, ctx) => {
  bind(app, ctx, settings.getShop, () => readSetting(ctx.pool, 'shop'))
  bind(app, ctx, settings.getLimits, () => readSetting(ctx.pool, 'limits'))
  bind(app, ctx, settings.updateShop, ({ body, actor }) =>
    checked(() => withTx(ctx.pool, (tx) => changeSetting(tx, actor, 'shop', body))),
  )
  bind(app, ctx, settings.updateLimits, ({ body, actor }) =>
    checked(() => withTx(ctx.pool, (tx) => changeSetting(tx, actor, 'limits', body))),
  )
  bind(app, ctx, stores.list, async () => ({ data: await listStores(ctx.pool) }))
  bind(app, ctx, stores.nearest, async () => ({ data: await countNearest(ctx) }))
  bind(app, ctx, stores.create, ({ body, actor }) => createStore(ctx, actor, body))
  bind(app, ctx, stores.update, ({ params, body, actor }) => updateStore(ctx, actor, params.id, body))
  bind(app, ctx, stores.remove, ({ params, query, actor }) => removeStore(ctx, actor, params.id, query.move_to ?? null))
  bind(app, ctx, settings.demoState, () => demoState(ctx.pool))
  bind(app, ctx, settings.removeDemo, ({ actor }) =>
    withTx(ctx.pool, async (tx) => {
      const removed = await removeDemo(tx)
      await audit(tx, actor, { action: 'demo.removed', entity: 'shop', after: removed })
      return removed
    }),
  )
}

async function checked<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change()
  } catch (error) {
    if (error instanceof ZodError) throw inputError('body', error)
    throw error
  }
}
