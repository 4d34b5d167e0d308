import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ClientBase, Pool } from 'pg'
import { withTx } from '#db/pool.ts'
import type { Session } from '#contract/accounts.ts'
import { accessSeconds, signAccessToken } from '../access-tokens.ts'
import { audit } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../http/errors.ts'
import { deriveKey } from '../keys.ts'
import { findUser, shownUser, type UserRow } from './queries.ts'
import { clearRefreshCookie, idleDays, readRefreshCookie, setRefreshCookie } from './refresh-cookie.ts'

const absoluteDays = 60
/** Two tabs may refresh at the same moment: for so long the token just spent gives the same successor again. */
const graceMs = 10_000

export type EndReason = 'signed_out' | 'replayed' | 'password_changed' | 'by_user' | 'by_admin' | 'deactivated'

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** The next token follows from the one before, so that a hundred tabs that refresh at once get one and the same. */
const successorOf = (secret: string, token: string): string =>
  createHmac('sha256', deriveKey(secret, 'refresh')).update(token).digest('base64url')

interface Client {
  userAgent: string | null
  ip: string
}
const clientOf = (request: FastifyRequest): Client => ({
  userAgent: String(request.headers['user-agent'] ?? '').slice(0, 300) || null,
  ip: request.ip,
})

/** A new session and its first refresh token; only a hash of that is stored. */
export async function startSession(
  ctx: Ctx,
  userId: string,
  { userAgent, ip }: Client,
): Promise<{ sessionId: string; refreshToken: string; accessToken: string }> {
  const refreshToken = randomBytes(32).toString('base64url')
  const now = ctx.clock()
  const { rows } = await ctx.pool.query<{ id: string }>(
    `with s as (
       insert into sessions (user_id, user_agent, ip, created_at, last_seen_at, expires_at)
       values ($1, $2, $3, $4, $4, $4::timestamptz + make_interval(days => ${absoluteDays})) returning id
     )
     insert into refresh_tokens (session_id, token_hash, expires_at)
     select s.id, $5, $4::timestamptz + make_interval(days => ${idleDays}) from s returning session_id as id`,
    [userId, userAgent, ip, now, hashOf(refreshToken)],
  )
  const sessionId = rows[0]!.id
  return { sessionId, refreshToken, accessToken: await signAccessToken(ctx.config.secret, { userId, sessionId }, now) }
}

/** Signs a user in from this browser. */
export async function openSession(
  ctx: Ctx,
  user: UserRow,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Session> {
  const { refreshToken, accessToken } = await startSession(ctx, user.id, clientOf(request))
  setRefreshCookie(ctx, request, reply, refreshToken)
  return { access_token: accessToken, expires_in: accessSeconds, user: shownUser(user) }
}

interface Spent {
  id: string
  session_id: string
  user_id: string
  used_at: Date | null
  is_dead: boolean
  is_same_client: boolean
}

/**
 * Trades the refresh token for a new pair. A token that was spent before was stolen or replayed, and the session ends:
 * unless the very same browser asks again within seconds and the successor is still unused. Throws auth.session_ended.
 */
export async function renewSession(ctx: Ctx, request: FastifyRequest, reply: FastifyReply): Promise<Session> {
  const given = readRefreshCookie(ctx, request)
  const ended = new AppError('auth.session_ended', 'Your session has ended; sign in again.')
  if (!given) throw ended
  const now = ctx.clock()
  const next = successorOf(ctx.config.secret, given)
  const client = clientOf(request)
  const spent = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<Spent>(
      `select t.id, t.session_id, s.user_id, t.used_at,
         (s.revoked_at is not null or t.expires_at <= $2 or s.expires_at <= $2) as is_dead,
         (s.user_agent is not distinct from $3 and s.ip = $4::inet) as is_same_client
       from refresh_tokens as t join sessions as s on s.id = t.session_id where t.token_hash = $1 for update of s`,
      [hashOf(given), now, client.userAgent, client.ip],
    )
    // The session's row is the lock; what another request did to the token while we waited is read after it.
    const { rows: fresh } = await tx.query<{ used_at: Date | null }>(
      'select t.used_at from refresh_tokens as t where t.token_hash = $1',
      [hashOf(given)],
    )
    const row = rows[0] && { ...rows[0], used_at: fresh[0]?.used_at ?? null }
    if (!row || row.is_dead) return null
    if (row.used_at === null) return spend(tx, row, next, client, now)
    const { rows: following } = await tx.query(
      'select from refresh_tokens as t where t.token_hash = $1 and t.used_at is null',
      [hashOf(next)],
    )
    if (now.getTime() - row.used_at.getTime() <= graceMs && row.is_same_client && following.length > 0) return row
    await endSessions(tx, 'replayed', 's.id = $1', [row.session_id], now)
    await audit(
      tx,
      { kind: 'system', id: null, role: 'admin', requestId: request.id },
      {
        action: 'session.replayed',
        entity: 'user',
        entityId: row.user_id,
        after: { session: row.session_id },
      },
    )
    ctx.log.warn({ user: row.user_id, session: row.session_id }, 'spent refresh token seen again, session ended')
    return null
  })
  const user = spent ? await findUser(ctx.pool, spent.user_id) : null
  if (!spent || !user) {
    clearRefreshCookie(ctx, request, reply)
    throw ended
  }
  setRefreshCookie(ctx, request, reply, next)
  const claims = { userId: user.id, sessionId: spent.session_id }
  return {
    access_token: await signAccessToken(ctx.config.secret, claims, now),
    expires_in: accessSeconds,
    user: shownUser(user),
  }
}

async function spend(tx: ClientBase, row: Spent, next: string, { userAgent, ip }: Client, now: Date): Promise<Spent> {
  await tx.query('update refresh_tokens set used_at = $2 where id = $1', [row.id, now])
  await tx.query(
    `insert into refresh_tokens (session_id, token_hash, expires_at)
     select s.id, $2, least(s.expires_at, $3::timestamptz + make_interval(days => ${idleDays})) from sessions as s where s.id = $1`,
    [row.session_id, hashOf(next), now],
  )
  await tx.query('update sessions set last_seen_at = $2, user_agent = $3, ip = $4 where id = $1', [
    row.session_id,
    now,
    userAgent,
    ip,
  ])
  return row
}

/** Ends the session of this browser. */
export async function closeSession(ctx: Ctx, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const given = readRefreshCookie(ctx, request)
  if (given)
    await endSessions(
      ctx.pool,
      'signed_out',
      's.id = (select t.session_id from refresh_tokens as t where t.token_hash = $1)',
      [hashOf(given)],
      ctx.clock(),
    )
  clearRefreshCookie(ctx, request, reply)
}

/** Ends sessions of a user, all of them or all but one; returns how many. */
export async function closeSessionsOf(
  client: ClientBase | Pool,
  userId: string,
  because: EndReason,
  now: Date,
  except: string | null = null,
): Promise<number> {
  return endSessions(client, because, 's.user_id = $1 and s.id is distinct from $2::uuid', [userId, except], now)
}

/** Ends one session of a user; false when it is not theirs or over already. */
export async function closeSessionOf(ctx: Ctx, userId: string, sessionId: string): Promise<boolean> {
  return (await endSessions(ctx.pool, 'by_user', 's.id = $1 and s.user_id = $2', [sessionId, userId], ctx.clock())) > 0
}

async function endSessions(
  client: ClientBase | Pool,
  because: EndReason,
  which: string,
  values: readonly unknown[],
  now: Date,
): Promise<number> {
  const n = values.length
  const { rowCount } = await client.query(
    `update sessions as s set revoked_at = $${n + 1}, revoked_because = $${n + 2} where s.revoked_at is null and ${which}`,
    [...values, now, because],
  )
  return rowCount ?? 0
}

export interface SessionRow {
  id: string
  user_agent: string | null
  ip: string | null
  created_at: Date
  last_seen_at: Date
}

/** Where a user is signed in now, the last used first. */
export async function listSessions(ctx: Ctx, userId: string): Promise<SessionRow[]> {
  const { rows } = await ctx.pool.query<SessionRow>(
    `select s.id, s.user_agent, host(s.ip) as ip, s.created_at, s.last_seen_at from sessions as s
     where s.user_id = $1 and s.revoked_at is null and s.expires_at > $2 and s.last_seen_at > $2::timestamptz - make_interval(days => ${idleDays})
     order by s.last_seen_at desc limit 100`,
    [userId, ctx.clock()],
  )
  return rows
}
