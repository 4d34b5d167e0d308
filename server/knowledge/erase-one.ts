import type { ErasureReason } from '#contract/bulk.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { eraseCustomers } from '../erasure.ts'
import { copyErasures } from '../erasure-ledger.ts'
import { AppError, notFound } from '../http/errors.ts'
import { expireExports } from './exports.ts'

/** Erases one customer for good. Repeating it changes nothing. Throws not_found, conflict for one that was merged. */
export async function eraseOne(ctx: Ctx, actor: Actor, id: string, reason: ErasureReason): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ merged_into: string | null }>(
      'select c.merged_into from customers as c where c.id = $1',
      [id],
    )
    if (!rows[0]) throw notFound('customer', id)
    if (rows[0].merged_into)
      throw new AppError(
        'conflict',
        'This customer was merged into another one. Erase that one: this one goes with it.',
        {
          id: rows[0].merged_into,
        },
      )
    const erased = await eraseCustomers(ctx, tx, [id])
    if (erased.length > 0)
      await audit(tx, actor, { action: 'customer.erased', entity: 'customer', entityId: id, after: { reason } })
  })
  // What a crash or an unreachable store leaves here the worker does.
  await copyErasures(ctx).catch((err: unknown) => ctx.log.warn({ err }, 'an erasure waits for the store of files'))
  // Files that were withdrawn with the row; what a crash leaves here the worker removes.
  await expireExports(ctx)
}
