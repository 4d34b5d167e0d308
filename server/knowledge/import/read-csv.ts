import { once } from 'node:events'
import { parse, type CsvError } from 'csv-parse'
import { cutLines } from './cut-lines.ts'
import { unreadable, type ReadLimits } from './limits.ts'
import type { SourceRow } from './table.ts'

interface Parsed {
  info: { lines: number; empty_lines: number }
  record: string[]
}

/** The delimiter that splits most of the first lines, and into most cells; commas when there is only one cell. */
export function guessDelimiter(head: string): string {
  const lines = head
    .slice(0, 32_768)
    .replace(/"(?:[^"]|"")*"/g, '')
    .split(/[\r\n]+/)
    // Tabs are delimiters; where all cells are quoted nothing else is left of a line.
    .filter((line) => /[^ ]/.test(line))
    .slice(0, 30)
  let best = ','
  let most = 0
  for (const delimiter of [',', ';', '\t', '|']) {
    const counts = lines.map((line) => line.split(delimiter).length - 1).toSorted((a, b) => a - b)
    // The header alone decides between files of one or two lines.
    const count = counts[Math.floor(counts.length / 2)] ?? 0
    if (count > most) [best, most] = [delimiter, count]
  }
  return best
}

/**
 * Rows of a CSV text, header first, in batches as the text arrives. Broken rows come with a fault, never as an exception.
 *
 * Lines that are whole by themselves, nearly every line of nearly every file, are cut here; at the first one that is not
 * (a quote inside a cell, a line break inside quotes) the parser takes over for the rest, at a third of the speed.
 */
export async function* readCsv(
  text: AsyncIterable<string>,
  delimiter: string,
  limits: ReadLimits,
): AsyncGenerator<SourceRow[]> {
  const chunks = guardLines(text, limits)
  let line = 0
  let rest = ''
  try {
    for await (const chunk of chunks) {
      const cut = cutLines(rest + chunk, delimiter, line)
      if (cut.rows.length > 0) yield cut.rows
      line += cut.lines
      rest = cut.rest
      if (cut.isOdd) return yield* parseCsv(precededBy(rest, chunks), delimiter, limits, line)
    }
    // The last line needs no line break.
    const cut = cutLines(rest + '\n', delimiter, line)
    if (cut.isOdd) yield* parseCsv(precededBy(rest, chunks), delimiter, limits, line)
    else if (cut.rows.length > 0) yield cut.rows
  } finally {
    await chunks.return(undefined)
  }
}

async function* precededBy(head: string, chunks: AsyncGenerator<string>): AsyncGenerator<string> {
  yield head
  // By hand: leaving a `for await` would close what others still read.
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
}

/** What the parser makes of lines that cannot be told apart without it; `line` have been read before. */
async function* parseCsv(
  text: AsyncIterable<string>,
  delimiter: string,
  limits: ReadLimits,
  line: number,
): AsyncGenerator<SourceRow[]> {
  const before = line
  let emptyLines = 0
  let surplus = 0
  let failed: Error | undefined
  const faults: SourceRow[] = []
  const parser = parse({
    delimiter,
    info: true,
    // All three at once: files glued together from two systems have both.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: limits.maxLineChars,
    on_skip: (error: CsvError | undefined) => {
      faults.push({ line: line + 1, cells: [], fault: faultOf(error) })
      return undefined
    },
  })
  // The parser makes an error with a copy of every row that is not as wide as the first one, even where that is allowed:
  // ten times the work of reading it. Under a title that is the whole file. We look at the widths ourselves.
  const { state } = parser as unknown as { state: { record: string[]; expectedRecordLength: number } }
  Object.defineProperty(state, 'expectedRecordLength', {
    get: () => state.record.length,
    set() {
      // What the first row says is not wanted.
    },
  })
  parser.on('error', (error) => (failed = error))
  const drain = (): SourceRow[] => {
    const rows: SourceRow[] = []
    let parsed: Parsed | null
    while ((parsed = parser.read() as Parsed | null) !== null) {
      // The parser counts to the end of a record; people look for its beginning.
      const start = line + 1 + parsed.info.empty_lines - emptyLines
      const end = before + parsed.info.lines - surplus
      rows.push({ line: start, cells: parsed.record })
      // Inside quotes it counts CR LF as two lines.
      if (end > start) for (const cell of parsed.record) surplus += cell.split('\r\n').length - 1
      line = before + parsed.info.lines - surplus
      emptyLines = parsed.info.empty_lines
    }
    rows.push(...faults.splice(0))
    return rows
  }
  try {
    for await (const chunk of text) {
      if (chunk === '') continue
      const rows = parser.write(chunk) ? drain() : await afterDrain()
      if (failed) throw failed
      if (rows.length > 0) yield rows
      // What comes after a quote that never ends cannot be told apart any more.
      if (rows.at(-1)?.fault === lostQuote) return
    }
    parser.end()
    const ended = parser.readableEnded ? Promise.resolve() : once(parser, 'end')
    const rows = drain()
    parser.resume()
    await ended
    rows.push(...faults.splice(0))
    if (rows.length > 0) yield rows
  } finally {
    parser.destroy()
  }

  async function afterDrain(): Promise<SourceRow[]> {
    const rows = drain()
    while (parser.writableNeedDrain && !failed) {
      await once(parser, 'drain')
      rows.push(...drain())
    }
    return rows
  }
}

const lostQuote =
  'A quoted cell begins here and never ends; this row and all that follow could not be read. Close the quote and import again.'

function faultOf(error: CsvError | undefined): string {
  return error?.code === 'CSV_QUOTE_NOT_CLOSED' || error?.code === 'CSV_MAX_RECORD_SIZE'
    ? lostQuote
    : 'The quotes of this row are broken.'
}

/** Refuses a line that is longer than any row, before anybody collects it in memory. */
export async function* guardLines(text: AsyncIterable<string>, limits: ReadLimits): AsyncGenerator<string> {
  let since = 0
  for await (const chunk of text) {
    const first = chunk.search(/[\r\n]/)
    const last = Math.max(chunk.lastIndexOf('\n'), chunk.lastIndexOf('\r'))
    if (
      since + (first < 0 ? chunk.length : first) > limits.maxLineChars ||
      chunk.length - 1 - last > limits.maxLineChars
    ) {
      throw unreadable(
        'line_too_long',
        'The file has a line of more than a million characters: it is not a table, or its line breaks are lost. Export it again as CSV.',
      )
    }
    since = last < 0 ? since + chunk.length : chunk.length - 1 - last
    yield chunk
  }
}
