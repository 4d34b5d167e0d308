import type { SourceRow } from './table.ts'

/**
 * Cuts the complete lines of a CSV text into rows, as long as each is whole by itself (RFC 4180 without line breaks in
 * cells). Lines end with LF, CR LF or CR; empty ones are counted and skipped.
 * @param line lines before this text
 * @returns rows; `lines` taken; `rest`, the text from the first line that was not taken; `isOdd` when that line is complete
 *   but cannot be cut on its own
 */
export function cutLines(
  text: string,
  delimiter: string,
  line: number,
): { rows: SourceRow[]; lines: number; rest: string; isOdd: boolean } {
  const rows: SourceRow[] = []
  let lines = 0
  let at = 0
  let lf = text.indexOf('\n')
  let cr = text.indexOf('\r')
  for (;;) {
    const isCr = cr >= 0 && (lf < 0 || cr < lf)
    const end = isCr ? cr : lf
    // A CR at the very end may be half of a CR LF.
    if (end < 0 || (isCr && end === text.length - 1)) return { rows, lines, rest: text.slice(at), isOdd: false }
    if (end > at) {
      const cells = cutLine(text.slice(at, end), delimiter)
      if (!cells) return { rows, lines, rest: text.slice(at), isOdd: true }
      rows.push({ line: line + lines + 1, cells })
    }
    lines++
    at = isCr && lf === end + 1 ? end + 2 : end + 1
    if (lf >= 0 && lf < at) lf = text.indexOf('\n', at)
    if (isCr) cr = text.indexOf('\r', at)
  }
}

/** The cells of one line; null when a quote stands where only a whole parser knows what it means. */
function cutLine(line: string, delimiter: string): string[] | null {
  if (!line.includes('"')) return line.split(delimiter)
  const cells: string[] = []
  let at = 0
  for (;;) {
    let end: number
    if (line.charCodeAt(at) === quote) {
      let close = line.indexOf('"', at + 1)
      let isDoubled = false
      while (close >= 0 && line.charCodeAt(close + 1) === quote) {
        isDoubled = true
        close = line.indexOf('"', close + 2)
      }
      if (close < 0 || (close + 1 < line.length && !line.startsWith(delimiter, close + 1))) return null
      const cell = line.slice(at + 1, close)
      cells.push(isDoubled ? cell.replaceAll('""', '"') : cell)
      end = close + 1
    } else {
      const next = line.indexOf(delimiter, at)
      end = next < 0 ? line.length : next
      const cell = line.slice(at, end)
      if (cell.includes('"')) return null
      cells.push(cell)
    }
    if (end === line.length) return cells
    at = end + delimiter.length
  }
}

const quote = 34
