import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Session } from '#contract/accounts.ts'
import { audit } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../http/errors.ts'
import { countAttempt, forgetAttempts } from './attempts.ts'
import { passwordMatches } from './password.ts'
import { findCredentials } from './queries.ts'
import { passesSecondFactor } from './second-factor.ts'
import { openSession } from './session.ts'

/**
 * Signs in by password and, where there is one, second factor. A wrong password, an unknown address, an invitation that
 * was not answered and a deactivated account get one answer after one and the same time.
 * Throws auth.bad_credentials, auth.second_factor, rate.limited.
 */
export async function signIn(
  ctx: Ctx,
  input: { email: string; password: string; code?: string | undefined },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Session> {
  const attempt = { what: 'sign_in', account: input.email, ip: request.ip }
  await countAttempt(ctx, attempt, reply)
  const user = await findCredentials(ctx.pool, input.email)
  if (!(await passwordMatches(user?.password_hash ?? null, input.password)) || !user) {
    if (user) note(ctx, user.id, 'user.sign_in_refused', request)
    throw new AppError('auth.bad_credentials', 'The email address or the password is wrong.')
  }
  const { password_hash: _, ...known } = user
  if (known.has_second_factor) {
    if (input.code === undefined)
      throw new AppError('auth.second_factor', 'Write the six digits of your authenticator app, or a recovery code.')
    if (!(await passesSecondFactor(ctx, known.id, input.code))) {
      note(ctx, known.id, 'user.second_factor_refused', request)
      throw new AppError('auth.bad_code', 'This code is wrong or was used already. Wait for the next one.')
    }
  }
  await forgetAttempts(ctx, attempt)
  note(ctx, known.id, 'user.signed_in', request)
  return openSession(ctx, known, request, reply)
}

/** Not waited for: what an account adds to the trail must not be seen in the time of the answer. */
function note(ctx: Ctx, userId: string, action: string, request: FastifyRequest): void {
  audit(
    ctx.pool,
    { kind: 'user', id: userId, role: 'user', requestId: request.id },
    { action, entity: 'user', entityId: userId },
  ).catch((err: Error) => ctx.log.error({ err, action }, 'audit line not written'))
}
