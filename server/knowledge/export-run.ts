import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { PoolClient } from 'pg'
import type { ExportColumn } from '#contract/bulk.ts'
import { csvLine } from '#core/knowledge/csv-cell.ts'
import { withTx } from '#db/pool.ts'
import type { JobHandler, JobTools } from '../background.ts'
import type { Ctx } from '../context.ts'
import { customerFrom, maskEmail, maskPhone } from '../customer-rows.ts'
import { AppError } from '../http/errors.ts'
import { orderBy } from '../keyset.ts'
import { readSetting } from '../settings.ts'
import { shareFile } from '../shared-files.ts'
import { whomSql } from './bulk/items.ts'
import type { BulkInput } from './bulk/input.ts'
import { customerOrder } from './customer-list.ts'
import { exportSql } from './export-columns.ts'

/** How long the file of an export can be fetched. A copy of the customers should not lie about for long. */
const exportHours = 24
const batchRows = 2000

export interface ExportInput extends BulkInput {
  export_id: string
  columns: ExportColumn[]
  sort: string
}

/**
 * Job `customers_export`: the list as one snapshot, in its order, streamed into a CSV file of the data folder. A run that
 * was cut off begins anew and replaces what it had written.
 */
export const exportJob: JobHandler = async (ctx, given, tools) => {
  const input = given as unknown as ExportInput
  if (input.frozen) return resultOf(ctx, input.export_id)
  const file = path.join(ctx.config.dataDir, 'exports', `${input.export_id}.csv`)
  await mkdir(path.dirname(file), { recursive: true })
  const part = `${file}.part`
  const client = await ctx.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin isolation level repeatable read read only')
    const { rows: started } = await client.query<{ at: Date }>('select clock_timestamp() as at')
    const rows = await write(ctx, client, input, tools, part)
    await client.query('commit')
    await rename(part, file)
    await shareFile(ctx, file)
    await publish(ctx, tools.jobId, input, file, rows, started[0]!.at)
    return { export_id: input.export_id, rows }
  } catch (error) {
    await client.query('rollback').catch((e: Error) => (broken = e))
    throw error
  } finally {
    await rm(part, { force: true })
    client.release(broken)
  }
}

async function write(ctx: Ctx, client: PoolClient, input: ExportInput, tools: JobTools, file: string): Promise<number> {
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const values: unknown[] = []
  const where = await whomSql(ctx, input, values)
  const zoneSql = `$${values.push(zone)}::text`
  const select = input.columns.map((name) => {
    const sql = exportSql[name]
    return typeof sql === 'string' ? sql : sql(zoneSql)
  })
  const steps = customerOrder(input.sort, { role: input.role })
  const from = `${customerFrom} left join stores as st on st.id = c.store_id`
  const { rows: counted } = await client.query<{ n: number }>(
    `select count(*) as n, ${zoneSql} as zone from ${customerFrom} where ${where}`,
    values,
  )
  const total = counted[0]!.n
  await client.query(
    `declare exported no scroll cursor for select ${select.join(', ')}, ${zoneSql} from ${from} where ${where} order by ${orderBy(steps)}`,
    values,
  )
  const masks = input.columns.map((name) =>
    input.role !== 'user' ? null : name === 'email' ? maskEmail : name === 'phone' ? maskPhone : null,
  )
  const stream = createWriteStream(file, { mode: 0o600 })
  // Without a listener an error of the disk would end the process; it is met again at the next write.
  stream.on('error', () => undefined)
  // The mark makes Excel read UTF-8.
  stream.write('\uFEFF' + csvLine(input.columns))
  let done = 0
  for (;;) {
    tools.signal.throwIfAborted()
    const { rows } = await client.query<(string | null)[]>({
      text: `fetch ${batchRows} from exported`,
      rowMode: 'array',
    })
    if (rows.length === 0) break
    let text = ''
    for (const row of rows) text += csvLine(masks.map((mask, i) => (mask ? mask(row[i] ?? null) : row[i]) ?? ''))
    if (!stream.write(text)) await once(stream, 'drain')
    done += rows.length
    await tools.progress(done, total)
  }
  stream.end()
  await once(stream, 'close')
  return done
}

/**
 * Makes the file one that can be fetched. Somebody who was erased while it was written must not be in it; and a search
 * text, which may be somebody's address, is not kept any longer than it is needed.
 */
async function publish(
  ctx: Ctx,
  jobId: string,
  input: ExportInput,
  file: string,
  rows: number,
  snapshotAt: Date,
): Promise<void> {
  const { size } = await stat(file)
  const isPublished = await withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query(
      `update exports as e set status = 'ready', path = $2, rows = $3, bytes = $4, finished_at = now(), expires_at = $5
       where e.id = $1 and not exists (select from customers as c where c.erased_at >= $6::timestamptz)`,
      [input.export_id, file, rows, size, new Date(ctx.clock().getTime() + exportHours * 3_600_000), snapshotAt],
    )
    await tx.query(
      `update jobs set input = jsonb_set(jobs.input #- '{filter,q}', '{frozen}', 'true') where jobs.id = $1 and $2`,
      [jobId, rowCount === 1],
    )
    return rowCount === 1
  })
  if (isPublished) return
  await rm(file, { force: true })
  throw new AppError('conflict', 'A customer was erased while the file was written. Make the export again.')
}

/** Of a run that was cut off after the file was there. */
async function resultOf(ctx: Ctx, id: string): Promise<{ export_id: string; rows: number | null }> {
  const { rows } = await ctx.pool.query<{ rows: number | null }>('select e.rows from exports as e where e.id = $1', [
    id,
  ])
  return { export_id: id, rows: rows[0]?.rows ?? null }
}
