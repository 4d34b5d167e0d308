import { describe, expect, test } from 'vitest'
import { checkWeek, closedShelf, sellingHours, type StoreHours, type WeekHours } from './store-hours.ts'

const day = [{ start: '10:00', end: '21:00' }]
const week = (sunday: { start: string; end: string }[]): WeekHours => [day, day, day, day, day, day, sunday]
const store: StoreHours & { name: string; sells: ('spirits' | 'wine' | 'beer')[] } = {
  name: 'Oak',
  sells: ['spirits', 'wine', 'beer'],
  opening_hours: week([{ start: '12:00', end: '18:00' }]),
  sale_hours: { spirits: week([]), beer: week([{ start: '13:00', end: '20:00' }]) },
}
const sunday = '2026-11-29'
const monday = '2026-11-30'

describe('when a store sells what', () => {
  test('it is open and the department may be sold', () => {
    expect(sellingHours(store, 'wine', 7)).toEqual([{ start: '12:00', end: '18:00' }])
    expect(sellingHours(store, 'beer', 7)).toEqual([{ start: '13:00', end: '18:00' }])
    expect(sellingHours(store, 'spirits', 7)).toEqual([])
    expect(sellingHours(store, 'spirits', 1)).toEqual(day)
  })
  test('what is not stated forbids nothing', () => {
    const silent: StoreHours = { opening_hours: null, sale_hours: {} }
    expect(sellingHours(silent, 'spirits', 7)).toBeNull()
    expect(sellingHours({ ...silent, sale_hours: { beer: week([]) } }, 'beer', 7)).toEqual([])
    const offer = { kind: 'percent_off', department: 'spirits' } as const
    expect(closedShelf(offer, { ...store, ...silent }, sunday)).toBeNull()
  })
})

describe('a message is not sent to a closed shelf without a word', () => {
  test('an offer on spirits warns on the day they are not sold, and names the day', () => {
    const offer = { kind: 'percent_off', department: 'spirits' } as const
    expect(closedShelf(offer, store, sunday)).toMatchObject({
      outcome: 'warn',
      summary: 'Oak does not sell spirits on Sundays.',
    })
    expect(closedShelf(offer, store, monday)).toBeNull()
    expect(closedShelf({ ...offer, department: 'wine' }, store, sunday)).toBeNull()
  })
  test('an offer on everything warns only when nothing at all is sold', () => {
    const offer = { kind: 'amount_off', department: null } as const
    expect(closedShelf(offer, store, sunday)).toBeNull()
    expect(closedShelf(offer, { ...store, opening_hours: week([]) }, sunday)?.summary).toBe('Oak is closed on Sundays.')
  })
  test('a message that sells nothing may arrive on any day', () =>
    expect(closedShelf({ kind: 'content', department: 'spirits' }, store, sunday)).toBeNull())
})

test('a week that cannot be is told with its day', () => {
  expect(checkWeek(week([{ start: '18:00', end: '02:00' }]))).toMatchObject([{ day: 6 }])
  expect(checkWeek(week([...day, { start: '20:00', end: '22:00' }]))).toMatchObject([
    { day: 6, message: '20:00 to 22:00 overlaps with the stretch before it.' },
  ])
  expect(
    checkWeek(
      week([
        { start: '00:00', end: '01:00' },
        { start: '10:00', end: '24:00' },
      ]),
    ),
  ).toEqual([])
})
