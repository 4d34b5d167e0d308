import { describe, expect, test } from 'vitest'
import { remainingTime, type ImportPace } from './import-eta.ts'

const reading: ImportPace = {
  phase: 'reading',
  elapsedMs: 10_000,
  mergingMs: null,
  bytesRead: 25,
  bytesTotal: 100,
  rowsRead: 1000,
  mergeMsPerRow: null,
}

describe('the remaining time is only said when it is known', () => {
  test('while reading, at the pace so far, and at least that when no import of the kind was merged before', () =>
    expect(remainingTime(reading)).toEqual({ seconds: 30, at_least: true }))
  test('with what merging took last time on top', () =>
    expect(remainingTime({ ...reading, mergeMsPerRow: 2 })).toEqual({ seconds: 38, at_least: false }))
  test('while merging, what is left of the usual time, and nothing once it is over', () => {
    const merging = { ...reading, phase: 'merging', rowsRead: 4000, mergeMsPerRow: 2, mergingMs: 3000 }
    expect(remainingTime(merging)).toEqual({ seconds: 5, at_least: false })
    expect(remainingTime({ ...merging, mergingMs: 9000 })).toBeNull()
    expect(remainingTime({ ...merging, mergeMsPerRow: null })).toBeNull()
  })
  test('not in the first moments, and not of a stream without a length', () => {
    expect(remainingTime({ ...reading, elapsedMs: 900 })).toBeNull()
    expect(remainingTime({ ...reading, bytesRead: 1 })).toBeNull()
    expect(remainingTime({ ...reading, bytesTotal: 0 })).toBeNull()
    expect(remainingTime({ ...reading, phase: null })).toBeNull()
  })
})
