import { addDays, isoWeekday, type Day } from './calendar.ts'

/** Days around which American liquor shops sell more; `legal` marks federal holidays. */
export interface Holiday {
  key: string
  name: string
  day: Day
  legal: boolean
}

/** US days that matter to a liquor shop in this year, in order. */
export function holidays(year: number): Holiday[] {
  const at = (month: number, day: number): Day =>
    `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
  const list: [string, string, Day, boolean][] = [
    ['new_year', 'New Year’s Day', at(1, 1), true],
    // The NFL plays it on the second Sunday of February since the season of 2021.
    ['super_bowl', 'Super Bowl Sunday', nthWeekday(year, 2, 7, 2), false],
    ['st_patricks', 'St. Patrick’s Day', at(3, 17), false],
    ['cinco_de_mayo', 'Cinco de Mayo', at(5, 5), false],
    ['memorial_day', 'Memorial Day', lastWeekday(year, 5, 1), true],
    ['independence_day', 'Fourth of July', at(7, 4), true],
    ['labor_day', 'Labor Day', nthWeekday(year, 9, 1, 1), true],
    ['thanksgiving', 'Thanksgiving', nthWeekday(year, 11, 4, 4), true],
    ['christmas_eve', 'Christmas Eve', at(12, 24), false],
    ['christmas', 'Christmas Day', at(12, 25), true],
    ['new_years_eve', 'New Year’s Eve', at(12, 31), false],
  ]
  return list.map(([key, name, day, legal]) => ({ key, name, day, legal }))
}

/** Holidays of the days from..to, both included, in order. */
export function holidaysBetween(from: Day, to: Day): Holiday[] {
  const years = []
  for (let year = Number(from.slice(0, 4)); year <= Number(to.slice(0, 4)); year++) years.push(year)
  return years.flatMap(holidays).filter((h) => h.day >= from && h.day <= to)
}

/** The holiday on this day, if any. */
export function holidayOn(day: Day): Holiday | null {
  return holidaysBetween(day, day)[0] ?? null
}

function nthWeekday(year: number, month: number, weekday: number, nth: number): Day {
  const first = `${year}-${String(month).padStart(2, '0')}-01`
  return addDays(first, ((weekday - isoWeekday(first) + 7) % 7) + (nth - 1) * 7)
}

function lastWeekday(year: number, month: number, weekday: number): Day {
  const next = month === 12 ? `${year + 1}-01-01` : `${year}-${String(month + 1).padStart(2, '0')}-01`
  const last = addDays(next, -1)
  return addDays(last, -((isoWeekday(last) - weekday + 7) % 7))
}
