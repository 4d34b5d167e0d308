import { createReadStream } from 'node:fs'
import type { PoolClient } from 'pg'
import type { Mapping } from '#core/knowledge/columns.ts'
import type { RejectsFile } from './rejects.ts'
import { openTable, type SourceRow } from './table.ts'
import type { Tally } from './tally.ts'

interface LateReject {
  line: number
  column_name: string
  reason: string
  /** cells as JSON; null: they stand in the file */
  raw: string | null
}

interface Into {
  rejects: RejectsFile
  reasons: Tally
  notes: Tally
  mapping: Mapping
  path: string | undefined
}

/** Rows that the stored data speaks against, in the order of the file, and remarks on rows that went in. Returns how many were refused. */
export async function collectLateRejects(client: PoolClient, into: Into): Promise<number> {
  const { rejects, reasons, notes, mapping } = into
  const headerOf = (field: string): string => (Object.hasOwn(mapping, field) ? (mapping[field] ?? field) : field)
  let count = 0
  const file = into.path === undefined ? null : rereadRows(into.path)
  try {
    for await (const batch of refusedRows(client)) {
      for (const row of batch) {
        count++
        const column = headerOf(row.column_name)
        const cells = row.raw === null ? await file?.(row.line) : (JSON.parse(row.raw) as string[])
        reasons.add(column, row.reason.replace(/^Line \d+/, 'Another line'), row.line)
        rejects.add(row.line, column, row.reason, cells ?? [])
      }
      await rejects.flush()
    }
  } finally {
    await file?.(Infinity)
  }
  const { rows } = await client.query<{ column_name: string; reason: string; count: number; first_line: number }>(
    'select n.column_name, n.reason, count(*) as count, min(n.line) as first_line from noted as n group by 1, 2',
  )
  for (const note of rows) notes.add(headerOf(note.column_name), note.reason, note.first_line, { count: note.count })
  return count
}

async function* refusedRows(client: PoolClient): AsyncGenerator<LateReject[]> {
  // `staged` keeps the row as it was; a merge that deletes from it moves the text along.
  await client.query(`declare refused no scroll cursor for select r.line, r.column_name, r.reason, coalesce(r.raw, s.raw) as raw
    from rejected as r left join staged as s on s.line = r.line order by r.line`)
  for (;;) {
    const { rows } = await client.query<LateReject>('fetch 1000 from refused')
    if (rows.length > 0) yield rows
    if (rows.length < 1000) break
  }
  await client.query('close refused')
}

/** Finds rows of a file again; lines must be asked for in ascending order. Infinity closes the file. */
function rereadRows(path: string): (line: number) => Promise<string[] | undefined> {
  let rows: AsyncGenerator<SourceRow[]> | undefined
  let batch: SourceRow[] = []
  let at = 0
  return async (line) => {
    if (line === Infinity) return void (await rows?.return(undefined))
    rows ??= (await openTable(createReadStream(path, { highWaterMark: 128 * 1024 }))).rows
    for (;;) {
      while (at < batch.length && batch[at]!.line < line) at++
      const row = batch[at]
      if (row) return row.line === line ? row.cells : undefined
      const next = await rows.next()
      if (next.done) return undefined
      batch = next.value
      at = 0
    }
  }
}
