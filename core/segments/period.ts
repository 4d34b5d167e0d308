import { addDays, instantOf, localDate, type Day } from '../calendar.ts'
import type { InstantTest, Period } from './rule.ts'

/** A stretch of time, half-open; null is open to that side. */
export interface Bounds {
  from: Date | null
  to: Date | null
}

/** The moment a rule is asked, in the shop's zone. */
export interface Moment {
  now: Date
  zone: string
}

const midnight = (day: Day, zone: string): Date => instantOf(day, '00:00', zone)

/** "The last 7 days" begins at local midnight seven days ago; what lies in the future is never in the past. */
export function boundsOfPeriod(period: Period, { now, zone }: Moment): Bounds {
  const today = localDate(now, zone)
  const end = new Date(now.getTime() + 1)
  if ('last_days' in period) return { from: midnight(addDays(today, -period.last_days), zone), to: end }
  if ('from_days_ago' in period)
    return {
      from: midnight(addDays(today, -period.from_days_ago), zone),
      to: period.to_days_ago === 0 ? end : midnight(addDays(today, 1 - period.to_days_ago), zone),
    }
  return { from: midnight(period.from, zone), to: midnight(addDays(period.to, 1), zone) }
}

/** The stretch of time in which the tested instant must lie. */
export function boundsOfTest(test: InstantTest, { now, zone }: Moment): Bounds {
  const today = localDate(now, zone)
  switch (test.op) {
    case 'in_last':
      return { from: midnight(addDays(today, -test.days), zone), to: new Date(now.getTime() + 1) }
    case 'before_last':
      return { from: null, to: midnight(addDays(today, -test.days), zone) }
    case 'in_next':
      return { from: now, to: midnight(addDays(today, test.days + 1), zone) }
    case 'on_or_before':
      return { from: null, to: midnight(addDays(test.day, 1), zone) }
    case 'on_or_after':
      return { from: midnight(test.day, zone), to: null }
    case 'between':
      return { from: midnight(test.from, zone), to: midnight(addDays(test.to, 1), zone) }
  }
}

/** Month-days "MM-DD" from today on; people born on February 29 are greeted on the 28th of other years. */
export function birthdaysInNext(days: number, { now, zone }: Moment): string[] {
  const today = localDate(now, zone)
  const found = new Set<string>()
  for (let i = 0; i <= days; i++) {
    const day = addDays(today, i)
    found.add(day.slice(5))
    if (day.endsWith('-02-28') && addDays(day, 1).endsWith('-03-01')) found.add('02-29')
  }
  return [...found]
}
