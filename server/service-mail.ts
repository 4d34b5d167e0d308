import { formatMailbox, encodeHeaderText, formatHeaders, messageIdOf, type Header } from '#core/delivery/headers.ts'
import { formatDate } from '#core/delivery/mime.ts'
import type { ChannelKind, OutgoingMessage } from '#core/delivery/message.ts'
import { encodePiece } from '#core/delivery/qp.ts'
import type { Ctx } from './context.ts'
import type { Outcome } from './ports/channel.ts'

/** A message the shop owes somebody: a confirmation, a report. Never marketing: no footer, no tracking, no cap. */
export interface ServiceMessage {
  /** makes the Message-ID, so that the same message repeated is the same message */
  id: string
  kind: ChannelKind
  recipient: string
  /** email only */
  subject: string
  text: string
  /** null: plain text alone */
  html: string | null
  shop: { name: string; from_name: string; from_email: string }
  at: Date
}

/** The message as every channel takes it. */
function serviceMessage({ id, kind, recipient, subject, text, html, shop, at }: ServiceMessage): OutgoingMessage {
  const messageId = messageIdOf(id, shop.from_email.slice(shop.from_email.indexOf('@') + 1))
  const boundary = `=_${id.replaceAll('-', '')}`
  const headers: Header[] = [
    ['From', formatMailbox(shop.from_name, shop.from_email)],
    ['To', recipient],
    ['Subject', encodeHeaderText(subject)],
    ['Date', formatDate(at)],
    ['Message-ID', messageId],
    ['Auto-Submitted', 'auto-generated'],
    ['MIME-Version', '1.0'],
  ]
  const quoted = (type: string): Header[] => [
    ['Content-Type', `${type}; charset=utf-8`],
    ['Content-Transfer-Encoding', 'quoted-printable'],
  ]
  const part = (type: string, body: string): string =>
    `--${boundary}\r\n${formatHeaders(quoted(type))}\r\n${encodePiece(body)}\r\n`
  const mime = (): string =>
    html === null
      ? `${formatHeaders([...headers, ...quoted('text/plain')])}\r\n${encodePiece(text)}\r\n`
      : `${formatHeaders([...headers, ['Content-Type', `multipart/alternative; boundary="${boundary}"`]])}\r\n${part('text/plain', text)}${part('text/html', html)}--${boundary}--\r\n`
  const isEmail = kind === 'email'
  return {
    sendId: id,
    kind,
    messageId,
    recipient,
    sender: isEmail ? shop.from_email : shop.name,
    senderName: isEmail ? shop.from_name : '',
    subject: isEmail ? subject : null,
    headers: [['Auto-Submitted', 'auto-generated']],
    html: () => (isEmail ? html : null),
    text: () => text,
    mime,
  }
}

/**
 * Sends it by the first channel of its kind. Who looks at the sandbox mailbox meanwhile is told: no campaign does that for them.
 * @param hints for the channel, beside the message
 */
export async function sendServiceMessage(
  ctx: Ctx,
  message: ServiceMessage,
  hints: { isConfidential?: true } = {},
): Promise<Outcome> {
  const { channel } = (await ctx.channels.routes(message.kind))[0]!
  const outcome = await channel.send({ ...serviceMessage(message), ...hints }, AbortSignal.timeout(30_000))
  if (channel.name === 'sandbox')
    await ctx.bus
      .publish('notify', { about: 'mailbox' })
      .catch((err: unknown) => ctx.log.debug({ err }, 'nobody was told of a message in the mailbox'))
  return outcome
}
