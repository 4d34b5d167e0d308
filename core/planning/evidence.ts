import type { PlanChannel } from './facts.ts'
import type { Offer } from './offer.ts'

/** Messages before this hour are day messages, from it on evening messages. */
export const eveningFrom = '18:00'
export type DayPart = 'day' | 'evening'

/**
 * What became of planned messages of one period of four weeks, one segment, group and arm: those sent, and those that were
 * held out of the same plan entries by lot. Orders are counted for seven days from the planned day, whoever got something;
 * nothing here is attributed.
 */
export interface ResultRow {
  /** four weeks since 1970-01-05, counted from 0 */
  period: number
  /**
   * Campaigns that held out the same share, by any name. Only they are compared with each other: were a quiet month with few
   * held out and a busy one with many put together, the season would look like an effect. Left out: all held out the same.
   */
  design?: string
  segment: string
  group: string
  /**
   * Held out of this campaign by its own lot. Who is held out of everything for a year is not counted here: after some weeks
   * they differ from the others in what they already bought, so they tell what all messages bring, not what this one did.
   */
  outcome: 'sent' | 'held'
  offer: string
  kind: Offer['kind']
  channel: PlanChannel
  part: DayPart
  n: number
  opens: number
  clicks: number
  leaves: number
  orders: number
  spent_cents: number
  discount_cents: number
  /**
   * Of those who opened the message: their orders, and what they paid and were given on them. Only who reads a message can
   * act on it, so this tells offers apart with a third of the noise. Left out: not counted, or opening cannot be seen.
   */
  opened_orders?: number
  opened_spent_cents?: number
  opened_discount_cents?: number
  /** those whose fourth week is over, and their orders of days 8 to 28 */
  later_n: number
  later_orders: number
}

const summed = [
  'n', 'opens', 'clicks', 'leaves', 'orders', 'spent_cents', 'discount_cents', 'opened_orders', 'opened_spent_cents', 'opened_discount_cents',
] as const // prettier-ignore

/** Held-out customers of a group over all periods; exposure is their number times the season's index. */
export interface BaseCell {
  segment: string
  group: string
  exposure: number
  orders: number
  spent_cents: number
  discount_cents: number
}
export interface SentCell
  extends
    Record<(typeof summed)[number], number>,
    Pick<ResultRow, 'segment' | 'group' | 'offer' | 'kind' | 'channel' | 'part'> {
  /** the orders of those who opened are known */
  isRead: boolean
  exposure: number
  /** openings times the season's index */
  opened_exposure: number
  /** orders of days 8 to 28 above those of the held-out, and what they vary by chance; only where both are known */
  later_excess: number
  later_variance: number
  later_share: number
}
export interface Evidence {
  base: readonly BaseCell[]
  sent: readonly SentCell[]
  /** the season so far, by period in order of time */
  seasons: readonly Season[]
}

/** Orders of the held-out customers of a period, and how many were usual for their groups. */
export interface Season {
  period: number
  seen: number
  usual: number
}

export const nothingKnown: Evidence = { base: [], sent: [], seasons: [] }

/** Old results count half after so many periods: markets change. */
const halfLife = 13
const periodDays = 28

export function periodOf(day: string): number {
  return Math.floor((Date.parse(`${day}T00:00:00Z`) / 86_400_000 - 4) / periodDays)
}

/**
 * Brings results of many periods together. A season moves everybody, so each period has an index, the held-out customers'
 * orders over what their groups usually buy; sent and held-out are only ever compared within it.
 */
export function collectEvidence(rows: readonly ResultRow[]): Evidence {
  if (rows.length === 0) return nothingKnown
  const last = rows.reduce((latest, r) => Math.max(latest, r.period), -Infinity)
  const strata = strataOf(rows, last)
  const later = laterRates(rows)
  const base = new Map<string, BaseCell>()
  const sent = new Map<string, SentCell>()
  for (const r of rows) {
    const stratum = strata.get(stratumOf(r))!
    // Without anybody held out there is nothing to compare with.
    if (stratum.held === 0) continue
    if (r.outcome === 'held') addHeld(base, r, stratum)
    else addSent(sent, r, stratum, later.get(`${stratumOf(r)}|${r.segment}|${dueOf(r.group)}`))
  }
  const seasons = new Map<number, Season>()
  for (const { period, held, seen, usual } of strata.values()) {
    if (held === 0) continue
    const own = seasons.get(period)
    seasons.set(period, { period, seen: seen + (own?.seen ?? 0), usual: usual + (own?.usual ?? 0) })
  }
  return {
    base: [...base.values()],
    sent: [...sent.values()],
    seasons: [...seasons.values()].toSorted((a, b) => a.period - b.period),
  }
}

function addHeld(base: Map<string, BaseCell>, r: ResultRow, { index, weight }: Stratum): void {
  const key = `${r.segment}|${r.group}`
  let cell = base.get(key)
  if (!cell) {
    const zero = { exposure: 0, orders: 0, spent_cents: 0, discount_cents: 0 }
    base.set(key, (cell = { segment: r.segment, group: r.group, ...zero }))
  }
  cell.exposure += weight * r.n * index
  cell.orders += weight * r.orders
  cell.spent_cents += weight * r.spent_cents
  cell.discount_cents += weight * r.discount_cents
}

function addSent(
  sent: Map<string, SentCell>,
  r: ResultRow,
  { index, weight: aged, trust, lapsed }: Stratum,
  usual: { n: number; rate: number } | undefined,
): void {
  const isRead = r.channel === 'email' && r.opened_orders !== undefined
  const key = `${r.segment}|${r.group}|${r.offer}|${r.channel}|${r.part}|${isRead ? 'read' : ''}`
  let cell = sent.get(key)
  if (!cell) {
    const { segment, group, offer, kind, channel, part } = r
    cell = { segment, group, offer, kind, channel, part, isRead, ...nothing }
    sent.set(key, cell)
  }
  const weight = aged * (isLapsed(r) ? lapsed.trust : trust)
  for (const field of summed) cell[field] += weight * (r[field] ?? 0)
  cell.exposure += weight * r.n * index
  cell.opened_exposure += weight * r.opens * index
  if (!usual || r.later_n === 0) return
  cell.later_excess += weight * (r.later_orders - r.later_n * usual.rate)
  cell.later_variance += weight * (r.later_n * usual.rate + (r.later_n * r.later_n * usual.rate) / usual.n)
  cell.later_share += weight * r.later_n
}

const nothing = {
  ...(Object.fromEntries(summed.map((field) => [field, 0])) as Record<(typeof summed)[number], number>),
  exposure: 0,
  opened_exposure: 0,
  later_excess: 0,
  later_variance: 0,
  later_share: 0,
}
const dueOf = (group: string): string => group.slice(0, group.indexOf('.'))
const isLapsed = ({ group }: ResultRow): boolean => group.startsWith('gone.') || group.startsWith('lost.')

const stratumOf = (r: ResultRow): string => `${r.period}|${r.design ?? ''}`

/** Orders per held-out customer of a segment and rhythm, shrunk to the shop's. */
function usualRates(rows: readonly ResultRow[]): (r: ResultRow) => number {
  const sums = new Map<string, { n: number; orders: number }>()
  let n = 0
  let orders = 0
  for (const r of rows) {
    if (r.outcome !== 'held') continue
    const key = `${r.segment}|${dueOf(r.group)}`
    const sum = sums.get(key)
    if (sum) {
      sum.n += r.n
      sum.orders += r.orders
    } else sums.set(key, { n: r.n, orders: r.orders })
    n += r.n
    orders += r.orders
  }
  const shop = (orders + 1) / (n + 10)
  return (r) => {
    const sum = sums.get(`${r.segment}|${dueOf(r.group)}`) ?? { n: 0, orders: 0 }
    return (sum.orders + 20 * shop) / (sum.n + 20)
  }
}

/** Results that are compared with each other. */
interface Stratum {
  period: number
  held: number
  sent: number
  /** orders of the held-out customers, and what their groups usually buy */
  seen: number
  usual: number
  /** the one over the other: the season */
  index: number
  /** by age */
  weight: number
  /**
   * How much its messages can tell: a difference of two groups is as uncertain as the smaller one, so many messages beside
   * few held-out customers count as if there were few of them, 1 / (1/sent + 1/held) in all.
   */
  trust: number
  /**
   * The same for those who have stopped: hardly anything is taken off their orders, so that it is known from few does little harm.
   * Whoever could be won back is won back by and by, and only the latest messages tell how many are left.
   */
  lapsed: { orders: number; usual: number; trust: number }
}

const indexStrength = 30

function strataOf(rows: readonly ResultRow[], last: number): Map<string, Stratum> {
  const rate = usualRates(rows)
  let heldLapsed = 0
  const sums = new Map<string, Stratum>()
  for (const r of rows) {
    const key = stratumOf(r)
    let sum = sums.get(key)
    if (!sum) {
      const weight = 0.5 ** ((last - r.period) / halfLife)
      const lapsed = { orders: 0, usual: 0, trust: 0 }
      sums.set(
        key,
        (sum = { period: r.period, held: 0, sent: 0, index: 1, weight, trust: 0, seen: 0, usual: 0, lapsed }),
      )
    }
    if (r.outcome === 'held') {
      sum.held += r.n
      sum.seen += r.orders
      sum.usual += r.n * rate(r)
      if (isLapsed(r)) heldLapsed += r.orders
    } else {
      sum.sent += r.n
      if (!isLapsed(r)) continue
      sum.lapsed.orders += r.orders
      sum.lapsed.usual += r.n * rate(r)
    }
  }
  for (const sum of sums.values()) {
    sum.index = (sum.seen + indexStrength) / (sum.usual + indexStrength)
    sum.trust = sum.held / Math.max(1, sum.held + sum.sent)
    const { lapsed } = sum
    // The variance of their orders beside that of what is taken off, whose error is one for all.
    const error = lapsed.usual ** 2 * (1 / Math.max(1, sum.seen) + 1 / Math.max(1, heldLapsed))
    lapsed.trust = Math.max(sum.trust, lapsed.orders / Math.max(1, lapsed.orders + error))
  }
  return sums
}

/** Orders of days 8 to 28 of those held out: what they got afterwards is, by lot, what the others got. */
function laterRates(rows: readonly ResultRow[]): Map<string, { n: number; rate: number }> {
  const sums = new Map<string, { n: number; orders: number }>()
  for (const r of rows) {
    if (r.outcome !== 'held' || r.later_n === 0) continue
    const key = `${stratumOf(r)}|${r.segment}|${dueOf(r.group)}`
    const sum = sums.get(key) ?? { n: 0, orders: 0 }
    sum.n += r.later_n
    sum.orders += r.later_orders
    sums.set(key, sum)
  }
  return new Map([...sums].filter(([, s]) => s.n >= 5).map(([k, s]) => [k, { n: s.n, rate: s.orders / s.n }]))
}
