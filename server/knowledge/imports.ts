import { createReadStream } from 'node:fs'
import type { ReadStream } from 'node:fs'
import type { z } from 'zod'
import type { imports, ImportUndone } from '#contract/imports.ts'
import { remainingTime } from '#core/knowledge/import-eta.ts'
import { audit, type Actor } from '../audit.ts'
import { cancelJob, startJob } from '../background.ts'
import type { Ctx } from '../context.ts'
import { fetchFile } from '../shared-files.ts'
import { AppError, notFound } from '../http/errors.ts'
import { hideAddresses } from '../customer-rows.ts'
import { countUpTo, type Count } from '../list-counts.ts'
import { readCursor, writeCursor } from '../keyset.ts'
import { undoRefusal } from './import/undo.ts'
import type { Upload } from './uploads.ts'

type ImportRow = z.input<typeof import('#contract/imports.ts').Import>

/** As stored: what the row needs besides to say how long it takes and whether it can be undone. */
interface Stored extends Omit<ImportRow, 'eta' | 'undo'> {
  undo_until: Date | null
  undo_job_id: string | null
  undo_job_status: string | null
  undone_at: Date | null
  undo_result: z.input<typeof ImportUndone>
  is_over: boolean | null
  elapsed_ms: number | null
  merging_ms: number | null
  merge_ms_per_row: number | null
}

const columns = `i.id, i.kind, i.source, i.status, i.phase, i.dry_run, i.job_id, i.mapping, i.options, i.bytes_total, i.bytes_read, i.rows_read, i.rows_new,
  i.rows_changed, i.rows_same, i.rows_duplicate, i.rows_rejected, i.rejects_path is not null as has_rejects, i.summary, i.error, i.created_at, i.started_at, i.finished_at,
  coalesce(u.full_name, u.email) as created_by_name, i.undo_until, i.undo_job_id, j.status as undo_job_status, i.undone_at, i.undo_result, i.undo_until < now() as is_over,
  (extract(epoch from clock_timestamp() - i.started_at) * 1000)::float8 as elapsed_ms, (extract(epoch from clock_timestamp() - i.merging_since) * 1000)::float8 as merging_ms,
  usual.merge_ms_per_row`
const from = `imports as i left join users as u on u.id = i.created_by left join jobs as j on j.id = i.undo_job_id
  left join lateral (
    select (p.summary ->> 'merge_ms')::float8 / p.rows_read as merge_ms_per_row from imports as p
    where i.status = 'running' and p.kind = i.kind and p.status = 'succeeded' and p.rows_read > 0 and p.summary ? 'merge_ms' order by p.id desc limit 1
  ) as usual on true`

/** Writes the import down and hands it to a worker. */
export async function queueImport(ctx: Ctx, actor: Actor, upload: Upload): Promise<ImportRow> {
  const { fields } = upload
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into imports (kind, source, path, file_hash, mapping, options, status, dry_run, bytes_total, created_by) values ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9) returning id`,
    [
      fields.kind,
      upload.source,
      upload.path,
      upload.hash.length > 0 ? upload.hash : null,
      JSON.stringify(fields.mapping ?? {}),
      JSON.stringify(fields.options ?? {}),
      fields.dry_run,
      upload.bytes,
      actor.kind === 'user' ? actor.id : null,
    ],
  )
  const id = rows[0]!.id
  const job = await startJob(ctx, actor, 'import', { import_id: id })
  await ctx.pool.query('update imports set job_id = $2 where id = $1', [id, job.id])
  await audit(ctx.pool, actor, {
    action: 'import.queued',
    entity: 'import',
    entityId: id,
    after: { kind: fields.kind, dry_run: fields.dry_run, bytes: upload.bytes },
  })
  return readImport(ctx, id)
}

// What stood in refused cells is personal data.
function withoutAddresses(row: Pick<ImportRow, 'summary' | 'options' | 'error'>): Partial<ImportRow> {
  const { reasons } = row.summary
  const { repairs: _, ...options } = row.options
  return {
    options,
    error: hideAddresses(row.error),
    summary: reasons ? { ...row.summary, reasons: reasons.map(({ values: __, ...reason }) => reason) } : row.summary,
  }
}

/** The row as this reader may see it. */
function shown(stored: Stored, role: Actor['role']): ImportRow {
  const { undo_until, undo_job_id, undo_job_status, undone_at, undo_result, is_over, ...rest } = stored
  const { elapsed_ms, merging_ms, merge_ms_per_row, ...row } = rest
  return {
    ...row,
    ...(role === 'user' ? withoutAddresses(row) : {}),
    eta:
      row.status === 'running'
        ? remainingTime({
            phase: row.phase,
            elapsedMs: elapsed_ms ?? 0,
            mergingMs: merging_ms,
            bytesRead: row.bytes_read,
            bytesTotal: row.bytes_total,
            rowsRead: row.rows_read,
            mergeMsPerRow: merge_ms_per_row,
          })
        : null,
    undo: {
      refusal: undoRefusal({ ...row, is_over, undone_at }),
      until: undo_until,
      job_id: undo_job_id,
      is_running: undo_job_status === 'queued' || undo_job_status === 'running',
      undone_at,
      result: undo_result,
    },
  }
}

/** Throws not_found. */
export async function readImport(ctx: Ctx, id: string, role: Actor['role'] = 'admin'): Promise<ImportRow> {
  const { rows } = await ctx.pool.query<Stored>(`select ${columns} from ${from} where i.id = $1`, [id])
  if (!rows[0]) throw notFound('import', id)
  return shown(rows[0], role)
}

/** Imports and checks, newest first. */
export async function listImports(
  ctx: Ctx,
  actor: Actor,
  query: z.output<(typeof imports.list)['query']>,
): Promise<Count & { data: ImportRow[]; page: number; page_size: number; next_cursor: string | null }> {
  const after = query.cursor ? readCursor(ctx.config.secret, query.cursor, 'imports')[0] : null
  // Ids carry the time, so newest first is the id backwards.
  const where = `($1::text is null or i.kind = $1) and ($2::boolean is null or i.dry_run = $2)
    and ($3::text is null or ($3 = 'undone' and i.undone_at is not null) or (i.status = $3 and i.undone_at is null))`
  const filter = [query.kind ?? null, query.dry_run ?? null, query.status ?? null]
  const [{ rows }, count] = await Promise.all([
    ctx.pool.query<Stored>(
      `select ${columns} from ${from} where ${where} and ($4::uuid is null or i.id < $4::uuid) order by i.id desc limit $5 offset $6`,
      [...filter, after, query.page_size + 1, after ? 0 : (query.page - 1) * query.page_size],
    ),
    countUpTo(ctx.pool, 'imports as i', where, filter),
  ])
  const data = rows.slice(0, query.page_size).map((row) => shown(row, actor.role))
  return {
    data,
    page: query.page,
    page_size: query.page_size,
    ...count,
    next_cursor: rows.length > query.page_size ? writeCursor(ctx.config.secret, 'imports', [data.at(-1)?.id]) : null,
  }
}

/** Stops a queued or running import; nothing of it is kept. Throws conflict when it is over. */
export async function cancelImport(ctx: Ctx, actor: Actor, id: string): Promise<ImportRow> {
  const found = await readImport(ctx, id)
  if (found.status !== 'queued' && found.status !== 'running')
    throw new AppError('conflict', `This import is over already (${found.status}).`)
  if (found.job_id) await cancelJob(ctx, found.job_id)
  await ctx.pool.query(
    `update imports set status = 'cancelled', finished_at = now(), error = 'The import was stopped; nothing of it was kept.' where id = $1 and status = 'queued'`,
    [id],
  )
  await audit(ctx.pool, actor, { action: 'import.cancelled', entity: 'import', entityId: id })
  return readImport(ctx, id)
}

/** The rejects file. Throws not_found when no row was refused. */
export async function openRejectsOf(ctx: Ctx, actor: Actor, id: string): Promise<{ stream: ReadStream; name: string }> {
  const { rows } = await ctx.pool.query<{ rejects_path: string | null; source: string }>(
    'select i.rejects_path, i.source from imports as i where i.id = $1',
    [id],
  )
  const file = rows[0]?.rejects_path
  if (!rows[0]) throw notFound('import', id)
  const here = file ? await fetchFile(ctx, file) : null
  if (!here) throw notFound('rejects file', id)
  await audit(ctx.pool, actor, { action: 'import.rejects_read', entity: 'import', entityId: id })
  return {
    stream: createReadStream(here),
    name: `${rows[0].source.replace(/[^\w.-]+/g, '_').slice(0, 80)}-rejects.csv`,
  }
}
