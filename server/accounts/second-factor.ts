import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { generateSecret, generateURI, verifySync } from 'otplib'
import type { ClientBase } from 'pg'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError } from '../http/errors.ts'
import { deriveKey } from '../keys.ts'
import { decryptSecret, encryptSecret } from '../secrets.ts'
import { readSetting } from '../settings.ts'

/** Clocks of phones go wrong by less than this; RFC 6238 recommends one step. */
const toleranceSeconds = 30
const codeCount = 10
// No vowels, so no words; no 0/o, 1/l.
const letters = 'bcdfghjkmnpqrstvwxz23456789'

const contextOf = (userId: string): string => `users.totp.${userId}`

/** The step of time a code is for, or null when it is wrong, too old, or was used before. */
function stepOf(secret: string, code: string, now: Date, lastStep: number | null): number | null {
  if (!/^\d{6}$/.test(code)) return null
  const answer = verifySync({
    secret,
    token: code,
    epoch: Math.floor(now.getTime() / 1000),
    epochTolerance: toleranceSeconds,
    ...(lastStep === null ? {} : { afterTimeStep: lastStep }),
  })
  return answer.valid && 'timeStep' in answer ? answer.timeStep : null
}

/** A new secret for the app of a user, which counts once a code confirmed it. */
export async function beginSecondFactor(ctx: Ctx, userId: string): Promise<{ secret: string; uri: string }> {
  const secret = generateSecret()
  const { name } = await readSetting(ctx.pool, 'shop')
  const { rows } = await ctx.pool.query<{ email: string }>(
    `update users set totp_secret_enc = $2, totp_last_step = null where id = $1 and totp_confirmed_at is null returning email`,
    [userId, encryptSecret(ctx.config, contextOf(userId), secret)],
  )
  if (!rows[0]) throw new AppError('conflict', 'There is a second factor already; remove it first.')
  return { secret, uri: generateURI({ issuer: name, label: rows[0].email, secret }) }
}

/** The first code of the app makes it count. Answers with recovery codes. Throws InputError for a wrong code. */
export async function confirmSecondFactor(ctx: Ctx, actor: Actor, userId: string, code: string): Promise<string[]> {
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ totp_secret_enc: string | null; is_on: boolean }>(
      'select u.totp_secret_enc, u.totp_confirmed_at is not null as is_on from users as u where u.id = $1 for update',
      [userId],
    )
    const stored = rows[0]?.totp_secret_enc
    if (!stored || rows[0]!.is_on)
      throw new AppError('conflict', 'Begin anew: there is no secret that waits for a code.')
    const step = stepOf(decryptSecret(ctx.config, contextOf(userId), stored), code, ctx.clock(), null)
    if (step === null)
      throw new InputError([
        { path: 'code', message: 'This is not the code of this moment; check the clock of the phone.' },
      ])
    await tx.query('update users set totp_confirmed_at = $2, totp_last_step = $3 where id = $1', [
      userId,
      ctx.clock(),
      step,
    ])
    await audit(tx, actor, { action: 'user.second_factor_added', entity: 'user', entityId: userId })
    return makeRecoveryCodes(ctx, tx, userId)
  })
}

/** Checks a code at sign-in: of the app, each good once, or a recovery code, which is spent by it. */
export async function passesSecondFactor(ctx: Ctx, userId: string, code: string): Promise<boolean> {
  return withTx(ctx.pool, async (tx) => {
    // Locked, so that one code of one moment opens one session.
    const { rows } = await tx.query<{ totp_secret_enc: string; totp_last_step: number | null }>(
      'select u.totp_secret_enc, u.totp_last_step from users as u where u.id = $1 and u.totp_confirmed_at is not null for update',
      [userId],
    )
    const user = rows[0]
    if (!user) return false
    const secret = decryptSecret(ctx.config, contextOf(userId), user.totp_secret_enc)
    const step = stepOf(secret, code.replace(/\s/g, ''), ctx.clock(), user.totp_last_step)
    if (step !== null) {
      await tx.query('update users set totp_last_step = $2 where id = $1', [userId, step])
      return true
    }
    const { rows: open } = await tx.query<{ code_hash: Buffer }>(
      'select r.code_hash from recovery_codes as r where r.user_id = $1 and r.used_at is null',
      [userId],
    )
    const given = hashOf(ctx, userId, code)
    const match = open.find((r) => timingSafeEqual(r.code_hash, given))
    if (!match) return false
    await tx.query('update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2', [
      userId,
      match.code_hash,
      ctx.clock(),
    ])
    await audit(
      tx,
      { kind: 'user', id: userId, role: 'user' },
      {
        action: 'user.recovery_code_used',
        entity: 'user',
        entityId: userId,
        after: { left: open.length - 1 },
      },
    )
    return true
  })
}

/** Does without the second factor; its secret and the recovery codes are forgotten. False when there was none. */
export async function removeSecondFactor(tx: ClientBase, actor: Actor, userId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update users set totp_secret_enc = null, totp_confirmed_at = null, totp_last_step = null where id = $1 and totp_secret_enc is not null`,
    [userId],
  )
  await tx.query('delete from recovery_codes where user_id = $1', [userId])
  if (rowCount) await audit(tx, actor, { action: 'user.second_factor_removed', entity: 'user', entityId: userId })
  return (rowCount ?? 0) > 0
}

/** Ten new codes in place of the old ones; only keyed hashes are kept. */
export async function renewRecoveryCodes(ctx: Ctx, actor: Actor, userId: string): Promise<string[]> {
  return withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query(
      'select from users as u where u.id = $1 and u.totp_confirmed_at is not null for update',
      [userId],
    )
    if (!rowCount) throw new AppError('conflict', 'Add a second factor first.')
    await audit(tx, actor, { action: 'user.recovery_codes_renewed', entity: 'user', entityId: userId })
    return makeRecoveryCodes(ctx, tx, userId)
  })
}

async function makeRecoveryCodes(ctx: Ctx, tx: ClientBase, userId: string): Promise<string[]> {
  await tx.query('delete from recovery_codes where user_id = $1', [userId])
  const codes = Array.from({ length: codeCount }, () => {
    // 27^10 is 47 bits; with the limit of attempts nobody guesses one of ten.
    const text = Array.from(randomBytes(10), (byte) => letters[byte % letters.length]).join('')
    return `${text.slice(0, 5)}-${text.slice(5)}`
  })
  await tx.query('insert into recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])', [
    userId,
    codes.map((code) => hashOf(ctx, userId, code)),
  ])
  return codes
}

const hashOf = (ctx: Ctx, userId: string, code: string): Buffer =>
  createHmac('sha256', deriveKey(ctx.config.secret, 'recovery-codes'))
    .update(`${userId} ${code.toLowerCase().replace(/[^a-z0-9]/g, '')}`)
    .digest()
