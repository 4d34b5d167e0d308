import { formatMailbox } from '#core/delivery/headers.ts'
import type { ResendConfig } from '#core/delivery/providers/email.ts'
import type { Channel, Outcome } from '../../ports/channel.ts'
import type { Net } from '../net.ts'
import { call, commonOutcome, pick, shorten, unreadable, withoutAnswer, type Answer } from './http.ts'

/** How often a lost answer is asked for again with the same key; the key keeps it from being sent twice. */
const repeats = 2

/**
 * Resend: the one provider that documents idempotent sending. Our send id is the key, so an attempt whose answer was lost
 * is simply repeated (24 h), and only when that fails, too, is the outcome unknown.
 */
export function createResend(name: string, config: ResendConfig, net: Net): Channel {
  const base = config.base_url ?? 'https://api.resend.com'
  return {
    name,
    kind: 'email',
    async send(message, signal): Promise<Outcome> {
      const html = message.html()
      const body = JSON.stringify({
        from: formatMailbox(message.senderName, message.sender),
        headers: Object.fromEntries([...message.headers, ['Message-ID', message.messageId]]),
        ...(html === null ? {} : { html }),
        ...(message.replyTo ? { reply_to: message.replyTo } : {}),
        subject: message.subject ?? '',
        tags: [{ name: 'send_id', value: message.sendId }],
        text: message.text(),
        to: [message.recipient],
      })
      const headers = {
        authorization: `Bearer ${config.api_key}`,
        'content-type': 'application/json',
        'idempotency-key': message.sendId,
      }
      let outcome: Outcome = unreadable
      for (let turn = 0; turn <= repeats && !signal.aborted; turn++) {
        if (turn > 0) await pause(200 * 2 ** turn * (0.5 + Math.random() / 2), signal)
        const answer = await call(net, { url: `${base}/emails`, headers, body, signal, timeoutMs: 15_000 })
        const next = read(answer)
        // A first answer that was lost cannot be taken back by a later refusal to connect.
        if (turn > 0 && next.kind === 'deferred' && (next.unreachable || next.throttled)) continue
        outcome = next
        if (outcome.kind !== 'unknown') return outcome
      }
      return outcome
    },
    close: () => Promise.resolve(),
  }
}

function read(answer: Answer): Outcome {
  if (answer.kind !== 'answer') return withoutAnswer(answer)
  const error = pick(answer.json, 'name')
  const text = shorten(pick(answer.json, 'message') ?? answer.text)
  if (answer.status >= 200 && answer.status < 300) {
    const id = pick(answer.json, 'id')
    return id ? { kind: 'accepted', providerMessageId: id } : unreadable
  }
  // The first request with this key is still being worked on.
  if (error === 'concurrent_idempotent_requests') return { kind: 'unknown', detail: text }
  // The key was used with another body: that message was taken.
  if (error === 'invalid_idempotent_request') return { kind: 'accepted', providerMessageId: null }
  if (error === 'daily_quota_exceeded' || error === 'monthly_quota_exceeded')
    return { kind: 'deferred', code: error, detail: text, unreachable: true, retryAfterMs: 15 * 60_000 }
  return commonOutcome(answer, true) ?? { kind: 'rejected', code: error ?? `http.${answer.status}`, detail: text }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
