import { localDate, type Day } from '../calendar.ts'

/** Whole years on this day. Someone born on 29 February comes of age on 1 March in years without that day. */
export function ageOn(birthDate: Day, day: Day): number {
  const years = Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4))
  return day.slice(5) >= birthDate.slice(5) ? years : years - 1
}

/** The earliest calendar day it may be for the person: age counts only once it is certain. */
export function earliestLocalDay(at: Date, zones: readonly string[]): Day {
  return zones.map((zone) => localDate(at, zone)).reduce((a, b) => (a < b ? a : b))
}
