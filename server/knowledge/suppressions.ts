import type { ClientBase, Pool } from 'pg'
import type { Suppression } from '#contract/consents.ts'
import { readEmail, readPhone } from '#core/knowledge/read-value.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { maskEmail, maskPhone } from '../customer-rows.ts'
import { countUpTo, type Count, type Reader } from '../list-counts.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { createParams, readCursor, writeCursor, type Params } from '../keyset.ts'
import { addressHash } from '../suppression.ts'
import { suppressCustomers, type Scope } from './suppress.ts'

type Row = Omit<Suppression, 'created_at'> & { created_at: Date }
type Stored = Omit<Row, 'address' | 'can_lift'> & { hash: Buffer; email: string | null; phone: string | null }

const from = 'suppressions as s'

interface Query {
  page: number
  page_size: number
  cursor?: string | undefined
  channel?: string[] | undefined
  reason?: string[] | undefined
  customer_id?: string | undefined
  within_days?: number | undefined
}

/** Entries newest first; ids carry the time they were written. */
export async function listSuppressions(
  ctx: Ctx,
  actor: Reader,
  query: Query,
): Promise<Count & { data: Row[]; page: number; page_size: number; next_cursor: string | null }> {
  const params = createParams()
  const where = whereOf(ctx, query, params)
  const counting = countUpTo(ctx.pool, from, where, [...params.values], actor)
  const after = query.cursor
    ? ` and s.id < ${params.add(readCursor(ctx.config.secret, query.cursor, 'suppressions')[0])}::uuid`
    : ''
  const [rows, count] = await Promise.all([
    read(
      ctx,
      actor,
      `${where}${after} order by s.id desc limit ${params.add(query.page_size + 1)} offset ${params.add(query.cursor ? 0 : (query.page - 1) * query.page_size)}`,
      params.values,
    ),
    counting,
  ])
  const data = rows.slice(0, query.page_size)
  return {
    data,
    page: query.page,
    page_size: query.page_size,
    ...count,
    next_cursor:
      rows.length > query.page_size ? writeCursor(ctx.config.secret, 'suppressions', [data.at(-1)?.id]) : null,
  }
}

function whereOf(ctx: Ctx, query: Query, params: Params): string {
  const terms = ['true']
  if (query.channel?.length) terms.push(`s.channel = any(${params.add(query.channel)}::text[])`)
  if (query.reason?.length) terms.push(`s.reason = any(${params.add(query.reason)}::text[])`)
  if (query.customer_id) terms.push(`s.customer_id = ${params.add(query.customer_id)}::uuid`)
  if (query.within_days) {
    const since = new Date(ctx.clock().getTime() - query.within_days * 86_400_000)
    terms.push(`s.created_at >= ${params.add(since)}::timestamptz`)
  }
  return terms.join(' and ')
}

/** @param rest condition, order and limit over `s` */
async function read(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  rest: string,
  values: readonly unknown[],
  client: ClientBase | Pool = ctx.pool,
): Promise<Row[]> {
  const { rows } = await client.query<Stored>(
    `select s.id, s.channel, s.reason, s.note, c.id as customer_id, c.name as customer_name, c.email, c.phone, s.send_id,
       (select coalesce(u.full_name, u.email) from users as u where u.id = s.created_by) as created_by, s.created_at, s.address_hash as hash
     from ${from} left join customers as c on c.id = s.customer_id where ${rest}`,
    [...values],
  )
  return rows.map(({ hash, email, phone, ...row }) => ({
    ...row,
    // The hash does not tell the address; the customer's own ones can be tried.
    address: addressOf(ctx, actor, hash, email, phone),
    can_lift: row.reason === 'manual',
  }))
}

function addressOf(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  hash: Buffer,
  email: string | null,
  phone: string | null,
): string | null {
  const masked = actor.role === 'user'
  if (email && addressHash(ctx.config, 'email', email).equals(hash)) return masked ? maskEmail(email) : email
  if (phone && addressHash(ctx.config, 'sms', phone).equals(hash)) return masked ? maskPhone(phone) : phone
  return null
}

/** An email or a phone as a person writes it, with its hash. Throws InputError. */
function readAddress(ctx: Ctx, text: string): { kind: 'email' | 'sms'; hash: Buffer } {
  const email = readEmail(text).value
  if (email) return { kind: 'email', hash: addressHash(ctx.config, 'email', email) }
  const phone = readPhone(text).value
  if (phone) return { kind: 'sms', hash: addressHash(ctx.config, 'sms', phone) }
  throw new InputError([
    { path: 'address', message: 'This is neither an email address nor a phone number. Write the whole of it.' },
  ])
}

/** What stands against one address. */
export async function lookUpSuppression(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  address: string,
): Promise<{ data: Row[] }> {
  const { hash } = readAddress(ctx, address)
  return { data: await read(ctx, actor, 's.address_hash = $1 order by s.id desc', [hash]) }
}

interface Wish {
  channel: Scope
  address?: string | undefined
  customer_id?: string | undefined
  note: string
}

/** Puts an address, or those of a customer, on the list by hand. Throws InputError, not_found. */
export async function addSuppression(ctx: Ctx, actor: Actor, wish: Wish): Promise<{ data: Row[] }> {
  if ((wish.address === undefined) === (wish.customer_id === undefined))
    throw new InputError([{ path: 'address', message: 'Say whose: give either an address or a customer.' }])
  const createdBy = actor.kind === 'user' ? actor.id : null
  return withTx(ctx.pool, async (tx) => {
    if (wish.customer_id) {
      await checkCustomer(tx, wish.customer_id, wish.channel)
      const entry = { channel: wish.channel, note: wish.note, createdBy, at: ctx.clock() }
      const changed = await suppressCustomers(tx, ctx.config, [wish.customer_id], entry)
      if (changed.length > 0) await tell(tx, actor, 'customer', wish.customer_id, wish)
      return { data: await read(ctx, actor, 's.customer_id = $1 order by s.id desc', [wish.customer_id], tx) }
    }
    const { kind, hash } = readAddress(ctx, wish.address!)
    if (wish.channel !== 'all' && wish.channel !== kind)
      throw new InputError([
        {
          path: 'channel',
          message:
            kind === 'email' ? 'This is an email address, not a phone.' : 'This is a phone, not an email address.',
        },
      ])
    const { rows } = await tx.query<{ id: string; customer_id: string | null }>(
      `insert into suppressions (channel, address_hash, customer_id, reason, note, created_by, is_demo, created_at)
       select $1, $2, c.id, 'manual', $3, $4, coalesce(c.is_demo, false), $5
       from (select 1) as one left join customers as c on c.erased_at is null and ${kind === 'email' ? 'c.email = $6::citext' : 'c.phone = $6'}
       on conflict (channel, address_hash) do nothing returning id, customer_id`,
      [
        wish.channel,
        hash,
        wish.note,
        createdBy,
        ctx.clock(),
        kind === 'email' ? readEmail(wish.address!).value : readPhone(wish.address!).value,
      ],
    )
    const made = rows[0]
    if (made) await tell(tx, actor, made.customer_id ? 'customer' : 'suppression', made.customer_id ?? made.id, wish)
    return { data: await read(ctx, actor, 's.address_hash = $1 order by s.id desc', [hash], tx) }
  })
}

async function checkCustomer(tx: ClientBase, id: string, channel: Scope): Promise<void> {
  const { rows } = await tx.query<{ email: string | null; phone: string | null }>(
    'select c.email, c.phone from customers as c where c.id = $1 and c.erased_at is null and c.merged_into is null',
    [id],
  )
  const found = rows[0]
  if (!found) throw notFound('customer', id)
  const has = { email: found.email, sms: found.phone, all: found.email ?? found.phone }[channel]
  if (has === null)
    throw new InputError([
      { path: 'channel', message: 'The customer has no address on this channel, so there is nothing to close.' },
    ])
}

/** Takes away what somebody of the shop put there. Throws not_found, conflict for what a customer, a bounce or the law put there. */
export async function liftSuppression(ctx: Ctx, actor: Actor, id: string, note: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{
      reason: string
      channel: string
      customer_id: string | null
      note: string | null
    }>('select s.reason, s.channel, s.customer_id, s.note from suppressions as s where s.id = $1 for update', [id])
    const found = rows[0]
    if (!found) throw notFound('entry', id)
    if (found.reason !== 'manual')
      throw new AppError('conflict', cannotLift[found.reason] ?? 'Only what the shop put there can be taken away.', {
        reason: found.reason,
      })
    await tx.query('delete from suppressions as s where s.id = $1', [id])
    await audit(tx, actor, {
      action: found.customer_id ? 'customer.unsuppressed' : 'suppression.lifted',
      entity: found.customer_id ? 'customer' : 'suppression',
      entityId: found.customer_id ?? id,
      before: { channel: found.channel, note: found.note },
      reason: note,
    })
  })
}

const cannotLift: Record<string, string> = {
  unsubscribe: 'The customer unsubscribed. Only they can take that back, with the link in a message or a new sign-up.',
  stop: 'The customer answered STOP. Only they can take that back, by answering START or signing up again.',
  complaint: 'The customer reported a message as spam. Nobody can take that back.',
  hard_bounce: 'The mailbox does not exist. Correct the customer’s address instead.',
  erased: 'This person was erased and is never written to again.',
}

async function tell(
  tx: ClientBase,
  actor: Actor,
  entity: 'customer' | 'suppression',
  entityId: string,
  { channel, note }: Wish,
): Promise<void> {
  await audit(tx, actor, {
    action: entity === 'customer' ? 'customer.suppressed' : 'suppression.added',
    entity,
    entityId,
    after: { channel },
    reason: note,
  })
}
