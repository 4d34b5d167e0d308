import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { jwtVerify, SignJWT } from 'jose'
import type { Role } from '#contract/accounts.ts'
import type { Access } from '#contract/http.ts'
import type { Scope } from '#contract/scopes.ts'
import { findApiKey, looksLikeApiKey, touchApiKey } from '../api-keys.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { deriveKey } from '../keys.ts'
import { AppError } from './errors.ts'
import { countRequest } from './key-quota.ts'

export const accessSeconds = 15 * 60
const audience = 'liquor-agent'
const rank: Record<Access, number> = { public: 0, user: 1, manager: 2, admin: 3 }

const keys = new Map<string, { private: KeyObject; public: KeyObject }>()

// Ed25519 from a 32-byte seed: PKCS #8 header of RFC 8410 in front of it.
function signingKeys(secret: string): { private: KeyObject; public: KeyObject } {
  let pair = keys.get(secret)
  if (!pair) {
    const der = Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      deriveKey(secret, 'access-token'),
    ])
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    pair = { private: key, public: createPublicKey(key) }
    keys.set(secret, pair)
  }
  return pair
}

/** A signed access token for 15 minutes. */
export async function signAccessToken(secret: string, user: { id: string; role: Role }, now: Date): Promise<string> {
  const at = Math.floor(now.getTime() / 1000)
  return new SignJWT({ role: user.role })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
    .setSubject(user.id)
    .setAudience(audience)
    .setIssuer(audience)
    .setIssuedAt(at)
    .setExpirationTime(at + accessSeconds)
    .sign(signingKeys(secret).private)
}

interface Claims {
  id: string
  role: Role
}
const verified = new Map<string, Claims & { secret: string; from: number; until: number }>()

/** Who the token speaks for, or null when it is forged, expired or of another kind. A signature is checked once for each token. */
export async function verifyAccessToken(secret: string, token: string, now: Date): Promise<Claims | null> {
  const known = verified.get(token)
  const at = now.getTime() / 1000
  if (known?.secret === secret && known.from <= at && at < known.until) return { id: known.id, role: known.role }
  try {
    const { payload } = await jwtVerify(token, signingKeys(secret).public, {
      algorithms: ['EdDSA'],
      typ: 'at+jwt',
      audience,
      issuer: audience,
      currentDate: now,
    })
    const role = payload['role']
    if (typeof payload.sub !== 'string' || (role !== 'admin' && role !== 'manager' && role !== 'user')) return null
    if (verified.size > 1000) verified.clear()
    verified.set(token, { id: payload.sub, role, secret, from: payload.iat ?? at, until: payload.exp ?? at })
    return { id: payload.sub, role }
  } catch {
    return null
  }
}

/** The caller, or a 401/403. A role counts as it is now in the database, not as it was when the token was made. */
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
  const claims = await verifyAccessToken(ctx.config.secret, token, ctx.clock())
  const { rows } = claims
    ? await ctx.pool.query<{ role: Role }>({
        name: 'role of the caller',
        text: 'select users.role from users where users.id = $1 and users.is_active',
        values: [claims.id],
      })
    : { rows: [] }
  const role = rows[0]?.role
  if (!claims || !role) {
    if (access === 'public') return nobody
    throw new AppError('auth.required', 'Your session has ended; sign in again.')
  }
  if (rank[role] < rank[access])
    throw new AppError('auth.forbidden', `This needs the role ${access}; you are ${role}. Ask an admin.`)
  return { kind: 'user', id: claims.id, role, requestId: request.id }
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
  await countRequest(ctx, key.id, reply)
  await touchApiKey(ctx.pool, key, now)
  const role = key.scopes.includes('customers:read') ? 'manager' : 'user'
  return { kind: 'api_key', id: key.id, role, requestId: request.id }
}
