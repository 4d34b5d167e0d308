import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { WebhookDelivery, webhooks } from '#contract/webhooks.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { notFound } from '../http/errors.ts'
import { faultOf, postOnce } from './deliver.ts'
import { messageIdOf } from './sign.ts'
import { readWebhook, secretsOf } from './subscriptions.ts'

type Shown = z.input<typeof WebhookDelivery>
type Row = Omit<Shown, 'message_id'>

const columns = `d.id, d.event_type, d.status, d.attempts, case when d.status = 'waiting' then d.next_try_at end as next_try_at, d.response_status, d.response_ms, d.error, d.created_at, d.finished_at`
const shown = (row: Row): Shown => ({ ...row, message_id: messageIdOf(row.id) })

/** Newest first. Throws not_found. */
export async function listDeliveries(
  ctx: Ctx,
  id: string,
  query: z.output<typeof webhooks.deliveries.query>,
): Promise<z.input<typeof webhooks.deliveries.reply>> {
  await readWebhook(ctx.pool, id)
  const filter = `d.subscription_id = $1 and ($2::text is null or d.status = $2) and ($3::text is null or d.event_type = $3)`
  const values = [id, query.status ?? null, query.event ?? null]
  const cursor = query.cursor && /^[0-9a-f-]{36}$/i.test(query.cursor) ? query.cursor : null
  const [{ rows }, { rows: counted }] = await Promise.all([
    ctx.pool.query<Row>(
      `select ${columns} from webhook_deliveries as d where ${filter} and ($4::uuid is null or d.id < $4) order by d.id desc limit $5 offset $6`,
      [...values, cursor, query.page_size, cursor ? 0 : (query.page - 1) * query.page_size],
    ),
    // Counting to ten thousand is enough for a pager.
    ctx.pool.query<{ n: number }>(
      `select count(*)::int as n from (select from webhook_deliveries as d where ${filter} limit 10001) as x`,
      values,
    ),
  ])
  const total = counted[0]!.n
  return {
    data: rows.map(shown),
    page: query.page,
    page_size: query.page_size,
    total: Math.min(total, 10_000),
    total_is_exact: total <= 10_000,
    next_cursor: rows.length === query.page_size ? (rows.at(-1)?.id ?? null) : null,
  }
}

/** One with its body. Throws not_found. */
export async function readDelivery(ctx: Ctx, id: string, deliveryId: string): Promise<Shown & { body: string }> {
  const { rows } = await ctx.pool.query<Row & { body: string }>(
    `select ${columns}, d.body from webhook_deliveries as d where d.subscription_id = $1 and d.id = $2`,
    [id, deliveryId],
  )
  const row = rows[0]
  if (!row) throw notFound('delivery', deliveryId)
  return { ...shown(row), body: row.body }
}

/** Posts one again with fresh tries. Throws not_found. */
export async function replayDelivery(ctx: Ctx, actor: Actor, id: string, deliveryId: string): Promise<Shown> {
  await withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query(
      `update webhook_deliveries set status = 'waiting', attempts = 0, next_try_at = $3, finished_at = null where subscription_id = $1 and id = $2`,
      [id, deliveryId, ctx.clock()],
    )
    if (!rowCount) throw notFound('delivery', deliveryId)
    await audit(tx, actor, {
      action: 'webhook.replayed',
      entity: 'webhook',
      entityId: id,
      after: { delivery_id: deliveryId },
    })
  })
  const { body: _, ...delivery } = await readDelivery(ctx, id, deliveryId)
  return delivery
}

/** Everything that failed since a time; without one, all that the log still has. Throws not_found. */
export async function replayFailed(ctx: Ctx, actor: Actor, id: string, since: string | null): Promise<number> {
  await readWebhook(ctx.pool, id)
  return withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query(
      `update webhook_deliveries set status = 'waiting', attempts = 0, next_try_at = $3, finished_at = null
       where subscription_id = $1 and status = 'failed' and ($2::timestamptz is null or created_at >= $2)`,
      [id, since, ctx.clock()],
    )
    await audit(tx, actor, {
      action: 'webhook.replayed',
      entity: 'webhook',
      entityId: id,
      after: { since, deliveries: rowCount },
    })
    return rowCount ?? 0
  })
}

/** A test event now, past the queue; it is not in the log. Throws not_found. */
export async function testWebhook(
  ctx: Ctx,
  id: string,
): Promise<{ ok: boolean; status: number | null; detail: string }> {
  const { kind } = await readWebhook(ctx.pool, id)
  const body = JSON.stringify({ type: 'webhook.test', timestamp: ctx.clock().toISOString(), data: { webhook_id: id } })
  const answer = await postOnce(ctx, { id: randomUUID(), kind, body }, await secretsOf(ctx, ctx.pool, id))
  const fault = faultOf(answer)
  return {
    ok: fault === null,
    status: answer.kind === 'answered' ? answer.status : null,
    detail: fault ?? 'It was taken.',
  }
}
