import { createWriteStream } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PeriodQuery } from '#contract/analytics.ts'
import { reportKinds, type ReportExport, type reports } from '#contract/reports.ts'
import type { Answer } from '#contract/http.ts'
import { csvHead, csvLine, type Sheet } from '#core/analytics/sheet.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../../audit.ts'
import { startJob, type JobHandler } from '../../background.ts'
import type { Ctx } from '../../context.ts'
import { AppError, notFound } from '../../http/errors.ts'
import { readStale } from '../../readings.ts'
import { readSetting } from '../../settings.ts'
import { dropFile, fetchFile, shareFile } from '../../shared-files.ts'
import { readOverview } from '../overview.ts'
import { htmlOf } from './html.ts'
import { findBrowser, plainPdf, printHtml } from './pdf.ts'
import { sheetsOf } from './sheets.ts'
import { xlsxOf } from './xlsx.ts'

/** A file is kept, and its link works, this long. */
const keptMs = 86_400_000

interface Wanted {
  report: ReportExport['report']
  format: ReportExport['format']
  period: PeriodQuery
}
type Shown = Answer<typeof reports.exported>

interface Row {
  id: string
  params: Wanted & { job_id: string | null }
  path: string | null
  rows: number | null
  created_at: Date
  finished_at: Date | null
  status: ReportExport['status'] | null
  error: string | null
}

const select = `select x.id, x.params, x.path, x.rows, x.created_at, x.finished_at, j.status, j.error
  from exports as x left join jobs as j on j.id = (x.params ->> 'job_id')::uuid where x.kind = 'report'`

/** Starts making a file; the job's progress is the file's. */
export async function startExport(ctx: Ctx, actor: Actor, wanted: Wanted): Promise<Answer<typeof reports.export>> {
  const id = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into exports (kind, params, created_by) values ('report', $1, $2) returning id`,
      [JSON.stringify({ ...wanted, job_id: null }), actor.kind === 'user' ? actor.id : null],
    )
    await audit(tx, actor, { action: 'report.exported', entity: 'export', entityId: rows[0]!.id, after: wanted })
    return rows[0]!.id
  })
  const job = await startJob(ctx, actor, 'report_export', { export_id: id })
  await ctx.pool.query(
    `update exports set params = exports.params || jsonb_build_object('job_id', $2::text) where exports.id = $1`,
    [id, job.id],
  )
  return { export: await findExport(ctx, id), job }
}

/** Throws not_found. */
export async function findExport(ctx: Ctx, id: string): Promise<Shown> {
  return shownExport(ctx, await findRow(ctx, id))
}

async function findRow(ctx: Ctx, id: string): Promise<Row> {
  const { rows } = await ctx.pool.query<Row>(`${select} and x.id = $1`, [id])
  if (!rows[0]) throw notFound('report file', id)
  return rows[0]
}

export async function listExports(ctx: Ctx): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Row>(`${select} order by x.id desc limit 20`)
  return rows.map((r) => shownExport(ctx, r))
}

function shownExport(ctx: Ctx, row: Row): Shown {
  const expires = row.finished_at ? new Date(row.finished_at.getTime() + keptMs) : null
  const { report, format, period } = row.params
  return {
    id: row.id,
    report,
    format,
    status: expires ? (expires <= ctx.clock() ? 'expired' : 'succeeded') : (row.status ?? 'queued'),
    rows: row.rows,
    file_name: `${report}-${period.from ? `${period.from}-to-${period.to}` : period.period}.${format}`,
    created_at: row.created_at,
    expires_at: expires,
    error: row.error,
    job_id: row.params.job_id,
  }
}

/** Where the finished file lies; throws not_found, and conflict when it is not ready or its time is over. */
export async function openExport(ctx: Ctx, id: string): Promise<{ path: string; name: string; size: number }> {
  const row = await findRow(ctx, id)
  const shown = shownExport(ctx, row)
  if (shown.status === 'expired')
    throw new AppError('conflict', 'This file was kept for a day and is gone. Make it again.', { id })
  if (!row.path || shown.status !== 'succeeded')
    throw new AppError('conflict', 'The file is not ready yet.', { id, status: shown.status })
  const file = await fetchFile(ctx, row.path)
  if (!file) throw new AppError('conflict', 'The file is gone. Make it again.', { id })
  return { path: file, name: shown.file_name, size: (await stat(file)).size }
}

/** The job: reads the report as the page does, and writes it. Running twice writes the same file again. */
export const exportJob: JobHandler = async (ctx, input, tools) => {
  const id = String(input['export_id'])
  const { params } = await findRow(ctx, id)
  const period = PeriodQuery.parse(params.period)
  const report = reportKinds.find((k) => k === params.report)
  if (!report) throw new Error(`no report is called ${params.report}`)
  await tools.progress(0, 2, 'Counting')
  const file = await readStale(ctx, (stale) => sheetsOf(stale, report, period))
  await tools.progress(1, 2, 'Writing the file')
  const folder = path.join(ctx.config.dataDir, 'reports')
  await mkdir(folder, { recursive: true })
  const target = path.join(folder, `${id}.${params.format}`)
  if (params.format === 'csv') await writeCsv(target, file.sheets[0]!, file.head.currency)
  else if (params.format === 'xlsx') await writeFile(target, xlsxOf(file.sheets, file.head.currency))
  else {
    const shop = await readSetting(ctx.pool, 'shop')
    const browser = findBrowser()
    const series = report === 'overview' ? (await readOverview(ctx, period)).series : null
    const printed = browser
      ? await printHtml(htmlOf(file, shop.name, series), browser).catch((error: unknown) => {
          ctx.log.warn({ err: error as Error }, 'the browser could not print, a plain PDF is made')
          return null
        })
      : null
    await writeFile(target, printed ?? plainPdf(file, shop.name))
  }
  await shareFile(ctx, target)
  const rows = file.sheets[0]!.rows.length
  await ctx.pool.query('update exports set path = $2, rows = $3, finished_at = $4 where exports.id = $1', [
    id,
    target,
    rows,
    ctx.clock(),
  ])
  return { export_id: id, rows }
}

async function writeCsv(target: string, sheet: Sheet, currency: string): Promise<void> {
  function* lines(): Generator<string> {
    // Excel reads UTF-8 only with the mark in front.
    yield '\ufeff' + csvHead(sheet.columns, currency)
    for (const row of sheet.rows) yield csvLine(row, sheet.columns)
  }
  await pipeline(Readable.from(lines()), createWriteStream(target))
}

/** Takes away files whose day is over. */
export async function dropOldExports(ctx: Ctx): Promise<void> {
  const { rows } = await ctx.pool.query<{ id: string; path: string }>(
    `update exports as x set path = null from (select o.id, o.path from exports as o where o.kind = 'report' and o.path is not null and o.finished_at < $1 limit 500) as old
     where x.id = old.id returning old.id, old.path`,
    [new Date(ctx.clock().getTime() - keptMs)],
  )
  for (const row of rows) await dropFile(ctx, row.path)
}
