import { fitLogistic, logit, sigmoid } from '#core/scoring/logistic.ts'
import { latentsOf } from './latents.ts'
import type { Market, Planned } from './market.ts'
import { dayMinutes, monthOf, typeNames, weekMinutes } from './population.ts'
import { randomPolicy, type Policy } from './policies.ts'
import type { Shop } from './shop.ts'

/** What a planner that knows the market's rules believes of one customer. */
export interface Belief {
  alive: number
  types: Float64Array
  isNight: number
  sensitivity: number
  openLogit: number
  /** purchases per week at index 1 */
  rate: number
  basketCents: number
}
export type Believe = (market: Market, shop: Shop, i: number, into: Belief) => void

export function emptyBelief(): Belief {
  return { alive: 1, types: new Float64Array(4), isNight: 0, sensitivity: 0, openLogit: 0, rate: 0, basketCents: 0 }
}

/** The truth itself. */
export const oracle: Believe = (market, _shop, i, into) => {
  const { people } = market
  into.alive = market.alive[i]!
  into.types.fill(0)
  into.types[people.type[i]!] = 1
  into.isNight = people.isNight[i]!
  into.sensitivity = people.sensitivity[i]!
  into.openLogit = people.openLogit[i]!
  into.rate = people.rate[i]!
  into.basketCents = 100 * Math.exp(people.basket[i]! + market.world.purchase.basket[2] ** 2 / 2)
}

export interface Prices {
  /** of a closed channel, and of a message's tiredness, in cents */
  reach: number
  fatigue: number
}
export const priceGrid: Prices[] = [0, 500, 1000, 2000].flatMap((reach) =>
  [0, 3, 6, 10].map((fatigue) => ({ reach, fatigue })),
)

/**
 * Knows every function and parameter of the market and takes the best message of the week for each customer: what it adds
 * to this week's margin, less a price for the channel it may close and for the tiredness it leaves. Somebody who comes back
 * is worth up to a quarter's purchases. Myopic otherwise, so values slightly above it can occur.
 */
export function informedPolicy(market: Market, shop: Shop, believe: Believe, prices: Prices): Policy {
  const { world, people } = market
  const belief = emptyBelief()
  const betas = typeNames.map((name) => world.types[name].beta)
  const mean = world.sensitivity[0] / (world.sensitivity[0] + world.sensitivity[1])
  const choices = world.offers.flatMap((_, offer) => [
    { offer, channel: 'email' as const, minute: dayMinutes + 12 * 60 },
    { offer, channel: 'email' as const, minute: dayMinutes + 19 * 60 },
    { offer, channel: 'sms' as const, minute: dayMinutes + 12 * 60 },
  ])
  return {
    plan() {
      shop.observe()
      const out: Planned[] = []
      const start = market.week * weekMinutes
      const season = world.season[monthOf(world, market.week)]!
      const shift = world.shift && market.evaluated >= world.shift.week ? world.shift.rate : 1
      const quarter = Math.max(0, Math.min(12, people.weeks - market.week - 1)) * 0.85
      const factors = world.offers.map((_, o) => market.offerFactor(o))
      for (let i = 0; i < people.size; i++) {
        const open = market.books.open[i]!
        if (shop.cell[i]! < 0 || open === 0) continue
        believe(market, shop, i, belief)
        const at = start + dayMinutes
        const tiredness = market.tiredness(i, at)
        const response = market.responseAt(tiredness)
        const rate = belief.rate * season * shift
        const usual = 1 - Math.exp(-rate)
        const due = ((at + 5 * 60 - market.books.lastAt[i]!) * belief.rate) / weekMinutes
        const phase = market.phase(due) * response
        const margin = belief.basketCents * world.gross_margin
        const opens = [0, 1, 2].map((k) =>
          k === 2
            ? market.openChance(i, 'sms', at, tiredness)
            : (1 - belief.isNight) * market.openChance(i, 'email', start + choices[k]!.minute, tiredness, belief.openLogit, 0) +
              belief.isNight * market.openChance(i, 'email', start + choices[k]!.minute, tiredness, belief.openLogit, 1),
        ) // prettier-ignore
        const dogs = 1 + belief.types[3]! * (world.unsubscribe.dog - 1)
        const leaves = [
          market.leaveChance('email', tiredness, false) * dogs,
          market.leaveChance('sms', tiredness, false) * dogs,
        ]
        let best = 0
        let chosen: (typeof choices)[number] | null = null
        world.offers.forEach((offer, o) => {
          const factor = Math.max(0, offer.factor + offer.by_sensitivity * (belief.sensitivity - mean)) * factors[o]!
          const pull = factor * (belief.isNight * offer.night + (1 - belief.isNight) * offer.day) * phase
          const given = offer.used * offer.depth * belief.basketCents * (1 + (offer.basket - 1))
          const per = margin * (1 + offer.used * (offer.basket - 1)) - given
          let gain = 0
          for (let k = 0; k < 4; k++) {
            const p = belief.types[k]!
            if (p > 0) gain += p * ((1 - Math.exp(-rate * Math.exp(betas[k]! * pull))) * per - usual * margin)
          }
          gain *= belief.alive
          gain +=
            (1 - belief.alive) * belief.types[0]! * offer.revives * factors[o]! * (per + belief.rate * quarter * margin)
          for (let k = 0; k < 3; k++) {
            const isSms = k === 2
            if ((open & (isSms ? 2 : 1)) === 0) continue
            const cost = world.cost_cents[isSms ? 'sms' : 'email']
            const value = opens[k]! * gain - cost - prices.reach * leaves[Number(isSms)]! - prices.fatigue
            if (value > best) {
              best = value
              chosen = choices[o * 3 + k]!
            }
          }
        })
        if (chosen)
          out.push({ ...(chosen as (typeof choices)[number]), customer: i, outcome: 'sent', cell: shop.cell[i]! })
      }
      return out
    },
  }
}

const targets = ['alive', 'isNight', ...typeNames] as const
const amounts = ['sensitivity', 'openLogit', 'logRate'] as const

/** What can be told of a customer from the books, as a row for a regression. */
function featuresOf(market: Market, shop: Shop, i: number): number[] {
  const { books } = market
  const orders = books.orders[i]!
  const due = shop.due[i]!
  const gap = Math.log(shop.gapDays[i]!)
  const tenure = Math.max(1, (market.week * weekMinutes - books.firstAt[i]!) / weekMinutes)
  const opened = logit((books.opened[i]! + 1.2) / (books.delivered[i]! + 4))
  const clicked = Math.log((books.clicked[i]! + 0.7) / (books.opened[i]! + 7))
  const knownGaps = Math.min(1, books.gaps[i]! / 5)
  return [
    1, gap, Math.log(0.1 + due), Math.min(due, 1), Math.max(0, Math.min(due, 4) - 1), Math.max(0, Math.min(due, 10) - 4), knownGaps,
    knownGaps * Math.max(0, Math.min(due, 6) - 1), Math.log(1 + orders), Math.log((orders + 0.5) / (tenure + 4)), opened, Math.log(1 + books.delivered[i]!) * opened,
    clicked, Number(books.clicked[i]! > 0), Number(books.clicked[i]! > 1), (books.nightOrders[i]! + 0.3) / (orders + 1.6), Math.min(5, books.nightOrders[i]!) / 5,
    shop.isNight[i]!, (books.reducedOrders[i]! + 0.6) / (orders + 4), Math.log(1 + books.reducedOrders[i]!), Math.log(tenure), Number(orders === 1),
  ] // prettier-ignore
}

/**
 * Expected latents given what the books show, regressed on markets of other seeds in which the latents are visible
 * (facts/science.md §8.2).
 */
export function learnBeliefs(markets: readonly { market: Market; shop: Shop }[]): Believe {
  const rows: number[] = []
  const truth: Record<(typeof targets)[number], number[]> = {
    alive: [],
    isNight: [],
    persuadable: [],
    sure: [],
    lost: [],
    dog: [],
  }
  const value: Record<(typeof amounts)[number], number[]> = { sensitivity: [], openLogit: [], logRate: [] }
  for (const { market, shop } of markets) {
    const random = randomPolicy(market, shop, market.world.weeks.contacted, false)
    for (let step = 0; market.week < market.people.weeks; step++) {
      const planned = random.plan()
      if (step % 5 === 0) collect(market, shop)
      market.run(planned)
    }
  }
  function collect(market: Market, shop: Shop): void {
    const { people } = market
    for (let i = 0; i < people.size; i++) {
      if (shop.cell[i]! < 0) continue
      rows.push(...featuresOf(market, shop, i))
      const latent = latentsOf(market, i)
      for (const name of targets) truth[name].push(latent[name])
      for (const name of amounts) value[name].push(latent[name])
    }
  }
  const d = featuresOf(markets[0]!.market, markets[0]!.shop, 0).length
  const x = Float64Array.from(rows)
  const prior = Array.from({ length: d }, () => 0)
  const logistic = targets.map((name) => fitLogistic(x, truth[name], prior, 1).coefficients)
  const linear = amounts.map((name) => fitLinear(x, value[name], d))
  const dot = (coefficients: readonly number[], row: readonly number[]): number =>
    coefficients.reduce((sum, c, j) => sum + c * row[j]!, 0)
  return (market, shop, i, into) => {
    const row = featuresOf(market, shop, i)
    into.alive = sigmoid(dot(logistic[0]!, row))
    into.isNight = sigmoid(dot(logistic[1]!, row))
    let sum = 0
    for (let k = 0; k < 4; k++) sum += into.types[k] = sigmoid(dot(logistic[2 + k]!, row))
    for (let k = 0; k < 4; k++) into.types[k]! /= sum
    into.sensitivity = dot(linear[0]!, row)
    into.openLogit = dot(linear[1]!, row)
    into.rate = Math.min(market.world.purchase.max, Math.max(market.world.purchase.min, Math.exp(dot(linear[2]!, row))))
    const { books, world } = market
    const usual =
      100 * Math.exp(world.purchase.basket[0] + (world.purchase.basket[1] ** 2 + world.purchase.basket[2] ** 2) / 2)
    into.basketCents = (books.spentCents[i]! + 0.5 * usual) / (books.orders[i]! + 0.5)
  }
}

/** Least squares with a touch of ridge, by the normal equations. */
function fitLinear(x: Float64Array, y: readonly number[], d: number): number[] {
  const a = Array.from({ length: d }, () => new Float64Array(d + 1))
  for (let r = 0; r < y.length; r++)
    for (let j = 0; j < d; j++) {
      const own = x[r * d + j]!
      for (let k = 0; k < d; k++) a[j]![k]! += own * x[r * d + k]!
      a[j]![d]! += own * y[r]!
    }
  for (let j = 0; j < d; j++) a[j]![j]! += 1e-3
  for (let j = 0; j < d; j++) {
    for (let r = 0; r < d; r++) {
      if (r === j) continue
      const factor = a[r]![j]! / a[j]![j]!
      for (let k = j; k <= d; k++) a[r]![k]! -= factor * a[j]![k]!
    }
  }
  return a.map((row, j) => row[d]! / row[j]!)
}
