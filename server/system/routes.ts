import { ZodError } from 'zod'
import { system } from '#contract/system.ts'
import { withTx } from '#db/pool.ts'
import { bind, type Routes } from '../http/bind.ts'
import { inputError } from '../http/errors.ts'
import { changeSetting, readSetting } from '../settings.ts'
import { listBackups, startBackup } from './backups.ts'
import { readStatus } from './status.ts'

export const systemRoutes: Routes = (app, ctx) => {
  bind(app, ctx, system.status, () => readStatus(ctx))
  bind(app, ctx, system.backups, async ({ query }) => ({
    ...(await listBackups(ctx, query)),
    page: query.page,
    page_size: query.page_size,
    total_is_exact: true,
    next_cursor: null,
  }))
  bind(app, ctx, system.backUp, ({ actor }) => startBackup(ctx, actor, 'manual'))
  bind(app, ctx, system.backupSettings, () => readSetting(ctx.pool, 'backups'))
  bind(app, ctx, system.updateBackupSettings, async ({ body, actor }) => {
    try {
      return await withTx(ctx.pool, (tx) => changeSetting(tx, actor, 'backups', body))
    } catch (error) {
      if (error instanceof ZodError) throw inputError('body', error)
      throw error
    }
  })
}
