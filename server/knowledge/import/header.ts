import type { SourceRow } from './table.ts'

const looked = 20
const isFilled = (cell: string): boolean => cell.trim() !== ''

/**
 * Which of the first rows holds the names of the columns. Tills print a title, a shop and a date above the table: rows
 * with fewer cells than most rows have. The first row that is half as wide as the table is its header.
 */
export function findHeader(rows: readonly SourceRow[]): number {
  const widths = rows
    .slice(0, 200)
    .filter((row) => row.fault === undefined)
    .map((row) => row.cells.findLastIndex(isFilled) + 1)
    .toSorted((a, b) => a - b)
  const usual = widths[Math.floor(widths.length / 2)] ?? 0
  if (usual < 3) return 0
  const at = rows
    .slice(0, looked)
    .findIndex((row) => row.fault === undefined && row.cells.filter(isFilled).length >= Math.max(2, usual * 0.5))
  return Math.max(0, at)
}
