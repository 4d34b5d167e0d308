import type { SmtpConfig } from '#core/delivery/providers/email.ts'
import { takeApart } from '../bounces.ts'
import { readBasic, sameText } from '../signatures.ts'
import { header, keysOf, notSetUp, refuse, type HookReader } from './hook.ts'

/**
 * Bounces that a mail server posts instead of keeping them: the message as it is, with the password as Bearer or Basic.
 * `?recipient=` may name the address of the envelope. What proves nothing is taken and forgotten.
 */
export const smtpHook: HookReader<SmtpConfig> = (ctx, post, config) => {
  const passwords = keysOf(config.webhook_password)
  if (passwords.length === 0) return notSetUp('The webhook password')
  const authorization = header(post, 'authorization')
  const given = /^Bearer (.+)$/i.exec(authorization)?.[1] ?? readBasic(authorization)?.password ?? ''
  if (!passwords.some((p) => sameText(p, given))) return refuse(401, 'The password is not that of the settings.')
  const { items } = takeApart(
    ctx.config,
    post.raw.toString('latin1'),
    post.now,
    // A plus that nobody escaped reads as a blank.
    new URL(post.url).searchParams.get('recipient')?.replaceAll(' ', '+') ?? null,
  )
  return { ok: true, items }
}
