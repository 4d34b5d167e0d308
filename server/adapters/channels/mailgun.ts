import type { MailgunConfig } from '#core/delivery/providers/email.ts'
import type { Channel, Fate, Outcome } from '../../ports/channel.ts'
import type { Net } from '../net.ts'
import { basic, call, commonOutcome, pick, shorten, unreadable, withoutAnswer } from './http.ts'

/** How long its events may lag: before that, "not found" says nothing. */
const settlesAfterMs = 15 * 60_000

/**
 * Mailgun: the finished MIME message goes to `messages.mime`, so that headers and Message-ID are ours; its own tracking
 * is off. Our send id travels as `v:send_id` and is what its Events API is asked for when an answer was lost.
 */
export function createMailgun(name: string, config: MailgunConfig, net: Net): Channel {
  const base = config.base_url ?? (config.region === 'eu' ? 'https://api.eu.mailgun.net' : 'https://api.mailgun.net')
  const url = `${base}/v3/${encodeURIComponent(config.domain)}`
  const headers = { authorization: basic('api', config.api_key) }
  return {
    name,
    kind: 'email',
    async send(message, signal): Promise<Outcome> {
      const body = new FormData()
      body.append('to', message.recipient)
      body.append('message', message.mime())
      body.append('v:send_id', message.sendId)
      body.append('o:tracking', 'no')
      const answer = await call(net, { url: `${url}/messages.mime`, headers, body, signal })
      if (answer.kind !== 'answer') return withoutAnswer(answer)
      if (answer.status === 200) {
        const id = pick(answer.json, 'id')
        return id ? { kind: 'accepted', providerMessageId: id } : unreadable
      }
      const text = pick(answer.json, 'message') ?? answer.text
      const outcome = commonOutcome(answer, true)
      if (outcome?.kind === 'deferred' && outcome.throttled && outcome.retryAfterMs === undefined) {
        // "…try again after Wed, 25 Nov 2026 18:00:00 GMT": the only place where it says how long.
        const until = Date.parse(/again after (.+?)\.?$/i.exec(text)?.[1] ?? '')
        return Number.isFinite(until)
          ? { ...outcome, retryAfterMs: Math.min(3_600_000, Math.max(0, until - Date.now())) }
          : outcome
      }
      if (outcome) return outcome
      // 404: the domain is not theirs. That is our set-up, not the message's fault.
      if (answer.status === 404 || answer.status === 402)
        return {
          kind: 'deferred',
          code: `http.${answer.status}`,
          detail: shorten(text),
          unreachable: true,
          retryAfterMs: 30_000,
        }
      return { kind: 'rejected', code: `http.${answer.status}`, detail: shorten(text) }
    },
    async lookUp(asked) {
      const fates = new Map<string, Fate>()
      for (const { sendId, recipient, at } of asked) {
        const query = new URLSearchParams({
          begin: String(Math.floor(at.getTime() / 1000) - 300),
          ascending: 'yes',
          limit: '50',
          recipient,
          event: 'accepted OR delivered OR failed',
        })
        const answer = await call(net, {
          url: `${url}/events?${query}`,
          method: 'GET',
          headers,
          signal: AbortSignal.timeout(20_000),
        })
        const items = answer.kind === 'answer' && answer.status === 200 ? itemsOf(answer.json) : null
        if (!items) fates.set(sendId, 'unknown')
        else {
          const ours = items.filter((e) => pick(e, 'user-variables.send_id') === sendId)
          fates.set(
            sendId,
            ours.some((e) => pick(e, 'event') === 'delivered')
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

function itemsOf(json: unknown): unknown[] | null {
  const items = (json as { items?: unknown } | null)?.items
  return Array.isArray(items) ? items : null
}
