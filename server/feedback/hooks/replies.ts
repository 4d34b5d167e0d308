import type { ClientBase } from 'pg'
import type { z } from 'zod'
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import type { channels } from '#contract/channels.ts'
import { classifyReply } from '#core/feedback/inbound.ts'
import type { Reply } from '#core/feedback/reports/report.ts'
import { audit } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { appendEvents } from '../../events.ts'
import { closeAddresses, reopenAddress } from '../../opt-out.ts'
import { confirmByText } from '../../signup-confirm.ts'
import { suppressionOf } from '../../suppression.ts'

interface Sender {
  customer_id: string | null
  send_id: string | null
  campaign_id: string | null
  segment: string | null
}

/**
 * Takes in a text of a customer: a no closes the number at once and cancels what is waiting, a START takes the person's
 * own no back, and every text is kept for somebody to read. Returns the campaign it answers.
 */
export async function takeReply(
  ctx: Ctx,
  tx: ClientBase,
  provider: string,
  reply: Reply,
  key: string,
): Promise<string | null> {
  const number = parsePhoneNumberFromString(reply.from, 'US')?.number ?? reply.from
  const { meaning, because } = classifyReply(reply.body, reply.keyword)
  const senders = await sendersOf(tx, number)
  const first = senders[0] ?? { customer_id: null, send_id: null, campaign_id: null, segment: null }
  const base = {
    at: reply.at,
    sendId: first.send_id,
    customerId: first.customer_id,
    campaignId: first.campaign_id,
    channel: 'sms',
    segment: first.segment,
  }
  const isNew = await appendEvents(tx, [
    { ...base, type: 'reply', key: `reply:${provider}:${key}`, properties: { meaning, because } },
  ])
  if (isNew === 0) return null
  await tx.query(
    `insert into inbound_messages (channel, provider, sender, customer_id, send_id, body, meaning, because, received_at) values ('sms', $1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      provider,
      number,
      first.customer_id,
      first.send_id,
      reply.body.replaceAll('\u0000', ''),
      meaning,
      because,
      reply.at,
    ],
  )
  if (meaning === 'stop') {
    const closed = await closeAddresses(
      tx,
      ctx.config,
      (senders.length > 0 ? senders : [first]).map((s) => ({
        channel: 'sms' as const,
        address: number,
        customerId: s.customer_id,
        sendId: s.send_id,
        reason: 'stop' as const,
        at: reply.at,
      })),
      { source: 'text_reply', textVersion: because },
    )
    if (closed.suppressed + closed.denied > 0) {
      await appendEvents(tx, [
        {
          ...base,
          type: 'unsubscribe',
          key: `unsubscribe:${provider}:${key}`,
          machine: false,
          properties: { source: 'text_reply', because },
        },
      ])
      await audit(
        tx,
        { kind: 'customer', id: null, role: 'user' },
        {
          action: 'customer.unsubscribed',
          entity: 'customer',
          entityId: first.customer_id,
          after: { channel: 'sms', source: 'text_reply', because, cancelled_sends: closed.cancelled },
        },
      )
    }
  }
  // YES to our own question is the consent that was asked for. START undoes a no; from somebody who never said no, and
  // was not asked, it is no consent.
  if (meaning === 'start' && (await confirmByText(ctx, tx, number))?.kind === 'confirmed') return first.campaign_id
  if (meaning === 'start' && (await suppressionOf(tx, ctx.config, 'sms', number))) {
    for (const { customer_id: customerId } of senders.length > 0 ? senders : [first])
      await reopenAddress(
        tx,
        ctx.config,
        { channel: 'sms', address: number, customerId, at: reply.at, byText: true },
        { source: 'text_reply', textVersion: because },
      )
  }
  return first.campaign_id
}

/** Everybody with this number, and the last message that went to it. */
async function sendersOf(tx: ClientBase, number: string): Promise<Sender[]> {
  const { rows } = await tx.query<Sender>(
    `select c.id as customer_id, s.id as send_id, s.campaign_id, s.segment
     from customers as c
     left join lateral (select x.id, x.campaign_id, segment_of(x) as segment from sends as x where x.customer_id = c.id and x.channel = 'sms' and x.sent_at is not null order by x.id desc limit 1) as s on true
     where c.phone = $1 and c.deleted_at is null order by s.id desc nulls last limit 20`,
    [number],
  )
  return rows
}

/** What customers texted back, newest first. */
export async function listReplies(
  ctx: Ctx,
  query: z.output<typeof channels.listReplies.query>,
): Promise<z.input<typeof channels.listReplies.reply>> {
  const filter = `($1::uuid is null or m.customer_id = $1) and ($2::text is null or m.meaning = $2) and ($3::boolean is not true or not m.is_read)`
  const values = [query.customer_id ?? null, query.meaning ?? null, query.unread ?? null]
  const cursor = query.cursor && /^[0-9a-f-]{36}$/i.test(query.cursor) ? query.cursor : null
  const [{ rows }, { rows: counted }] = await Promise.all([
    ctx.pool.query<z.input<typeof channels.listReplies.reply>['data'][number]>(
      `select m.id, m.channel, m.sender, m.customer_id, c.name as customer_name, m.send_id, m.body, m.meaning, m.because, m.is_read, m.received_at
       from inbound_messages as m left join customers as c on c.id = m.customer_id
       where ${filter} and ($4::uuid is null or m.id < $4) order by m.id desc limit $5 offset $6`,
      [...values, cursor, query.page_size, cursor ? 0 : (query.page - 1) * query.page_size],
    ),
    ctx.pool.query<{ total: number; unread: number }>(
      `select (select count(*) from inbound_messages as m where ${filter}) as total, (select count(*) from inbound_messages as m where not m.is_read) as unread`,
      values,
    ),
  ])
  return {
    data: rows,
    page: query.page,
    page_size: query.page_size,
    total: counted[0]?.total ?? 0,
    total_is_exact: true,
    unread: counted[0]?.unread ?? 0,
    next_cursor: rows.length === query.page_size ? (rows.at(-1)?.id ?? null) : null,
  }
}

/** Marks replies as read; returns how many were not. */
export async function markRead(ctx: Ctx, ids: readonly string[]): Promise<{ read: number }> {
  const { rowCount } = await ctx.pool.query(
    'update inbound_messages set is_read = true where inbound_messages.id = any($1::uuid[]) and not inbound_messages.is_read',
    [ids],
  )
  return { read: rowCount ?? 0 }
}
