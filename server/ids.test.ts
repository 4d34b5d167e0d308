import { expect, test } from 'vitest'
import { createIds } from './ids.ts'

test('ids are UUIDv7 of their instant, grow as they are made, and are all different', () => {
  const instant = new Date('2026-11-25T18:00:00.123Z')
  const id = createIds(instant)
  const ids = Array.from({ length: 40_000 }, id)
  expect(ids).toEqual(ids.toSorted())
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(ids.map((i) => i.slice(-12))).size).toBe(ids.length)
  for (const i of [ids[0]!, ids[16_383]!, ids[16_384]!, ids.at(-1)!]) {
    expect(i).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(parseInt(i.replace('-', '').slice(0, 12), 16)).toBe(instant.getTime())
  }
  // Another start of the same millisecond does not make the same ones.
  const other = createIds(instant)
  expect(ids).not.toContain(other())
})
