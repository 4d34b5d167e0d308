import { Temporal } from 'temporal-polyfill'

/** Wall-clock arithmetic between UTC instants and IANA zones. A day is "YYYY-MM-DD", a time "HH:MM"; weeks start on Monday. */
export type Day = string

interface DayWindow {
  start: string
  end: string
}

/** Widely spread zones share few offsets per hour, so a small memo of 15-minute cells saves most zone look-ups. */
const offsets = new Map<string, number>()
const cellMs = 15 * 60_000

function offsetMs(atMs: number, zone: string): number {
  // Every zone rule of our time changes on a quarter of an hour, so an offset holds for its whole cell.
  const cell = Math.floor(atMs / cellMs)
  const key = `${zone}|${cell}`
  let found = offsets.get(key)
  if (found === undefined) {
    found = Temporal.Instant.fromEpochMilliseconds(cell * cellMs).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6
    if (offsets.size > 20_000) offsets.clear()
    offsets.set(key, found)
  }
  return found
}

/**
 * Offsets of one zone for many instants: looks a zone up once per change of its clocks instead of once per quarter of
 * an hour. Milliseconds in, milliseconds to add for the wall clock out. Throws RangeError for an unknown zone.
 */
export function createZoneClock(zone: string): (atMs: number) => number {
  const spans: { from: number; to: number; offset: number }[] = []
  let last = { from: 0, to: 0, offset: 0 }
  const lookUp = (atMs: number): typeof last => {
    const at = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone)
    return {
      // "previous" leaves out a change at the very instant, which is where this span begins
      from: at.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds ?? -Infinity,
      to: at.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity,
      offset: at.offsetNanoseconds / 1e6,
    }
  }
  last = lookUp(0)
  spans.push(last)
  return (atMs) => {
    if (atMs >= last.from && atMs < last.to) return last.offset
    let found = spans.find((span) => atMs >= span.from && atMs < span.to)
    if (!found) {
      found = lookUp(atMs)
      spans.push(found)
    }
    last = found
    return found.offset
  }
}

function localMs(at: Date, zone: string): number {
  return at.getTime() + offsetMs(at.getTime(), zone)
}

const days = new Map<number, Day>()

// A handful of days is asked for millions of times.
function dayAt(ms: number): Day {
  const number = Math.floor(ms / 86_400_000)
  let day = days.get(number)
  if (day === undefined) {
    day = new Date(ms).toISOString().slice(0, 10)
    if (days.size > 5_000) days.clear()
    days.set(number, day)
  }
  return day
}

/** The calendar day in this zone. Throws RangeError for an unknown zone. */
export function localDate(at: Date, zone: string): Day {
  return dayAt(localMs(at, zone))
}

/** Minutes since local midnight by the wall clock, 0..1439. */
export function localMinutes(at: Date, zone: string): number {
  return Math.floor((((localMs(at, zone) % 86_400_000) + 86_400_000) % 86_400_000) / 60_000)
}

/** Hour of the wall clock, 0..23. */
export function localHour(at: Date, zone: string): number {
  return Math.floor(localMinutes(at, zone) / 60)
}

/** 1 = Monday .. 7 = Sunday. */
export function isoWeekday(day: Day): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7
}

export function addDays(day: Day, count: number): Day {
  return dayAt(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000)
}

/** Whole days from one day to a later one; negative when it is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

/** Monday of the week that holds this day. */
export function weekStart(day: Day): Day {
  return addDays(day, 1 - isoWeekday(day))
}

/** True for a zone name this machine knows. */
export function isZone(zone: string): boolean {
  try {
    offsetMs(0, zone)
    return true
  } catch {
    return false
  }
}

/**
 * The instant of a wall-clock time ("00:00".."24:00"). A time that the spring change skips becomes the first minute
 * after the gap; one that the autumn change repeats is taken the first time.
 */
export function instantOf(day: Day, time: string, zone: string): Date {
  const [date, clock] = time === '24:00' ? [addDays(day, 1), '00:00'] : [day, time]
  const wall = Temporal.PlainDateTime.from(`${date}T${clock}`)
  const first = wall.toZonedDateTime(zone, { disambiguation: 'earlier' })
  if (first.toPlainDateTime().equals(wall)) return new Date(first.epochMilliseconds)
  const afterGap = first.getTimeZoneTransition('next')
  return new Date((afterGap ?? wall.toZonedDateTime(zone)).epochMilliseconds)
}

/** A stretch of time, half-open. */
export interface Span {
  from: Date
  to: Date
}

/** The stretch in which the wall-clock window of this day is open in every one of the zones at once; null if never. */
export function windowOn(day: Day, window: DayWindow, zones: readonly string[]): Span | null {
  if (zones.length === 0 || window.end <= window.start) return null
  let from = -Infinity
  let to = Infinity
  for (const zone of zones) {
    from = Math.max(from, instantOf(day, window.start, zone).getTime())
    to = Math.min(to, instantOf(day, window.end, zone).getTime())
  }
  return to > from ? { from: new Date(from), to: new Date(to) } : null
}

/** The part of two wall-clock windows that is open in both; null when none is. */
export function intersectWindows(a: DayWindow, b: DayWindow): DayWindow | null {
  const start = a.start > b.start ? a.start : b.start
  const end = a.end < b.end ? a.end : b.end
  return end > start ? { start, end } : null
}

/** "HH:MM" of minutes since midnight, 0..1440. */
export function clockOf(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** Minutes since midnight of "HH:MM". */
export function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))
}

/** Monday first. */
export const weekdayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** "Thursday". */
export function weekdayName(day: Day): string {
  return weekdayNames[isoWeekday(day) - 1] ?? ''
}
