import { parseCents, roundCents } from '../money.ts'
import type { DateRules } from './read-date.ts'
import { readText, type Read } from './read-value.ts'

/** Why a row was refused, or what was changed about it. `column` is the header of the file. */
export interface Reason {
  column: string
  reason: string
  value?: string
  /** the cell could be left empty, or be read as something else */
  canRepair?: true
}

/** What a person decided about cells that cannot be read: a value is read as another, or all with one fault are left empty. */
export type Repair = { column: string; value: string; readAs: string } | { column: string; leaveEmpty: string }

export type RowResult<T> =
  | { facts: T; notes: Reason[]; reasons?: undefined }
  | { facts?: undefined; notes?: undefined; reasons: Reason[] }

export interface RowRules extends DateRules {
  now: Date
  country: 'US' | 'CA'
  repairs?: readonly Repair[]
}

/** Cell of a field; undefined when the file has no such column. */
export type Cell = (field: string) => string | undefined
/** Header of a field, for messages. */
export type HeaderOf = (field: string) => string

/** Reads the cells of one row after the other and collects what is wrong with the current one. */
export interface RowReader {
  /** forgets the row before */
  begin(): void
  reasons(): Reason[]
  notes(): Reason[]
  isFaulty(): boolean
  /** the cell as it stands; undefined when the file has no such column */
  cell: Cell
  /** null when the cell is empty or absent; a fault becomes a reason */
  read<T>(field: string, reader: (text: string) => Read<T>): T | null
  text(field: string, most: number): string | null
  cents(field: string): number | null
  refuse(field: string, reason: string): void
  note(field: string, reason: string): void
  /** the facts with their notes, or why there are none */
  result<T>(facts: T): RowResult<T>
}

/** @param isLeftEmpty whether cells of this column with this fault count as empty */
export function rowReader(
  cell: Cell,
  headerOf: HeaderOf,
  isLeftEmpty: (column: string, fault: string) => boolean,
): RowReader {
  // Most rows are good, so the empty lists live on.
  let reasons: Reason[] = []
  let notes: Reason[] = []
  const about = (field: string, reason: string): Reason => {
    const value = cell(field)
    return value ? { column: headerOf(field), reason, value: value.slice(0, 80) } : { column: headerOf(field), reason }
  }
  function read<T>(field: string, reader: (text: string) => Read<T>): T | null {
    const text = cell(field)
    if (text === undefined || text === '' || text.trim() === '') return null
    const result = reader(text)
    if (result.fault === undefined) return result.value
    if (isLeftEmpty(headerOf(field), result.fault)) notes.push(about(field, `Left empty: ${result.fault}`))
    else reasons.push({ ...about(field, result.fault), canRepair: true })
    return null
  }
  return {
    begin() {
      if (reasons.length > 0) reasons = []
      if (notes.length > 0) notes = []
    },
    reasons: () => reasons,
    notes: () => notes,
    isFaulty: () => reasons.length > 0,
    cell,
    read,
    refuse: (field, reason) => void reasons.push(about(field, reason)),
    note: (field, reason) => void notes.push(about(field, reason)),
    text: (field, most) => read(field, (t) => readText(t, most)),
    cents: (field) => read(field, readAmount),
    result: (facts) => (reasons.length > 0 ? { reasons } : { facts, notes }),
  }
}

function readAmount(text: string): Read<number> {
  // Statistics packages write tiny amounts as 4.4e-16.
  const value = /^[+-]?\d+(\.\d+)?e[+-]?\d{1,2}$/i.test(text.trim()) ? roundCents(Number(text) * 100) : parseCents(text)
  if (value === null) return { fault: 'This is not an amount of money; write it like 12.50.' }
  return Math.abs(value) > 100_000_000_000 ? { fault: 'The amount is larger than a billion.' } : { value }
}
