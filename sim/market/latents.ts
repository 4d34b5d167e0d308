import type { Market } from './market.ts'

/** What nobody can see, of one customer: only for the yardsticks. */
export function latentsOf(market: Market, i: number) {
  const { people } = market
  const type = people.type[i]!
  return {
    alive: market.alive[i]!,
    isNight: people.isNight[i]!,
    persuadable: Number(type === 0),
    sure: Number(type === 1),
    lost: Number(type === 2),
    dog: Number(type === 3),
    sensitivity: people.sensitivity[i]!,
    openLogit: people.openLogit[i]!,
    logRate: Math.log(people.rate[i]!),
  }
}
