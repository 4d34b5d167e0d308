import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { withTx } from '#db/pool.ts'
import type { Role, Session } from '#contract/accounts.ts'
import type { Ctx } from '../context.ts'
import { accessSeconds, signAccessToken } from '../http/auth.ts'
import { AppError } from '../http/errors.ts'
import { findUser, type UserRow } from './queries.ts'

const cookieName = 'lma_refresh'
const idleDays = 14
const absoluteDays = 60
/** Two tabs may refresh at the same moment: the token just spent still answers for so long. */
const graceMs = 10_000

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Starts a session: one family of refresh tokens, only hashes are stored. */
export async function openSession(
  ctx: Ctx,
  user: UserRow,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Session> {
  const token = await issue(ctx, randomUUID(), user.id, request)
  setCookie(ctx, reply, token)
  return answer(ctx, user)
}

/**
 * Trades the refresh token for a new pair. A token that was spent before (outside the grace of two tabs) was stolen
 * or replayed: the whole family dies. Throws auth.session_ended.
 */
export async function renewSession(ctx: Ctx, request: FastifyRequest, reply: FastifyReply): Promise<Session> {
  const given = request.cookies[cookieName]
  const ended = new AppError('auth.session_ended', 'Your session has ended; sign in again.')
  if (!given) throw ended
  const now = ctx.clock()
  const outcome = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{
      id: string
      family_id: string
      user_id: string
      used_at: Date | null
      dead: boolean
    }>(
      `select t.id, t.family_id, t.user_id, t.used_at,
         (t.revoked_at is not null or t.expires_at <= $2
           or (select min(f.created_at) from refresh_tokens as f where f.family_id = t.family_id) < $2::timestamptz - make_interval(days => $3)) as dead
       from refresh_tokens as t where t.token_hash = $1 for update`,
      [hashOf(given), now, absoluteDays],
    )
    const row = rows[0]
    if (!row || row.dead) return null
    if (row.used_at && now.getTime() - row.used_at.getTime() > graceMs) {
      await tx.query('update refresh_tokens set revoked_at = $2 where family_id = $1 and revoked_at is null', [
        row.family_id,
        now,
      ])
      ctx.log.warn({ user: row.user_id, family: row.family_id }, 'spent refresh token seen again, session ended')
      return null
    }
    await tx.query('update refresh_tokens set used_at = coalesce(used_at, $2) where id = $1', [row.id, now])
    return row
  })
  const user = outcome ? await findUser(ctx.pool, outcome.user_id) : null
  if (!outcome || !user) {
    clearCookie(reply)
    throw ended
  }
  setCookie(ctx, reply, await issue(ctx, outcome.family_id, user.id, request))
  return answer(ctx, user)
}

/** Ends the session of this browser. */
export async function closeSession(ctx: Ctx, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const given = request.cookies[cookieName]
  if (given) {
    await ctx.pool.query(
      `update refresh_tokens set revoked_at = now() where revoked_at is null
         and family_id = (select t.family_id from refresh_tokens as t where t.token_hash = $1)`,
      [hashOf(given)],
    )
  }
  clearCookie(reply)
}

/** Ends every session of a user: after a change of password. */
export async function closeAllSessions(ctx: Ctx, userId: string): Promise<void> {
  await ctx.pool.query('update refresh_tokens set revoked_at = now() where user_id = $1 and revoked_at is null', [
    userId,
  ])
}

async function issue(ctx: Ctx, familyId: string, userId: string, request: FastifyRequest): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await ctx.pool.query(
    `insert into refresh_tokens (family_id, user_id, token_hash, user_agent, expires_at) values ($1, $2, $3, $4, $5::timestamptz + make_interval(days => $6))`,
    [familyId, userId, hashOf(token), String(request.headers['user-agent'] ?? '').slice(0, 300), ctx.clock(), idleDays],
  )
  return token
}

async function answer(ctx: Ctx, user: UserRow): Promise<Session> {
  return {
    access_token: await signAccessToken(ctx.config.secret, { id: user.id, role: user.role as Role }, ctx.clock()),
    expires_in: accessSeconds,
    user: { ...user, created_at: user.created_at.toISOString() },
  }
}

function setCookie(ctx: Ctx, reply: FastifyReply, token: string): void {
  void reply.setCookie(cookieName, token, {
    path: '/api/v1/auth',
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.config.publicUrl.startsWith('https:'),
    maxAge: idleDays * 86_400,
  })
}

function clearCookie(reply: FastifyReply): void {
  void reply.clearCookie(cookieName, { path: '/api/v1/auth' })
}
