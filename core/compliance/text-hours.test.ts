import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noOffer } from '../planning/offer.ts'
import { gate, type GateInput } from './gate.ts'
import { defaultPolicy } from './policy.ts'
import { decisive } from './verdict.ts'

// Judged by the clock of Intl and by nothing of ours.
const zones = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Phoenix',
  'America/Los_Angeles',
  'America/Anchorage',
  'America/Adak',
  'Pacific/Honolulu',
  'America/Detroit',
  'America/Boise',
  'America/Indiana/Indianapolis',
  'America/Kentucky/Louisville',
  'America/North_Dakota/Center',
  'America/Puerto_Rico',
]
const clocks = new Map(
  zones.map((zone) => [
    zone,
    new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  ]),
)
const clockIn = (at: Date, zone: string): string => clocks.get(zone)!.format(at)
const policy = defaultPolicy()
const limits: GateInput['limits'] = {
  max_per_customer_week: 2,
  max_sms_per_customer_week: 1,
  email_window: { start: '08:00', end: '21:00' },
  sms_window: { start: '09:30', end: '20:00' },
  email_ages: ['dob_verified', 'attested'],
  unknown_place: 'warn',
}
const open = limits.sms_window
const isOpen = (at: Date, all: readonly string[]): boolean =>
  all.every((zone) => clockIn(at, zone) >= open.start && clockIn(at, zone) < open.end)

const input = (at: Date, timeZones: string[]): GateInput => ({
  recipient: {
    birth_date: '1980-05-01',
    age_status: 'dob_verified',
    email_consent: 'granted',
    sms_consent: 'granted',
    has_email: true,
    has_phone: true,
    is_suppressed: false,
    state: 'NY',
    time_zones: timeZones,
  },
  channel: 'sms',
  offer: { ...noOffer, id: '01900000-0000-7000-8000-000000000001', key: 'picks', title: 'Weekend picks' },
  template: { has_footer: true, has_unsubscribe: true },
  policy,
  limits,
  history: { week: 0, sms_week: 0, sms_day: 0 },
  at,
  store: {
    state: 'NY',
    time_zone: 'America/New_York',
    name: 'Main',
    legal_name: 'Main LLC',
    licence_number: null,
    sells: ['spirits', 'wine', 'beer', 'other'],
  },
})

const hour = 3_600_000
// Two days around each change of clocks of two years, the leap day and both ends of a year; the rest anywhere.
const days = ['2026-03-08', '2026-11-01', '2027-03-14', '2027-11-07', '2028-02-29', '2026-12-31']
const instant = fc.oneof(
  fc
    .tuple(fc.constantFrom(...days), fc.integer({ min: -24 * 60, max: 48 * 60 }))
    .map(([day, minutes]) => new Date(Date.parse(`${day}T00:00:00Z`) + minutes * 60_000)),
  fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2029, 0) }).map((ms) => new Date(ms)),
)

test('a text goes only while the window is open in every zone its recipient may be in; a wait ends inside it', () => {
  const seen = { goes: 0, waits: 0 }
  fc.assert(
    fc.property(instant, fc.uniqueArray(fc.constantFrom(...zones), { minLength: 1, maxLength: 3 }), (at, all) => {
      const verdict = decisive(gate(input(at, all)))
      if (!verdict) {
        seen.goes += 1
        expect(isOpen(at, all), `${at.toISOString()} ${all.join(' ')}`).toBe(true)
        return
      }
      // Whoever has no hour in common is told so for good.
      if (verdict.outcome !== 'defer') return expect(commonHour(at, all)).toBe(false)
      seen.waits += 1
      const until = new Date(verdict.until!)
      expect(until.getTime()).toBeGreaterThan(at.getTime())
      expect(isOpen(until, all), `${at.toISOString()} until ${verdict.until} ${all.join(' ')}`).toBe(true)
      expect(decisive(gate(input(until, all)))).toBeNull()
    }),
    { numRuns: 1_500 },
  )
  expect(seen.goes).toBeGreaterThan(100)
  expect(seen.waits).toBeGreaterThan(100)
})

function commonHour(at: Date, all: readonly string[]): boolean {
  for (let ms = 0; ms < 48 * hour; ms += hour / 4) if (isOpen(new Date(at.getTime() + ms), all)) return true
  return false
}
