import { expect, test } from 'vitest'
import { bucket, isHeldOut } from './assign.ts'

const ids = Array.from({ length: 100_000 }, (_, i) => `0199c0de-0000-7000-8000-${i.toString(16).padStart(12, '0')}`)

test('the same customer and salt always give the same number, for ever', () => {
  expect(bucket('2026', ids[7]!)).toBe(bucket('2026', ids[7]!))
  expect([bucket('a', 'b'), bucket('', ''), bucket('2026', ids[0]!)]).toMatchInlineSnapshot(`
    [
      0.40069767579653603,
      0.09653769382208843,
      0.8233299704496285,
    ]
  `)
})
test('numbers are even over [0, 1): chi-square over 100 cells of 100,000 consecutive ids', () => {
  const cells = Array.from({ length: 100 }, () => 0)
  for (const id of ids) cells[Math.floor(bucket('even', id) * 100)]!++
  const chi = cells.reduce((sum, c) => sum + (c - 1000) ** 2 / 1000, 0)
  expect(chi).toBeLessThan(148) // 99 degrees of freedom, p = .001
})
test('a 10 % holdout holds out 10 %, and another salt draws independently', () => {
  const first = ids.filter((id) => isHeldOut('one', id, 0.1))
  expect(Math.abs(first.length - 10_000)).toBeLessThan(300)
  const both = first.filter((id) => isHeldOut('two', id, 0.1))
  expect(Math.abs(both.length - first.length / 10)).toBeLessThan(100)
})
test('salt and id do not run into each other', () => expect(bucket('ab', 'c')).not.toBe(bucket('a', 'bc')))
