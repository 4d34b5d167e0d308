import type { SmsHttpConfig, TwilioConfig } from '#core/delivery/providers/sms.ts'
import { classifyReply } from '#core/feedback/inbound.ts'
import { readSmsHttp } from '#core/feedback/reports/sms-http.ts'
import type { Ctx } from '../../context.ts'
import { readSetting } from '../../settings.ts'
import { isBodySigned, isTwilioSigned, sameText } from '../signatures.ts'
import { idOr, short } from './email.ts'
import { header, jsonOf, keysOf, notSetUp, refuse, type HookReader } from './hook.ts'
import { at } from '#core/feedback/reports/report.ts'

/**
 * Twilio: status callbacks carry our send id in their address; everything else is a text that came in. Signed over the
 * public address, so PUBLIC_URL must be the one that Twilio was given.
 */
export const twilioHook: HookReader<TwilioConfig> = async (ctx, post, config) => {
  const tokens = keysOf(config.auth_token, config.auth_token_previous)
  const signature = header(post, 'x-twilio-signature')
  const isJson = header(post, 'content-type').includes('json')
  const fields = isJson ? [] : [...new URLSearchParams(post.raw.toString('utf8'))]
  const body = isJson ? { raw: post.raw } : { fields }
  if (!tokens.some((token) => isTwilioSigned(token, post.url, body, signature)))
    return refuse(403, 'The signature does not fit. Is PUBLIC_URL the address that Twilio posts to?')
  const event = isJson ? jsonOf(post) : Object.fromEntries(fields)
  if (typeof event !== 'object' || event === null) return refuse(400, 'It has no fields.')
  const { MessageSid: sid, MessageStatus: status, Body: text } = event as Record<string, string | undefined>
  const known = {
    ...event,
    send_id: new URL(post.url).searchParams.get('send_id'),
    received_at: post.now.toISOString(),
  }
  if (status) return { ok: true, items: [{ key: short(`${sid}:${status}`), body: known }] }
  if (text === undefined) return { ok: true, items: [] }
  const isAnswered = 'OptOutType' in event || answeredByTwilio.test(text)
  const said = isAnswered ? null : await replyTo(ctx, text)
  return {
    ok: true,
    items: [{ key: short(`in:${sid}`), body: known }],
    answer: {
      type: 'text/xml; charset=utf-8',
      body: `<?xml version="1.0" encoding="UTF-8"?><Response>${said ? `<Message>${escapeXml(said)}</Message>` : ''}</Response>`,
    },
  }
}

/** Any gateway: HMAC of the body, or the secret itself in a header. The answer says what to text back, if anything. */
export const smsHttpHook: HookReader<SmsHttpConfig> = async (ctx, post, config) => {
  const secrets = keysOf(config.webhook_secret, config.webhook_secret_previous)
  if (secrets.length === 0) return notSetUp('The webhook secret')
  const signature = header(post, 'x-signature')
  const plain = header(post, 'x-webhook-secret')
  const isRight = secrets.some(
    (s) => (signature !== '' && isBodySigned(s, post.raw, signature)) || (plain !== '' && sameText(s, plain)),
  )
  if (!isRight) return refuse(401, 'Neither signature nor secret fit.')
  const isForm = header(post, 'content-type').includes('urlencoded')
  const body = isForm ? Object.fromEntries(new URLSearchParams(post.raw.toString('utf8'))) : jsonOf(post)
  if (typeof body !== 'object' || body === null) return refuse(400, 'The body is neither JSON nor a form.')
  const events: unknown[] = Array.isArray(body) ? body : [body]
  // How it is read belongs to it: the settings may have changed by then.
  const as = {
    status_path: config.status_path,
    text_field: config.text_field,
    reference_field: config.reference_field,
    delivered_words: config.delivered_words,
    failed_words: config.failed_words,
  }
  const items = events.map((event) => {
    const id = at(event, 'id') ?? at(event, ...config.id_path.split('.'))
    const status = at(event, ...config.status_path.split('.'))
    const key = id === undefined ? idOr(null, event) : `${String(id)}:${typeof status === 'string' ? status : 'in'}`
    return { key: short(key), body: { event, as, received_at: post.now.toISOString() } }
  })
  const first = items.length === 1 ? readSmsHttp(items[0]!.body) : null
  const said = first?.type === 'reply' ? await replyTo(ctx, first.body) : null
  return { ok: true, items, answer: { type: 'application/json', body: JSON.stringify({ reply: said }) } }
}

// Twilio answers these by itself, whole and alone; a second answer would be one too many.
const answeredByTwilio = /^\s*(stop|stopall|unsubscribe|cancel|end|quit|revoke|optout|start|yes|unstop|help|info)\s*$/i

/** The one text that may go back: a confirmation of a no, or who we are. Never marketing. */
async function replyTo(ctx: Ctx, body: string): Promise<string | null> {
  const { meaning } = classifyReply(body)
  if (meaning !== 'stop' && meaning !== 'help') return null
  const { name } = await readSetting(ctx.pool, 'shop')
  return meaning === 'help'
    ? `${name}: marketing texts. Msg & data rates may apply. Reply STOP to end.`
    : `${name}: you will get no more marketing texts.`
}

function escapeXml(text: string): string {
  return text
    .replace(/[<>&'"]/g, (c) => `&#${c.charCodeAt(0)};`)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
}
