import { expect, test } from 'vitest'
import { attributeOrder, type Touch } from './attribution.ts'

const at = (iso: string): Date => new Date(iso)
const touch = (sendId: string, sentAt: string, clicks: string[] = [], code: string | null = null): Touch => ({
  sendId,
  sentAt: at(sentAt),
  code,
  clickedAt: clicks.map(at),
})
const order = (iso: string, couponCode: string | null = null) => ({ at: at(iso), couponCode })

test('the last click within seven days earns the order', () => {
  const touches = [
    touch('a', '2026-11-01T10:00:00Z', ['2026-11-01T11:00:00Z', '2026-11-05T08:00:00Z']),
    touch('b', '2026-11-03T10:00:00Z', ['2026-11-03T12:00:00Z']),
  ]
  expect(attributeOrder(order('2026-11-06T20:00:00Z'), touches)).toEqual({ sendId: 'a', because: 'click' })
})
test('a click after the order, or seven days before it, earns nothing', () => {
  expect(
    attributeOrder(order('2026-11-06T20:00:00Z'), [touch('a', '2026-11-01T10:00:00Z', ['2026-11-06T20:00:01Z'])]),
  ).toBeNull()
  expect(
    attributeOrder(order('2026-11-08T11:00:00Z'), [touch('a', '2026-11-01T10:00:00Z', ['2026-11-01T11:00:00Z'])]),
  ).toBeNull()
  expect(
    attributeOrder(order('2026-11-08T10:59:59Z'), [touch('a', '2026-11-01T10:00:00Z', ['2026-11-01T11:00:00Z'])])
      ?.sendId,
  ).toBe('a')
})
test('a redeemed code beats a later click, whatever its letter case', () => {
  const touches = [
    touch('a', '2026-11-01T10:00:00Z', [], 'RYE10'),
    touch('b', '2026-11-03T10:00:00Z', ['2026-11-03T12:00:00Z']),
  ]
  expect(attributeOrder(order('2026-11-04T20:00:00Z', ' rye10 '), touches)).toEqual({ sendId: 'a', because: 'coupon' })
})
test('a code nobody was sent falls back to the click', () => {
  expect(
    attributeOrder(order('2026-11-04T20:00:00Z', 'FRIENDS'), [
      touch('b', '2026-11-03T10:00:00Z', ['2026-11-03T12:00:00Z']),
    ])?.because,
  ).toBe('click')
})
test('a message that was only opened earns nothing', () => {
  expect(attributeOrder(order('2026-11-04T20:00:00Z'), [touch('a', '2026-11-03T10:00:00Z')])).toBeNull()
})
