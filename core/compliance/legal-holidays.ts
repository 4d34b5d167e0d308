import { addDays, isoWeekday, type Day } from '../calendar.ts'

const memo = new Map<number, ReadonlyMap<Day, string>>()

/**
 * The federal holiday on this day, or null. A holiday on a Saturday is also kept on the Friday before, one on a Sunday
 * on the Monday after (5 U.S.C. 6103): both days count, because states that forbid texts on holidays do not say which.
 */
export function legalHolidayOn(day: Day): string | null {
  const year = Number(day.slice(0, 4))
  // New Year's Day on a Saturday is observed in the year before.
  return holidaysOf(year).get(day) ?? holidaysOf(year + 1).get(day) ?? null
}

function holidaysOf(year: number): ReadonlyMap<Day, string> {
  let found = memo.get(year)
  if (found) return found
  const at = (month: number, day: number): Day =>
    `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
  const nth = (month: number, weekday: number, n: number): Day => {
    const first = at(month, 1)
    return addDays(first, ((weekday - isoWeekday(first) + 7) % 7) + (n - 1) * 7)
  }
  const lastMondayOfMay = (): Day => {
    const last = at(5, 31)
    return addDays(last, -((isoWeekday(last) - 1 + 7) % 7))
  }
  const list: [string, Day][] = [
    ['New Year’s Day', at(1, 1)],
    ['Martin Luther King Jr. Day', nth(1, 1, 3)],
    ['Washington’s Birthday', nth(2, 1, 3)],
    ['Memorial Day', lastMondayOfMay()],
    ['Juneteenth', at(6, 19)],
    ['Independence Day', at(7, 4)],
    ['Labor Day', nth(9, 1, 1)],
    ['Columbus Day', nth(10, 1, 2)],
    ['Veterans Day', at(11, 11)],
    ['Thanksgiving', nth(11, 4, 4)],
    ['Christmas Day', at(12, 25)],
  ]
  const days = new Map<Day, string>()
  for (const [name, day] of list) {
    days.set(day, name)
    const weekday = isoWeekday(day)
    if (weekday === 6) days.set(addDays(day, -1), `${name} (kept on the Friday)`)
    if (weekday === 7) days.set(addDays(day, 1), `${name} (kept on the Monday)`)
  }
  memo.set(year, (found = days))
  return found
}
