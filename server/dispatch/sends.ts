import type { z } from 'zod'
import type { dispatch, Send, SendDetail, SendEvent } from '#contract/dispatch.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import { reopenCampaign } from '../campaign-state.ts'
import { createComposer, type SendToRender } from '../composer.ts'
import type { Ctx } from '../context.ts'
import { hideAddresses, maskAddress, maskIn } from '../customer-rows.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'

type Row = z.input<typeof Send>
type Query = z.output<typeof dispatch.list.query>

const columns = `s.id, s.campaign_id, c.name as campaign_name, s.customer_id, cu.name as customer_name, case when s.entry_id is null then s.action_id else s.id end as action_id, s.channel, s.recipient, s.template_id,
  case when s.status = 'pending' and is_leased(s.id, s.campaign_id) then 'claimed' else s.status end as status, s.due_at, s.window_end, s.provider, s.refused_by, s.error_message, s.retry_count, s.sent_at, s.delivered_at, s.opened_at, s.clicked_at,
  s.converted_at, s.conversion_cents, s.created_at`
const joins = 'left join campaigns as c on c.id = s.campaign_id left join customers as cu on cu.id = s.customer_id'
const countLimit = 10_000

/** Sends newest first, by page or by cursor (the id of the last one seen). Counts stop at ten thousand. */
export async function listSends(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  query: Query,
): Promise<z.input<NonNullable<typeof dispatch.list.reply>>> {
  if (query.cursor && !/^[0-9a-f-]{36}$/i.test(query.cursor))
    throw new InputError([{ path: 'query.cursor', message: 'This cursor is not one of ours.' }])
  const filter = `($1::uuid is null or s.campaign_id = $1) and ($2::uuid is null or s.customer_id = $2) and ($3::text is null or s.channel = $3)
    and ($4::text[] is null or s.status = any($4) or ('claimed' = any($4) and s.status = 'pending' and is_leased(s.id, s.campaign_id)))`
  const values = [query.campaign_id ?? null, query.customer_id ?? null, query.channel ?? null, query.status ?? null]
  const [{ rows }, { rows: counted }] = await Promise.all([
    ctx.pool.query<Row>(
      `select ${columns} from (select * from sends as s where ${filter} and ($5::uuid is null or s.id < $5) order by s.id desc limit $6 offset $7) as s ${joins} order by s.id desc`,
      [
        ...values,
        query.cursor ?? null,
        query.page_size,
        query.cursor ? 0 : Math.min((query.page - 1) * query.page_size, 100_000),
      ],
    ),
    ctx.pool.query<{ n: number }>(
      `select count(*) as n from (select 1 from sends as s where ${filter} limit ${countLimit}) as x`,
      values,
    ),
  ])
  const total = counted[0]?.n ?? 0
  return {
    data: rows.map((row) => shown(row, actor)),
    page: query.page,
    page_size: query.page_size,
    total,
    total_is_exact: total < countLimit,
    next_cursor: rows.length === query.page_size ? (rows.at(-1)?.id ?? null) : null,
  }
}

/** One send with its attempts and its text, rebuilt from template version and variables. Throws not_found. */
export async function readSend(ctx: Ctx, actor: Pick<Actor, 'role'>, id: string): Promise<z.input<typeof SendDetail>> {
  const { rows } = await ctx.pool.query<Row & Pick<SendToRender, 'variables' | 'store_id'>>(
    `select ${columns}, variables_of(s) as variables, cu.store_id from sends as s ${joins} where s.id = $1`,
    [id],
  )
  const found = rows[0]
  if (!found) throw notFound('message', id)
  const { variables, store_id, ...send } = found
  const [{ rows: attempts }, [message]] = await Promise.all([
    ctx.pool.query<z.input<typeof SendDetail>['attempts'][number]>(
      // What is on its way, or has just been taken, is only said by the turns of its batch.
      `with written as (
         select a.attempt, a.batch_id, a.provider, a.message_id, a.outcome, a.code, a.detail, a.started_at, a.finished_at from delivery_attempts as a where a.send_id = $1
       )
       select w.attempt, w.provider, w.message_id, w.outcome, w.code, w.detail, w.started_at, w.finished_at from written as w
       union all
       select 1 + coalesce((select max(w.attempt) from written as w), 0), n.provider, n.message_id, case when n.finished_at is not null then 'accepted' end,
         case when n.is_delivered then 'delivered' end, null, n.started_at, n.finished_at
       from send_batches as b cross join begun_in(b.id) as n
       where b.closed_at is null and b.campaign_id is not distinct from $2 and $1 = any(b.send_ids) and n.send_id = $1
         and not exists (select from written as w where w.batch_id = b.id)
       order by attempt`,
      [id, found.campaign_id],
    ),
    createComposer(ctx).compose([
      {
        id,
        campaign_id: send.campaign_id,
        recipient: send.recipient,
        template_id: send.template_id,
        variables,
        store_id,
      },
    ]),
  ])
  const masked = actor.role === 'user'
  const hidden = <T extends string | null>(text: T): T => (masked ? maskIn(text, send.recipient) : text)
  return {
    ...shown(send, actor),
    attempts: attempts.map((a) => (masked ? { ...a, detail: hideAddresses(a.detail) } : a)),
    message:
      message && !('failure' in message)
        ? { subject: hidden(message.subject), html: hidden(message.html()), text: hidden(message.text()) }
        : null,
  }
}

/** The send as this reader may see it: role `user` sees that there was an address, not which. */
function shown<T extends Pick<Row, 'recipient' | 'error_message'>>(send: T, actor: Pick<Actor, 'role'>): T {
  if (actor.role !== 'user') return send
  return { ...send, recipient: maskAddress(send.recipient), error_message: hideAddresses(send.error_message) }
}

/** What happened to a send, oldest first. Throws not_found. */
export async function listSendEvents(
  ctx: Ctx,
  actor: Pick<Actor, 'role'>,
  id: string,
): Promise<{ data: z.input<typeof SendEvent>[] }> {
  const { rows } = await ctx.pool.query<z.input<typeof SendEvent>>(
    // That it has left is no entry of the index by message: it is found among what its customer got, or by its moment.
    `select e.id, e.event_type, e.machine, e.value_cents, e.properties, e.occurred_at from (
       select e.* from analytics_events as e where e.send_id = $1 and e.event_type <> 'sent'
       union all
       select e.* from sends as s join analytics_events as e on e.customer_id = s.customer_id and e.send_id = s.id and e.event_type = 'sent' where s.id = $1
       union all
       select e.* from sends as s join analytics_events as e on e.occurred_at = s.sent_at and e.send_id = s.id and e.event_type = 'sent'
       where s.id = $1 and s.customer_id is null
     ) as e order by e.occurred_at, e.id limit 500`,
    [id],
  )
  if (rows.length === 0) {
    const { rowCount } = await ctx.pool.query('select 1 from sends as s where s.id = $1', [id])
    if (!rowCount) throw notFound('message', id)
  }
  if (actor.role !== 'user') return { data: rows }
  // What a provider said about a bounce may quote the address.
  return {
    data: rows.map((row) => ({
      ...row,
      properties: Object.fromEntries(
        Object.entries(row.properties).map(([key, value]) => [
          key,
          typeof value === 'string' ? hideAddresses(value) : value,
        ]),
      ),
    })),
  }
}

/** Puts a failed or unknown send back in line, by a person's decision; the Message-ID stays, so a repeat can be told. */
export async function resend(ctx: Ctx, actor: Actor, id: string): Promise<Row> {
  await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ status: string; campaign_id: string | null; campaign: string | null }>(
      `select s.status, s.campaign_id, c.status as campaign from sends as s left join campaigns as c on c.id = s.campaign_id where s.id = $1 for update of s`,
      [id],
    )
    const send = rows[0]
    if (!send) throw notFound('message', id)
    if (send.status !== 'failed' && send.status !== 'unknown')
      throw new AppError(
        'send.not_repeatable',
        `This message is ${send.status}; only failed and unknown ones can be sent again.`,
        { status: send.status },
      )
    if (send.campaign === 'cancelled' || send.campaign === 'draft')
      throw new AppError('campaign.not_running', `Its campaign is ${send.campaign}; nothing can be sent for it.`, {
        status: send.campaign,
      })
    const now = ctx.clock()
    await tx.query(
      `update sends set status = 'pending', batch_id = null, retry_count = 0, error_message = null, refused_by = null, due_at = $2,
         window_end = greatest(window_end, $2::timestamptz + interval '12 hours'), updated_at = now() where id = $1`,
      [id, now],
    )
    if (send.campaign_id) await reopenCampaign(tx, send.campaign_id, now)
    await audit(tx, actor, {
      action: 'send.repeated',
      entity: 'send',
      entityId: id,
      before: { status: send.status },
      after: { status: 'pending' },
    })
  })
  await ctx.bus.publish('dispatch.due', { send: id })
  const { rows } = await ctx.pool.query<Row>(`select ${columns} from sends as s ${joins} where s.id = $1`, [id])
  return rows[0]!
}
