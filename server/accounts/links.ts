import { createHash, randomBytes } from 'node:crypto'
import type { ClientBase, Pool } from 'pg'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { mailStaff, plainMail } from '../staff-mail.ts'
import { hashPassword } from './password.ts'
import { passwordFault } from './password-rules.ts'
import { closeSessionsOf } from './session.ts'

export type LinkPurpose = 'invitation' | 'password_reset'

const hours: Record<LinkPurpose, number> = { invitation: 7 * 24, password_reset: 1 }
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A new link, which ends those before it. The token stands behind the #: browsers send it to no server and to no log. */
export async function makeLink(
  ctx: Ctx,
  tx: ClientBase,
  userId: string,
  purpose: LinkPurpose,
): Promise<{ url: string; expiresAt: Date }> {
  const token = randomBytes(32).toString('base64url')
  const expiresAt = new Date(ctx.clock().getTime() + hours[purpose] * 3_600_000)
  await tx.query('update user_links set used_at = $3 where user_id = $1 and purpose = $2 and used_at is null', [
    userId,
    purpose,
    ctx.clock(),
  ])
  await tx.query('insert into user_links (user_id, purpose, token_hash, expires_at) values ($1, $2, $3, $4)', [
    userId,
    purpose,
    hashOf(token),
    expiresAt,
  ])
  return { url: `${ctx.config.publicUrl}/welcome#${token}`, expiresAt }
}

/** Mails an invitation; true when the channel took it. */
export async function mailInvitation(ctx: Ctx, email: string, url: string): Promise<boolean> {
  const { name } = await readSetting(ctx.pool, 'shop')
  const outcome = await mailStaff(ctx, {
    recipient: email,
    subject: `Your account at ${name}`,
    isConfidential: true,
    ...plainMail([
      `${name} invites you to its marketing desk.`,
      'Choose your password here. The link is good for seven days, and once.',
      url,
      'If you do not know this shop, ignore this mail: without the link nothing happens.',
    ]),
  })
  return outcome.kind === 'accepted'
}

/**
 * Mails a link to a new password, if the address belongs to somebody active. It answers nothing and takes its time after
 * the request was answered, so neither words nor time tell who has an account.
 */
export async function mailPasswordReset(ctx: Ctx, email: string, requestId: string): Promise<void> {
  const { rows } = await ctx.pool.query<{ id: string; is_invited: boolean; recent: number }>(
    `select u.id, u.password_hash is null as is_invited,
       (select count(*) from user_links as l where l.user_id = u.id and l.created_at > $2::timestamptz - interval '1 hour') as recent
     from users as u where u.email = $1 and u.is_active`,
    [email, ctx.clock()],
  )
  const user = rows[0]
  // Three an hour are enough for a person; more would be somebody filling a mailbox.
  if (!user || user.recent >= 3) return
  const purpose: LinkPurpose = user.is_invited ? 'invitation' : 'password_reset'
  const { url } = await withTx(ctx.pool, async (tx) => {
    await audit(
      tx,
      { kind: 'system', id: null, role: 'admin', requestId },
      { action: 'user.reset_mailed', entity: 'user', entityId: user.id },
    )
    return makeLink(ctx, tx, user.id, purpose)
  })
  if (purpose === 'invitation') {
    await mailInvitation(ctx, email, url)
    return
  }
  const { name } = await readSetting(ctx.pool, 'shop')
  await mailStaff(ctx, {
    recipient: email,
    subject: `A new password at ${name}`,
    isConfidential: true,
    ...plainMail([
      'Somebody asked for a new password for this address. Choose it here; the link is good for an hour, and once.',
      url,
      'If it was not you, ignore this mail: your password stays as it is.',
    ]),
  })
}

interface OpenLink {
  id: string
  user_id: string
  purpose: LinkPurpose
  email: string
  full_name: string | null
}

/** The link that a token opens. Throws `link.ended` when it was used, replaced, or is too old. */
export async function findLink(ctx: Ctx, client: ClientBase | Pool, token: string, lock = ''): Promise<OpenLink> {
  const { rows } = await client.query<OpenLink>(
    `select l.id, l.user_id, l.purpose, u.email, u.full_name from user_links as l join users as u on u.id = l.user_id
     where l.token_hash = $1 and l.used_at is null and l.expires_at > $2 and u.is_active ${lock}`,
    [hashOf(token), ctx.clock()],
  )
  if (!rows[0])
    throw new AppError('link.ended', 'This link was used already or is too old. Ask for a new one on the sign-in page.')
  return rows[0]
}

/** Chooses the password by a link. All sessions end, so that whoever knew the old password is out. */
export async function usePasswordLink(
  ctx: Ctx,
  actor: Actor,
  input: { token: string; password: string; full_name?: string | undefined },
): Promise<void> {
  const { email, full_name } = await findLink(ctx, ctx.pool, input.token)
  await requireGoodPassword(ctx, 'password', input.password, { email, fullName: input.full_name ?? full_name })
  const passwordHash = await hashPassword(input.password)
  await withTx(ctx.pool, async (tx) => {
    const link = await findLink(ctx, tx, input.token, 'for update of l')
    const now = ctx.clock()
    await tx.query('update user_links set used_at = $2 where user_id = $1 and used_at is null', [link.user_id, now])
    await tx.query(
      `update users set password_hash = $2, full_name = coalesce($3, full_name), password_changed_at = $4, has_public_password = false,
         updated_at = now() where id = $1`,
      [link.user_id, passwordHash, input.full_name ?? null, now],
    )
    await closeSessionsOf(tx, link.user_id, 'password_changed', now)
    await audit(
      tx,
      { ...actor, kind: 'user', id: link.user_id },
      {
        action: link.purpose === 'invitation' ? 'user.joined' : 'user.password_reset',
        entity: 'user',
        entityId: link.user_id,
      },
    )
  })
}

/** Throws InputError at `path` when the password is one that guessers try first. */
export async function requireGoodPassword(
  ctx: Ctx,
  path: string,
  password: string,
  about: { email: string; fullName?: string | null },
): Promise<void> {
  const { name } = await readSetting(ctx.pool, 'shop')
  const fault = await passwordFault(password, { ...about, shop: name })
  if (fault) throw new InputError([{ path, message: fault }])
}
