import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  learnGone,
  learnRefund,
  learnState,
  orderNow,
  type OrderMemory,
  type OrderState,
  type StoredLine,
} from './till-order.ts'

const line = (id: string, quantity: number, cents: number): StoredLine => ({
  line: id,
  orderId: 'x',
  store: null,
  couponCode: null,
  totalCents: null,
  discountCents: 0,
  sku: id,
  productName: id,
  brand: null,
  department: 'wine',
  category: null,
  quantity,
  lineTotalCents: cents,
  lineDiscountCents: 0,
  unitPriceCents: 100,
})
const state = (more: Partial<OrderState> = {}): OrderState => ({
  standing: 'sale',
  why: null,
  orderedAt: new Date('2026-11-01T10:00:00Z'),
  lines: [line('a', 2, 2000), line('b', 1, 500)],
  totalCents: 2500,
  refunds: [],
  ...more,
})
const at = (second: number): Date => new Date(Date.UTC(2026, 10, 1, 10, 0, second))

test('a refund is taken off until the state of the order has it', () => {
  const refund = { id: 'r1', cents: 1000, lines: [{ line: 'a', quantity: 1, cents: 1000 }] }
  let memory = learnRefund(learnState({}, at(1), state()), refund)
  expect(orderNow(memory)).toMatchObject({
    totalCents: 1500,
    lines: [{ quantity: 1, lineTotalCents: 1000 }, { quantity: 1 }],
  })
  memory = learnState(
    memory,
    at(2),
    state({ lines: [line('a', 1, 1000), line('b', 1, 500)], totalCents: 1500, refunds: ['r1'] }),
  )
  expect(orderNow(memory)).toMatchObject({
    totalCents: 1500,
    lines: [{ quantity: 1, lineTotalCents: 1000 }, { quantity: 1 }],
  })
})

test('an order whose every item came back is gone, one that waits for its money is none yet', () => {
  const all = {
    id: 'r',
    cents: 2500,
    lines: [
      { line: 'a', quantity: 2, cents: 2000 },
      { line: 'b', quantity: 1, cents: 500 },
    ],
  }
  expect(orderNow(learnRefund(learnState({}, at(1), state()), all))).toMatchObject({ kind: 'none', standing: 'gone' })
  expect(orderNow(learnState({}, at(1), state({ standing: 'waiting', why: 'Not paid yet.' })))).toMatchObject({
    kind: 'none',
    standing: 'waiting',
  })
  expect(orderNow(learnRefund({}, all))).toEqual({ kind: 'unknown' })
  // Of two states in one second the one further on counts, whichever came first.
  const paid = learnState(learnState({}, at(1), state({ standing: 'waiting' })), at(1), state())
  expect(orderNow(learnState(paid, at(1), state({ standing: 'waiting' })))).toMatchObject({ kind: 'sale' })
})

test('what is gone stays gone until a later state says otherwise', () => {
  const gone = learnGone(learnState({}, at(5), state()), at(5), 'Deleted.')
  expect(orderNow(gone)).toMatchObject({ kind: 'none', why: 'Deleted.' })
  expect(orderNow(learnState(gone, at(4), state()))).toMatchObject({ kind: 'none' })
  expect(orderNow(learnState(gone, at(6), state()))).toMatchObject({ kind: 'sale' })
})

test('hooks in any order, any number of times, end the same', () => {
  const hook = fc.oneof(
    fc.record({
      kind: fc.constant('state' as const),
      at: fc.integer({ min: 0, max: 4 }),
      standing: fc.constantFrom('waiting' as const, 'sale' as const, 'gone' as const),
      quantity: fc.integer({ min: 1, max: 4 }),
      refunds: fc.subarray(['r1', 'r2', 'r3']),
    }),
    fc.record({
      kind: fc.constant('gone' as const),
      at: fc.integer({ min: 0, max: 4 }),
      why: fc.constantFrom('x', 'y'),
    }),
    fc.record({ kind: fc.constant('refund' as const), id: fc.constantFrom('r1', 'r2', 'r3') }),
  )
  type Hook = typeof hook extends fc.Arbitrary<infer T> ? T : never
  const learn = (memory: OrderMemory, h: Hook): OrderMemory => {
    if (h.kind === 'state')
      return learnState(
        memory,
        at(h.at),
        state({
          standing: h.standing,
          lines: [line('a', h.quantity, h.quantity * 100)],
          totalCents: h.quantity * 100,
          refunds: h.refunds,
        }),
      )
    if (h.kind === 'gone') return learnGone(memory, at(h.at), h.why)
    return learnRefund(memory, { id: h.id, cents: 50, lines: [{ line: 'a', quantity: 0.5, cents: 50 }] })
  }
  // Memory is kept as JSON between two hooks, and the database puts its keys into an order of its own.
  const kept = (memory: OrderMemory): OrderMemory =>
    JSON.parse(
      JSON.stringify(memory, (_, v: unknown) =>
        v !== null && typeof v === 'object' && !Array.isArray(v)
          ? Object.fromEntries(Object.entries(v).toReversed())
          : v,
      ),
    ) as OrderMemory
  const all = (hooks: Hook[]) => orderNow(hooks.reduce((m, h) => kept(learn(m, h)), {}))
  fc.assert(
    fc.property(
      fc.array(hook, { maxLength: 8 }).chain((hooks) => {
        const shuffled = fc
          .shuffledSubarray(hooks, { minLength: hooks.length })
          .chain((s) => fc.subarray(hooks).map((again) => [...s, ...again]))
        return fc.tuple(fc.constant(hooks), shuffled)
      }),
      ([hooks, shuffled]) => {
        expect(all(shuffled)).toEqual(all(hooks))
      },
    ),
    { numRuns: 2000 },
  )
})
