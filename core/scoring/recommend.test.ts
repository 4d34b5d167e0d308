import { expect, test } from 'vitest'
import { recommend, type RecommendInput, type ShelfProduct } from './recommend.ts'

const product = (id: string, more: Partial<ShelfProduct> = {}): ShelfProduct => ({
  id,
  sku: id,
  name: `${id} name`,
  brand: null,
  category: 'Bourbon',
  department: 'spirits',
  priceCents: 3000,
  isActive: true,
  stock: 10,
  popularity: 0.1,
  ...more,
})

const input: RecommendInput = {
  asOfDay: 1000,
  shelf: [
    product('usual'),
    product('friend', { category: 'Bitters', department: 'other' }),
    product('gone', { stock: 0 }),
    product('off', { isActive: false }),
    product('star', { popularity: 0.9 }),
    product('beer', { category: 'Lager', department: 'beer', popularity: 1 }),
  ],
  bought: [{ id: 'usual', days: [900, 930, 960] }],
  neighbours: ['friend', 'gone', 'off', 'beer'].map((neighbourId) => ({
    productId: 'usual',
    neighbourId,
    similarity: 0.4,
  })),
  categories: { Bourbon: 0.8 },
  favoriteBrands: [],
  sells: ['spirits', 'wine'],
  isAdult: true,
}
const ids = (change: Partial<RecommendInput> = {}): string[] =>
  recommend({ ...input, ...change }, 10).map((r) => r.product.id)

test('the usual that is due comes first, then what goes with it, then what sells well on the shelf', () => {
  const found = recommend(input, 10)
  expect(found.map((r) => [r.product.id, r.kind])).toEqual([
    ['usual', 'again'],
    ['friend', 'goes_with'],
    ['star', 'popular'],
  ])
  expect(found.map((r) => r.reason)).toEqual([
    'Buys it about every 30 days, last 40 days ago',
    'Bought by people who buy usual name',
    'Sells well in Bourbon, which they buy',
  ])
})

test('nothing out of stock, off the shelf, or outside the licence of the store is shown', () => {
  expect(ids()).not.toEqual(expect.arrayContaining(['gone']))
  expect(ids()).not.toContain('off')
  expect(ids()).not.toContain('beer')
  expect(ids({ sells: ['spirits', 'beer'] })).toContain('beer')
})

test('nobody but an adult sees a bottle', () => {
  expect(ids({ isAdult: false })).toEqual(['friend'])
})

test('a bottle just bought again is not pushed, nor one given up long ago', () => {
  expect(ids({ bought: [{ id: 'usual', days: [900, 930, 995] }] })).not.toContain('usual')
  expect(ids({ bought: [{ id: 'usual', days: [300, 330, 360] }] })).not.toContain('usual')
  expect(ids({ bought: [{ id: 'usual', days: [960] }] })).not.toContain('usual')
})

test('a favourite brand breaks the tie', () => {
  const shelf = [product('a', { brand: 'Vale' }), product('b', { brand: 'Old Hollow' })]
  expect(ids({ shelf, favoriteBrands: ['Old Hollow'] })[0]).toBe('b')
})

test('a customer without a purchase, or a shop without neighbours, gets no nonsense', () => {
  expect(ids({ bought: [], neighbours: [] })).toEqual(['star', 'usual'])
  expect(recommend({ ...input, bought: [], neighbours: [], categories: {} }, 10)).toEqual([])
})
