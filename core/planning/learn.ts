import { baseDimensions, codesOf, leaveDimensions, liftDimensions, openDimensions, returnDimensions, type Codes, type Dimension, type What, type Who } from './codes.ts' // prettier-ignore
import { nothingKnown, periodOf, type BaseCell, type DayPart, type Evidence, type SentCell } from './evidence.ts'
import type { PlanChannel, PlannerFacts, SegmentFacts } from './facts.ts'
import { fitParts, fitRates } from './fit.ts'
import { traitsOfGroup, type Traits } from './groups.ts'
import { fitBaskets, fitLasting, fitReductions } from './learn-money.ts'
import type { Offer } from './offer.ts'
import { seasonOf } from './season.ts'
import { leaving, liftOf, returnOf, seen, type Outlook } from './response.ts'

export interface Arm {
  offer: Offer
  channel: PlanChannel
  part: DayPart
}

/** What the shop's own results say about one group and arm. `sampled` is a draw from what is believed: Thompson sampling. */
export interface Learning {
  /** false: no results yet, everything is a prior and nothing is drawn */
  isKnown: boolean
  /** A new object each time, the reader's worth 0: that is the caller's to say. */
  outlook(segment: SegmentFacts, group: Traits, arm: Arm, sampled: boolean): Outlook
}

/*
 * Priors by band, in the order of groups.ts. Chance that somebody of this rhythm has stopped for good; orders per week over
 * the segment's mean; how much of an offer's pull works at this time since the last purchase, on each kind of reader, and
 * after so many messages; how many open then, and how many leave.
 */
const churnOf = [0.05, 0.05, 0.1, 0.25, 0.5, 0.85]
const rateOf = [1.1, 1.1, 1, 0.5, 0.2, 0.08]
const phaseOf = [0.2, 0.7, 1, 0.9, 0.7, 0.6]
/** An evening event speaks to those who are out in the evening; other offers to all alike. */
const eventOf = [0.75, 1.3]
const keennessOf = [0.7, 0.6, 0.95, 1.4, 1.7]
const tiredOf = [1, 0.93, 0.88, 0.82]
const opensOf = [1, 0.94, 0.88, 0.8]
const leavesOf = [1, 1.25, 1.6, 2.2]
/** Readers buy as much as others when nothing is sent, give or take this. */
const selectionSpread = 0.03

/** A cell of results with the numbers of what it tells of. */
export interface Seen {
  cell: SentCell
  at: What
}

/** A model: the product of a case's factors. Drawn ones are drawn once per level, so a plan is made from one picture of the world. */
interface Fitted<T> {
  factor(of: T, drawn?: boolean): number
  /** relative uncertainty of the product */
  spread(of: T): number
}

const gauss = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

function fitted<T>(
  dimensions: readonly Dimension<T>[],
  factors: readonly Float64Array[],
  spread: readonly Float64Array[] | null,
  random: (() => number) | null,
): Fitted<T> {
  const drawn =
    random && spread ? factors.map((own, d) => own.map((f, j) => f + spread[d]![j]! * gauss(random))) : factors
  return {
    factor(of, isDrawn = false) {
      let all = 1
      for (let d = 0; d < dimensions.length; d++) all *= (isDrawn ? drawn : factors)[d]![dimensions[d]!.level(of)]!
      return all
    },
    spread(of) {
      if (!spread) return 0
      let sum = 0
      for (let d = 0; d < dimensions.length; d++) {
        const j = dimensions[d]!.level(of)
        sum += (spread[d]![j]! / Math.max(0.2, Math.abs(factors[d]![j]!))) ** 2
      }
      return Math.sqrt(sum)
    },
  }
}

/** A loop: `from` of a typed array asks an iterator for each of the hundred thousands. */
function numbersOf<T>(cells: readonly T[], of: (cell: T, i: number) => number): Float64Array {
  const numbers = new Float64Array(cells.length)
  for (let i = 0; i < cells.length; i++) numbers[i] = of(cells[i]!, i)
  return numbers
}

function levelsOf<T>(dimensions: readonly Dimension<T>[], cells: readonly T[]) {
  const levels = dimensions.map(({ level }) => {
    const own = new Int32Array(cells.length)
    for (let i = 0; i < cells.length; i++) own[i] = level(cells[i]!)
    return own
  })
  return { levels, sizes: dimensions.map((d) => d.size) }
}

function fitCounts<T>(
  dimensions: readonly Dimension<T>[],
  cells: readonly T[],
  expected: Float64Array,
  count: Float64Array,
): Fitted<T> {
  const strength = dimensions.map((d) => d.prior)
  return fitted(dimensions, fitRates(levelsOf(dimensions, cells), expected, count, 1, strength), null, null)
}

/**
 * Learns from messages beside customers held out of the same plan by lot (evidence.ts): what people buy anyway, how much more
 * those buy who read a message, how many come back who had stopped, how many read it, leave, and use a reduction. Everything
 * is a product of factors that lean on the priors of response.ts until there is reason to leave them, so a segment without
 * results borrows from the shop.
 * @param random for Thompson sampling; null: no draws
 */
export function learnGroups(facts: PlannerFacts, random: (() => number) | null): Learning {
  const evidence = facts.evidence ?? nothingKnown
  const season = seasonOf(evidence.seasons, periodOf(facts.week_start))
  const codes = codesOf(facts)
  const { segments, offers } = facts
  const start = (w: Who): number => Math.max(0.002, segments[w.segment]!.orders_per_week) * rateOf[w.due]!
  const base = fitBase(evidence, codes, start)
  const usual = (w: Who): number => start(w) * base.factor(w)
  const sent: Seen[] = []
  for (const cell of evidence.sent) {
    const [at, traits] = [codes.segment(cell.segment), traitsOfGroup(cell.group)]
    if (at === undefined || !traits || cell.exposure <= 0) continue
    const what = codes.what(at, traits, cell.offer, cell.channel, cell.part)
    if (what) sent.push({ cell, at: what })
  }
  const isKnown = sent.length > 0 && evidence.base.length > 0
  const emails = sent.filter((c) => c.cell.channel === 'email')
  const openPrior = (w: What): number => seen.email * opensOf[w.pressure]!
  const open = fitCounts(openDimensions(codes), emails.map((c) => c.at), numbersOf(emails, (c) => c.cell.n * openPrior(c.at)), numbersOf(emails, (c) => c.cell.opens)) // prettier-ignore
  const opens = (w: What): number => (w.channel === 1 ? seen.sms : Math.min(0.95, openPrior(w) * open.factor(w)))
  const leavePrior = (w: What): number => leaving[w.channel === 1 ? 'sms' : 'email'] * leavesOf[w.pressure]!
  const leave = fitCounts(leaveDimensions, sent.map((c) => c.at), numbersOf(sent, (c) => c.cell.n * leavePrior(c.at)), numbersOf(sent, (c) => c.cell.leaves)) // prettier-ignore

  const liftPrior = memo(codes, (w) =>
    liftOf(offers[w.offer]!, w.channel === 1 ? 'sms' : 'email', segments[w.segment]!),
  )
  const returnPrior = memo(codes, (w) =>
    returnOf(offers[w.offer]!, w.channel === 1 ? 'sms' : 'email', segments[w.segment]!),
  )
  const event = facts.offers.map((o) => o.kind === 'tasting_event')
  const lift = (w: What): number =>
    liftPrior(w) *
    (event[w.offer] ? eventOf[w.night]! : 1) *
    phaseOf[w.due]! *
    keennessOf[w.reader]! *
    tiredOf[w.pressure]!
  const back = (w: What): number => returnPrior(w) * churnOf[w.due]! * keennessOf[w.reader]! * tiredOf[w.pressure]!
  const effect = fitEffect(sent, codes, usual, { lift, back }, isKnown ? random : null)

  const lasting = fitLasting(sent, usual)
  const basket = fitBaskets(evidence, sent, offers.length)
  const reduction = fitReductions(sent, evidence.base, facts, ({ cell, at }) => {
    const extra = lift(at) * effect.lift.factor(at) * usual(at) + back(at) * effect.back.factor(at)
    const read = cell.channel === 'email' ? cell.opened_exposure : seen.sms * cell.exposure
    return read * (usual(at) + Math.max(0, extra))
  })
  return {
    isKnown,
    outlook(segment, traits, { offer, channel, part }, sampled) {
      const w = codes.what(codes.segment(segment.key) ?? 0, traits, offer.key, channel, part)
      if (!w) throw new Error(`The offer ${offer.key} is not one of the facts.`)
      const spread = effect.lift.spread(w)
      return {
        orders_per_week: usual(w) * season,
        lift: lift(w) * effect.lift.factor(w, sampled),
        returns: back(w) * effect.back.factor(w, sampled),
        open: opens(w),
        leaving: leavePrior(w) * leave.factor(w),
        reach_value_cents: 0,
        lasting: lasting.alive(w.reduced === 1),
        lasting_returns: lasting.returned,
        discount_ratio: reduction(w.offer),
        basket_ratio: basket(w.offer),
        spread: Math.min(1, spread),
      }
    },
  }
}

/** Asked for the same segment, offer and channel many times. */
function memo(codes: Codes, of: (w: What) => number): (w: What) => number {
  const known = new Float64Array(codes.segments * codes.offers * 2).fill(NaN)
  return (w) => {
    const at = (w.segment * codes.offers + w.offer) * 2 + w.channel
    if (Number.isNaN(known[at]!)) known[at] = of(w)
    return known[at]!
  }
}

function fitBase({ base }: Evidence, codes: Codes, start: (w: Who) => number): Fitted<Who> {
  const cells = base.flatMap((c): (BaseCell & { at: Who })[] => {
    const at = codes.who(c.segment, c.group)
    return at ? [{ ...c, at }] : []
  })
  return fitCounts(
    baseDimensions(codes),
    cells.map((c) => c.at),
    numbersOf(cells, (c) => c.exposure * start(c.at)),
    numbersOf(cells, (c) => c.orders),
  )
}

/**
 * Lift and returns per reader of a message. Where opening is seen, the orders of those who opened are held against what they
 * would have bought anyway: the held-out customers' rate, corrected by how non-readers differ from it. Text messages are
 * compared as a whole, as if a usual share had read them.
 */
function fitEffect(
  cells: readonly Seen[],
  codes: Codes,
  usual: (w: Who) => number,
  prior: { lift: (w: What) => number; back: (w: What) => number },
  random: (() => number) | null,
): { lift: Fitted<What>; back: Fitted<What> } {
  const anyway = numbersOf(cells, (c) => usual(c.at))
  const selection = readersAnyway(cells, anyway)
  const read = numbersOf(cells, ({ cell: c }) => (c.channel === 'email' ? c.opened_exposure : seen.sms * c.exposure))
  const y = numbersOf(cells, ({ cell: c, at }, i) =>
    c.isRead
      ? c.opened_orders - c.opened_exposure * anyway[i]! * selection[at.reader]!
      : c.orders - c.exposure * anyway[i]!,
  )
  // Orders come by chance, a little more unevenly than by Poisson, and what was usual is an estimate too.
  const variance = numbersOf(cells, ({ cell: c }, i) => 1.25 * anyway[i]! * (c.isRead ? c.opened_exposure : c.exposure) + 0.1) // prettier-ignore
  const of = cells.map((c) => c.at)
  const dimensions = { lift: liftDimensions(codes), back: returnDimensions(codes) }
  const part = (own: 'lift' | 'back', expected: (i: number) => number) => ({
    cells: levelsOf(dimensions[own], of),
    expected: numbersOf(cells, (_, i) => expected(i)),
    prior: dimensions[own].map((d) => d.prior),
    least: dimensions[own].map((d) => d.least ?? 0.02),
  })
  const fits = fitParts(
    [
      part('lift', (i) => read[i]! * anyway[i]! * prior.lift(of[i]!)),
      part('back', (i) => read[i]! * prior.back(of[i]!)),
    ],
    y,
    variance,
  )
  return {
    lift: fitted(dimensions.lift, fits[0]!.factors, fits[0]!.spread, random),
    back: fitted(dimensions.back, fits[1]!.factors, fits[1]!.spread, random),
  }
}

/**
 * What readers would have bought without the message, over what their group buys: from those who did not open it and whom it
 * therefore cannot have moved. All = opened x readers + (1 - opened) x the others.
 */
function readersAnyway(cells: readonly Seen[], anyway: Float64Array): number[] {
  const sums = Array.from({ length: 6 }, () => ({ orders: 0, expected: 0, read: 0, n: 0 }))
  cells.forEach(({ cell: c, at }, i) => {
    if (!c.isRead) return
    for (const sum of [sums[at.reader]!, sums[5]!]) {
      sum.orders += c.orders - c.opened_orders
      sum.expected += (c.exposure - c.opened_exposure) * anyway[i]!
      sum.read += c.opened_exposure
      sum.n += c.exposure
    }
  })
  const ratio = (sum: (typeof sums)[number], around: number): number => {
    const share = Math.min(0.9, Math.max(0.05, sum.read / Math.max(1, sum.n)))
    if (sum.expected <= 0) return around
    const others = sum.orders / sum.expected
    const readers = (1 - (1 - share) * others) / share
    const variance = (((1 - share) / share) ** 2 * 1.25 * Math.max(1, sum.orders)) / sum.expected ** 2
    return (readers / variance + around / selectionSpread ** 2) / (1 / variance + 1 / selectionSpread ** 2)
  }
  const shop = ratio(sums[5]!, 1)
  return sums.slice(0, 5).map((sum) => ratio(sum, shop))
}
