import { createHash } from 'node:crypto'
import type { MailgunConfig, PostmarkConfig, ResendConfig, SendgridConfig } from '#core/delivery/providers/email.ts'
import { at } from '#core/feedback/reports/report.ts'
import { isMailgunSigned, isSendgridSigned, isStandardSigned, readBasic, sameText } from '../signatures.ts'
import { header, jsonOf, keysOf, notSetUp, refuse, type HookItem, type HookReader } from './hook.ts'

/** Providers try again for up to a day; older posts are replays. */
const dayMs = 26 * 3_600_000
const aheadMs = 10 * 60_000

function isTimely(seconds: string, now: Date, backMs = dayMs, forthMs = aheadMs): boolean {
  const age = now.getTime() - Number(seconds) * 1000
  return /^\d{9,12}$/.test(seconds) && age < backMs && age > -forthMs
}

/** The body is not signed, only timestamp and token: each token is good for one event, so its body cannot be swapped. */
export const mailgunHook: HookReader<MailgunConfig> = (_ctx, post, config) => {
  const keys = keysOf(config.webhook_signing_key, config.webhook_signing_key_previous)
  if (keys.length === 0) return notSetUp('The webhook signing key')
  const body = jsonOf(post)
  const [timestamp, token, signature] = ['timestamp', 'token', 'signature'].map((n) => at(body, 'signature', n))
  // 406 tells Mailgun to stop: a post without its parts will not become better.
  if (typeof timestamp !== 'string' || typeof token !== 'string' || typeof signature !== 'string')
    return refuse(406, 'It is no post of Mailgun’s webhooks (no signature).')
  if (!isTimely(timestamp, post.now)) return refuse(406, 'Its timestamp is more than a day old.')
  if (!keys.some((key) => isMailgunSigned(key, timestamp, token, signature)))
    return refuse(401, 'The signature does not fit the webhook signing key.')
  return { ok: true, items: [{ key: token, body: at(body, 'event-data') ?? {} }] }
}

/** Signed over timestamp and raw bytes, the CRLF at the end included. */
export const sendgridHook: HookReader<SendgridConfig> = (_ctx, post, config) => {
  const keys = keysOf(config.webhook_public_key, config.webhook_public_key_previous)
  if (keys.length === 0) return notSetUp('The verification key')
  const timestamp = header(post, 'x-twilio-email-event-webhook-timestamp')
  const signature = header(post, 'x-twilio-email-event-webhook-signature')
  if (!isTimely(timestamp, post.now)) return refuse(401, 'Its timestamp is missing or more than a day old.')
  if (!keys.some((key) => isSendgridSigned(key, timestamp, post.raw, signature)))
    return refuse(401, 'The signature does not fit the verification key.')
  const events = jsonOf(post)
  if (!Array.isArray(events)) return refuse(400, 'It is no list of events.')
  return { ok: true, items: events.map((e): HookItem => ({ key: idOr(at(e, 'sg_event_id'), e), body: e })) }
}

/** Not signed: user and password of the address, as Basic or, for other senders, in one header. */
export const postmarkHook: HookReader<PostmarkConfig> = (_ctx, post, config) => {
  const passwords = keysOf(config.webhook_password, config.webhook_password_previous)
  if (passwords.length === 0) return notSetUp('The webhook password')
  const basic = readBasic(header(post, 'authorization'))
  const isRight =
    basic !== null && sameText(basic.user, config.webhook_user) && passwords.some((p) => sameText(p, basic.password))
  // 403 would make Postmark stop for good; a password that is being changed should not.
  if (!isRight) return refuse(401, 'User and password are not those of the settings.')
  const event = jsonOf(post)
  if (typeof at(event, 'RecordType') !== 'string') return refuse(400, 'It is no post of Postmark’s webhooks.')
  const id = at(event, 'ID')
  const key =
    typeof id === 'number' || typeof id === 'string'
      ? `${String(at(event, 'RecordType'))}:${id}`
      : ['RecordType', 'MessageID', 'Recipient', 'DeliveredAt', 'ReceivedAt', 'ChangedAt', 'OriginalLink']
          .map((n) => at(event, n) ?? '')
          .join(':')
  return { ok: true, items: [{ key: short(key), body: event }] }
}

/** Standard Webhooks: each try is signed anew, so five minutes are enough. */
export const resendHook: HookReader<ResendConfig> = (_ctx, post, config) => {
  const secrets = keysOf(config.webhook_secret, config.webhook_secret_previous)
  if (secrets.length === 0) return notSetUp('The webhook signing secret')
  const id = header(post, 'svix-id') || header(post, 'webhook-id')
  const timestamp = header(post, 'svix-timestamp') || header(post, 'webhook-timestamp')
  const signature = header(post, 'svix-signature') || header(post, 'webhook-signature')
  if (!isTimely(timestamp, post.now, 5 * 60_000, 5 * 60_000))
    return refuse(401, 'Its timestamp is more than five minutes off. Is the clock of this server right?')
  if (id === '' || !secrets.some((s) => isStandardSigned(s, id, timestamp, post.raw, signature)))
    return refuse(401, 'The signature does not fit the signing secret.')
  const event = jsonOf(post)
  return event === undefined
    ? refuse(400, 'The body is no JSON.')
    : { ok: true, items: [{ key: short(id), body: event }] }
}

/** The provider's own id, or the hash of an event that has none. */
export function idOr(id: unknown, event: unknown): string {
  return typeof id === 'string' && id !== ''
    ? short(id)
    : createHash('sha256')
        .update(JSON.stringify(event) ?? '')
        .digest('hex')
}

/** A key that an index holds; a longer one becomes its hash. */
export function short(key: string): string {
  const clean = key.toWellFormed().replaceAll('\u0000', '')
  return clean.length <= 300 ? clean : createHash('sha256').update(clean).digest('hex')
}
