import type { SendgridConfig } from '#core/delivery/providers/email.ts'
import type { Channel, Outcome } from '../../ports/channel.ts'
import type { Net } from '../net.ts'
import { call, commonOutcome, pick, shorten, withoutAnswer } from './http.ts'

/** Headers that SendGrid sets itself and refuses from us. */
const reserved = /^(x-sg-|received|dkim-|content-|to|from|subject|reply-to|cc|bcc|mime-version|date)/i

/**
 * SendGrid Mail Send v3, one personalization a call. Our send id travels in `custom_args`, which come back in every
 * event. It cannot be asked for a message, so a lost answer is settled by its `processed` event.
 */
export function createSendgrid(name: string, config: SendgridConfig, net: Net): Channel {
  const base = config.base_url ?? (config.region === 'eu' ? 'https://api.eu.sendgrid.com' : 'https://api.sendgrid.com')
  return {
    name,
    kind: 'email',
    async send(message, signal): Promise<Outcome> {
      const html = message.html()
      const body = JSON.stringify({
        from: { email: message.sender, ...(message.senderName ? { name: message.senderName } : {}) },
        subject: message.subject ?? '',
        personalizations: [{ to: [{ email: message.recipient }] }],
        content: [
          { value: message.text(), type: 'text/plain' },
          ...(html === null ? [] : [{ value: html, type: 'text/html' }]),
        ],
        headers: Object.fromEntries([
          ...message.headers.filter(([n]) => !reserved.test(n)),
          ['Message-ID', message.messageId],
        ]),
        tracking_settings: {
          click_tracking: { enable: false, enable_text: false },
          open_tracking: { enable: false },
          subscription_tracking: { enable: false },
        },
        custom_args: { send_id: message.sendId },
        ...(message.replyTo ? { reply_to: { email: message.replyTo } } : {}),
      })
      const answer = await call(net, {
        url: `${base}/v3/mail/send`,
        headers: { authorization: `Bearer ${config.api_key}`, 'content-type': 'application/json' },
        body,
        signal,
      })
      if (answer.kind !== 'answer') return withoutAnswer(answer)
      if (answer.status >= 200 && answer.status < 300)
        return { kind: 'accepted', providerMessageId: answer.headers.get('x-message-id') }
      return (
        commonOutcome(withRateReset(answer), false) ?? {
          kind: 'rejected',
          code: `http.${answer.status}`,
          detail: shorten(pick(answer.json, 'errors.0.message') ?? answer.text),
        }
      )
    },
    close: () => Promise.resolve(),
  }
}

// Its 429 has no Retry-After but says when the minute is over.
function withRateReset<T extends { headers: Headers }>(answer: T): T {
  const reset = Number(answer.headers.get('x-ratelimit-reset'))
  if (answer.headers.has('retry-after') || !Number.isFinite(reset) || reset <= 0) return answer
  const headers = new Headers(answer.headers)
  headers.set('retry-after', String(Math.max(0, reset - Math.floor(Date.now() / 1000))))
  return { ...answer, headers }
}
