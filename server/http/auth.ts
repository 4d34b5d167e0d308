import type { Pool } from 'pg'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Role } from '#contract/accounts.ts'
import type { Access } from '#contract/http.ts'
import type { Scope } from '#contract/scopes.ts'
import { verifyAccessToken } from '../access-tokens.ts'
import { findApiKey, looksLikeApiKey, touchApiKey } from '../api-keys.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { createJoinedReads, type JoinedReads } from '../joined-reads.ts'
import { AppError } from './errors.ts'
import { countRequest } from './key-quota.ts'

const rank: Record<Access, number> = { public: 0, user: 1, manager: 2, admin: 3 }

/**
 * The user behind an access token, or null. Role and session count as they are now in the database, not as they were when
 * the token was made: who is deactivated, or whose session was ended, is out with the next request.
 */
export async function userOf(ctx: Ctx, token: string): Promise<{ id: string; role: Role; sessionId: string } | null> {
  const claims = await verifyAccessToken(ctx.config.secret, token, ctx.clock())
  if (!claims) return null
  let reads = roles.get(ctx.pool)
  if (!reads) roles.set(ctx.pool, (reads = createJoinedReads(8)))
  const role = await reads.read(`${claims.sessionId} ${claims.userId}`, async () => {
    const { rows } = await ctx.pool.query<{ role: Role }>({
      name: 'role of the caller',
      text: `select u.role from sessions as s join users as u on u.id = s.user_id
        where s.id = $1 and s.user_id = $2 and s.revoked_at is null and u.is_active`,
      values: [claims.sessionId, claims.userId],
    })
    return rows[0]?.role ?? null
  })
  return role ? { id: claims.userId, role, sessionId: claims.sessionId } : null
}

// A page asks for all its panels at once, and each of them asks who is asking.
const roles = new WeakMap<Pool, JoinedReads<Role | null>>()

/** The caller, or a 401/403. */
export async function requireAccess(
  ctx: Ctx,
  request: FastifyRequest,
  reply: FastifyReply,
  { access, scope }: { access: Access; scope?: Scope },
): Promise<Actor> {
  const header = request.headers.authorization
  const token = header?.startsWith('Bearer ') ? header.slice(7) : null
  const nobody: Actor = { kind: 'customer', id: null, role: 'user', requestId: request.id }
  if (!token) {
    if (access === 'public') return nobody
    throw new AppError('auth.required', 'Sign in first: this needs a user.')
  }
  if (looksLikeApiKey(token)) return access === 'public' ? nobody : programOf(ctx, request, reply, token, scope)
  const user = await userOf(ctx, token)
  if (!user) {
    if (access === 'public') return nobody
    throw new AppError('auth.required', 'Your session has ended; sign in again.')
  }
  const { role } = user
  if (rank[role] < rank[access])
    throw new AppError('auth.forbidden', `This needs the role ${access}; you are ${role}. Ask an admin.`)
  return { kind: 'user', id: user.id, role, requestId: request.id, sessionId: user.sessionId }
}

/** A program does what its scopes say. It sees addresses only when it may read customers; others see them masked. */
async function programOf(
  ctx: Ctx,
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
  scope: Scope | undefined,
): Promise<Actor> {
  const now = ctx.clock()
  const key = await findApiKey(ctx.pool, ctx.config.secret, token, now)
  if (!key)
    throw new AppError('auth.required', 'This API key is unknown, expired or revoked. Ask an admin for a new one.')
  if (scope === undefined)
    throw new AppError('auth.forbidden', 'API keys cannot do this; it needs a person who is signed in.')
  if (!key.scopes.includes(scope))
    throw new AppError('auth.forbidden', `This needs an API key with the scope ${scope}. Ask an admin for one.`)
  await countRequest(ctx, key, reply)
  await touchApiKey(ctx.pool, key, now)
  const role = key.scopes.includes('customers:read') ? 'manager' : 'user'
  return { kind: 'api_key', id: key.id, role, requestId: request.id }
}
