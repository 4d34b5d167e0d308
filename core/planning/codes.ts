import type { DayPart } from './evidence.ts'
import type { PlanChannel, PlannerFacts } from './facts.ts'
import { dueBands, pressureBands, readerBands, traitsOfGroup, type Traits } from './groups.ts'
import { isDiscount, offerKinds } from './offer.ts'

/** Where a customer's group lies in each dimension, as numbers. */
export interface Who {
  segment: number
  due: number
  reader: number
  pressure: number
  night: number
  saver: number
}
/** The same of a message to them. */
export interface What extends Who {
  offer: number
  kind: number
  channel: number
  part: number
  reduced: number
}

/** One dimension of a factor model: which of its levels a case has, and how strongly its factors lean on 1. */
export interface Dimension<T> {
  level(of: T): number
  size: number
  /** spread of the factor around 1 (ratios), or strength in events (rates) */
  prior: number
  least?: number
}

const dues = new Map<string, number>(dueBands.map((band, i) => [band, i]))
const readers = new Map<string, number>(readerBands.map((band, i) => [band, i]))
const pressures = new Map<string, number>(pressureBands.map((band, i) => [band, i]))

/** Numbers of the segments, offers and groups of these facts. */
export function codesOf(facts: PlannerFacts) {
  const segments = new Map(facts.segments.map((s, i) => [s.key, i]))
  const offers = new Map(facts.offers.map((o, i) => [o.key, i]))
  const kinds = facts.offers.map((o) => offerKinds.indexOf(o.kind))
  const reduced = facts.offers.map((o) => Number(isDiscount(o)))
  return {
    segments: facts.segments.length,
    offers: facts.offers.length,
    segment: (key: string): number | undefined => segments.get(key),
    who(key: string, group: string): Who | null {
      const [segment, t] = [segments.get(key), traitsOfGroup(group)]
      if (!t || segment === undefined) return null
      return { segment, due: dues.get(t.due)!, reader: readers.get(t.reader)!, pressure: pressures.get(t.pressure)!, night: Number(t.isNight), saver: Number(t.isSaver) } // prettier-ignore
    },
    // One object and nothing beside it: it is asked for hundreds of thousands of times in a plan.
    what(segment: number, t: Traits, key: string, channel: PlanChannel, part: DayPart): What | null {
      const offer = offers.get(key)
      if (offer === undefined) return null
      return {
        segment, due: dues.get(t.due)!, reader: readers.get(t.reader)!, pressure: pressures.get(t.pressure)!, night: Number(t.isNight), saver: Number(t.isSaver),
        offer, kind: kinds[offer]!, channel: Number(channel === 'sms'), part: Number(part === 'evening'), reduced: reduced[offer]!,
      } // prettier-ignore
    },
  }
}
export type Codes = ReturnType<typeof codesOf>

const due = dueBands.length
const reader = readerBands.length
const pressure = pressureBands.length

/** What people buy when nothing is sent to them. Strengths in orders. */
export const baseDimensions = (codes: Codes): Dimension<Who>[] => [
  { level: () => 0, size: 1, prior: 2 },
  { level: (w) => w.segment, size: codes.segments, prior: 15 },
  { level: (w) => w.due, size: due, prior: 15 },
  { level: (w) => w.segment * due + w.due, size: codes.segments * due, prior: 25 },
  { level: (w) => w.reader, size: reader, prior: 40 },
  { level: (w) => w.pressure, size: pressure, prior: 60 },
  { level: (w) => w.night, size: 2, prior: 40 },
  { level: (w) => w.saver, size: 2, prior: 40 },
]

/** How much more those buy who read a message. Spreads around the priors of response.ts. */
export const liftDimensions = (codes: Codes): Dimension<What>[] => [
  { level: () => 0, size: 1, prior: 0.6 },
  { level: (w) => w.kind, size: offerKinds.length, prior: 0.12, least: -0.5 },
  { level: (w) => w.offer, size: codes.offers, prior: 0.18, least: -0.5 },
  { level: (w) => w.channel, size: 2, prior: 0.2 },
  { level: (w) => w.due, size: due, prior: 0.25 },
  { level: (w) => w.reader, size: reader, prior: 0.35, least: -0.5 },
  { level: (w) => w.segment, size: codes.segments, prior: 0.15 },
  { level: (w) => w.pressure, size: pressure, prior: 0.08 },
  { level: (w) => w.offer * 2 + w.night, size: codes.offers * 2, prior: 0.18, least: -0.5 },
  { level: (w) => w.reduced * 2 + w.saver, size: 4, prior: 0.15 },
]

/** How many come back who had stopped. */
export const returnDimensions = (codes: Codes): Dimension<What>[] => [
  { level: () => 0, size: 1, prior: 0.6 },
  { level: (w) => w.offer, size: codes.offers, prior: 0.8 },
  { level: (w) => w.due, size: due, prior: 0.3 },
  { level: (w) => w.reader, size: reader, prior: 0.35 },
  { level: (w) => w.segment, size: codes.segments, prior: 0.25 },
  { level: (w) => w.channel, size: 2, prior: 0.2 },
  { level: (w) => w.pressure, size: pressure, prior: 0.08 },
]

export const openDimensions = (codes: Codes): Dimension<What>[] => [
  { level: () => 0, size: 1, prior: 50 },
  { level: (w) => w.reader, size: reader, prior: 50 },
  { level: (w) => w.pressure, size: pressure, prior: 50 },
  { level: (w) => w.night * 2 + w.part, size: 4, prior: 50 },
  { level: (w) => w.segment, size: codes.segments, prior: 50 },
]

export const leaveDimensions: Dimension<What>[] = [
  { level: (w) => w.channel, size: 2, prior: 10 },
  { level: (w) => w.pressure, size: pressure, prior: 15 },
  { level: (w) => w.reader, size: reader, prior: 15 },
]
