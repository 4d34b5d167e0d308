import { createHash } from 'node:crypto'
import type { ClientBase, Pool } from 'pg'
import type { Ctx } from '../../context.ts'
import type { Mapping } from '#core/knowledge/columns.ts'
import type { ImportProgress, ImportRequest, ImportResult } from './request.ts'

/** The `imports` row of a run, written beside the transaction of the merge so that others see how far it is. */
export interface ImportRecord {
  id: string
  opened(mapping: Mapping, headers: readonly string[], bytesTotal: number): Promise<void>
  progress(progress: ImportProgress): Promise<void>
  /** Call it in the transaction that stores the rows, so that either both are there or none. */
  succeed(client: ClientBase | Pool, result: ImportResult): Promise<void>
  fail(status: 'failed' | 'cancelled', message: string): Promise<void>
  counts(result: ImportResult): Record<string, number>
}

export async function createRecord(ctx: Ctx, request: ImportRequest): Promise<ImportRecord> {
  const options = {
    date_order: request.dateOrder ?? 'mdy',
    country: request.country ?? 'US',
    create_customers: request.createCustomers ?? false,
    ...(request.zone ? { time_zone: request.zone } : {}),
  }
  const { rows } = request.importId
    ? await ctx.pool.query<{ id: string }>(
        `update imports set status = 'running', started_at = now(), rows_read = 0, bytes_read = 0, phase = 'reading', merging_since = null, error = null where id = $1 returning id`,
        [request.importId],
      )
    : await ctx.pool.query<{ id: string }>(
        `insert into imports (kind, source, options, status, phase, dry_run, created_by, started_at) values ($1, $2, $3, 'running', 'reading', $4, $5, now()) returning id`,
        [
          request.kind,
          request.source.slice(0, 300),
          JSON.stringify(options),
          request.dryRun ?? false,
          request.actor.kind === 'user' ? request.actor.id : null,
        ],
      )
  const id = rows[0]!.id
  const counts = (r: ImportResult): Record<string, number> => ({
    rows_read: r.rows_read,
    rows_new: r.rows_new,
    rows_changed: r.rows_changed,
    rows_same: r.rows_same,
    rows_duplicate: r.rows_duplicate,
    rows_rejected: r.rows_rejected,
  })
  return {
    id,
    counts,
    async opened(mapping, headers, bytesTotal) {
      await ctx.pool.query('update imports set mapping = $2, header_signature = $3, bytes_total = $4 where id = $1', [
        id,
        JSON.stringify(mapping),
        signatureOf(headers),
        bytesTotal,
      ])
    },
    async progress(p) {
      await ctx.pool.query(
        `update imports set rows_read = $2, bytes_read = $3, phase = $4,
           merging_since = case when $4 = 'merging' then coalesce(merging_since, now()) end where id = $1 and status = 'running'`,
        [id, p.rows, p.bytes, p.phase],
      )
    },
    async succeed(client, r) {
      const c = counts(r)
      // now() is the instant of the transaction, the same that its rows carry.
      await client.query(
        `update imports set status = 'succeeded', phase = null, finished_at = clock_timestamp(), written_at = case when not dry_run then now() end,
           undo_until = case when not dry_run and kind <> 'suppressions' and $3::bigint + $4::bigint > 0 then now() + interval '7 days' end,
           rows_read = $2, rows_new = $3, rows_changed = $4, rows_same = $5, rows_duplicate = $6, rows_rejected = $7, rejects_path = $8,
           summary = $9, bytes_read = greatest(bytes_read, bytes_total) where id = $1`,
        [
          id,
          c['rows_read'],
          c['rows_new'],
          c['rows_changed'],
          c['rows_same'],
          c['rows_duplicate'],
          c['rows_rejected'],
          r.rejects_path,
          JSON.stringify(r.summary),
        ],
      )
    },
    async fail(status, message) {
      await ctx.pool
        .query(
          `update imports set status = $2, phase = null, finished_at = now(), error = $3, rows_new = 0, rows_changed = 0, rows_same = 0 where id = $1`,
          [id, status, message],
        )
        .catch((err: unknown) => ctx.log.error({ err, import: id }, 'import status not written'))
    },
  }
}

/** The same for two files with the same columns in the same order. */
export function signatureOf(headers: readonly string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(headers)).digest()
}
