import { addDays } from '../calendar.ts'
import { holidays } from '../holidays.ts'

/** What an order was for, as far as its day and hour tell; the first that fits. */
export const occasions = ['holiday', 'weekend', 'weeknight', 'weekday'] as const
export type Occasion = (typeof occasions)[number]

const daysBefore = 3
const firstYear = 1990
const lastYear = 2100
const dayOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 86_400_000

let holidayDays: Set<number> | undefined

function isHolidayTime(day: number): boolean {
  if (!holidayDays) {
    holidayDays = new Set()
    for (let year = firstYear; year <= lastYear; year++)
      for (const { day: at } of holidays(year))
        for (let before = 0; before <= daysBefore; before++) holidayDays.add(dayOf(addDays(at, -before)))
  }
  return holidayDays.has(day)
}

/** 0 for Monday; 1970-01-01 was a Thursday. */
export const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7

const fridayIs = 4
const eveningFrom = 17

/**
 * Place in `occasions`: on a holiday or up to three days before it, Friday to Sunday, a weeknight from 17:00, or else a
 * weekday; -1 when only the hour could tell and it is not known.
 * @param day local calendar day, days since 1970-01-01
 */
export function occasionOf(day: number, hour: number | null): number {
  if (isHolidayTime(day)) return 0
  if (weekdayOf(day) >= fridayIs) return 1
  return hour === null ? -1 : hour >= eveningFrom ? 2 : 3
}
