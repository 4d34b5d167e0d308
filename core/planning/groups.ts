import { z } from 'zod'

/**
 * The groups inside a segment that an offer is weighed for: where somebody stands in their own rhythm, whether they read
 * what they get, how much they got lately, when they shop, and whether they wait for reductions. All of it is behaviour the
 * shop has seen; a group is never a person.
 */
export const dueBands = ['fresh', 'due', 'late', 'gone'] as const
export const readerBands = ['cool', 'mild', 'keen'] as const
/** messages in the last 20 days: none, one, more */
export const pressureBands = ['rested', 'written', 'pressed'] as const

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
  /** messages of the last 20 days */
  recent: number
  isNightBuyer: boolean
  /** share of orders at a reduced price, shrunk to the shop's */
  priceSensitivity: number | null
  /** a number, consent and age that allow text messages */
  canBeTexted: boolean
}

export const pressureDays = 20
/** share of orders at a reduced price */
export const saverFrom = 0.25
/** days since the last purchase over the usual gap */
export const dueBounds = { due: 0.5, late: 2.5, gone: 5 }

export function traitsOf(facts: TraitFacts): Traits {
  const due = facts.dueRatio ?? 1
  return {
    due: due < dueBounds.due ? 'fresh' : due < dueBounds.late ? 'due' : due < dueBounds.gone ? 'late' : 'gone',
    reader: readerOf(facts),
    pressure: pressureBands[Math.min(2, facts.recent)]!,
    isNight: facts.isNightBuyer,
    isSaver: (facts.priceSensitivity ?? 0) >= saverFrom,
    isTexted: facts.canBeTexted,
  }
}

/** Keen: clicks more than one in nine of what they open; cool: opens less than one in six; both after shrinkage. */
function readerOf({ delivered, opened, clicked }: TraitFacts): Traits['reader'] {
  if ((clicked + 0.5) * 9 >= opened + 6) return 'keen'
  return (opened + 1.2) * 6 < delivered + 4 ? 'cool' : 'mild'
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

/** The traits of a key; null for text that is none. */
export function traitsOfGroup(key: string): Traits | null {
  return known.get(key) ?? null
}

const words: Record<'due' | 'reader' | 'pressure', Record<string, string>> = {
  due: {
    fresh: 'have just bought',
    due: 'are due or soon due',
    late: 'are overdue',
    gone: 'stopped coming',
  },
  reader: { cool: 'rarely open', mild: 'open', keen: 'click' },
  pressure: { rested: 'got nothing for 20 days', written: 'got one message in 20 days', pressed: 'got more than one' },
}

/**
 * Whom a set of groups means, in words, dimension by dimension: "who are due or soon due, are overdue; who click". Null when
 * it means everybody.
 */
export function describeGroups(keys: readonly string[]): string | null {
  const traits = keys.flatMap((k) => known.get(k) ?? [])
  if (traits.length === 0 || traits.length === known.size) return null
  const parts: string[] = []
  const of = (dimension: 'due' | 'reader' | 'pressure', all: readonly string[]): void => {
    const there = all.filter((level) => traits.some((t) => t[dimension] === level))
    if (there.length < all.length) parts.push(there.map((level) => words[dimension][level]!).join(' or '))
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
