import { formatMailbox } from '#core/delivery/headers.ts'
import type { PostmarkConfig } from '#core/delivery/providers/email.ts'
import type { Channel, Fate, Outcome } from '../../ports/channel.ts'
import type { Net } from '../net.ts'
import { call, commonOutcome, pick, shorten, unreadable, withoutAnswer } from './http.ts'

const settlesAfterMs = 10 * 60_000
/** Error codes of the body that speak of our account, not of the message: token, stream, server, credits, approval. */
const ourSetUp = new Set(['10', '400', '401', '405', '412', '413', '701', '1235'])

/**
 * Postmark, broadcast stream. The error code of the body decides: its numbers collide with those of HTTP and mean other
 * things. Our send id travels as metadata, by which its message search finds it again.
 */
export function createPostmark(name: string, config: PostmarkConfig, net: Net): Channel {
  const base = config.base_url ?? 'https://api.postmarkapp.com'
  const headers = { 'X-Postmark-Server-Token': config.server_token }
  return {
    name,
    kind: 'email',
    async send(message, signal): Promise<Outcome> {
      const html = message.html()
      const body = JSON.stringify({
        From: formatMailbox(message.senderName, message.sender),
        To: message.recipient,
        Subject: message.subject ?? '',
        ...(html === null ? {} : { HtmlBody: html }),
        TextBody: message.text(),
        ...(message.replyTo ? { ReplyTo: message.replyTo } : {}),
        Headers: [...message.headers, ['Message-ID', message.messageId] as const].map(([Name, Value]) => ({
          Name,
          Value,
        })),
        Metadata: { send_id: message.sendId },
        MessageStream: config.message_stream,
        TrackOpens: false,
        TrackLinks: 'None',
      })
      const answer = await call(net, {
        url: `${base}/email`,
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal,
      })
      if (answer.kind !== 'answer') return withoutAnswer(answer)
      const code = pick(answer.json, 'ErrorCode')
      const text = shorten(pick(answer.json, 'Message') ?? answer.text)
      if (answer.status === 200 && code === '0')
        return { kind: 'accepted', providerMessageId: pick(answer.json, 'MessageID') }
      // Inactive: it bounced hard or complained before, so the address is dead for us, too.
      if (code === '406') return { kind: 'rejected', code: 'postmark.406', detail: text, suppress: true }
      if (code === '429' || code === '100')
        return {
          kind: 'deferred',
          code: `postmark.${code}`,
          detail: text,
          ...(code === '429' ? { throttled: true } : { unreachable: true }),
        }
      if (code !== null && ourSetUp.has(code))
        return {
          kind: 'deferred',
          code: `postmark.${code}`,
          detail: `${text} Check the provider under Settings.`,
          unreachable: true,
          retryAfterMs: 30_000,
        }
      if (answer.status === 200 && code === null) return unreadable
      return (
        commonOutcome(answer, true) ?? { kind: 'rejected', code: `postmark.${code ?? answer.status}`, detail: text }
      )
    },
    async lookUp(asked) {
      const fates = new Map<string, Fate>()
      for (const { sendId, at } of asked) {
        const query = new URLSearchParams({
          count: '5',
          offset: '0',
          messagestream: config.message_stream,
          metadata_send_id: sendId,
        })
        const answer = await call(net, {
          url: `${base}/messages/outbound?${query}`,
          method: 'GET',
          headers,
          signal: AbortSignal.timeout(20_000),
        })
        const found = answer.kind === 'answer' && answer.status === 200 ? pick(answer.json, 'TotalCount') : null
        fates.set(
          sendId,
          found === null
            ? 'unknown'
            : Number(found) > 0
              ? 'accepted'
              : Date.now() - at.getTime() > settlesAfterMs
                ? 'absent'
                : 'unknown',
        )
      }
      return fates
    },
    close: () => Promise.resolve(),
  }
}
