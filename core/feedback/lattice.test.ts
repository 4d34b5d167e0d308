import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  applyFact,
  canMove,
  sendStates,
  sourcesOf,
  terminalStates,
  type DeliveryFact,
  type SendState,
} from './lattice.ts'

const facts: DeliveryFact[] = ['accepted', 'deferred', 'delivered', 'bounced', 'complained']
const fold = (start: SendState, given: readonly DeliveryFact[]): SendState => given.reduce(applyFact, start)

test('reports in any order and any number of copies end in the same state', () => {
  const anyFacts = fc.array(fc.constantFrom(...facts), { maxLength: 8 })
  fc.assert(
    fc.property(fc.constantFrom(...sendStates), anyFacts, fc.infiniteStream(fc.nat()), (start, given, noise) => {
      const shuffled = given
        .map((fact) => ({ fact, at: noise.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map((x) => x.fact)
      expect(fold(start, shuffled)).toBe(fold(start, given))
      expect(fold(start, [...given, ...shuffled])).toBe(fold(start, given))
    }),
    { numRuns: 2000 },
  )
})

test('every permutation of one of each agrees, from every state', () => {
  const permutations = (list: DeliveryFact[]): DeliveryFact[][] =>
    list.length < 2
      ? [list]
      : list.flatMap((head, i) => permutations(list.toSpliced(i, 1)).map((tail) => [head, ...tail]))
  for (const start of sendStates) expect(new Set(permutations(facts).map((p) => fold(start, p))).size).toBe(1)
})

test('a late bounce beats delivered; sent never follows delivered; nothing leaves bounced, skipped or cancelled', () => {
  expect(fold('sent', ['delivered', 'bounced'])).toBe('bounced')
  expect(fold('delivered', ['accepted'])).toBe('delivered')
  expect(canMove('delivered', 'sent')).toBe(false)
  for (const dead of ['bounced', 'skipped', 'cancelled'] as const)
    for (const to of sendStates) expect(canMove(dead, to)).toBe(false)
})

test('a message that was skipped or cancelled is never resurrected, and the only way back is a released claim', () => {
  expect(sourcesOf('pending')).toEqual(['claimed'])
  expect(sourcesOf('claimed')).toEqual(['pending'])
  for (const from of terminalStates) expect(canMove(from, 'pending')).toBe(false)
})
