import type { z } from 'zod'
import type { ApiKey, ApiKeyInput } from '#contract/api-keys.ts'
import { withTx } from '#db/pool.ts'
import { makeApiKey } from '../api-keys.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { InputError, notFound } from '../http/errors.ts'

type Shown = z.input<typeof ApiKey>

const columns = `k.id, k.name, k.prefix, k.scopes, coalesce(u.full_name, u.email::text) as created_by_name, k.created_at, k.expires_at, k.last_used_at, k.revoked_at,
  case when k.revoked_at is not null then 'revoked' when k.expires_at <= $1 then 'expired' else 'active' end as state`

export async function listApiKeys(ctx: Ctx): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Shown>(
    `select ${columns} from api_keys as k left join users as u on u.id = k.created_by order by k.id desc limit 500`,
    [ctx.clock()],
  )
  return rows
}

/** The new key with its secret, which is nowhere else from then on. Throws InputError for an end that is over already. */
export async function createApiKey(
  ctx: Ctx,
  actor: Actor,
  input: z.output<typeof ApiKeyInput>,
): Promise<Shown & { secret: string }> {
  const now = ctx.clock()
  if (input.expires_at !== null && new Date(input.expires_at) <= now)
    throw new InputError([{ path: 'expires_at', message: 'This lies in the past; choose a later day, or none.' }])
  const scopes = [...new Set(input.scopes)].sort()
  const { key, prefix, hash } = makeApiKey(ctx.config.secret)
  const shown = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      'insert into api_keys (name, prefix, key_hash, scopes, expires_at, created_by) values ($1, $2, $3, $4, $5, $6) returning id',
      [input.name, prefix, hash, scopes, input.expires_at, actor.kind === 'user' ? actor.id : null],
    )
    const id = rows[0]!.id
    await audit(tx, actor, {
      action: 'api_key.created',
      entity: 'api_key',
      entityId: id,
      after: { name: input.name, prefix, scopes, expires_at: input.expires_at },
    })
    const { rows: made } = await tx.query<Shown>(
      `select ${columns} from api_keys as k left join users as u on u.id = k.created_by where k.id = $2`,
      [now, id],
    )
    return made[0]!
  })
  return { ...shown, secret: key }
}

/** Doing it twice changes nothing. Throws not_found. */
export async function revokeApiKey(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ name: string; prefix: string; is_open: boolean }>(
      'select k.name, k.prefix, k.revoked_at is null as is_open from api_keys as k where k.id = $1 for update',
      [id],
    )
    const key = rows[0]
    if (!key) throw notFound('API key', id)
    if (!key.is_open) return
    await tx.query('update api_keys set revoked_at = $2 where id = $1', [id, ctx.clock()])
    await audit(tx, actor, {
      action: 'api_key.revoked',
      entity: 'api_key',
      entityId: id,
      before: { name: key.name, prefix: key.prefix },
    })
  })
}
