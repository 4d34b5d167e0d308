import type { z } from 'zod'
import type { delivery, SandboxMessage, SandboxMessageDetail } from '#contract/delivery.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { maskAddress, maskIn } from '../customer-rows.ts'
import { InputError, notFound } from '../http/errors.ts'

type Query = z.output<typeof delivery.listSandbox.query>
type Message = z.input<typeof SandboxMessage>

const columns = `m.id, m.send_id, m.channel, m.sender, m.recipient, m.subject, m.is_read, m.received_at,
  left(regexp_replace(m.body_text, '\\s+', ' ', 'g'), 140) as snippet`
const countLimit = 10_000
/** A link to a new password is the key to an account: only an admin may find it here. */
const visibleTo = (actor: Pick<Actor, 'role'>): string => (actor.role === 'admin' ? 'true' : 'not m.for_admins')

/** Messages newest first, by page or by cursor (the id of the last one seen). */
export async function listSandbox(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  query: Query,
): Promise<z.input<NonNullable<typeof delivery.listSandbox.reply>>> {
  if (query.cursor && !/^[0-9a-f-]{36}$/i.test(query.cursor))
    throw new InputError([{ path: 'query.cursor', message: 'This cursor is not one of ours.' }])
  const filter = `${visibleTo(actor)} and ($1::text is null or m.channel = $1) and ($2::boolean is null or m.is_read <> $2) and ($3::uuid is null or m.send_id = $3)
    and ($4::text is null or ${
      actor.role === 'user'
        ? `replace(m.subject, m.recipient, '') ilike $4`
        : 'm.subject ilike $4 or m.body_text ilike $4 or m.recipient ilike $4'
    })`
  const values = [
    query.channel ?? null,
    query.unread ?? null,
    query.send_id ?? null,
    query.q ? `%${query.q.replace(/[\\%_]/g, '\\$&')}%` : null,
  ]
  const [{ rows }, { rows: counts }] = await Promise.all([
    ctx.pool.query<Message>(
      `select ${columns} from sandbox_messages as m where ${filter} and ($5::uuid is null or m.id < $5) order by m.id desc limit $6 offset $7`,
      [
        ...values,
        query.cursor ?? null,
        query.page_size,
        query.cursor ? 0 : Math.min((query.page - 1) * query.page_size, 100_000),
      ],
    ),
    ctx.pool.query<{ total: number; unread: number }>(
      `select (select count(*) from (select 1 from sandbox_messages as m where ${filter} limit ${countLimit}) as x) as total,
         (select count(*) from (select 1 from sandbox_messages as m where ${visibleTo(actor)} and not m.is_read limit ${countLimit}) as x) as unread`,
      values,
    ),
  ])
  const total = counts[0]?.total ?? 0
  return {
    data: rows.map((row) => shown(row, actor)),
    page: query.page,
    page_size: query.page_size,
    total,
    total_is_exact: total < countLimit,
    unread: counts[0]?.unread ?? 0,
    next_cursor: rows.length === query.page_size ? (rows.at(-1)?.id ?? null) : null,
  }
}

/** Opens a message, which marks it read. Throws not_found. */
export async function readSandbox(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  id: string,
): Promise<z.input<typeof SandboxMessageDetail>> {
  const { rows } = await ctx.pool.query<z.input<typeof SandboxMessageDetail>>(
    `with opened as (update sandbox_messages as m set is_read = true where m.id = $1 and not m.is_read and ${visibleTo(actor)})
     select ${columns}, m.message_id, m.headers, m.body_html, m.body_text, sends.campaign_id, sends.customer_id
     from sandbox_messages as m left join sends on sends.id = m.send_id where m.id = $1 and ${visibleTo(actor)}`,
    [id],
  )
  if (!rows[0]) throw notFound('message', id)
  const message = { ...rows[0], is_read: true }
  if (actor.role !== 'user') return message
  return {
    ...shown(message, actor),
    body_text: maskIn(message.body_text, message.recipient),
    body_html: maskIn(message.body_html, message.recipient),
    headers: Object.fromEntries(
      Object.entries(message.headers).map(([name, text]) => [name, maskIn(text, message.recipient)]),
    ),
  }
}

/** Role `user` sees that somebody got a message, not at which address; nor may they find out letter by letter. */
function shown<T extends Message>(message: T, actor: Pick<Actor, 'role'>): T {
  if (actor.role !== 'user') return message
  return {
    ...message,
    recipient: maskAddress(message.recipient),
    subject: maskIn(message.subject, message.recipient),
    snippet: maskIn(message.snippet, message.recipient),
  }
}

/** Empties the mailbox; the sends it came from stay as they are. */
export async function clearSandbox(ctx: Ctx, actor: Actor): Promise<{ removed: number }> {
  return withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query('delete from sandbox_messages')
    await audit(tx, actor, { action: 'sandbox.cleared', entity: 'sandbox', after: { removed: rowCount ?? 0 } })
    return { removed: rowCount ?? 0 }
  })
}
