/** How to read what a date leaves open. */
export interface DateRules {
  /** 1/2/2024: January 2nd or February 1st */
  dateOrder: 'mdy' | 'dmy'
  /** IANA zone of times that name none */
  timeZone: string
}

interface Parts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  ms: number
  /** minutes east of UTC, null when the text names no zone */
  offset: number | null
  /** the year was written with two digits */
  short: boolean
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const time = String.raw`(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([ap]\.?m\.?)?\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?)?`
const isoLike = new RegExp(String.raw`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})${time}$`, 'i')
const compact = /^(\d{4})(\d{2})(\d{2})$/
const numeric = new RegExp(String.raw`^(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})${time}$`, 'i')
const monthFirst = new RegExp(String.raw`^([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})${time}$`, 'i')
const dayFirst = new RegExp(String.raw`^(\d{1,2})[ -]([a-z]{3,9})\.?[ -](\d{4})${time}$`, 'i')

/** Calendar day "YYYY-MM-DD", or null when the text is not a day that exists. Two-digit years lie in the last hundred years. */
export function readDay(text: string, rules: DateRules, now: Date): string | null {
  const parts = readParts(text.trim(), rules, now)
  if (!parts) return null
  // A two-digit year of a birth date lies behind us.
  if (parts.short && Date.UTC(parts.year, parts.month - 1, parts.day) > now.getTime()) parts.year -= 100
  return `${String(parts.year).padStart(4, '0')}-${pad(parts.month)}-${pad(parts.day)}`
}

/** Instant in UTC: ISO 8601, US or named-month dates, epoch seconds or milliseconds; null when it is none of them. */
export function readInstant(text: string, rules: DateRules, now: Date): Date | null {
  const s = text.trim()
  if (/^\d{10}$/.test(s)) return new Date(Number(s) * 1000)
  if (/^\d{13}$/.test(s)) return new Date(Number(s))
  const p = readParts(s, rules, now)
  if (!p) return null
  const wall = Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second, p.ms)
  return new Date(p.offset === null ? wallToUtc(wall, rules.timeZone) : wall - p.offset * 60_000)
}

function readParts(s: string, rules: DateRules, now: Date): Parts | null {
  let m: RegExpExecArray | null
  if ((m = isoLike.exec(s))) return complete(m[1], m[2], m[3], m.slice(4), now)
  if ((m = compact.exec(s))) return complete(m[1], m[2], m[3], [], now)
  if ((m = numeric.exec(s))) {
    // Dots are European: 31.12.2024 is never month first.
    const monthLeads = rules.dateOrder === 'mdy' && m[2] !== '.'
    return complete(m[4], monthLeads ? m[1] : m[3], monthLeads ? m[3] : m[1], m.slice(5), now)
  }
  if ((m = monthFirst.exec(s))) return complete(m[3], monthNumber(m[1]), m[2], m.slice(4), now)
  if ((m = dayFirst.exec(s))) return complete(m[3], monthNumber(m[2]), m[1], m.slice(4), now)
  return null
}

function monthNumber(name: string | undefined): string {
  return String(months.indexOf((name ?? '').slice(0, 3).toLowerCase()) + 1)
}

function complete(
  y: string | undefined,
  mo: string | undefined,
  d: string | undefined,
  rest: (string | undefined)[],
  now: Date,
): Parts | null {
  const [h, mi, s, fraction, half, zone] = rest
  let year = Number(y)
  const short = (y ?? '').length === 2
  if (short) year += year > (now.getUTCFullYear() % 100) + 1 ? 1900 : 2000
  const month = Number(mo)
  const day = Number(d)
  let hour = Number(h ?? 0)
  if (half) {
    if (hour < 1 || hour > 12) return null
    hour = (hour % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0)
  }
  const minute = Number(mi ?? 0)
  const second = Number(s ?? 0)
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59)
    return null
  if (year < 1900 || year > 2200) return null
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    ms: fraction ? Number(fraction.slice(0, 3).padEnd(3, '0')) : 0,
    offset: offsetOf(zone),
    short,
  }
}

function offsetOf(zone: string | undefined): number | null {
  if (!zone) return null
  const m = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)
  return m ? (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3])) : 0
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

const pad = (n: number): string => String(n).padStart(2, '0')

const formats = new Map<string, Intl.DateTimeFormat>()
const offsets = new Map<string, number>()

/** Offset of a zone at an instant, ms east of UTC. Intl is slow and files repeat their days, so it is remembered per quarter hour. */
function offsetAt(utcMs: number, timeZone: string): number {
  const quarter = Math.floor(utcMs / 900_000)
  const key = `${timeZone}|${quarter}`
  const kept = offsets.get(key)
  if (kept !== undefined) return kept
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formats.set(timeZone, format)
  }
  const at: Record<string, number> = {}
  for (const part of format.formatToParts(quarter * 900_000)) at[part.type] = Number(part.value)
  const wall = Date.UTC(at['year'] ?? 0, (at['month'] ?? 1) - 1, at['day'], at['hour'], at['minute'], at['second'])
  if (offsets.size > 20_000) offsets.clear()
  offsets.set(key, wall - quarter * 900_000)
  return wall - quarter * 900_000
}

/** Wall clock -> UTC. In the gap of spring the clock is put forward; of the two hours of autumn the first is meant. */
function wallToUtc(wallMs: number, timeZone: string): number {
  const before = offsetAt(wallMs - 86_400_000, timeZone)
  const after = offsetAt(wallMs + 86_400_000, timeZone)
  if (before === after) return wallMs - before
  if (offsetAt(wallMs - before, timeZone) === before) return wallMs - before
  if (offsetAt(wallMs - after, timeZone) === after) return wallMs - after
  return wallMs - before
}
