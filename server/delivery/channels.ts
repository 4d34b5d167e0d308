import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import type { z } from 'zod'
import { StoredChannels, type ChannelSettings, type delivery } from '#contract/delivery.ts'
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
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import { readChannels, shownChannels, smtpPasswordContext } from '../channel-settings.ts'
import type { Ctx } from '../context.ts'
import { InputError } from '../http/errors.ts'
import type { Outcome } from '../ports/channel.ts'
import { encryptSecret } from '../secrets.ts'
import { readSetting } from '../settings.ts'

type Change = z.output<typeof delivery.updateChannels.body>

/** The channel settings without their secrets. */
export async function showChannels(ctx: Ctx): Promise<ChannelSettings> {
  return shownChannels(await readChannels(ctx.pool), ctx.config.smtpUrl)
}

/** Changes how messages leave; the password is encrypted before it is stored and stays out of the audit trail. */
export async function changeChannels(ctx: Ctx, actor: Actor, change: Change): Promise<ChannelSettings> {
  return withTx(ctx.pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('settings.channels', 11))`)
    const before = await readChannels(tx)
    const { smtp: smtpChange, ...email } = change.email ?? {}
    const after = StoredChannels.parse({
      email: {
        ...before.email,
        ...defined(email),
        ...(smtpChange === undefined ? {} : { smtp: mergeSmtp(ctx, before, smtpChange) }),
      },
      sms: { ...before.sms, ...defined(change.sms ?? {}) },
    })
    if (after.email.provider === 'smtp' && !after.email.smtp)
      throw new InputError([{ path: 'email.smtp', message: 'Name the server before you switch to SMTP.' }])
    await tx.query(
      `insert into settings (name, value, updated_by) values ('channels', $1, $2)
       on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = now()`,
      [JSON.stringify(after), actor.kind === 'user' ? actor.id : null],
    )
    const shown = shownChannels(after, ctx.config.smtpUrl)
    await audit(tx, actor, {
      action: 'setting.changed',
      entity: 'setting',
      entityId: 'channels',
      before: shownChannels(before, ctx.config.smtpUrl),
      after: shown,
    })
    return shown
  })
}

function mergeSmtp(
  ctx: Ctx,
  before: StoredChannels,
  change: NonNullable<NonNullable<Change['email']>['smtp']> | null,
): StoredChannels['email']['smtp'] {
  if (!change) return null
  const { password, ...rest } = change
  const kept = before.email.smtp?.pass_enc ?? null
  return {
    ...rest,
    pass_enc:
      password === undefined
        ? kept
        : password === null || password === ''
          ? null
          : encryptSecret(ctx.config.secret, smtpPasswordContext, password),
  }
}

/** Sends one plain message to an address of the shop itself. Never counted, never tracked. */
export async function sendTest(
  ctx: Ctx,
  channel: ChannelKind,
  to: string,
): Promise<{ ok: boolean; provider: string; outcome: Outcome['kind']; detail: string }> {
  const recipient = channel === 'email' ? checkedMailbox(to) : checkedPhone(to)
  const shop = await readSetting(ctx.pool, 'shop')
  const { rows } = await ctx.pool.query<{ id: string }>('select uuidv7() as id')
  const provider = await ctx.channels.get(channel)
  const outcome = await provider.send(
    testMessage(rows[0]!.id, channel, recipient, shop, ctx.clock()),
    AbortSignal.timeout(30_000),
  )
  const detail =
    outcome.kind === 'accepted'
      ? provider.name === 'sandbox'
        ? 'It is in the mailbox of the sandbox.'
        : 'The server took the message.'
      : outcome.detail
  return { ok: outcome.kind === 'accepted', provider: provider.name, outcome: outcome.kind, detail }
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

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
