import type { Ctx } from '../../context.ts'
import type { TillKind } from '../../ports/till.ts'
import { decryptSecret } from '../../secrets.ts'

/** Bound to the encrypted secret, so that it works for no other till. */
export const secretContext = (id: string): string => `integration.${id}.secret`

export interface KnownTill {
  id: string
  kind: TillKind
  /** those that are good now: the present one, and the one before while they are changed */
  secrets: string[]
}

interface Kept {
  till: Promise<KnownTill | null>
  until: number
}
const keptMs = 2000
const kept = new WeakMap<Ctx, Map<string, Kept>>()

/** Who posts: read once in two seconds, as a burst must not ask for it thousands of times. Null when there is no such till. */
export function findTill(ctx: Ctx, id: string): Promise<KnownTill | null> {
  let tills = kept.get(ctx)
  if (!tills) kept.set(ctx, (tills = new Map()))
  const known = tills.get(id)
  const now = Date.now()
  if (known && known.until > now) return known.till
  if (tills.size > 1000) tills.clear()
  const till = readTill(ctx, id)
  tills.set(id, { till, until: now + keptMs })
  till.catch(() => tills.delete(id))
  return till
}

/** After a change; other processes follow within two seconds. */
export function forgetTill(ctx: Ctx, id: string): void {
  kept.get(ctx)?.delete(id)
}

async function readTill(ctx: Ctx, id: string): Promise<KnownTill | null> {
  const { rows } = await ctx.pool.query<{ kind: TillKind; secret_enc: string | null; old_secret_enc: string | null }>(
    `select i.kind, i.secret_enc, case when i.old_secret_until > $2 then i.old_secret_enc end as old_secret_enc
     from integrations as i where i.id = $1`,
    [id, ctx.clock()],
  )
  const row = rows[0]
  if (!row) return null
  const secrets = [row.secret_enc, row.old_secret_enc].flatMap((stored) =>
    stored === null ? [] : [decryptSecret(ctx.config, secretContext(id), stored)],
  )
  return { id, kind: row.kind, secrets }
}
