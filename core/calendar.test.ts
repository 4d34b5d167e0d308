import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addDays,
  clockOf,
  daysBetween,
  instantOf,
  isoWeekday,
  isZone,
  localDate,
  localHour,
  localMinutes,
  minutesOf,
  weekStart,
  windowOn,
} from './calendar.ts'
import { holidays, holidayOn } from './holidays.ts'

const zones = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Phoenix',
  'America/Los_Angeles',
  'America/Anchorage',
  'Pacific/Honolulu',
  'Europe/London',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'UTC',
]
const anyZone = fc.constantFrom(...zones)
const anyDay = fc.integer({ min: 0, max: 4000 }).map((n) => addDays('2024-01-01', n))
const anyMinute = fc.integer({ min: 0, max: 1439 })

/** The same question answered by the platform's own calendar. */
function byIntl(at: Date, zone: string): { day: string; minutes: number } {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    })
      .formatToParts(at)
      .map((p) => [p.type, p.value]),
  )
  return {
    day: `${parts['year']}-${parts['month']}-${parts['day']}`,
    minutes: Number(parts['hour']) * 60 + Number(parts['minute']),
  }
}

test('local day and minute agree with the platform in every zone and around every clock change', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2034, 0) }), anyZone, (ms, zone) => {
      const at = new Date(ms)
      const other = byIntl(at, zone)
      expect(localDate(at, zone)).toBe(other.day)
      expect(localMinutes(at, zone)).toBe(other.minutes)
      expect(localHour(at, zone)).toBe(Math.floor(other.minutes / 60))
    }),
    { numRuns: 400 },
  )
})

test('an instant reads back as the wall-clock time it was made from, or as the first minute after the gap', () => {
  fc.assert(
    fc.property(anyDay, anyMinute, anyZone, (day, minute, zone) => {
      const at = instantOf(day, clockOf(minute), zone)
      if (localDate(at, zone) === day && localMinutes(at, zone) === minute) return
      expect(localMinutes(new Date(at.getTime() - 60_000), zone)).toBeLessThan(minute)
      expect(localMinutes(at, zone)).toBeGreaterThan(minute)
      expect(localMinutes(at, zone) - localMinutes(new Date(at.getTime() - 60_000), zone)).toBeGreaterThan(1)
    }),
    { numRuns: 400 },
  )
})

test('02:30 on the spring change is 03:00, and the repeated 01:30 in autumn is the first one', () => {
  expect(instantOf('2026-03-08', '02:30', 'America/New_York').toISOString()).toBe('2026-03-08T07:00:00.000Z')
  expect(instantOf('2026-11-01', '01:30', 'America/New_York').toISOString()).toBe('2026-11-01T05:30:00.000Z')
  expect(instantOf('2026-03-08', '24:00', 'America/New_York').toISOString()).toBe('2026-03-09T04:00:00.000Z')
})

test('a window over several zones is open only where it is open in each of them', () => {
  fc.assert(
    fc.property(
      anyDay,
      fc.uniqueArray(anyZone, { minLength: 1, maxLength: 3 }),
      anyMinute,
      anyMinute,
      (day, some, a, b) => {
        const window = { start: clockOf(Math.min(a, b)), end: clockOf(Math.max(a, b) + 1) }
        const span = windowOn(day, window, some)
        if (!span) return
        expect(span.to.getTime()).toBeGreaterThan(span.from.getTime())
        for (const zone of some) {
          for (const at of [span.from, new Date(span.to.getTime() - 1)]) {
            expect(localDate(at, zone)).toBe(day)
            expect(localMinutes(at, zone)).toBeGreaterThanOrEqual(minutesOf(window.start))
            expect(localMinutes(at, zone)).toBeLessThan(minutesOf(window.end))
          }
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('the shared window of New York and Los Angeles is three hours shorter', () => {
  const span = windowOn('2026-07-01', { start: '10:00', end: '20:00' }, ['America/New_York', 'America/Los_Angeles'])
  expect(span?.from.toISOString()).toBe('2026-07-01T17:00:00.000Z')
  expect(span?.to.toISOString()).toBe('2026-07-02T00:00:00.000Z')
  expect(
    windowOn('2026-07-01', { start: '10:00', end: '12:00' }, ['America/New_York', 'America/Los_Angeles']),
  ).toBeNull()
})

test('weeks start on Monday and day arithmetic is exact', () => {
  fc.assert(
    fc.property(anyDay, fc.integer({ min: -800, max: 800 }), (day, n) => {
      expect(daysBetween(day, addDays(day, n))).toBe(n)
      expect(isoWeekday(weekStart(day))).toBe(1)
      expect(daysBetween(weekStart(day), day)).toBe(isoWeekday(day) - 1)
    }),
  )
  expect(isoWeekday('2026-11-22')).toBe(7)
  expect(isZone('America/Chicago')).toBe(true)
  expect(isZone('America/Springfield')).toBe(false)
})

test('holidays fall on their days', () => {
  const of = (year: number) => Object.fromEntries(holidays(year).map((h) => [h.key, h.day]))
  expect(of(2026)).toEqual({
    new_year: '2026-01-01',
    super_bowl: '2026-02-08',
    st_patricks: '2026-03-17',
    cinco_de_mayo: '2026-05-05',
    memorial_day: '2026-05-25',
    independence_day: '2026-07-04',
    labor_day: '2026-09-07',
    thanksgiving: '2026-11-26',
    christmas_eve: '2026-12-24',
    christmas: '2026-12-25',
    new_years_eve: '2026-12-31',
  })
  expect(of(2027)['super_bowl']).toBe('2027-02-14')
  expect(of(2027)['memorial_day']).toBe('2027-05-31')
  expect(holidayOn('2026-11-26')?.name).toBe('Thanksgiving')
})
