import type { ClientBase, Pool } from 'pg'
import { topics } from '#core/compliance/wishes.ts'
import { withTx } from '#db/pool.ts'
import { audit } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { appendEvents } from '../events.ts'
import { closeAddresses, reopenAddress, type Channel, type Closing, type Proof } from '../opt-out.ts'
import { addressHash } from '../suppression.ts'
import { figuresChanged } from './notify.ts'

/** The person behind a link: found by the send it was put into, or by a link of their own. */
export interface Recipient {
  /** null: the link was not in a message */
  send_id: string | null
  channel: Channel
  recipient: string
  campaign_id: string | null
  segment: string | null
  customer_id: string | null
  email: string | null
  phone: string | null
  email_consent: string | null
  sms_consent: string | null
}

export async function findRecipient(client: ClientBase | Pool, sendId: string): Promise<Recipient | null> {
  const { rows } = await client.query<Recipient>(
    `select sends.id as send_id, sends.channel, sends.recipient, sends.campaign_id, segment_of(sends) as segment, customers.id as customer_id,
       customers.email, customers.phone, customers.email_consent, customers.sms_consent
     from sends
     left join customers on customers.id = sends.customer_id and customers.deleted_at is null
     where sends.id = $1`,
    [sendId],
  )
  return rows[0] ?? null
}

/** The same for a link of a customer, which stands in no message; null when there is no such customer any more. */
export async function findCustomer(client: ClientBase | Pool, customerId: string): Promise<Recipient | null> {
  const { rows } = await client.query<Recipient>(
    `select null as send_id, case when c.email is not null then 'email' else 'sms' end as channel, coalesce(c.email::text, c.phone) as recipient,
       null as campaign_id, null as segment, c.id as customer_id, c.email, c.phone, c.email_consent, c.sms_consent
     from customers as c where c.id = coalesce((select m.merged_into from customers as m where m.id = $1), $1) and c.deleted_at is null
       and (c.email is not null or c.phone is not null)`,
    [customerId],
  )
  return rows[0] ?? null
}

/** The customer says no to a channel. Repeating it changes nothing. */
export async function unsubscribe(ctx: Ctx, who: Recipient, channel: Channel, proof: Proof): Promise<void> {
  const at = ctx.clock()
  await withTx(ctx.pool, async (tx) => {
    const closings: Closing[] = addressesOf(who, channel).map((address) => ({
      channel,
      address,
      customerId: who.customer_id,
      sendId: who.send_id,
      reason: 'unsubscribe',
      at,
    }))
    const closed = await closeAddresses(tx, ctx.config, closings, proof)
    if (closed.suppressed + closed.denied === 0) return
    await appendEvents(tx, [
      {
        type: 'unsubscribe',
        at,
        ...(who.send_id ? { key: `unsubscribe:${who.send_id}${channel === who.channel ? '' : `:${channel}`}` } : {}),
        sendId: who.send_id,
        customerId: who.customer_id,
        campaignId: who.campaign_id,
        channel,
        segment: who.segment,
        machine: false,
        properties: { source: proof.source },
      },
    ])
    await audit(
      tx,
      { kind: 'customer', id: null, role: 'user' },
      {
        action: 'customer.unsubscribed',
        entity: 'customer',
        entityId: who.customer_id,
        after: { channel, source: proof.source, cancelled_sends: closed.cancelled },
      },
    )
  })
  figuresChanged(ctx, who.campaign_id)
}

/** The customer takes the no back, or says yes. False: a bounce or a complaint keeps the address closed. */
export async function resubscribe(ctx: Ctx, who: Recipient, channel: Channel, proof: Proof): Promise<boolean> {
  const customerId = who.customer_id
  if (!customerId) return false
  return withTx(ctx.pool, async (tx) => {
    let open = true
    for (const address of addressesOf(who, channel)) {
      open = (await reopenAddress(tx, ctx.config, { channel, address, customerId, at: ctx.clock() }, proof)) && open
    }
    await audit(
      tx,
      { kind: 'customer', id: null, role: 'user' },
      {
        action: 'customer.resubscribed',
        entity: 'customer',
        entityId: customerId,
        after: { channel, source: proof.source, open },
      },
    )
    return open
  })
}

/** Channels whose address is on the suppression list; `good`: bounced, complained or stopped, whatever the customer ticks. */
export async function closedChannels(ctx: Ctx, who: Recipient): Promise<Map<Channel, { good: boolean }>> {
  const closed = new Map<Channel, { good: boolean }>()
  for (const channel of ['email', 'sms'] as const) {
    const hashes = addressesOf(who, channel).map((address) => addressHash(ctx.config, channel, address))
    const { rows } = await ctx.pool.query<{ good: boolean | null }>(
      `select bool_or(suppressions.reason <> 'unsubscribe') as good from suppressions where suppressions.address_hash = any($1::bytea[]) and suppressions.channel in ($2, 'all')`,
      [hashes, channel],
    )
    const good = rows[0]?.good ?? null
    if (good !== null) closed.set(channel, { good })
  }
  return closed
}

// The address the message went to, and the one the customer has now where it changed since.
function addressesOf(who: Recipient, channel: Channel): string[] {
  const now = channel === 'email' ? who.email : who.phone
  const then = who.channel === channel ? who.recipient : null
  return [...new Set([then, now].filter((a): a is string => a !== null && a !== ''))]
}

/** What the customer chose beyond yes and no; a topic that is not known to us is dropped. */
export async function saveWishes(
  ctx: Ctx,
  customerId: string,
  wishes: { topicsOff: readonly string[]; everyDays: number | null; pausedUntil: Date | null },
): Promise<void> {
  const now = ctx.clock()
  await withTx(ctx.pool, async (tx) => {
    const { rows: before } = await tx.query<{
      topics_off: string[]
      every_days: number | null
      paused_until: Date | null
    }>(
      'select p.topics_off, p.every_days, p.paused_until from customer_preferences as p where p.customer_id = $1 for update',
      [customerId],
    )
    const after = {
      topics_off: topics.filter((t) => wishes.topicsOff.includes(t)),
      every_days: wishes.everyDays,
      paused_until: wishes.pausedUntil,
    }
    const was = before[0] ?? { topics_off: [], every_days: null, paused_until: null }
    if (JSON.stringify(was) === JSON.stringify(after)) return
    await tx.query(
      `insert into customer_preferences (customer_id, topics_off, every_days, paused_until, updated_at) values ($1, $2, $3, $4, $5)
       on conflict (customer_id) do update set topics_off = excluded.topics_off, every_days = excluded.every_days,
         paused_until = excluded.paused_until, updated_at = excluded.updated_at`,
      [customerId, after.topics_off, after.every_days, after.paused_until, now],
    )
    await appendEvents(tx, [{ type: 'preferences_changed', at: now, customerId, properties: { ...after } }])
    await audit(
      tx,
      { kind: 'customer', id: null, role: 'user' },
      { action: 'customer.preferences_changed', entity: 'customer', entityId: customerId, before: was, after },
    )
  })
}
