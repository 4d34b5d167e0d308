import type { z } from 'zod'
import type { Hook, integrations } from '#contract/integrations.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { countUpTo, type Count } from '../../list-counts.ts'
import { AppError, notFound } from '../../http/errors.ts'
import { readCursor, writeCursor } from '../../keyset.ts'

type Shown = z.input<typeof Hook>
type Query = z.output<typeof integrations.hooks.query>

const columns = `h.id, h.topic, h.subject, h.status, h.outcome, h.error, h.attempts, h.sent_at, h.received_at, h.processed_at,
  h.body is not null and h.status in ('parked', 'ignored', 'done') as can_replay`

/** What a till posted and what became of it, the latest first. Throws not_found. */
export async function listHooks(
  ctx: Ctx,
  tillId: string,
  query: Query,
): Promise<Count & { data: Shown[]; page: number; page_size: number; next_cursor: string | null }> {
  const { rowCount } = await ctx.pool.query('select from integrations as i where i.id = $1', [tillId])
  if (!rowCount) throw notFound('till', tillId)
  const sort = `hooks:${tillId}`
  const after = query.cursor ? readCursor(ctx.config.secret, query.cursor, sort)[0] : null
  const where = 'h.integration_id = $1 and ($2::text is null or h.status = $2)'
  const filter = [tillId, query.status ?? null]
  const [{ rows }, count] = await Promise.all([
    // Ids carry the time, so the latest first is the id backwards.
    ctx.pool.query<Shown>(
      `select ${columns} from till_hooks as h where ${where} and ($3::uuid is null or h.id < $3::uuid) order by h.id desc limit $4 offset $5`,
      [...filter, after, query.page_size + 1, after ? 0 : (query.page - 1) * query.page_size],
    ),
    countUpTo(ctx.pool, 'till_hooks as h', where, filter),
  ])
  const data = rows.slice(0, query.page_size)
  return {
    data,
    page: query.page,
    page_size: query.page_size,
    ...count,
    next_cursor: rows.length > query.page_size ? writeCursor(ctx.config.secret, sort, [data.at(-1)?.id]) : null,
  }
}

const again = `status = 'received', attempts = 0, next_try_at = now(), error = null, outcome = null, processed_at = null`

/** Gives a hook to the worker once more. Throws not_found, `hook.gone` when its content was deleted. */
export async function replayHook(ctx: Ctx, actor: Actor, tillId: string, hookId: string): Promise<Shown> {
  const { rows } = await ctx.pool.query<Shown & { has_body: boolean }>(
    `select ${columns}, h.body is not null as has_body from till_hooks as h where h.integration_id = $1 and h.id = $2`,
    [tillId, hookId],
  )
  const hook = rows[0]
  if (!hook) throw notFound('hook', hookId)
  if (!hook.has_body)
    throw new AppError(
      'hook.gone',
      'The content of this hook was deleted; change the order in the shop and it is sent anew.',
    )
  await ctx.pool.query(`update till_hooks set ${again} where id = $1 and status <> 'received'`, [hookId])
  await audit(ctx.pool, actor, {
    action: 'hook.replayed',
    entity: 'integration',
    entityId: tillId,
    after: { hook: hookId },
  })
  const { rows: now } = await ctx.pool.query<Shown>(`select ${columns} from till_hooks as h where h.id = $1`, [hookId])
  return now[0]!
}

/** Throws not_found. */
export async function replayParked(ctx: Ctx, actor: Actor, tillId: string): Promise<{ replayed: number }> {
  const { rowCount: exists } = await ctx.pool.query('select from integrations as i where i.id = $1', [tillId])
  if (!exists) throw notFound('till', tillId)
  const { rowCount } = await ctx.pool.query(
    `update till_hooks set ${again} where integration_id = $1 and status = 'parked' and body is not null`,
    [tillId],
  )
  const replayed = rowCount ?? 0
  await audit(ctx.pool, actor, {
    action: 'hooks.replayed',
    entity: 'integration',
    entityId: tillId,
    after: { replayed },
  })
  return { replayed }
}
