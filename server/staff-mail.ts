import { encodeHeaderText, formatHeaders, formatMailbox, messageIdOf, type Header } from '#core/delivery/headers.ts'
import type { OutgoingMessage } from '#core/delivery/message.ts'
import { formatDate } from '#core/delivery/mime.ts'
import { encodePiece } from '#core/delivery/qp.ts'
import type { Ctx } from './context.ts'
import type { Outcome } from './ports/channel.ts'
import { readSetting } from './settings.ts'

export interface StaffMail {
  recipient: string
  subject: string
  text: string
  html: string
  /** holds a key to an account: in a sandbox only admins may read it */
  isConfidential?: true
}

/** A mail to somebody who works in the shop, by the first email channel: no customer, no gate, no tracking. */
export async function mailStaff(ctx: Ctx, mail: StaffMail): Promise<Outcome> {
  const shop = await readSetting(ctx.pool, 'shop')
  const { rows } = await ctx.pool.query<{ id: string }>('select uuidv7() as id')
  const channel = (await ctx.channels.routes('email'))[0]!.channel
  return channel.send(messageOf(rows[0]!.id, mail, shop, ctx.clock()), AbortSignal.timeout(30_000))
}

/** A plain mail of a few paragraphs, as text and as HTML. */
export function plainMail(paragraphs: readonly string[]): Pick<StaffMail, 'text' | 'html'> {
  const body = paragraphs.map((p) => (/^https?:/.test(p) ? `<a href="${escaped(p)}">${escaped(p)}</a>` : escaped(p)))
  return {
    text: `${paragraphs.join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><body style="font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem">${body.map((p) => `<p>${p}</p>`).join('')}</body></html>`,
  }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

function messageOf(
  id: string,
  { recipient, subject, html, text, isConfidential }: StaffMail,
  shop: { from_name: string; from_email: string },
  at: Date,
): OutgoingMessage {
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
    ['Content-Type', `multipart/alternative; boundary="${boundary}"`],
  ]
  const part = (type: string, body: string): string =>
    `--${boundary}\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${encodePiece(body)}\r\n`
  return {
    sendId: id,
    kind: 'email',
    messageId,
    recipient,
    sender: shop.from_email,
    senderName: shop.from_name,
    subject,
    headers: [['Auto-Submitted', 'auto-generated']],
    ...(isConfidential ? { isConfidential } : {}),
    html: () => html,
    text: () => text,
    mime: () => `${formatHeaders(headers)}\r\n${part('text/plain', text)}${part('text/html', html)}--${boundary}--\r\n`,
  }
}
