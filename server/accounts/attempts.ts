import { createHmac } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import type { Ctx } from '../context.ts'
import { callerOf } from '../http/client-address.ts'
import { AppError } from '../http/errors.ts'
import { deriveKey } from '../keys.ts'

export const windowMinutes = 15
/**
 * Attempts in 15 minutes. One address at one account: a person who forgot. One address at any account: somebody tries a
 * leaked list. One account from anywhere: many machines try one door; then only addresses that signed in before get on.
 */
export const limits = { pair: 10, address: 60, account: 50 } as const

export interface Attempt {
  /** what is tried: sign_in, second_factor, forgot, link */
  what: string
  /** account it is about: an email address or an id */
  account: string | null
  ip: string
}

/**
 * Counts an attempt before it is looked at, so that a hundred at once count as a hundred. Throws `rate.limited` with
 * Retry-After. It counts accounts that do not exist as well, and so says nothing about who has one.
 */
export async function countAttempt(ctx: Ctx, attempt: Attempt, reply: FastifyReply): Promise<void> {
  const now = ctx.clock()
  const { rows } = await ctx.pool.query<{ kind: keyof typeof limits; count: number; since: Date }>(
    `insert into sign_in_attempts as a (key, count, since)
     select decode(g.key, 'hex'), 1, $2 from unnest($1::text[]) as g(key) order by g.key
     on conflict (key) do update set
       count = case when a.since <= $2::timestamptz - make_interval(mins => ${windowMinutes}) then 1 else a.count + 1 end,
       since = case when a.since <= $2::timestamptz - make_interval(mins => ${windowMinutes}) then $2 else a.since end
     returning encode(a.key, 'hex') as kind, a.count, a.since`,
    [Object.values(keysOf(ctx, attempt)).map((k) => k.toString('hex')), now],
  )
  const kinds = Object.fromEntries(
    Object.entries(keysOf(ctx, attempt)).map(([kind, key]) => [key.toString('hex'), kind]),
  )
  for (const row of rows) {
    const kind = kinds[row.kind] as keyof typeof limits
    if (row.count <= limits[kind]) continue
    if (kind === 'account' && (await isKnownThere(ctx, attempt))) continue
    const seconds = Math.max(1, Math.ceil((row.since.getTime() + windowMinutes * 60_000 - now.getTime()) / 1000))
    void reply.header('retry-after', seconds)
    ctx.log.warn({ what: attempt.what, limit: kind }, 'too many attempts')
    throw new AppError('rate.limited', `Too many attempts. Wait ${Math.ceil(seconds / 60)} minutes and try again.`)
  }
}

/** After a success: what the person mistyped before is forgotten, what came from the same network at others is not. */
export async function forgetAttempts(ctx: Ctx, attempt: Attempt): Promise<void> {
  const { pair, account, address } = keysOf(ctx, attempt)
  await ctx.pool.query(
    `with own as (delete from sign_in_attempts as a where a.key = any($1))
     update sign_in_attempts as a set count = greatest(0, a.count - 1) where a.key = $2`,
    [[pair, account].filter(Boolean), address],
  )
}

function keysOf(ctx: Ctx, { what, account, ip }: Attempt): Partial<Record<keyof typeof limits, Buffer>> {
  const secret = deriveKey(ctx.config.secret, 'sign-in')
  const key = (...parts: string[]): Buffer => createHmac('sha256', secret).update(JSON.stringify(parts)).digest()
  const caller = callerOf(ip)
  const address = key(what, 'address', caller)
  if (account === null) return { address }
  const name = account.trim().toLowerCase()
  return { address, account: key(what, 'account', name), pair: key(what, 'pair', name, caller) }
}

/** Whether the account signed in from this address in the last 30 days. */
async function isKnownThere(ctx: Ctx, { account, ip }: Attempt): Promise<boolean> {
  const { rowCount } = await ctx.pool.query(
    `select from sessions as s join users as u on u.id = s.user_id
     where (u.email::text = lower($1) or u.id::text = $1) and s.ip = $2::inet and s.last_seen_at > $3::timestamptz - interval '30 days' limit 1`,
    [account, ip, ctx.clock()],
  )
  return (rowCount ?? 0) > 0
}
