import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createStoreFinder, type CustomerPlace } from './nearest-store.ts'

const stores = [
  { id: 'springfield', state: 'IL', zip: '62701' },
  { id: 'chicago', state: 'IL', zip: '60601' },
  { id: 'evanston', state: 'IL', zip: '60201' },
  { id: 'dallas', state: 'TX', zip: '75201' },
  { id: 'stlouis', state: 'MO', zip: '63101-1234' },
]
const find = createStoreFinder(stores)
const of = (place: Partial<CustomerPlace>): [string, string] => {
  const { store, because } = find({ store_id: null, state: null, zip: null, ...place })
  return [store.id, because]
}

describe('every customer belongs to a store or is nearest to one', () => {
  test('their own comes first, wherever they live; one that is gone is none', () => {
    expect(of({ store_id: 'dallas', zip: '60601' })).toEqual(['dallas', 'own'])
    expect(of({ store_id: 'closed', zip: '60601' })).toEqual(['chicago', 'nearest'])
  })
  test('then the nearest ZIP of the state', () => {
    expect(of({ state: 'IL', zip: '60614' })).toEqual(['chicago', 'nearest'])
    expect(of({ state: 'IL', zip: '60202-0001' })).toEqual(['evanston', 'nearest'])
    // East St. Louis is nearer to St. Louis, but buys under the law of Illinois.
    expect(of({ state: 'IL', zip: '62201' })).toEqual(['springfield', 'nearest'])
    // Without a state the ZIP names it.
    expect(of({ zip: '79901' })).toEqual(['dallas', 'nearest'])
  })
  test('then the nearest ZIP of all, the first of the state, the first of all', () => {
    expect(of({ state: 'WI', zip: '53202' })).toEqual(['evanston', 'nearest'])
    expect(of({ state: 'TX' })).toEqual(['dallas', 'nearest'])
    expect(of({})).toEqual(['springfield', 'first'])
    expect(of({ state: 'NY' })).toEqual(['springfield', 'first'])
    expect(createStoreFinder([stores[3]!])({ store_id: null, state: 'NY', zip: null })).toEqual({
      store: stores[3],
      because: 'only',
    })
  })
  test('the answer is the same whoever was asked about before, and never a store that is not there', () => {
    const place = fc.record({
      store_id: fc.constantFrom(null, 'dallas', 'closed'),
      state: fc.constantFrom(null, 'IL', 'TX', 'NY'),
      zip: fc.oneof(fc.constant(null), fc.stringMatching(/^\d{5}$/)),
    })
    fc.assert(
      fc.property(fc.array(place, { minLength: 1 }), (places) => {
        const shared = createStoreFinder(stores)
        for (const p of places) {
          expect(shared(p)).toEqual(createStoreFinder(stores)(p))
          expect(stores).toContain(shared(p).store)
        }
      }),
    )
  })
  test('without stores there is nothing to choose', () => expect(() => createStoreFinder([])).toThrow(RangeError))
})
