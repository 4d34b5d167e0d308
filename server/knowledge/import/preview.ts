import type { z } from 'zod'
import type { ImportOptions, ImportPreview } from '#contract/imports.ts'
import { columnsOf, type ImportKind, type Mapping } from '#core/knowledge/columns.ts'
import { importRow } from '#core/knowledge/import-row.ts'
import { checkMapping, guessMapping } from '#core/knowledge/mapping.ts'
import type { Ctx } from '../../context.ts'
import { readSetting } from '../../settings.ts'
import { rememberedMapping } from './memory.ts'
import { checkZone } from './run.ts'
import { openTable } from './table.ts'
import { createTally } from './tally.ts'

const most = 1000

/** Looks at the first rows of a file: columns, guessed mapping, samples, and what would be refused. Stores nothing. */
export async function previewImport(
  ctx: Ctx,
  source: AsyncIterable<Buffer>,
  request: { kind: ImportKind; mapping?: Mapping | undefined; options?: Partial<ImportOptions> | undefined },
): Promise<z.input<typeof ImportPreview>> {
  const shop = await readSetting(ctx.pool, 'shop')
  const table = await openTable(source)
  const guess = guessMapping(table.headers, request.kind)
  const remembered = await rememberedMapping(ctx, request.kind, table.headers)
  const mapping = Object.fromEntries(
    Object.entries({ ...(remembered ? remembered.mapping(guess.mapping) : guess.mapping), ...request.mapping }).filter(
      ([, header]) => header !== '',
    ),
  )
  const faults = checkMapping(mapping, table.headers, request.kind)
  const timeZone = request.options?.time_zone ?? shop.time_zone
  checkZone(timeZone)
  const read = importRow(request.kind, table.headers, mapping, {
    now: ctx.clock(),
    timeZone,
    dateOrder: request.options?.date_order ?? 'mdy',
    country: request.options?.country ?? 'US',
  })
  const samples: string[][] = []
  const errors: { line: number; column: string; reason: string; value: string | null }[] = []
  const notes = createTally()
  let rows = 0
  reading: for await (const batch of table.rows) {
    for (const row of batch) {
      if (rows++ >= most) break reading
      if (row.fault !== undefined) errors.push({ line: row.line, column: '', reason: row.fault, value: null })
      else {
        if (samples.length < 5) samples.push(row.cells.map((cell) => cell.slice(0, 200)))
        if (faults.length > 0) continue
        const result = read(row.cells)
        for (const reason of result.reasons ?? [])
          errors.push({ line: row.line, column: reason.column, reason: reason.reason, value: reason.value ?? null })
        for (const note of result.notes ?? []) notes.add(note.column, note.reason, row.line)
      }
    }
  }
  return {
    kind: request.kind,
    format: table.format,
    delimiter: table.delimiter,
    encoding: table.encoding(),
    headers: table.headers,
    skipped_lines: table.skipped,
    mapping,
    remembered: remembered?.shown ?? null,
    certainty: guess.certainty,
    unused: table.headers.filter((h) => !Object.values(mapping).includes(h)),
    fields: columnsOf[request.kind].map(({ field, label }) => ({ field, label })),
    mapping_faults: faults,
    samples,
    rows_checked: Math.min(rows, most),
    errors: errors.slice(0, 100),
    notes: notes.list(),
  }
}
