import { parseCents, roundCents } from '../money.ts'
import type { DateRules } from './read-date.ts'
import { readText, type Read } from './read-value.ts'

/** Why a row was refused, or what was changed about it. `column` is the header of the file. */
export interface Reason {
  column: string
  reason: string
  value?: string
}

export type RowResult<T> =
  | { facts: T; notes: Reason[]; reasons?: undefined }
  | { facts?: undefined; notes?: undefined; reasons: Reason[] }

export interface RowRules extends DateRules {
  now: Date
  country: 'US' | 'CA'
}

/** Cell of a field; undefined when the file has no such column. */
export type Cell = (field: string) => string | undefined
/** Header of a field, for messages. */
export type HeaderOf = (field: string) => string

/** Collects what is wrong with one row while its cells are read. */
export interface RowReader {
  reasons: Reason[]
  notes: Reason[]
  /** null when the cell is empty or absent; a fault becomes a reason */
  read<T>(field: string, reader: (text: string) => Read<T>): T | null
  text(field: string, most: number): string | null
  cents(field: string): number | null
  refuse(field: string, reason: string): void
  note(field: string, reason: string): void
}

export function rowReader(cell: Cell, headerOf: HeaderOf): RowReader {
  const reasons: Reason[] = []
  const notes: Reason[] = []
  const about = (field: string, reason: string): Reason => {
    const value = cell(field)
    return value ? { column: headerOf(field), reason, value: value.slice(0, 80) } : { column: headerOf(field), reason }
  }
  const refuse = (field: string, reason: string): void => void reasons.push(about(field, reason))
  function read<T>(field: string, reader: (text: string) => Read<T>): T | null {
    const text = cell(field)
    if (text === undefined || text === '' || text.trim() === '') return null
    const result = reader(text)
    if (result.fault === undefined) return result.value
    refuse(field, result.fault)
    return null
  }
  return {
    reasons,
    notes,
    read,
    refuse,
    note: (field, reason) => void notes.push(about(field, reason)),
    text: (field, most) => read(field, (t) => readText(t, most)),
    cents: (field) =>
      read(field, (t) => {
        // Statistics packages write tiny amounts as 4.4e-16.
        const value = /^[+-]?\d+(\.\d+)?e[+-]?\d{1,2}$/i.test(t.trim()) ? roundCents(Number(t) * 100) : parseCents(t)
        if (value === null) return { fault: 'This is not an amount of money; write it like 12.50.' }
        return Math.abs(value) > 100_000_000_000 ? { fault: 'The amount is larger than a billion.' } : { value }
      }),
  }
}
