import { expect, test } from 'vitest'
import { addDays } from '../calendar.ts'
import { legalHolidayOn } from './legal-holidays.ts'

test('the eleven federal holidays of a year, and the weekdays on which those at weekends are kept', () => {
  const days = Array.from({ length: 365 }, (_, i) => addDays('2026-01-01', i)).filter(legalHolidayOn)
  // 4 July 2026 is a Saturday: the Friday before counts as well.
  expect(days).toEqual([
    '2026-01-01', '2026-01-19', '2026-02-16', '2026-05-25', '2026-06-19', '2026-07-03', '2026-07-04', '2026-09-07', '2026-10-12', '2026-11-11', '2026-11-26', '2026-12-25',
  ]) // prettier-ignore
  expect(legalHolidayOn('2026-07-03')).toBe('Independence Day (kept on the Friday)')
  expect(legalHolidayOn('2022-12-26')).toBe('Christmas Day (kept on the Monday)')
  // New Year's Day of 2028 is a Saturday, kept in the year before.
  expect(legalHolidayOn('2027-12-31')).toBe('New Year’s Day (kept on the Friday)')
})
