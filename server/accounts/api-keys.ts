import type { ClientBase, Pool } from 'pg'
import type { z } from 'zod'
import type { ApiKey, ApiKeyChange, ApiKeyInput } from '#contract/api-keys.ts'
import { withTx } from '#db/pool.ts'
import { makeApiKey } from '../api-keys.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { InputError, notFound } from '../http/errors.ts'
import { readUse } from '../http/key-quota.ts'

type Shown = z.input<typeof ApiKey>
type Stored = Omit<Shown, 'used_today'>

const columns = `k.id, k.name, k.prefix, k.scopes, coalesce(u.full_name, u.email::text) as created_by_name, k.created_at, k.expires_at, k.last_used_at, k.revoked_at,
  k.quota_per_minute, k.quota_per_day, case when k.revoked_at is not null then 'revoked' when k.expires_at <= $1 then 'expired' else 'active' end as state`

async function show(ctx: Ctx, rows: Stored[]): Promise<Shown[]> {
  const used = await readUse(ctx, rows)
  return rows.map((row, i) => ({ ...row, used_today: used[i]! }))
}

async function readStored(ctx: Ctx, client: ClientBase | Pool, id: string): Promise<Stored | undefined> {
  const { rows } = await client.query<Stored>(
    `select ${columns} from api_keys as k left join users as u on u.id = k.created_by where k.id = $2`,
    [ctx.clock(), id],
  )
  return rows[0]
}

export async function listApiKeys(ctx: Ctx): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Stored>(
    `select ${columns} from api_keys as k left join users as u on u.id = k.created_by order by k.id desc limit 500`,
    [ctx.clock()],
  )
  return show(ctx, rows)
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
  const stored = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into api_keys (name, prefix, key_hash, scopes, expires_at, quota_per_minute, quota_per_day, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
      [
        input.name,
        prefix,
        hash,
        scopes,
        input.expires_at,
        input.quota_per_minute,
        input.quota_per_day,
        actor.kind === 'user' ? actor.id : null,
      ],
    )
    const id = rows[0]!.id
    await audit(tx, actor, {
      action: 'api_key.created',
      entity: 'api_key',
      entityId: id,
      after: {
        name: input.name,
        prefix,
        scopes,
        expires_at: input.expires_at,
        quota_per_minute: input.quota_per_minute,
        quota_per_day: input.quota_per_day,
      },
    })
    return (await readStored(ctx, tx, id))!
  })
  return { ...(await show(ctx, [stored]))[0]!, secret: key }
}

/** Name and quotas. Throws not_found, InputError for a key that opens nothing any more. */
export async function updateApiKey(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: z.output<typeof ApiKeyChange>,
): Promise<Shown> {
  const stored = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<Required<typeof change> & { is_open: boolean }>(
      `select k.name, k.quota_per_minute, k.quota_per_day, k.revoked_at is null as is_open from api_keys as k where k.id = $1 for update`,
      [id],
    )
    if (!rows[0]) throw notFound('API key', id)
    const { is_open: isOpen, ...before } = rows[0]
    if (!isOpen) throw new InputError([{ path: '', message: 'This key is revoked; make a new one.' }])
    const after = { ...before, ...change }
    await tx.query('update api_keys set name = $2, quota_per_minute = $3, quota_per_day = $4 where id = $1', [
      id,
      after.name,
      after.quota_per_minute,
      after.quota_per_day,
    ])
    await audit(tx, actor, { action: 'api_key.updated', entity: 'api_key', entityId: id, before, after })
    return (await readStored(ctx, tx, id))!
  })
  return (await show(ctx, [stored]))[0]!
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
