import { formatCents } from '#core/money.ts'
import type { SheetColumn, SheetValue } from '#core/analytics/sheet.ts'

/** A value as people read it on paper. */
export function shown(value: SheetValue, kind: SheetColumn['kind'], currency: string, zone: string): string {
  if (value === null) return '–'
  if (value instanceof Date)
    return new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(value)
  if (typeof value === 'number') {
    if (kind === 'cents') return formatCents(value, currency)
    if (kind === 'percent') return `${value.toLocaleString('en-US', { maximumFractionDigits: 2 })}%`
    return value.toLocaleString('en-US', { maximumFractionDigits: 2 })
  }
  return value
}

export const dayWords = (day: string): string =>
  new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))
