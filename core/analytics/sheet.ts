import { csvCell } from '../knowledge/csv-cell.ts'

/** A table to take away: the same rows become CSV, XLSX and PDF. Money in cents, shares in percent, instants as Dates. */
export interface Sheet {
  name: string
  columns: readonly SheetColumn[]
  rows: readonly (readonly SheetValue[])[]
}

export type SheetValue = string | number | Date | null

export interface SheetColumn {
  label: string
  kind: 'text' | 'count' | 'cents' | 'percent' | 'number' | 'day' | 'instant'
}

/** One line of CSV (RFC 4180) with its line end. Money becomes units with two decimals, an instant ISO 8601 in UTC. */
export function csvLine(values: readonly SheetValue[], columns: readonly SheetColumn[]): string {
  const cells = values.map((value, i) => {
    if (value === null) return ''
    if (value instanceof Date) return value.toISOString()
    if (typeof value === 'number') return columns[i]?.kind === 'cents' ? (value / 100).toFixed(2) : String(value)
    return csvCell(value)
  })
  return cells.join(',') + '\r\n'
}

/** The line of headings; money says its unit. */
export function csvHead(columns: readonly SheetColumn[], currency: string): string {
  const labels = columns.map((c) =>
    c.kind === 'cents' ? `${c.label} (${currency})` : c.kind === 'percent' ? `${c.label} (%)` : c.label,
  )
  return csvLine(
    labels,
    labels.map(() => ({ label: '', kind: 'text' })),
  )
}
