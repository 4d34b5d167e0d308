import { expect, test } from 'vitest'
import { evidenceFromBytes, evidenceToBytes } from './evidence-bytes.ts'
import { nothingKnown, type Evidence } from './evidence.ts'

test('evidence comes back from its bytes as it was, to seven digits', () => {
  const cell = { n: 40, opens: 12, clicks: 3, leaves: 1, orders: 9, spent_cents: 41_234.5, discount_cents: 12, opened_orders: 4, opened_spent_cents: 20_000, opened_discount_cents: 0, exposure: 39.5, opened_exposure: 11.25, later_excess: -3.5, later_variance: 7.75, later_share: 20 } // prettier-ignore
  const evidence: Evidence = {
    seasons: [{ period: 720, seen: 12, usual: 10.0625 }],
    base: [
      { segment: 'Größte', group: 'due.mild.rested', exposure: 10.5, orders: 2, spent_cents: 9000, discount_cents: 1 },
      { segment: 'B', group: 'lost.keen.crowded', exposure: 0, orders: 0, spent_cents: 0, discount_cents: 0 },
    ],
    sent: [
      { ...cell, segment: 'B', group: 'due.mild.rested', offer: 'ten', kind: 'percent_off', channel: 'email', part: 'evening', isRead: true },
      { ...cell, segment: 'C', group: 'due.mild.rested.text', offer: 'picks', kind: 'content', channel: 'sms', part: 'day', isRead: false, n: 3 },
    ],
  } // prettier-ignore
  expect(evidenceFromBytes(evidenceToBytes(evidence))).toEqual(evidence)
  // As a part of a larger buffer, which is how a database hands it over.
  const bytes = evidenceToBytes(evidence)
  const inside = Buffer.alloc(bytes.length + 3)
  inside.set(bytes, 3)
  expect(evidenceFromBytes(inside.subarray(3))).toEqual(evidence)
  expect(evidenceFromBytes(evidenceToBytes(nothingKnown))).toEqual(nothingKnown)
})
