import { isZip, plainBytes } from './bytes.ts'
import { decodeText, type Encoding } from './decode.ts'
import { readLimits, unreadable, type ReadLimits } from './limits.ts'
import { guessDelimiter, readCsv } from './read-csv.ts'
import { findHeader } from './header.ts'
import { readJson, splitArray, splitLines } from './read-json.ts'
import { readXlsx } from './read-xlsx.ts'

/** One row of a file. `line` is where it begins, the header being line 1 (in a JSON array: the number of the element); a fault says why it has no cells. */
export interface SourceRow {
  line: number
  cells: string[]
  fault?: string
}

export interface Table {
  format: 'csv' | 'json' | 'jsonl' | 'xlsx'
  delimiter: string | null
  /** settled when the first letter beyond ASCII is met */
  encoding(): Encoding
  headers: string[]
  /** lines before the headers that belong to no table: a title, a date of printing */
  skipped: string[]
  rows: AsyncGenerator<SourceRow[]>
}

/**
 * Opens a CSV, TSV, JSON array or JSON-lines file, plain or gzip, in UTF-8, UTF-16 or Windows-1252, or the first sheet
 * of an Excel workbook, as a stream of row batches. Throws AppError `import.*` when the file as a whole cannot be read.
 */
export async function openTable(source: AsyncIterable<Buffer>, limits: ReadLimits = readLimits): Promise<Table> {
  let encoding: Encoding = 'utf-8'
  const { head, all } = await peek(source)
  const { format, delimiter, rows } = isZip(head)
    ? { format: 'xlsx' as const, delimiter: null, rows: readXlsx(all) }
    : await openText(
        decodeText(plainBytes(all, limits), (e) => (encoding = e)),
        limits,
      )
  const first = await rows.next()
  const batch = first.done ? [] : first.value
  // JSON has names, not a header row that somebody may have put under a title.
  const at = format === 'csv' || format === 'xlsx' ? findHeader(batch) : 0
  const header = batch[at]
  const others = batch.slice(at + 1)
  if (!header || header.fault)
    throw unreadable(
      'no_header',
      'The first line is not a header row. Put the names of the columns into the first line.',
    )
  const headers = checkHeaders(header.cells, limits)
  const skipped = batch.slice(0, at).map((row) => row.cells.filter(Boolean).join(' ').slice(0, 200))
  async function* checked(): AsyncGenerator<SourceRow[]> {
    try {
      let count = 0
      let hasGood = false
      const pass = (batch: SourceRow[]): SourceRow[] => {
        count += batch.length
        if (count > limits.maxRows)
          throw unreadable('too_many_rows', `The file has more than ${limits.maxRows} rows. Split it into parts.`)
        for (const row of batch) checkRow(row, headers.length, encoding, limits)
        hasGood ||= batch.some((row) => row.fault === undefined)
        if (!hasGood && count >= limits.maxFaultyRows)
          throw unreadable(
            'no_rows',
            `None of the first ${count} rows can be read. ${batch.at(-1)?.fault} Open the file and export it again.`,
          )
        return batch
      }
      if (others.length > 0) yield pass(others)
      for await (const batch of rows) yield pass(batch)
    } finally {
      await rows.return(undefined)
    }
  }
  return { format, delimiter, encoding: () => encoding, headers, skipped, rows: checked() }
}

/** The first bytes, and the whole stream with them. */
async function peek(source: AsyncIterable<Buffer>): Promise<{ head: Buffer; all: AsyncGenerator<Buffer> }> {
  const chunks = source[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  let ended = false
  while (head.length < 4 && !ended) {
    const next = await chunks.next()
    if (next.done) ended = true
    else head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
    } finally {
      await chunks.return?.()
    }
  }
  return { head, all: all() }
}

async function openText(
  text: AsyncGenerator<string>,
  limits: ReadLimits,
): Promise<{ format: 'csv' | 'json' | 'jsonl'; delimiter: string | null; rows: AsyncGenerator<SourceRow[]> }> {
  let head = ''
  let ended = false
  while (head.trimStart().length < 32_768 && head.length < 262_144) {
    const next = await text.next()
    if (next.done) {
      ended = true
      break
    }
    head += next.value
  }
  if (head.trim() === '')
    throw unreadable(
      'empty',
      ended
        ? 'The file is empty. Choose a file with a header row and at least one row.'
        : 'The file begins with nothing but blanks. Export it again.',
    )
  async function* all(): AsyncGenerator<string> {
    try {
      yield head
      head = ''
      yield* text
    } finally {
      // Who stops within the first lines never reaches the text behind them.
      await text.return(undefined)
    }
  }
  const begin = head.trimStart()
  const format = /^\[\s*[{\]]/.test(begin) ? 'json' : /^\{\s*["}]/.test(begin) ? 'jsonl' : 'csv'
  const delimiter = format === 'csv' ? guessDelimiter(head) : null
  const rows =
    delimiter !== null
      ? readCsv(all(), delimiter, limits)
      : readJson(format === 'json' ? splitArray(all(), limits) : splitLines(all(), limits), limits)
  return { format, delimiter, rows }
}

function checkHeaders(cells: readonly string[], limits: ReadLimits): string[] {
  if (cells.length > limits.maxColumns)
    throw unreadable(
      'too_many_columns',
      `The file has ${cells.length} columns; at most ${limits.maxColumns} are read. Remove the ones that do not matter.`,
    )
  const seen = new Map<string, number>()
  return cells.map((cell, at) => {
    const name = cell.replace(/\s+/g, ' ').trim().slice(0, 200) || `column ${at + 1}`
    const nth = (seen.get(name) ?? 0) + 1
    seen.set(name, nth)
    return nth === 1 ? name : `${name} (${nth})`
  })
}

function checkRow(row: SourceRow, width: number, encoding: Encoding, limits: ReadLimits): void {
  if (row.fault !== undefined) return
  const { cells } = row
  while (cells.length > width && cells.at(-1) === '') cells.pop()
  if (cells.length !== width)
    row.fault = `The row has ${cells.length} cells where the header has ${width}. A cell with a comma or a line break must stand in quotes.`
  for (const cell of cells) {
    if (cell.length > limits.maxCellChars) row.fault = `A cell has more than ${limits.maxCellChars} characters.`
    else if (encoding === 'utf-8' && cell.includes('\uFFFD'))
      row.fault = 'The row has letters that are not valid UTF-8. Save the file as UTF-8 and import it again.'
  }
}
