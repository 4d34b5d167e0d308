import { z } from 'zod'

/**
 * The groups inside a segment that an offer is weighed for: where somebody stands in their own rhythm, whether they read and
 * click what they get, how much they got lately, when they shop, and whether they wait for reductions. All of it is behaviour
 * the shop has seen; a group is never a person.
 */
export const dueBands = ['fresh', 'soon', 'due', 'late', 'gone', 'lost'] as const
export const readerBands = ['silent', 'cool', 'mild', 'keen', 'eager'] as const
/** messages in the last 14 days: none, one, two, more */
export const pressureBands = ['rested', 'written', 'pressed', 'crowded'] as const

export interface Traits {
  due: (typeof dueBands)[number]
  reader: (typeof readerBands)[number]
  pressure: (typeof pressureBands)[number]
  isNight: boolean
  /** buys at a reduced price more often than most */
  isSaver: boolean
  /** may be sent text messages */
  isTexted: boolean
}

/** What the traits are read from. */
export interface TraitFacts {
  /** days since the last purchase over the usual gap; null: no purchase yet */
  dueRatio: number | null
  /** messages of a year that arrived, were opened and clicked */
  delivered: number
  opened: number
  clicked: number
  /** messages of the last `pressureDays` days */
  recent: number
  isNightBuyer: boolean
  /** share of orders at a reduced price, shrunk to the shop's */
  priceSensitivity: number | null
  /** a number, consent and age that allow text messages */
  canBeTexted: boolean
}

/** The shop's own means, against which one customer's behaviour is read; a year's, or these while there is nothing yet. */
export interface ShopHabits {
  /** clicks per opened message */
  clickRate: number
  /** share of orders at a reduced price */
  reducedShare: number
}
export const usualHabits: ShopHabits = { clickRate: 0.1, reducedShare: 0.2 }

export const pressureDays = 14
/** upper bounds of the bands of `dueRatio`, but the last */
export const dueBounds = [0.3, 0.7, 2, 4, 8]
/** of clicks per opened message over the shop's, after shrinkage by `clickStrength` openings: cool, mild, keen */
export const clickBounds = [0.7, 1.3, 2]
export const clickStrength = 7
/** a saver buys at a reduced price this many times as often as the shop's mean */
const saverFrom = 1.25

export function traitsOf(facts: TraitFacts, habits: ShopHabits = usualHabits): Traits {
  return {
    due: dueBands[bandOf(facts.dueRatio ?? 1, dueBounds)]!,
    reader: readerOf(facts, habits.clickRate),
    pressure: pressureBands[Math.min(3, facts.recent)]!,
    isNight: facts.isNightBuyer,
    isSaver: (facts.priceSensitivity ?? 0) >= saverShare(habits),
    isTexted: facts.canBeTexted,
  }
}

/** Share of orders at a reduced price from which somebody is a saver. */
export const saverShare = (habits: ShopHabits): number => saverFrom * Math.max(0.04, habits.reducedShare)

function bandOf(value: number, bounds: readonly number[]): number {
  let band = 0
  while (band < bounds.length && value >= bounds[band]!) band++
  return band
}

/** Silent: opens less than one in six, after shrinkage. The others by how often they click what they open. */
function readerOf({ delivered, opened, clicked }: TraitFacts, shopRate: number): Traits['reader'] {
  if ((opened + 1.2) * 6 < delivered + 4) return 'silent'
  const rate = Math.max(0.01, shopRate)
  return readerBands[1 + bandOf((clicked / rate + clickStrength) / (opened + clickStrength), clickBounds)]!
}

/** `due.keen.rested`, with `.night`, `.saver` and `.text` where they hold. */
export function groupKey(t: Traits): string {
  return `${t.due}.${t.reader}.${t.pressure}${t.isNight ? '.night' : ''}${t.isSaver ? '.saver' : ''}${t.isTexted ? '.text' : ''}`
}

const known = new Map<string, Traits>()
for (const due of dueBands)
  for (const reader of readerBands)
    for (const pressure of pressureBands)
      for (const isNight of [false, true])
        for (const isSaver of [false, true])
          for (const isTexted of [false, true]) {
            const traits = { due, reader, pressure, isNight, isSaver, isTexted }
            known.set(groupKey(traits), traits)
          }

/** All groups, in a fixed order. */
export const allGroups: readonly string[] = [...known.keys()]
export const GroupKey = z.string().refine((key) => known.has(key), 'This is no group of customers.')

/** The traits of a key; null for text that is none. The same key gives the same object. */
export function traitsOfGroup(key: string): Traits | null {
  return known.get(key) ?? null
}

const byPressure = new Map<Traits, readonly Traits[]>()
for (const traits of known.values())
  byPressure.set(traits, pressureBands.map((pressure) => known.get(groupKey({ ...traits, pressure }))!)) // prettier-ignore

/** The same people after fewer or more messages: `traits` as of `traitsOfGroup`, at each of `pressureBands`. Asked for millions of times. */
export function atPressures(traits: Traits): readonly Traits[] {
  return byPressure.get(traits)!
}

const words: Record<'due' | 'reader' | 'pressure', Record<string, string>> = {
  due: {
    fresh: 'have just bought',
    soon: 'bought lately',
    due: 'are due',
    late: 'are overdue',
    gone: 'stopped coming',
    lost: 'stopped long ago',
  },
  reader: {
    silent: 'rarely open',
    cool: 'open but do not click',
    mild: 'open',
    keen: 'click',
    eager: 'click much',
  },
  pressure: {
    rested: 'got nothing for 14 days',
    written: 'got one message in 14 days',
    pressed: 'got two',
    crowded: 'got more',
  },
}

/** All levels but this one; where no short words say it, the others are named. */
const without: Partial<Record<string, string>> = {
  fresh: 'did not just buy',
  soon: 'did not buy lately',
  due: 'are not due',
  late: 'are not overdue',
  gone: 'have not just stopped coming',
  lost: 'did not stop long ago',
  silent: 'open more than rarely',
  cool: 'do not leave what they open unclicked',
  eager: 'do not click much',
  rested: 'got something in 14 days',
  crowded: 'got at most two messages in 14 days',
}

/** Whom a set of groups means, in words, dimension by dimension: "are due or are overdue, and click". Null when it means everybody. */
export function describeGroups(keys: readonly string[]): string | null {
  const traits = keys.flatMap((k) => known.get(k) ?? [])
  if (traits.length === 0 || traits.length === known.size) return null
  const parts: string[] = []
  const of = (dimension: 'due' | 'reader' | 'pressure', all: readonly string[]): void => {
    const there = all.filter((level) => traits.some((t) => t[dimension] === level))
    const missing = all.filter((level) => !there.includes(level))
    if (missing.length === 0) return
    const shorter = missing.length === 1 ? without[missing[0]!] : undefined
    parts.push(shorter ?? there.map((level) => words[dimension][level]!).join(' or '))
  }
  of('due', dueBands)
  of('reader', readerBands)
  of('pressure', pressureBands)
  if (traits.every((t) => t.isNight)) parts.push('shop at night')
  else if (!traits.some((t) => t.isNight)) parts.push('shop by day')
  if (traits.every((t) => t.isSaver)) parts.push('look for reductions')
  else if (!traits.some((t) => t.isSaver)) parts.push('rarely buy reduced')
  if (traits.every((t) => t.isTexted)) parts.push('agreed to texts')
  else if (!traits.some((t) => t.isTexted)) parts.push('get no texts')
  return parts.length === 0 ? 'some groups of them' : parts.join(', and ')
}
