import type { ImportOptions } from '#contract/imports.ts'
import type { ImportKind } from '#core/knowledge/columns.ts'
import { startJob, type JobHandler } from '../../background.ts'
import { AppError, notFound } from '../../http/errors.ts'
import { dropFile, fetchFile, isOurs } from '../../shared-files.ts'
import { runImport } from './run.ts'

interface QueuedImport {
  kind: ImportKind
  source: string
  path: string
  mapping: Record<string, string>
  options: Partial<ImportOptions>
  dry_run: boolean
  status: string
}

/** Runs the import of `input.import_id`. A run that a crash cut off left nothing behind, so it starts from the beginning. */
export const importJob: JobHandler = async (ctx, input, tools) => {
  const id = String(input['import_id'])
  const { rows } = await ctx.pool.query<QueuedImport>(
    'select kind, source, path, mapping, options, dry_run, status from imports where id = $1',
    [id],
  )
  const queued = rows[0]
  if (!queued) throw notFound('import', id)
  if (queued.status === 'succeeded' || queued.status === 'cancelled') return { import_id: id }
  const file = await fetchFile(ctx, queued.path)
  if (!file)
    throw new AppError(
      'not_found',
      'The uploaded file is not on this machine. Workers on several machines need a common store: set S3_BUCKET.',
    )
  const { date_order: dateOrder, country, time_zone: zone, create_customers: createCustomers, repairs } = queued.options
  try {
    const result = await runImport(ctx, {
      kind: queued.kind,
      source: queued.source,
      path: file,
      mapping: queued.mapping,
      mappingIsComplete: Object.keys(queued.mapping).length > 0,
      dryRun: queued.dry_run,
      ...(dateOrder ? { dateOrder } : {}),
      ...(country ? { country } : {}),
      ...(zone ? { zone } : {}),
      ...(createCustomers === undefined ? {} : { createCustomers }),
      ...(repairs ? { repairs } : {}),
      actor: tools.actor,
      importId: id,
      signal: tools.signal,
      onProgress: (p) =>
        tools.progress(
          p.bytes,
          p.bytesTotal,
          p.phase === 'reading' ? `${p.rows} rows read` : `${p.rows} rows are being stored`,
        ),
    })
    // New purchases change what we know: results of running campaigns at once, scores in a job of their own.
    if (queued.kind === 'orders' && !queued.dry_run && result.rows_new + result.rows_changed > 0)
      await startJob(ctx, tools.actor, 'follow_orders', {})
    return {
      import_id: id,
      rows_new: result.rows_new,
      rows_changed: result.rows_changed,
      rows_same: result.rows_same,
      rows_duplicate: result.rows_duplicate,
      rows_rejected: result.rows_rejected,
    }
  } finally {
    // An upload is personal data; it is not kept longer than the import needs it. A stopping worker will want it again.
    const { rows: ended } = await ctx.pool.query<{ status: string }>('select status from imports where id = $1', [id])
    if (isOurs(queued.path) && ended[0]?.status === 'succeeded') await dropFile(ctx, queued.path)
  }
}
