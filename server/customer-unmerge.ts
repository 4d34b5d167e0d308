import type { ClientBase } from 'pg'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from './audit.ts'
import type { Ctx } from './context.ts'
import { lockBoth, profileColumns, profileOf, writeProfile, type Before, type Profile } from './customer-merge.ts'
import { returnMembership, returnRows, returnScores, type MovedIds } from './customer-merge-rows.ts'
import { AppError, notFound } from './http/errors.ts'

interface Stored {
  kept_id: string
  merged_id: string
  before: Before | null
  moved: MovedIds
  undo_until: Date
  undone_at: Date | null
}

/**
 * Makes two customers of a merge again. What moved goes back, and the kept one becomes what it was, but for fields that
 * somebody changed since; what came in since stays with it. Throws not_found, conflict when it cannot or may no longer be done.
 */
export async function undoMerge(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const merge = await lockMerge(tx, id)
    const [kept, merged] = await lockBoth(tx, merge.kept_id, merge.merged_id)
    if (merge.undone_at) throw new AppError('conflict', 'This merge was taken back already.', { id })
    if (!merge.before || merge.undo_until <= ctx.clock())
      throw new AppError('conflict', 'The seven days to take this merge back are over, or one of the two was erased.', {
        id,
      })
    if (merged.merged_into !== kept.id)
      throw new AppError('conflict', 'The kept customer was merged once more. Take that later merge back first.', {
        id,
      })
    if (kept.deleted_at) throw new AppError('conflict', 'The kept customer was deleted. Restore it first.', { id })
    const { before, moved } = merge
    await returnRows(tx, kept.id, merged.id, moved)
    await returnProfiles(tx, kept.id, merged.id, profileOf(kept), before)
    await tx.query(
      'update customers as c set merged_into = null, deleted_at = null, updated_at = clock_timestamp() where c.id = $1',
      [merged.id],
    )
    await returnMembership(tx, kept.id, merged.id, { members: before.members, picked: moved.picked })
    await returnScores(tx, kept.id, merged.id, before.scores)
    await tx.query(`update customer_merges as m set undone_at = $2, before = null, moved = '{}' where m.id = $1`, [
      id,
      ctx.clock(),
    ])
    for (const entityId of [kept.id, merged.id])
      await audit(tx, actor, { action: 'customer.unmerged', entity: 'customer', entityId, after: { merge_id: id } })
  })
}

async function lockMerge(tx: ClientBase, id: string): Promise<Stored> {
  const { rows } = await tx.query<Stored>(
    'select m.kept_id, m.merged_id, m.before, m.moved, m.undo_until, m.undone_at from customer_merges as m where m.id = $1 for update',
    [id],
  )
  if (!rows[0]) throw notFound('merge', id)
  return rows[0]
}

async function returnProfiles(
  tx: ClientBase,
  keptId: string,
  mergedId: string,
  now: Profile,
  { kept, merged, made }: Before,
): Promise<void> {
  // A field that is no longer what the merge made of it was changed by somebody who saw the merged customer.
  const names = Object.keys(profileColumns) as (keyof Profile)[]
  const isAsMade = (name: keyof Profile): boolean => JSON.stringify(now[name]) === JSON.stringify(made[name])
  const back = Object.fromEntries(names.filter(isAsMade).map((name) => [name, kept[name]])) as Partial<Profile>
  const after = { ...now, ...back }
  const free = (key: 'external_id' | 'email' | 'phone'): string | null =>
    merged[key] === after[key] ? null : merged[key]
  if (!free('external_id') && !free('email') && !free('phone'))
    throw new AppError(
      'conflict',
      'Nothing would be left of the other customer: its number, email and phone are the kept one’s now. Change those first.',
    )
  await tx.query('update customers as c set external_id = null, email = null, phone = null where c.id = $1', [mergedId])
  try {
    await writeProfile(tx, keptId, back)
    await writeProfile(tx, mergedId, { external_id: free('external_id'), email: free('email'), phone: free('phone') })
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    throw new AppError(
      'conflict',
      'Another customer has an email, phone or number of one of the two by now. Correct that customer first.',
    )
  }
}
