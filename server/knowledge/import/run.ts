import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { PoolClient } from 'pg'
import { candidateZones } from '#core/compliance/zones.ts'
import type { ImportKind, Mapping } from '#core/knowledge/columns.ts'
import { importRow, type FactsOf, type Repair, type RowRules } from '#core/knowledge/import-row.ts'
import { checkMapping, guessMapping } from '#core/knowledge/mapping.ts'
import { audit } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { readSetting } from '../../settings.ts'
import { shareFile } from '../../shared-files.ts'
import { unreadable } from './limits.ts'
import { consentStaging, mergeConsentList, mergeSuppressions, suppressionStaging } from './merge-consents.ts'
import { customerStaging, mergeCustomers } from './merge-customers.ts'
import { mergeOrders, orderStaging } from './merge-orders.ts'
import { mergeProducts, productStaging } from './merge-products.ts'
import type { ImportProgress, ImportRequest, ImportResult } from './request.ts'
import { createRecord, type ImportRecord } from './record.ts'
import { collectLateRejects } from './late-rejects.ts'
import { openRejects, type RejectsFile } from './rejects.ts'
import { createStaging, openStaging, type MergeCounts, type MergeOptions, type Staging } from './staging.ts'
import { openTable, type Table } from './table.ts'
import { createTally, type Tally } from './tally.ts'

/**
 * Imports a file: parse, map, check, COPY into a staging table, merge as sets, all in one transaction, so that a file is
 * in or not. Bad rows go to the rejects file; the same file twice changes nothing; a dry run rolls back. Memory stays
 * flat whatever the size. Throws AppError `import.*` when the file as a whole cannot be used.
 */
export async function runImport(ctx: Ctx, request: ImportRequest): Promise<ImportResult> {
  const record = await createRecord(ctx, request)
  const client = await ctx.pool.connect()
  let broken: Error | undefined
  // A merge is one long statement: stopping means asking the server to give it up.
  const onAbort = (): void =>
    void ctx.pool
      .query('select pg_cancel_backend($1)', [(client as unknown as { processID: number }).processID])
      .catch(() => undefined)
  request.signal?.addEventListener('abort', onAbort)
  try {
    request.signal?.throwIfAborted()
    await client.query('begin')
    await client.query(
      `set local statement_timeout = 0; set local work_mem = '128MB'; set local synchronous_commit = on`,
    )
    const result = await importInto(ctx, client, request, record)
    request.signal?.throwIfAborted()
    if (request.dryRun) {
      await client.query('rollback')
      await record.succeed(ctx.pool, result)
    } else {
      await audit(client, request.actor, {
        action: 'import.finished',
        entity: 'import',
        entityId: record.id,
        after: { kind: request.kind, ...record.counts(result) },
      })
      await record.succeed(client, result)
      await client.query('commit')
    }
    return result
  } catch (error) {
    await client.query('rollback').catch((e: Error) => (broken = e))
    const cancelled = request.signal?.aborted === true
    await record.fail(
      cancelled ? 'cancelled' : 'failed',
      cancelled ? 'The import was stopped; nothing of it was kept.' : messageOf(error),
    )
    throw cancelled ? unreadable('cancelled', 'The import was stopped; nothing of it was kept.') : error
  } finally {
    request.signal?.removeEventListener('abort', onAbort)
    // What was asked to be given up may come late, and would hit the next statement of whoever gets this connection.
    client.release(broken ?? request.signal?.aborted)
  }
}

interface Kind<K extends ImportKind> {
  staging: Staging<FactsOf[K]>
  merge(client: PoolClient, options: MergeOptions): Promise<MergeCounts>
}

async function importInto(
  ctx: Ctx,
  client: PoolClient,
  request: ImportRequest,
  record: ImportRecord,
): Promise<ImportResult> {
  const shop = await readSetting(ctx.pool, 'shop')
  const zonesOf = (place: { state: string | null; zip: string | null; phone: string | null }): string[] => {
    const found = candidateZones(place, shop.time_zone)
    return found.known ? found.zones : []
  }
  const kinds: { [K in ImportKind]: Kind<K> } = {
    customers: { staging: customerStaging(ctx.config, zonesOf), merge: mergeCustomers },
    orders: { staging: orderStaging(zonesOf), merge: mergeOrders },
    products: { staging: productStaging, merge: mergeProducts },
    consents: { staging: consentStaging(ctx.config), merge: mergeConsentList },
    suppressions: { staging: suppressionStaging(ctx.config), merge: mergeSuppressions },
  }
  const kind = kinds[request.kind] as Kind<ImportKind>
  const started = performance.now()
  const bytesTotal = request.path ? (await stat(request.path)).size : null
  let bytes = 0
  async function* counted(): AsyncGenerator<Buffer> {
    const source: AsyncIterable<Buffer | string> =
      request.stream ?? createReadStream(request.path ?? '', { highWaterMark: 128 * 1024 })
    for await (const chunk of source) {
      const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      bytes += buffer.length
      yield buffer
    }
  }
  const table = await openTable(counted())
  const mapping = mappingFor(request, table)
  const rules: RowRules = {
    now: ctx.clock(),
    timeZone: request.zone ?? shop.time_zone,
    dateOrder: request.dateOrder ?? 'mdy',
    country: request.country ?? 'US',
    ...(request.repairs ? { repairs: request.repairs.map(repairOf) } : {}),
  }
  checkZone(rules.timeZone)
  await record.opened(mapping, table.headers, bytesTotal ?? 0)
  const rejects = await openRejects(path.join(ctx.config.dataDir, 'imports', `${record.id}-rejects.csv`), table.headers)
  // What stood in a cell is personal data: it is only kept while somebody may want to repair it.
  const reasons = createTally(request.dryRun === true)
  const notes = createTally()
  let rowsRead = 0
  let phase: ImportProgress['phase'] = 'reading'
  let shownPhase: ImportProgress['phase'] | null = null
  const report = async (): Promise<void> => {
    const progress = {
      rows: rowsRead,
      bytes,
      bytesTotal,
      rowsPerSecond: Math.round((rowsRead * 1000) / (performance.now() - started)),
      phase,
    }
    // Each new row of the merge looks up the row of its import; a hundred versions of that one cost a fifth of the merge.
    if (phase !== shownPhase || phase === 'reading') await record.progress(progress)
    shownPhase = phase
    await request.onProgress?.(progress)
  }
  const pulse = setInterval(
    () =>
      void report().catch((err: unknown) => ctx.log.warn({ err, import: record.id }, 'import progress not written')),
    500,
  )
  try {
    await createStaging(client, kind.staging)
    const refused = await stage(
      client,
      kind,
      table,
      importRow(request.kind, table.headers, mapping, rules),
      rejects,
      reasons,
      notes,
      // A file can be read again for the few rows that the database refuses; a stream cannot.
      request.path === undefined,
      () => {
        rowsRead++
        if (rowsRead % 256 === 0) request.signal?.throwIfAborted()
      },
    )
    phase = 'merging'
    const readMs = performance.now() - started
    await report()
    const counts = await kind.merge(client, {
      importId: record.id,
      isDemo: request.isDemo ?? false,
      createCustomers: request.createCustomers ?? false,
      currency: shop.currency,
    })
    const refusedLater = await collectLateRejects(client, { rejects, reasons, notes, mapping, path: request.path })
    await rejects.close()
    const durationMs = performance.now() - started
    const rowsRejected = refused + refusedLater
    if (rowsRejected > 0) await shareFile(ctx, rejects.path)
    return {
      import_id: record.id,
      rows_read: rowsRead,
      rows_new: counts.rowsNew,
      rows_changed: counts.rowsChanged,
      rows_same: counts.rowsSame,
      rows_duplicate: counts.rowsDuplicate,
      rows_rejected: rowsRejected,
      rejects_path: rowsRejected > 0 ? rejects.path : null,
      summary: {
        format: table.format,
        delimiter: table.delimiter,
        encoding: table.encoding(),
        skipped_lines: table.skipped,
        unused_columns: table.headers.filter((h) => !Object.values(mapping).includes(h)),
        reasons: reasons.list(),
        notes: notes.list(),
        also: counts.also,
        rows_per_second: Math.round((rowsRead * 1000) / durationMs),
        duration_ms: Math.round(durationMs),
        merge_ms: Math.round(durationMs - readMs),
      },
    }
  } finally {
    clearInterval(pulse)
    await rejects.close()
    await table.rows.return(undefined)
  }
}

/** Reads the file to its end: good rows into the staging table, the others into the rejects file. Returns how many were refused. */
async function stage(
  client: PoolClient,
  kind: Kind<ImportKind>,
  table: Table,
  read: ReturnType<typeof importRow<ImportKind>>,
  rejects: RejectsFile,
  reasons: Tally,
  notes: Tally,
  keepsRows: boolean,
  onRow: () => void,
): Promise<number> {
  const writer = openStaging(client, kind.staging)
  let refused = 0
  try {
    for await (const batch of table.rows) {
      for (const row of batch) {
        onRow()
        if (row.fault !== undefined) {
          refused++
          reasons.add('', row.fault, row.line)
          rejects.add(row.line, '', row.fault, row.cells)
          continue
        }
        const result = read(row.cells)
        if (result.reasons) {
          refused++
          for (const r of result.reasons)
            reasons.add(r.column, r.reason, row.line, {
              ...(r.value === undefined ? {} : { value: r.value }),
              canRepair: r.canRepair === true,
            })
          const first = result.reasons[0]
          rejects.add(
            row.line,
            first?.column ?? '',
            result.reasons.map((r) => (result.reasons.length > 1 ? `${r.column}: ${r.reason}` : r.reason)).join(' '),
            row.cells,
          )
          continue
        }
        for (const note of result.notes) notes.add(note.column, note.reason, row.line)
        writer.write(row.line, keepsRows ? row.cells : null, kind.staging.values(result.facts))
      }
      await writer.flush()
      await rejects.flush()
    }
    await writer.end()
  } catch (error) {
    await writer.abort(error as Error)
    throw error
  }
  return refused
}

function mappingFor(request: ImportRequest, table: Table): Mapping {
  const given = request.mapping ?? {}
  const free = table.headers.filter((h) => !Object.values(given).includes(h))
  const guessed = request.mappingIsComplete ? {} : guessMapping(free, request.kind).mapping
  // An empty header says "do not use this field".
  const mapping = Object.fromEntries(Object.entries({ ...guessed, ...given }).filter(([, header]) => header !== ''))
  const faults = checkMapping(mapping, table.headers, request.kind)
  if (faults.length > 0)
    throw unreadable('mapping', faults.map((f) => f.message).join(' '), { faults, headers: table.headers, mapping })
  return mapping
}

const repairOf = (repair: NonNullable<ImportRequest['repairs']>[number]): Repair =>
  'leave_empty' in repair
    ? { column: repair.column, leaveEmpty: repair.leave_empty }
    : { column: repair.column, value: repair.value, readAs: repair.read_as }

export function checkZone(timeZone: string): void {
  try {
    Intl.DateTimeFormat('en-US', { timeZone })
  } catch {
    throw unreadable('zone', `There is no time zone called ${timeZone}; write it like America/New_York.`)
  }
}

function messageOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  if (code?.startsWith('import.')) return message
  if (code === '23505') return 'Customers were changed by somebody else in the same moment. Import the file again.'
  return 'Something broke on our side; nothing was kept. The import id helps to find it in the log.'
}
