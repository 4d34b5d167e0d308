/** Numbers, money and times as people of the shop read them. Money comes in integer cents, shares in 0..1. */
const locale = 'en-US'
const kept = 'lma.shop'
let { currency, zone, isKnown } = remembered()

// The last known shop formats the first paint; it is corrected when the profile arrives.
function remembered(): { currency: string; zone: string; isKnown: boolean } {
  try {
    const [c, z] = (localStorage.getItem(kept) ?? '').split(' ')
    if (c && z) return { currency: c, zone: z, isKnown: true }
  } catch {
    // No storage: the defaults.
  }
  return { currency: 'USD', zone: 'America/New_York', isKnown: false }
}

/** Called when the shop profile arrives. Returns a key that changes when shown values must be drawn again. */
export function setShopFormat(shop: { currency: string; time_zone: string }): string {
  if (!isKnown || shop.currency !== currency || shop.time_zone !== zone) {
    isKnown = true
    currency = shop.currency
    zone = shop.time_zone
    try {
      localStorage.setItem(kept, `${currency} ${zone}`)
    } catch {
      // Nothing kept, nothing lost.
    }
  }
  return shopFormat()
}
export const shopFormat = (): string => `${currency} ${zone}`
/** false: the first visit of this browser, and the profile has not arrived yet. */
export const isShopFormatKnown = (): boolean => isKnown
/** "New York" from "America/New_York". */
export const zonePlace = (name: string): string => name.slice(name.lastIndexOf('/') + 1).replaceAll('_', ' ')
/** IANA name of the shop's zone. */
export const shopZone = (): string => zone

const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>()
function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options)
  let format = made.get(key) as Intl.NumberFormat | undefined
  if (!format) made.set(key, (format = new Intl.NumberFormat(locale, options)))
  return format
}
function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${JSON.stringify(options)}`
  let format = made.get(key) as Intl.DateTimeFormat | undefined
  if (!format) made.set(key, (format = new Intl.DateTimeFormat(locale, options)))
  return format
}

/** "$47.17"; from $1,000 up without cents unless `exact`. */
export function money(cents: number, exact = false): string {
  const digits = exact || Math.abs(cents) < 100_000 ? 2 : 0
  return numbers({ style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    cents / 100,
  )
}

/** "$142.5K", for axes and tight places. */
export function moneyShort(cents: number): string {
  return numbers({ style: 'currency', currency, notation: 'compact', maximumFractionDigits: 1 }).format(cents / 100)
}

export const count = (n: number): string => numbers({ maximumFractionDigits: 0 }).format(n)
export const countShort = (n: number): string => numbers({ notation: 'compact', maximumFractionDigits: 1 }).format(n)
export const decimal = (n: number, digits = 2): string =>
  numbers({ maximumFractionDigits: digits, minimumFractionDigits: digits }).format(n)

/** "18.4%" from 0.184. */
export function percent(share: number, digits = 1): string {
  return numbers({ style: 'percent', maximumFractionDigits: digits, minimumFractionDigits: 0 }).format(share)
}

export interface Figure {
  before: string
  big: string
  after: string
  full: string
}

/** The parts of a shelf ticket: raised currency sign, big digits, raised decimals or unit. */
export function ticketMoney(cents: number, whole = false): Figure {
  const wide = Math.abs(cents) >= 10_000_000
  if (whole && !wide)
    return split(
      numbers({ style: 'currency', currency, maximumFractionDigits: 0 }).formatToParts(cents / 100),
      money(cents),
    )
  const format = numbers(
    wide
      ? { style: 'currency', currency, notation: 'compact', maximumFractionDigits: 1, minimumFractionDigits: 1 }
      : { style: 'currency', currency },
  )
  return split(format.formatToParts(cents / 100), money(cents, true))
}

export function ticketCount(n: number): Figure {
  const wide = Math.abs(n) >= 1_000_000
  return split(
    numbers(wide ? { notation: 'compact', maximumFractionDigits: 1 } : { maximumFractionDigits: 0 }).formatToParts(n),
    count(n),
  )
}

export function ticketPercent(share: number): Figure {
  return split(
    numbers({ style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }).formatToParts(share),
    percent(share),
  )
}

function split(parts: Intl.NumberFormatPart[], full: string): Figure {
  const figure: Figure = { before: '', big: '', after: '', full }
  for (const { type, value } of parts) {
    if (type === 'integer' || type === 'group') figure.big += value
    else if (figure.big === '') figure.before += value
    else figure.after += value
  }
  return figure
}

export type Moment = string | Date
type Style = 'day' | 'date' | 'time' | 'short' | 'full' | 'weekday'
const styles: Record<Style, Intl.DateTimeFormatOptions> = {
  day: { month: 'short', day: 'numeric' },
  date: { month: 'short', day: 'numeric', year: 'numeric' },
  time: { hour: 'numeric', minute: '2-digit' },
  short: { weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' },
  full: {
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
  },
  weekday: { weekday: 'short', month: 'short', day: 'numeric' },
}

/** An instant in the shop's zone (or another, by name). */
export function instant(at: Moment, style: Style = 'short', timeZone: string = zone): string {
  return dates({ ...styles[style], timeZone }).format(new Date(at))
}

/** A calendar day ("2026-11-22"), which has no zone. */
export function day(iso: string, style: 'day' | 'date' | 'weekday' = 'day'): string {
  return dates({ ...styles[style], timeZone: 'UTC' }).format(new Date(`${iso.slice(0, 10)}T00:00:00Z`))
}

/** "3 min ago", "in 2 h". */
export function ago(at: Moment, now: number = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  for (const [unit, size] of [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit)
  }
  return relative.format(0, 'minute')
}

/** "1 h 20 min" from seconds. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
