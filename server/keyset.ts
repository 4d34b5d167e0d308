import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from './keys.ts'
import { InputError } from './http/errors.ts'

/** One key a list can be sorted by: an SQL expression of our own, and its type for reading a cursor back. */
export interface SortKey {
  sql: string
  type: 'text' | 'citext' | 'bigint' | 'float8' | 'timestamptz' | 'uuid'
}
export interface SortStep extends SortKey {
  descending: boolean
}

export type SortKeys = Readonly<Record<string, SortKey>>

/** Collects parameters while SQL is put together: `add(value)` gives its placeholder. */
export interface Params {
  values: unknown[]
  add(value: unknown): string
}

export function createParams(): Params {
  const values: unknown[] = []
  return { values, add: (value) => `$${values.push(value)}` }
}

/** "-clv_score,name" -> steps from the allow-list, with the id at the end so that the order is total. Throws InputError. */
export function parseSort(sort: string | undefined, fallback: string, keys: SortKeys, idSql: string): SortStep[] {
  const names = (sort ?? fallback)
    .split(',')
    .map((s) => s.trim())
    .filter(Boolean)
  const steps = names.map((name) => {
    const key = name.replace(/^-/, '')
    const found = Object.hasOwn(keys, key) ? keys[key] : undefined
    if (!found)
      throw new InputError([
        {
          path: 'query.sort',
          message: `Cannot sort by ${key.slice(0, 40)}; choose from ${Object.keys(keys).join(', ')}.`,
        },
      ])
    return { ...found, descending: name.startsWith('-') }
  })
  if (steps.length > 5) throw new InputError([{ path: 'query.sort', message: 'Sort by at most five keys.' }])
  return [...steps, { sql: idSql, type: 'uuid', descending: steps[0]?.descending ?? false }]
}

/**
 * Empty values stand last in both directions. @param filled the first key is never empty: then the order is written as
 * an index read backwards has it
 */
export function orderBy(steps: readonly SortStep[], filled = false): string {
  return steps
    .map((s, i) =>
      s.descending
        ? `${s.sql} desc nulls ${(filled && i === 0) || s.type === 'uuid' ? 'first' : 'last'}`
        : `${s.sql} asc nulls last`,
    )
    .join(', ')
}

/**
 * "Comes after these values in this order", null-safe, as one condition. @param filled the first key is never empty: its
 * bound stands alone in front, where an index can begin with it
 */
export function afterCursor(
  steps: readonly SortStep[],
  values: readonly unknown[],
  params: Params,
  filled = false,
): string {
  const alternatives: string[] = []
  let equal = ''
  let bound = ''
  steps.forEach((step, i) => {
    const value = values[i] ?? null
    if (value !== null) {
      const placeholder = `${params.add(value)}::${step.type}`
      const beyond = `${step.sql} ${step.descending ? '<' : '>'} ${placeholder}`
      alternatives.push(filled && i === 0 ? beyond : `${equal}(${beyond} or ${step.sql} is null)`)
      if (filled && i === 0) bound = `${step.sql} ${step.descending ? '<=' : '>='} ${placeholder} and `
      equal += `${step.sql} = ${placeholder} and `
    } else equal += `${step.sql} is null and `
  })
  return `(${bound}(${alternatives.map((a) => `(${a})`).join(' or ') || 'false'}))`
}

/** A cursor names its sort and carries the last row's keys; it is signed, as its values go into a query. */
export function writeCursor(secret: string, sort: string, values: readonly unknown[]): string {
  const body = Buffer.from(JSON.stringify([sort, ...values.map((v) => (v instanceof Date ? v.toISOString() : v))]))
  return Buffer.concat([sign(secret, body), body]).toString('base64url')
}

/** Throws InputError when the cursor is forged, damaged or of another sort. */
export function readCursor(secret: string, cursor: string, sort: string): unknown[] {
  const bytes = Buffer.from(cursor, 'base64url')
  const body = bytes.subarray(16)
  const ok = bytes.length > 16 && timingSafeEqual(bytes.subarray(0, 16), sign(secret, body))
  const parsed = ok ? (JSON.parse(body.toString('utf8')) as unknown[]) : []
  if (parsed[0] !== sort)
    throw new InputError([
      { path: 'query.cursor', message: 'This cursor does not belong to this list and sort; begin again without it.' },
    ])
  return parsed.slice(1)
}

function sign(secret: string, body: Buffer): Buffer {
  return createHmac('sha256', deriveKey(secret, 'cursor')).update(body).digest().subarray(0, 16)
}
