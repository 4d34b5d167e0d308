import { parseCents } from '#core/money.ts'
import type { Reason } from '#core/knowledge/row-reader.ts'

type Json = Record<string, unknown>

/** A payload read field by field; what cannot be used is collected with its path. */
export interface Payload {
  reasons: Reason[]
  /** numbers of things, which are larger than a JSON number can hold */
  id(path: string): string | null
  text(path: string): string | undefined
  list(path: string): Payload[]
  has(path: string): boolean
  flag(path: string): boolean | null
  /** an amount as text or number; null when there is none */
  cents(path: string): number | null
  number(path: string): number | null
  /** an instant; `zone` is added where the till leaves it out */
  instant(path: string, zone?: 'Z'): Date | null
  /** where a field of this part stands in the whole */
  at(path: string): string
}

/** Throws SyntaxError for what is not a JSON object. */
export function readPayload(body: Buffer): Payload {
  // Ids of 18 digits lose their end as numbers; the reviver sees how they were written.
  const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? context?.source
      : value
  const parsed = JSON.parse(body.toString('utf8'), exact as (key: string, value: unknown) => unknown) as unknown
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new SyntaxError('not an object')
  return view(parsed as Json, '', [])
}

function view(root: Json, base: string, reasons: Reason[]): Payload {
  const at = (path: string): string => (base ? `${base}.${path}` : path)
  const value = (path: string): unknown => {
    let current: unknown = root
    for (const part of path.split('.')) {
      if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined
      current = (current as Json)[part]
    }
    return current
  }
  const refuse = (path: string, reason: string): null => {
    reasons.push({ column: at(path), reason })
    return null
  }
  return {
    reasons,
    at,
    id(path) {
      const v = value(path)
      // 0 is how some say "none".
      if (v === undefined || v === null || v === '' || v === 0 || v === '0') return null
      return typeof v === 'string' || typeof v === 'number'
        ? String(v).slice(0, 60)
        : refuse(path, 'This is not a number of ours.')
    },
    text(path) {
      const v = value(path)
      if (typeof v === 'number') return String(v)
      return typeof v === 'string' && v.trim() !== '' ? v.replaceAll('\0', '') : undefined
    },
    list(path) {
      const v = value(path)
      if (v === undefined || v === null) return []
      if (!Array.isArray(v)) return refuse(path, 'This is not a list.') ?? []
      return v.flatMap((item: unknown, i) =>
        typeof item === 'object' && item !== null && !Array.isArray(item)
          ? [view(item as Json, at(`${path}.${i}`), reasons)]
          : [],
      )
    },
    has: (path) => value(path) !== undefined && value(path) !== null,
    flag(path) {
      const v = value(path)
      return v === true || v === 'true' ? true : v === false || v === 'false' ? false : null
    },
    cents(path) {
      const v = value(path)
      if (v === undefined || v === null || v === '') return null
      const cents = typeof v === 'number' || typeof v === 'string' ? parseCents(String(v)) : null
      return cents ?? refuse(path, 'This is not an amount of money.')
    },
    number(path) {
      const v = value(path)
      if (v === undefined || v === null || v === '') return null
      const number = typeof v === 'number' || typeof v === 'string' ? Number(v) : Number.NaN
      return Number.isFinite(number) && Math.abs(number) < 1e9 ? number : refuse(path, 'This is not a number.')
    },
    instant(path, zone) {
      const v = value(path)
      if (v === undefined || v === null || v === '') return null
      const text = typeof v === 'string' ? v : ''
      const time = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text)
        ? Date.parse(zone && !/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text + zone : text)
        : Number.NaN
      return Number.isNaN(time) ? refuse(path, 'This is not an instant.') : new Date(time)
    },
  }
}
