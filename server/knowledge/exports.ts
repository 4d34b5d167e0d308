import { createReadStream, type ReadStream } from 'node:fs'
import type { Export } from '#contract/bulk.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { countUpTo, type Count } from '../list-counts.ts'
import { AppError, notFound } from '../http/errors.ts'
import { readCursor, writeCursor } from '../keyset.ts'
import { dropFile, fetchFile } from '../shared-files.ts'

type Row = Omit<Export, 'created_at' | 'finished_at' | 'expires_at'> & {
  created_at: Date
  finished_at: Date | null
  expires_at: Date | null
}

/** `$1` is who asks. A role `user` sees what they made, and only what is masked: a role can be taken away. */
const mayRead = (role: Actor['role']): string =>
  role === 'user' ? 'e.created_by = $1 and e.is_masked' : '($1::uuid is null or true)'

/** Exports newest first. */
export async function listExports(
  ctx: Ctx,
  actor: Actor,
  query: { page: number; page_size: number; cursor?: string | undefined },
): Promise<Count & { data: Row[]; page: number; page_size: number; next_cursor: string | null }> {
  const after = query.cursor ? readCursor(ctx.config.secret, query.cursor, 'exports')[0] : null
  const where = `e.kind = 'customers' and ${mayRead(actor.role)}`
  const [{ rows }, count] = await Promise.all([
    ctx.pool.query<Row>(
      `select e.id, e.kind, case when e.status = 'queued' then coalesce(nullif(j.status, 'succeeded'), 'queued')
           when e.status = 'ready' and e.expires_at <= $2 then 'expired' else e.status end as status,
         array(select jsonb_array_elements_text(e.params -> 'columns')) as columns, coalesce(e.params -> 'filter', '{}') as filter,
         e.rows, e.bytes, e.is_masked, e.reason, coalesce(u.full_name, u.email) as created_by, e.created_by = $1 as is_own, e.job_id,
         e.created_at, e.finished_at, e.expires_at
       from exports as e left join jobs as j on j.id = e.job_id left join users as u on u.id = e.created_by
       where ${where} and ($3::uuid is null or e.id < $3::uuid) order by e.id desc limit $4 offset $5`,
      [actor.id, ctx.clock(), after, query.page_size + 1, after ? 0 : (query.page - 1) * query.page_size],
    ),
    countUpTo(ctx.pool, 'exports as e', where, [actor.id]),
  ])
  const data = rows.slice(0, query.page_size).map((row) => ({ ...row, is_own: row.is_own ?? false }))
  return {
    data,
    page: query.page,
    page_size: query.page_size,
    ...count,
    next_cursor: rows.length > query.page_size ? writeCursor(ctx.config.secret, 'exports', [data.at(-1)?.id]) : null,
  }
}

interface Stored {
  status: string
  path: string | null
  is_expired: boolean
  created_at: Date
}

async function find(ctx: Ctx, actor: Actor, id: string): Promise<Stored> {
  const { rows } = await ctx.pool.query<Stored>(
    `select e.status, e.path, coalesce(e.expires_at <= $3, false) as is_expired, e.created_at from exports as e where e.id = $2 and e.kind = 'customers' and ${mayRead(actor.role)}`,
    [actor.id, id, ctx.clock()],
  )
  if (!rows[0]) throw notFound('export', id)
  return rows[0]
}

/** The file, noted in the audit trail. Throws not_found, conflict while it is written, export.gone when its time is over. */
export async function openExport(ctx: Ctx, actor: Actor, id: string): Promise<{ stream: ReadStream; name: string }> {
  const found = await find(ctx, actor, id)
  if (found.status === 'queued') throw new AppError('conflict', 'This export is not ready yet, or it failed.', { id })
  const file = found.path === null ? null : await fetchFile(ctx, found.path)
  if (found.status !== 'ready' || found.is_expired || !file)
    throw new AppError(
      'export.gone',
      found.status === 'withdrawn'
        ? 'This file was withdrawn because a customer was erased. Make the export again.'
        : 'This file was kept for a day and is gone now. Make the export again.',
      { id },
    )
  await audit(ctx.pool, actor, { action: 'export.downloaded', entity: 'export', entityId: id })
  return { stream: createReadStream(file), name: `customers-${found.created_at.toISOString().slice(0, 10)}.csv` }
}

/** Removes the file before its time; who wrote what is kept. Doing it twice changes nothing. */
export async function removeExport(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  const found = await find(ctx, actor, id)
  if (found.status !== 'ready') return
  if (found.path) await dropFile(ctx, found.path)
  await ctx.pool.query(
    `update exports set status = 'expired', path = null where exports.id = $1 and exports.status = 'ready'`,
    [id],
  )
  await audit(ctx.pool, actor, { action: 'export.removed', entity: 'export', entityId: id })
}

/** Deletes files whose time is over or that were withdrawn. Returns how many. */
export async function expireExports(ctx: Ctx): Promise<number> {
  const { rows } = await ctx.pool.query<{ id: string; path: string }>(
    `select e.id, e.path from exports as e where e.path is not null and (e.status <> 'ready' or e.expires_at <= $1) limit 500`,
    [ctx.clock()],
  )
  for (const { path } of rows) await dropFile(ctx, path)
  await ctx.pool.query(
    `update exports set path = null, status = case when exports.status = 'ready' then 'expired' else exports.status end where exports.id = any($1::uuid[])`,
    [rows.map((r) => r.id)],
  )
  return rows.length
}
