import { seededRandom } from '../providers/random.ts'
import { beta, gamma, normal, poisson, type Random } from './chance.ts'
import type { World } from './world.ts'

export const weekMinutes = 10_080
export const dayMinutes = 1440
/** In the order of `Population.type`. */
export const typeNames = ['persuadable', 'sure', 'lost', 'dog'] as const

/**
 * Customers as they truly are, and every moment at which one of them could go shopping. The moments are the points of a
 * Poisson process, each with a height; a point counts when the purchase rate at that moment, as a multiple of the
 * customer's own, lies above it (thinning). The points are the same under every policy, so policies are compared on the
 * same customers, days and moods, and a message can only ever turn some of these points on or off.
 */
export interface Population {
  seed: number
  size: number
  weeks: number
  /** purchases per week at index 1 */
  rate: Float64Array
  erlang: Uint8Array
  dropout: Float64Array
  /** log dollars */
  basket: Float64Array
  isNight: Uint8Array
  sensitivity: Float64Array
  type: Uint8Array
  openLogit: Float64Array
  zone: Uint8Array
  /** bit 1 email, bit 2 text messages */
  consent: Uint8Array
  joinWeek: Uint8Array
  /** of each offer for each customer: what an opener's rate is multiplied by is exp(pull x phase x tiredness) */
  pull: Float64Array[]
  /** points of customer i in week w: from[i * weeks + w] up to the next */
  from: Int32Array
  /** minute of the week, and height */
  minute: Uint16Array
  height: Float32Array
}

export function monthOf(world: World, week: number): number {
  return new Date(Date.parse(world.start) + (week * 7 + 3) * 86_400_000).getUTCMonth()
}

/** Makes the customers of a seed. The same world, seed and number give the same customers. */
export function createPopulation(world: World, seed: number, size: number): Population {
  const weeks = world.weeks.burn_in + world.weeks.evaluate
  const p: Population = {
    seed,
    size,
    weeks,
    rate: new Float64Array(size),
    erlang: new Uint8Array(size),
    dropout: new Float64Array(size),
    basket: new Float64Array(size),
    isNight: new Uint8Array(size),
    sensitivity: new Float64Array(size),
    type: new Uint8Array(size),
    openLogit: new Float64Array(size),
    zone: new Uint8Array(size),
    consent: new Uint8Array(size),
    joinWeek: new Uint8Array(size),
    pull: world.offers.map(() => new Float64Array(size)),
    from: new Int32Array(size * weeks + 1),
    minute: new Uint16Array(0),
    height: new Float32Array(0),
  }
  const minutes: number[] = []
  const heights: number[] = []
  const season = Array.from({ length: weeks }, (_, w) => world.season[monthOf(world, w)]!)
  const hours = [hourTable(world, world.night.others), hourTable(world, world.night.own)]
  const shifted = Math.max(1, world.shift?.rate ?? 1)
  for (let i = 0; i < size; i++) {
    // A stream of its own: a larger market has the customers of a smaller one, and some more.
    const random = seededRandom((Math.imul(seed, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b)) >>> 0)
    for (let n = 0; n < 4; n++) random()
    drawCustomer(world, p, i, random)
    const strongest = Math.max(1, ...p.pull.map((pull) => Math.exp(Math.max(0, pull[i]!)))) * shifted
    for (let w = 0; w < weeks; w++) {
      p.from[i * weeks + w] = minutes.length
      if (w < p.joinWeek[i]!) continue
      const n = poisson(random, p.rate[i]! * p.erlang[i]! * season[w]! * strongest)
      if (n === 0) continue
      const points = Array.from({ length: n }, () => ({
        minute: pickMinute(hours[p.isNight[i]!]!, random),
        height: random() * strongest,
      })).toSorted((a, b) => a.minute - b.minute)
      for (const point of points) {
        minutes.push(point.minute)
        heights.push(point.height)
      }
    }
  }
  p.from[size * weeks] = minutes.length
  p.minute = Uint16Array.from(minutes)
  p.height = Float32Array.from(heights)
  return p
}

function drawCustomer(world: World, p: Population, i: number, random: Random): void {
  const { purchase, sensitivity, types } = world
  const rate = Math.min(
    purchase.max,
    Math.max(purchase.min, (gamma(random, purchase.shape) * purchase.mean) / purchase.shape),
  )
  p.rate[i] = rate
  p.erlang[i] = 1 + pick(purchase.erlang, random)
  p.dropout[i] = beta(random, ...purchase.dropout)
  p.basket[i] = purchase.basket[0] + purchase.basket[1] * normal(random)
  p.isNight[i] = Number(random() < world.night.share)
  p.sensitivity[i] = beta(random, ...sensitivity)
  p.openLogit[i] =
    Math.log(world.open.email / (1 - Math.min(0.999, world.open.email))) + world.open.email_spread * normal(random)
  p.zone[i] = pick(
    world.zones.map((z) => z.share),
    random,
  )
  p.consent[i] = Number(random() < world.consent.email) + 2 * Number(random() < world.consent.sms)
  p.joinWeek[i] = random() < purchase.from_start ? 0 : Math.floor(random() * world.weeks.burn_in)
  const mean = sensitivity[0] / (sensitivity[0] + sensitivity[1])
  const spread = Math.sqrt((mean * (1 - mean)) / (sensitivity[0] + sensitivity[1] + 1))
  // Standard scores: of the log rate by the delta method, of price sensitivity by its beta.
  const byRate = (Math.log(rate) - Math.log(purchase.mean) + 0.5 / purchase.shape) * Math.sqrt(purchase.shape)
  const bySensitivity = (p.sensitivity[i] - mean) / spread
  const weights = typeNames.map(
    (name) =>
      types[name].share *
      Math.exp(
        types[name].by_frequency * Math.max(-2.5, Math.min(2.5, byRate)) + types[name].by_sensitivity * bySensitivity,
      ),
  )
  p.type[i] = pick(weights, random)
  const own = types[typeNames[p.type[i]!]!].beta
  world.offers.forEach((offer, o) => {
    const factor = Math.max(0, offer.factor + offer.by_sensitivity * (p.sensitivity[i]! - mean))
    p.pull[o]![i] = own * factor * (p.isNight[i] ? offer.night : offer.day)
  })
}

function pick(weights: readonly number[], random: Random): number {
  let left =
    random() * weights.reduce((a, b) => a + b, 0) // prettier-ignore
  for (let i = 0; i < weights.length - 1; i++) if ((left -= weights[i]!) < 0) return i
  return weights.length - 1
}

/** Cumulative shares of the 168 hours of a week: nights from 20:00 to 04:00, days around six in the evening. */
function hourTable(world: World, nightShare: number): Float64Array {
  const nightHours = [20, 21, 22, 23, 0, 1, 2, 3]
  const nightWeights = [5, 4, 3, 2, 1, 0.6, 0.3, 0.2]
  const dayWeight = (h: number): number => Math.exp(-((h - 16.5) ** 2) / 18)
  const dayHours = Array.from({ length: 16 }, (_, n) => n + 4)
  const daySum = dayHours.reduce((sum, h) => sum + dayWeight(h), 0)
  const nightSum = nightWeights.reduce((a, b) => a + b, 0)
  const table = new Float64Array(168)
  const weekdays = world.weekday.reduce((a, b) => a + b, 0)
  let sum = 0
  for (let d = 0; d < 7; d++)
    for (let h = 0; h < 24; h++) {
      const night = nightHours.indexOf(h)
      const hour =
        night >= 0 ? (nightShare * nightWeights[night]!) / nightSum : ((1 - nightShare) * dayWeight(h)) / daySum
      table[d * 24 + h] = sum += (world.weekday[d]! / weekdays) * hour
    }
  table[167] = 1
  return table
}

function pickMinute(table: Float64Array, random: Random): number {
  const u = random()
  let low = 0
  let high = 167
  while (low < high) {
    const middle = (low + high) >> 1
    if (table[middle]! > u) high = middle
    else low = middle + 1
  }
  return low * 60 + Math.floor(random() * 60)
}
