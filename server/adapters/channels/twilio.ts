import type { TwilioConfig } from '#core/delivery/providers/sms.ts'
import type { Channel, Fate, Outcome } from '../../ports/channel.ts'
import type { Net } from '../net.ts'
import { basic, call, commonOutcome, pick, shorten, unreadable, withoutAnswer } from './http.ts'

/** Twilio keeps a text in its own queue up to this long. */
const longestQueueS = 14_400
/** Its list is consistent at once; a few minutes more cost nothing. */
const settlesAfterMs = 5 * 60_000
/** The number is none, cannot get texts, or its owner said STOP: not to be tried again. */
const deadNumber = new Set(['21211', '21214', '21217', '21219', '21610', '21614', '30005', '30006'])
/** Our registration, sender or account: nothing of the message. */
const ourSetUp = new Set(['20003', '20005', '21212', '21603', '21606', '21659', '21660', '21703', '21705', '30034'])

/**
 * Twilio Programmable Messaging. It has no reference of ours on a message, so the send id travels in the address of the
 * status callback, and a lost answer is looked up by number and time. A text never waits in its queue past our window.
 */
export function createTwilio(name: string, config: TwilioConfig, callbackUrl: string, net: Net): Channel {
  const base = config.base_url ?? 'https://api.twilio.com'
  const url = `${base}/2010-04-01/Accounts/${config.account_sid}/Messages.json`
  const headers = { authorization: basic(config.account_sid, config.auth_token) }
  return {
    name,
    kind: 'sms',
    async send(message, signal): Promise<Outcome> {
      const left = message.notAfter ? Math.floor((message.notAfter.getTime() - Date.now()) / 1000) : longestQueueS
      const fields: [string, string][] = [
        ['To', message.recipient],
        ['StatusCallback', `${callbackUrl}?send_id=${message.sendId}`],
        ['ValidityPeriod', String(Math.min(longestQueueS, Math.max(60, left)))],
        ...(config.from ? [['From', config.from] as [string, string]] : []),
        ...(config.messaging_service_sid
          ? [['MessagingServiceSid', config.messaging_service_sid] as [string, string]]
          : []),
        ['Body', message.text()],
      ]
      const answer = await call(net, {
        url,
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        body: fields.map(([k, v]) => `${strict(k)}=${strict(v)}`).join('&'),
        signal,
      })
      if (answer.kind !== 'answer') return withoutAnswer(answer)
      if (answer.status === 201 || answer.status === 200) {
        const sid = pick(answer.json, 'sid')
        return sid ? { kind: 'accepted', providerMessageId: sid } : unreadable
      }
      const code = pick(answer.json, 'code')
      const detail = shorten(pick(answer.json, 'message') ?? answer.text)
      if (code !== null && deadNumber.has(code)) return { kind: 'rejected', code, detail, suppress: true }
      if (code !== null && ourSetUp.has(code))
        return {
          kind: 'deferred',
          code,
          detail: `${detail} Check the provider under Settings.`,
          unreachable: true,
          retryAfterMs: 30_000,
        }
      return commonOutcome(answer, true) ?? { kind: 'rejected', code: code ?? `http.${answer.status}`, detail }
    },
    async lookUp(asked) {
      const fates = new Map<string, Fate>()
      for (const { sendId, recipient, at } of asked) {
        const since = new Date(at.getTime() - 5_000).toISOString().replace(/\.\d{3}/, '')
        const query = `To=${strict(recipient)}&DateSent%3E=${strict(since)}&PageSize=20`
        const answer = await call(net, {
          url: `${url}?${query}`,
          method: 'GET',
          headers,
          signal: AbortSignal.timeout(20_000),
        })
        const messages =
          answer.kind === 'answer' && answer.status === 200
            ? (answer.json as { messages?: unknown } | null)?.messages
            : null
        if (!Array.isArray(messages)) fates.set(sendId, 'unknown')
        else {
          // Caps let one text a week go to a number: what was made within two minutes is ours.
          const ours = messages.filter((m) => {
            const made = Date.parse(pick(m, 'date_created') ?? '')
            return pick(m, 'direction') !== 'inbound' && made - at.getTime() > -5_000 && made - at.getTime() < 120_000
          })
          fates.set(
            sendId,
            ours.some((m) => pick(m, 'status') === 'delivered')
              ? 'delivered'
              : ours.length > 0
                ? 'accepted'
                : Date.now() - at.getTime() > settlesAfterMs
                  ? 'absent'
                  : 'unknown',
          )
        }
      }
      return fates
    },
    close: () => Promise.resolve(),
  }
}

// As its own library writes forms: every byte outside the unreserved ones is escaped.
function strict(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
