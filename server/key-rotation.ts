import { audit, type Actor } from './audit.ts'
import type { Ctx } from './context.ts'
import { secretsOf } from './secret-places.ts'
import { currentKeyId, decryptSecret, encryptSecret, keyIdOf } from './secrets.ts'

export interface Rotation {
  /** the key that everything is encrypted with now */
  current: string
  changed: number
  /** were encrypted with it already */
  kept: number
  /** cannot be read with any key that is here, by place */
  unreadable: { place: string; key: string }[]
}

/**
 * Encrypts every stored secret with the current key. Value by value, each replaced only if it is still what was read: a
 * run that is cut off is simply repeated, and whoever changes a setting meanwhile loses nothing.
 */
export async function rotateKeys(
  ctx: Pick<Ctx, 'pool' | 'config'>,
  actor: Actor,
  signal?: AbortSignal,
): Promise<Rotation> {
  const current = currentKeyId(ctx.config)
  const done: Rotation = { current, changed: 0, kept: 0, unreadable: [] }
  for await (const secret of secretsOf(ctx.pool)) {
    if (signal?.aborted) break
    if (keyIdOf(secret.stored) === current && secret.stored.startsWith('v2.')) {
      done.kept += 1
      continue
    }
    let plain: string
    try {
      plain = decryptSecret(ctx.config, secret.context, secret.stored)
    } catch {
      done.unreadable.push({ place: secret.place, key: keyIdOf(secret.stored) })
      continue
    }
    if (await secret.swap(ctx.pool, encryptSecret(ctx.config, secret.context, plain))) done.changed += 1
    // Somebody wrote it anew in this moment, so with the current key.
    else done.kept += 1
  }
  if (done.changed > 0)
    await audit(ctx.pool, actor, {
      action: 'keys.rotated',
      entity: 'setting',
      entityId: 'keys',
      after: { key: current, changed: done.changed },
    })
  return done
}

/** How many stored secrets need which key. */
export async function countKeys(ctx: Pick<Ctx, 'pool'>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for await (const { stored } of secretsOf(ctx.pool)) counts[keyIdOf(stored)] = (counts[keyIdOf(stored)] ?? 0) + 1
  return counts
}
