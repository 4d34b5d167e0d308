import { parseGroups, parseHeaders, parseMessage, type Part } from './mime.ts'

/** What a mail that came back says; who sent it is proven elsewhere, by the tokens in it. */
export interface BounceMail {
  kind: 'delivery_status' | 'feedback_report' | 'auto_reply' | 'other'
  recipients: { action: string; status: string | null; diagnostic: string | null }[]
  /** abuse, fraud, opt-out, not-spam ... */
  feedbackType: string | null
  /** addresses it was sent to: one of them is our return path */
  sentTo: string[]
  /** text of the original message's headers, if it came along */
  originalHeaders: Map<string, string>
}

/**
 * Reads RFC 3464 delivery reports, RFC 5965 feedback reports, and the plain bounces of older servers. An automatic
 * answer ("I am on holiday") is no bounce.
 */
export function readMail(raw: string): BounceMail {
  const message = parseMessage(raw)
  const parts = flatten(message)
  const sentTo = ['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to', 'to', 'x-failed-recipients']
    .flatMap((name) => message.headers.get(name)?.match(/[^\s<>,;"]+@[^\s<>,;"]+/g) ?? [])
    .slice(0, 20)
  const original = parts.find((p) => /^(message\/rfc822|text\/rfc822-headers|message\/global)/.test(p.type))
  const originalHeaders = original ? parseHeaders(original.body.split(/\r\n\r\n/)[0] ?? '') : new Map<string, string>()
  const base = { recipients: [], feedbackType: null, sentTo, originalHeaders }

  const feedback = parts.find((p) => p.type === 'message/feedback-report')
  if (feedback)
    return {
      ...base,
      kind: 'feedback_report',
      feedbackType: parseHeaders(feedback.body).get('feedback-type')?.toLowerCase() ?? 'abuse',
    }
  const status = parts.find((p) => /^message\/(global-)?delivery-status$/.test(p.type))
  if (status) {
    const said = parts.find((p) => p.type === 'text/plain')?.body ?? ''
    const recipients = parseGroups(status.body)
      .filter((g) => g.has('action') || g.has('status') || g.has('final-recipient'))
      .map((g) => ({
        action: (g.get('action') ?? 'failed').toLowerCase().split(/[\s(]/)[0] ?? 'failed',
        status: /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(g.get('status') ?? '')?.[0] ?? null,
        diagnostic:
          g.get('diagnostic-code')?.replace(/^\s*(smtp|x-[\w-]+)\s*;\s*/i, '') ??
          replyInText(said, g.get('final-recipient') ?? g.get('original-recipient') ?? ''),
      }))
    if (recipients.length > 0) return { ...base, kind: 'delivery_status', recipients }
  }
  const isAutomatic = /^auto-(replied|generated)/i.test(message.headers.get('auto-submitted') ?? '')
  const plain = plainBounce(message, parts)
  if (plain)
    return {
      ...base,
      kind: 'delivery_status',
      recipients: [plain],
      originalHeaders: inText(parts, base.originalHeaders),
    }
  return { ...base, kind: isAutomatic || isOutOfOffice(message) ? 'auto_reply' : 'other' }
}

/** OpenSMTPD says 5.0.0 and no more; what the other server answered stands in the text, as `address: 550 5.1.1 ...`. */
function replyInText(text: string, recipient: string): string | null {
  const address = recipient
    .replace(/^\s*[\w-]+\s*;\s*/, '')
    .trim()
    .toLowerCase()
  if (address === '') return null
  const line = text.split(/\r?\n/).find((l) => l.trim().toLowerCase().startsWith(`${address}:`))
  const reply = line?.trim().slice(address.length + 1)
  return reply?.trim().slice(0, 500) || null
}

/** Servers without RFC 3464 (qmail, old Exim and Exchange): a subject and a text that say so, and a reply with a code. */
function plainBounce(message: Part, parts: readonly Part[]): BounceMail['recipients'][number] | null {
  const from = message.headers.get('from') ?? ''
  const subject = message.headers.get('subject') ?? ''
  const isFromServer =
    /mailer-daemon|postmaster|mail delivery/i.test(from) || message.headers.get('return-path')?.trim() === '<>'
  if (!isFromServer || !/undeliver|failure|failed|returned|delivery|not delivered/i.test(subject)) return null
  const text = parts.find((p) => p.type.startsWith('text/'))?.body ?? ''
  // Only what stands before the copy of our own message counts.
  const own =
    text.split(/^-{2,}.*(original|copy|below this line|returned message).*$|^(Return-Path|Received):/im)[0] ?? ''
  const line = /^.*(?:\b[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b).*$/m.exec(own)?.[0]?.trim() ?? null
  const status = /\b[45]\.\d{1,3}\.\d{1,3}\b/.exec(own)?.[0] ?? null
  if (
    /delay|warning|will (keep|be) (trying|retried)|has not yet been delivered/i.test(`${subject} ${own.slice(0, 600)}`)
  )
    return { action: 'delayed', status, diagnostic: line }
  return { action: 'failed', status, diagnostic: line ?? own.replace(/\s+/g, ' ').trim().slice(0, 300) }
}

/** Headers of our own message where it was only pasted under the text. */
function inText(parts: readonly Part[], known: Map<string, string>): Map<string, string> {
  if (known.size > 0) return known
  const text = parts.find((p) => p.type.startsWith('text/'))?.body ?? ''
  const start = text.search(/^(Return-Path|Received|DKIM-Signature|From):/m)
  return start < 0 ? known : parseHeaders(text.slice(start).split(/\r?\n\r?\n/)[0] ?? '')
}

function isOutOfOffice(message: Part): boolean {
  return (
    message.headers.has('x-autoreply') ||
    message.headers.has('x-autorespond') ||
    /^(auto|out of office|automatic reply|abwesen|absence)/i.test(message.headers.get('subject') ?? '')
  )
}

function flatten(part: Part): Part[] {
  return [part, ...part.parts.flatMap(flatten)]
}
