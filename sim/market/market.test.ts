import { expect, test } from 'vitest'
import { Market, type Planned } from './market.ts'
import { createPopulation } from './population.ts'
import { World, loadWorld } from './world.ts'

const world = loadWorld('sim/market/worlds/a.json')
const people = createPopulation(world, 1, 400)
const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

function run(plan: (market: Market) => Planned[], seed = people): Market {
  const market = new Market(world, seed)
  market.isCounted = true
  for (let week = 0; week < 20; week++) market.run(plan(market))
  return market
}
const content = (market: Market): Planned[] =>
  Array.from(
    { length: 400 },
    (_, customer) => ({ customer, offer: 0, channel: 'email', minute: 3000, outcome: 'sent', cell: 0 }) as const,
  ).filter(({ customer }) => market.books.open[customer]! & 1)

test('the same world and seed give the same market, another seed another', () => {
  const [a, b] = [run(content), run(content, createPopulation(world, 1, 400))]
  expect([...a.totals.marginCents]).toEqual([...b.totals.marginCents])
  expect(sum(run(content, createPopulation(world, 2, 400)).totals.marginCents)).not.toBe(sum(a.totals.marginCents))
})

test('common random numbers: whoever is not written to does the same under every policy', () => {
  const none = run(() => [])
  const half = run((market) => content(market).filter(({ customer }) => customer % 2 === 0))
  let differing = 0
  for (let i = 0; i < 400; i++) {
    const isSame = none.totals.marginCents[i] === half.totals.marginCents[i]
    if (i % 2 === 1) expect(isSame).toBe(true)
    else if (!isSame) differing++
  }
  expect(differing).toBeGreaterThan(50)
})

test('messages cost what they cost, and margin is what is left of revenue', () => {
  const held = run((market) => content(market).map((p) => ({ ...p, outcome: 'held' as const })))
  expect(held.totals.sends).toBe(0)
  expect([...held.totals.marginCents]).toEqual([...run(() => []).totals.marginCents])
  const sent = run(content)
  const { totals } = sent
  const gross = sum(totals.revenueCents) + totals.discountCents
  const expected = gross * world.gross_margin - totals.discountCents - totals.sends * world.cost_cents.email
  expect(sum(totals.marginCents)).toBeCloseTo(expected, 4)
  expect(totals.sends).toBeGreaterThan(1000)
})

test('a fork goes its own way and leaves the market as it was', () => {
  const market = run(content)
  const before = sum(market.totals.marginCents)
  const fork = market.fork()
  fork.run(content(fork))
  expect(sum(market.totals.marginCents)).toBe(before)
  expect(fork.week).toBe(market.week + 1)
})

test('a file that is no market is refused with the field', () => {
  expect(World.safeParse({ ...world, gross_margin: 2 }).error?.issues[0]?.path).toEqual(['gross_margin'])
  expect(() => loadWorld('package.json')).toThrow(/is not a market: .*start/)
})
