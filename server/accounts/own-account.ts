import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { accounts, User } from '#contract/accounts.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { InputError, notFound } from '../http/errors.ts'
import { countAttempt, forgetAttempts } from './attempts.ts'
import { requireGoodPassword } from './links.ts'
import { hashPassword, passwordMatches } from './password.ts'
import { findCredentials, findUser, shownUser, updateUser } from './queries.ts'
import { closeSessionsOf } from './session.ts'

/**
 * What only the owner of the account may do asks for the password again: a browser that was left open is not enough.
 * Throws InputError at `path`, or rate.limited.
 */
export async function requirePassword(
  ctx: Ctx,
  actor: Actor,
  path: string,
  password: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const attempt = { what: 'password', account: actor.id, ip: request.ip }
  await countAttempt(ctx, attempt, reply)
  const user = await findUser(ctx.pool, actor.id!)
  const known = user ? await findCredentials(ctx.pool, user.email) : null
  if (!(await passwordMatches(known?.password_hash ?? null, password)))
    throw new InputError([{ path, message: 'This is not your present password.' }])
  await forgetAttempts(ctx, attempt)
}

/** Changes one's own name or password; a new password signs all other browsers out. */
export async function updateMe(
  ctx: Ctx,
  actor: Actor,
  body: z.output<typeof accounts.updateMe.body>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<User> {
  const user = await findUser(ctx.pool, actor.id!)
  if (!user) throw notFound('user')
  const fullName = body.full_name === undefined ? user.full_name : body.full_name
  let passwordHash: string | null = null
  if (body.new_password !== undefined) {
    await requirePassword(ctx, actor, 'current_password', body.current_password ?? '', request, reply)
    await requireGoodPassword(ctx, 'new_password', body.new_password, { email: user.email, fullName })
    passwordHash = await hashPassword(body.new_password)
  }
  return withTx(ctx.pool, async (tx) => {
    const after = await updateUser(tx, user.id, { fullName, passwordHash })
    if (passwordHash) await closeSessionsOf(tx, user.id, 'password_changed', ctx.clock(), actor.sessionId ?? null)
    await audit(tx, actor, {
      action: 'user.updated',
      entity: 'user',
      entityId: user.id,
      after: { password_changed: passwordHash !== null },
    })
    return shownUser(after)
  })
}
