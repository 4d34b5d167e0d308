import { addDays, instantOf, isoWeekday, localDate, type Day } from '../calendar.ts'

export interface ReportRhythm {
  every: 'week' | 'month'
  /** ISO weekday, or day of the month 1..28 */
  onDay: number
  atHour: number
}

/** The next moment after `now` at which a report is due, by the shop's wall clock. */
export function nextReport(rhythm: ReportRhythm, now: Date, zone: string): Date {
  const time = `${String(rhythm.atHour).padStart(2, '0')}:00`
  let day: Day = localDate(now, zone)
  for (let i = 0; i < 62; i++, day = addDays(day, 1)) {
    const fits = rhythm.every === 'week' ? isoWeekday(day) === rhythm.onDay : Number(day.slice(8)) === rhythm.onDay
    if (!fits) continue
    const at = instantOf(day, time, zone)
    if (at > now) return at
  }
  throw new RangeError(`a report on day ${rhythm.onDay} of the ${rhythm.every} never comes`)
}
