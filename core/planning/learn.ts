import { collectEvidence, type BaseCell, type DayPart, type SentCell } from './evidence.ts'
import type { PlanChannel, PlannerFacts, SegmentFacts } from './facts.ts'
import { fitRates, fitRatios } from './fit.ts'
import { traitsOfGroup, type Traits } from './groups.ts'
import { isDiscount, type Offer } from './offer.ts'
import { expectedDiscount, expectedExtra, leaving, seen, type Outlook } from './response.ts'

export interface Arm {
  offer: Offer
  channel: PlanChannel
  part: DayPart
}

/** What the shop's own results say about one group and arm. `sampled` is a draw from what is believed: Thompson sampling. */
export interface Learning {
  /** false: no results yet, everything is a prior and nothing is drawn */
  isKnown: boolean
  outlook(segment: SegmentFacts, group: Traits, arm: Arm, sampled: boolean): Omit<Outlook, 'reach_value_cents'>
}

/** Chance that somebody of this rhythm has stopped for good, and orders per week over the segment's mean: priors. */
const churnOf: Record<Traits['due'], number> = { fresh: 0.05, due: 0.1, late: 0.4, gone: 0.8 }
/** Response by rhythm, and by messages of the last 20 days: priors. */
const phaseOf: Record<Traits['due'], number> = { fresh: 0.4, due: 1, late: 0.9, gone: 0.8 }
const tiredOf: Record<Traits['pressure'], number> = { rested: 1, written: 0.9, pressed: 0.8 }
const rateOf: Record<Traits['due'], number> = { fresh: 1.1, due: 1.1, late: 0.5, gone: 0.15 }
/** How much of an additional order is still there after four weeks: less when people stock up, more when they come back. */
const later = { alive: -0.15, gone: 0.6, spread: 0.25 }
/** A returned customer's orders of days 8 to 28, extended to a quarter of a year. */
const quarter = 3.1

/** Levels of one dimension by name, numbered as they come. */
function numbering(): { of(name: string): number; find(name: string): number; size(): number } {
  const known = new Map<string, number>()
  return {
    of(name) {
      let n = known.get(name)
      if (n === undefined) known.set(name, (n = known.size))
      return n
    },
    find: (name) => known.get(name) ?? -1,
    size: () => Math.max(1, known.size),
  }
}

interface Dimension<T> {
  name(of: T): string
  /** spread of the factor around 1, or strength in events */
  prior: number
  least?: number
  /** an arm's own: drawn in Thompson sampling */
  isDrawn?: boolean
}
interface Who {
  segment: string
  traits: Traits
}
interface What extends Who {
  offer: string
  kind: Offer['kind']
  channel: PlanChannel
  part: DayPart
}

const baseDimensions: Dimension<Who>[] = [
  { name: () => '', prior: 2 },
  { name: (w) => w.segment, prior: 15 },
  { name: (w) => w.traits.due, prior: 15 },
  { name: (w) => `${w.segment} ${w.traits.due}`, prior: 25 },
  { name: (w) => w.traits.reader, prior: 40 },
  { name: (w) => w.traits.pressure, prior: 40 },
  { name: (w) => String(w.traits.isNight), prior: 40 },
  { name: (w) => String(w.traits.isSaver), prior: 40 },
]
const effectDimensions: Dimension<What>[] = [
  { name: () => '', prior: 0.6 },
  { name: (w) => w.kind, prior: 0.18, least: -0.5, isDrawn: true },
  { name: (w) => w.channel, prior: 0.2 },
  { name: (w) => w.offer, prior: 0.18, least: -0.5, isDrawn: true },
  { name: (w) => w.traits.due, prior: 0.2 },
  { name: (w) => w.traits.reader, prior: 0.35 },
  { name: (w) => w.segment, prior: 0.12 },
  { name: (w) => w.traits.pressure, prior: 0.08 },
  { name: (w) => `${String(w.traits.isNight)} ${w.part}`, prior: 0.15 },
  { name: (w) => `${String(isDiscount(w))} ${String(w.traits.isSaver)}`, prior: 0.15 },
  { name: (w) => `${w.offer} ${String(w.traits.due === 'gone')}`, prior: 0.2, least: -0.5, isDrawn: true },
  { name: (w) => `${w.offer} ${String(w.traits.isNight)}`, prior: 0.2, least: -0.5, isDrawn: true },
]
const openDimensions: Dimension<What>[] = [
  { name: () => '', prior: 50 },
  { name: (w) => w.traits.reader, prior: 50 },
  { name: (w) => w.traits.pressure, prior: 50 },
  { name: (w) => `${String(w.traits.isNight)} ${w.part}`, prior: 50 },
  { name: (w) => w.segment, prior: 50 },
]
const leaveDimensions: Dimension<What>[] = [
  { name: (w) => w.channel, prior: 10 },
  { name: (w) => w.traits.pressure, prior: 10 },
]

/** A model whose factors are looked up by name; names never seen have the factor 1. */
interface Fitted<T> {
  factor(of: T, drawn?: boolean): number
  /** relative uncertainty of the product */
  spread(of: T): number
}

function prepare<T>(dimensions: readonly Dimension<T>[], cells: readonly T[]) {
  const names = dimensions.map(() => numbering())
  const levels = dimensions.map((d, k) => Int32Array.from(cells, (c) => names[k]!.of(d.name(c))))
  return { names, cells: { levels, sizes: names.map((n) => n.size()) } }
}

function product<T>(
  dimensions: readonly Dimension<T>[],
  names: readonly ReturnType<typeof numbering>[],
  factors: readonly Float64Array[],
  spread: readonly Float64Array[],
  random: (() => number) | null,
): Fitted<T> {
  // Drawn once for each level, so that a plan is made from one picture of the world and not from one per group.
  const drawn = dimensions.map((d, k) =>
    d.isDrawn && random ? Float64Array.from(factors[k]!, (f, j) => f + spread[k]![j]! * gauss(random)) : factors[k]!,
  )
  const unseen = dimensions.map((d) => (d.isDrawn && random ? new Map<string, number>() : null))
  return {
    factor(of, isDrawn = false) {
      let all = 1
      dimensions.forEach((d, k) => {
        const name = d.name(of)
        const j = names[k]!.find(name)
        if (j >= 0) all *= (isDrawn ? drawn : factors)[k]![j]!
        else if (isDrawn && unseen[k] && random) {
          let own = unseen[k].get(name)
          if (own === undefined) unseen[k].set(name, (own = 1 + d.prior * gauss(random)))
          all *= own
        }
      })
      return all
    },
    spread(of) {
      let sum = 0
      dimensions.forEach((d, k) => {
        const j = names[k]!.find(d.name(of))
        const relative = j >= 0 ? spread[k]![j]! / Math.max(0.2, Math.abs(factors[k]![j]!)) : d.prior
        sum += relative * relative
      })
      return Math.sqrt(sum)
    },
  }
}

const gauss = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/**
 * Learns from messages beside customers held out of the same plan by lot (evidence.ts): what people buy anyway, what a
 * message adds to it, how many read it, leave, and use a reduction. Everything is a product of factors that lean on the
 * priors of response.ts until there is reason to leave them, so a segment without results borrows from the shop.
 * @param random for Thompson sampling; null: no draws
 */
export function learnGroups(facts: PlannerFacts, random: (() => number) | null): Learning {
  const evidence = collectEvidence(facts.results ?? [])
  const segments = new Map(facts.segments.map((s) => [s.key, s]))
  const offers = new Map(facts.offers.map((o) => [o.key, o]))
  const who = <T extends { segment: string; group: string }>(cell: T): (T & { traits: Traits })[] => {
    const traits = traitsOfGroup(cell.group)
    return traits && segments.has(cell.segment) ? [{ ...cell, traits }] : []
  }
  const base = fitBase(evidence.base.flatMap(who), segments)
  const usual = (w: Who): number => startOf(segments.get(w.segment)!, w.traits) * base.factor(w)
  const sent = evidence.sent.flatMap(who).filter((c) => offers.has(c.offer) && c.exposure > 0)
  const isKnown = sent.length > 0 && evidence.base.length > 0
  const extraOf = (w: What, orders: number): number =>
    expectedExtra(offers.get(w.offer)!, w.channel, segments.get(w.segment)!, orders, churnOf[w.traits.due]) *
    phaseOf[w.traits.due] *
    tiredOf[w.traits.pressure]
  const effect = fitEffect(sent, usual, extraOf, isKnown ? random : null)
  const open = fitCounts(openDimensions, sent.filter((c) => c.channel === 'email'), (c) => c.n * seen.email, (c) => c.opens) // prettier-ignore
  const leave = fitCounts(
    leaveDimensions,
    sent,
    (c) => c.n * leaving[c.channel],
    (c) => c.leaves,
  )
  const opens = (w: What): number => (w.channel === 'sms' ? seen.sms : Math.min(0.95, seen.email * open.factor(w)))
  const lasting = fitLasting(sent, usual)
  const reduction = fitReductions(sent, evidence.base, offers, segments, (c) => {
    const extra = extraOf(c, usual(c)) * Math.max(0, effect.factor(c))
    return c.exposure * (opens(c) * usual(c) + extra)
  })
  return {
    isKnown,
    outlook(segment, traits, { offer, channel, part }, sampled) {
      const w: What = { segment: segment.key, traits, offer: offer.key, kind: offer.kind, channel, part }
      return {
        orders_per_week: usual(w) * evidence.index,
        churn: churnOf[traits.due],
        ratio: effect.factor(w, sampled) * phaseOf[traits.due] * tiredOf[traits.pressure],
        open: opens(w),
        leaving: leaving[channel] * leave.factor(w),
        lasting: lasting(traits.due === 'gone', isDiscount(offer)),
        discount_ratio: reduction(offer.key),
        spread: Math.min(1, effect.spread(w)),
      }
    },
  }
}

const startOf = (segment: SegmentFacts, traits: Traits): number =>
  Math.max(0.002, segment.orders_per_week) * rateOf[traits.due]

function fitBase(cells: readonly (BaseCell & Who)[], segments: ReadonlyMap<string, SegmentFacts>): Fitted<Who> {
  const exposure = Float64Array.from(cells, (c) => c.exposure * startOf(segments.get(c.segment)!, c.traits))
  return fitCountsOf(
    baseDimensions,
    cells,
    exposure,
    Float64Array.from(cells, (c) => c.orders),
  )
}

function fitCounts<W, C extends W>(
  dimensions: readonly Dimension<W>[],
  cells: readonly C[],
  expected: (c: C) => number,
  count: (c: C) => number,
): Fitted<W> {
  return fitCountsOf(dimensions, cells, Float64Array.from(cells, expected), Float64Array.from(cells, count))
}

function fitCountsOf<T>(
  dimensions: readonly Dimension<T>[],
  cells: readonly T[],
  expected: Float64Array,
  count: Float64Array,
): Fitted<T> {
  const prepared = prepare(dimensions, cells)
  const factors = fitRates(prepared.cells, expected, count, 1, dimensions.map((d) => d.prior)) // prettier-ignore
  return product(dimensions, prepared.names, factors, factors.map((f) => new Float64Array(f.length)), null) // prettier-ignore
}

function fitEffect(
  cells: readonly (SentCell & What)[],
  usual: (w: Who) => number,
  extraOf: (w: What, orders: number) => number,
  random: (() => number) | null,
): Fitted<What> {
  const prepared = prepare(effectDimensions, cells)
  const orders = Float64Array.from(cells, (c) => usual(c) * c.exposure)
  const { factors, spread } = fitRatios(
    prepared.cells,
    Float64Array.from(cells, (c) => extraOf(c, usual(c)) * c.exposure),
    Float64Array.from(cells, (c, i) => c.orders - orders[i]!),
    // Orders come by chance, a little more unevenly than by Poisson, and what was usual is an estimate too.
    orders.map((o) => 1.25 * o + 0.1),
    effectDimensions.map((d) => d.prior),
    effectDimensions.map((d) => d.least ?? 0.02),
  )
  return product(effectDimensions, prepared.names, factors, spread, random)
}

/**
 * What is left of an additional order after four weeks: later excess over the excess of the first week, regressed over the
 * arms, for people who had stopped and for the others, with and without a reduction.
 */
function fitLasting(
  cells: readonly (SentCell & What)[],
  usual: (w: Who) => number,
): (isGone: boolean, isReduced: boolean) => number {
  const arms = new Map<string, { isGone: boolean; isReduced: boolean; now: number; later: number; variance: number }>()
  for (const c of cells) {
    if (c.later_share === 0 || c.n === 0) continue
    const isGone = c.traits.due === 'gone'
    const key = `${String(isGone)} ${c.offer} ${c.channel}`
    const sum = arms.get(key) ?? { isGone, isReduced: isDiscount(c), now: 0, later: 0, variance: 0 }
    sum.now += (c.orders - usual(c) * c.exposure) * (c.later_share / c.n)
    sum.later += c.later_excess
    sum.variance += c.later_variance
    arms.set(key, sum)
  }
  const shareOf = (isGone: boolean, isReduced: boolean): number => {
    let top = (isGone ? later.gone : later.alive) / later.spread ** 2
    let bottom = 1 / later.spread ** 2
    for (const arm of arms.values()) {
      if (arm.isGone !== isGone || (!isGone && arm.isReduced !== isReduced) || arm.variance <= 0) continue
      // The excess of the first week is an estimate as well: its own chance is no sign of anything lasting.
      const now = Math.max(0, arm.now)
      top += (arm.later * now) / arm.variance
      bottom += (now * now) / arm.variance
    }
    return top / bottom
  }
  const known = new Map<string, number>()
  return (isGone, isReduced) => {
    const key = `${String(isGone)} ${String(isReduced)}`
    let share = known.get(key)
    if (share === undefined) known.set(key, (share = shareOf(isGone, isReduced)))
    if (isGone) return 1 + (share > 0 ? quarter : 1) * Math.min(2, Math.max(-0.5, share))
    return 1 + Math.min(0.3, Math.max(-0.7, share))
  }
}

/** Reductions used over those expected, per offer. Shelf prices are cut for everybody: what the held-out use is taken off. */
function fitReductions(
  sent: readonly (SentCell & What)[],
  base: readonly BaseCell[],
  offers: ReadonlyMap<string, Offer>,
  segments: ReadonlyMap<string, SegmentFacts>,
  buyers: (c: SentCell & What) => number,
): (offer: string) => number {
  const shelf =
    base.reduce((sum, c) => sum + c.discount_cents, 0) / Math.max(1, base.reduce((sum, c) => sum + c.orders, 0)) // prettier-ignore
  const sums = new Map<string, { seen: number; expected: number; one: number }>()
  for (const c of sent) {
    const offer = offers.get(c.offer)!
    const segment = segments.get(c.segment)!
    const sum = sums.get(c.offer) ?? { seen: 0, expected: 0, one: expectedDiscount(offer, segment, 1) }
    sum.seen += c.discount_cents - shelf * c.orders
    sum.expected += expectedDiscount(offer, segment, buyers(c))
    sums.set(c.offer, sum)
  }
  return (offer) => {
    const sum = sums.get(offer)
    if (!sum || sum.one <= 0) return 1
    const strength = 30 * sum.one
    return Math.min(3, Math.max(0.1, (sum.seen + strength) / (sum.expected + strength)))
  }
}
