import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { formatDate } from '#core/delivery/mime.ts'
import {
  assertMailbox,
  encodeHeaderText,
  formatHeaders,
  formatMailbox,
  messageIdOf,
  type Header,
} from '#core/delivery/headers.ts'
import { encodePiece } from '#core/delivery/qp.ts'
import type { ChannelKind, OutgoingMessage } from '#core/delivery/message.ts'
import type { Ctx } from '../context.ts'
import { InputError } from '../http/errors.ts'
import type { Channel, Outcome } from '../ports/channel.ts'
import { readSetting } from '../settings.ts'
import { one } from './providers.ts'

/**
 * Sends one plain message to an address of the shop itself: through the channel as it stands, or through one provider,
 * whether or not the channel is live. Never counted, never tracked.
 */
export async function sendTest(
  ctx: Ctx,
  channel: ChannelKind,
  to: string,
  providerId: string | null,
): Promise<{ ok: boolean; provider: string; outcome: Outcome['kind']; detail: string }> {
  const recipient = channel === 'email' ? checkedMailbox(to) : checkedPhone(to)
  const shop = await readSetting(ctx.pool, 'shop')
  const { rows } = await ctx.pool.query<{ id: string }>('select uuidv7() as id')
  const provider = await chosen(ctx, channel, providerId)
  const outcome = await provider.send(
    testMessage(rows[0]!.id, channel, recipient, shop, ctx.clock()),
    AbortSignal.timeout(30_000),
  )
  const detail =
    outcome.kind === 'accepted'
      ? provider.name === 'sandbox'
        ? 'It is in the mailbox of the sandbox.'
        : 'The provider took the message.'
      : outcome.detail
  return { ok: outcome.kind === 'accepted', provider: provider.name, outcome: outcome.kind, detail }
}

async function chosen(ctx: Ctx, channel: ChannelKind, providerId: string | null): Promise<Channel> {
  if (!providerId) return (await ctx.channels.routes(channel))[0]!.channel
  const { key, channel: its } = await one(ctx.pool, providerId)
  if (its !== channel)
    throw new InputError([{ path: 'provider_id', message: 'This provider is of the other channel.' }])
  const found = await ctx.channels.find(channel, key)
  if (!found) throw new InputError([{ path: 'provider_id', message: 'Its settings cannot be read; save them again.' }])
  return found
}

function testMessage(
  sendId: string,
  kind: ChannelKind,
  recipient: string,
  shop: { name: string; from_name: string; from_email: string },
  at: Date,
): OutgoingMessage {
  const body = `This is a test message from ${shop.name}. If you can read it, sending works.`
  const subject = `Test from ${shop.name}`
  const messageId = messageIdOf(sendId, shop.from_email.slice(shop.from_email.indexOf('@') + 1))
  const headers: Header[] = [
    ['From', formatMailbox(shop.from_name, shop.from_email)],
    ['To', recipient],
    ['Subject', encodeHeaderText(subject)],
    ['Date', formatDate(at)],
    ['Message-ID', messageId],
    ['MIME-Version', '1.0'],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Transfer-Encoding', 'quoted-printable'],
  ]
  return {
    sendId,
    kind,
    messageId,
    recipient,
    sender: kind === 'email' ? shop.from_email : shop.name,
    senderName: kind === 'email' ? shop.from_name : '',
    subject: kind === 'email' ? subject : null,
    headers: [['X-Send-Id', sendId]],
    html: () => null,
    text: () => body,
    mime: () => `${formatHeaders(headers)}\r\n${encodePiece(body)}\r\n`,
  }
}

function checkedMailbox(to: string): string {
  try {
    assertMailbox(to.trim())
    return to.trim()
  } catch {
    throw new InputError([{ path: 'to', message: 'Write an email address like name@shop.com.' }])
  }
}

function checkedPhone(to: string): string {
  const phone = parsePhoneNumberFromString(to, 'US')
  if (!phone?.isValid()) throw new InputError([{ path: 'to', message: 'Write a phone number like (518) 555-0134.' }])
  return phone.number
}
