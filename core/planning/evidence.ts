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
  /** those whose fourth week is over, and their orders of days 8 to 28 */
  later_n: number
  later_orders: number
}

/** Held-out customers of a group over all periods; exposure is their number times the season's index. */
export interface BaseCell {
  segment: string
  group: string
  exposure: number
  orders: number
  spent_cents: number
  discount_cents: number
}
export interface SentCell extends Pick<
  ResultRow,
  'segment' | 'group' | 'offer' | 'kind' | 'channel' | 'part' | 'n' | 'opens' | 'clicks' | 'leaves' | 'orders'
> {
  exposure: number
  spent_cents: number
  discount_cents: number
  /** orders of days 8 to 28 above those of the held-out, and what they vary by chance; only where both are known */
  later_excess: number
  later_variance: number
  later_share: number
}
export interface Evidence {
  base: readonly BaseCell[]
  sent: readonly SentCell[]
  /** season's index of the last period that has any held-out customers */
  index: number
}

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
  if (rows.length === 0) return { base: [], sent: [], index: 1 }
  const last = rows.reduce((latest, r) => Math.max(latest, r.period), -Infinity)
  const held = rows.filter((r) => r.outcome !== 'sent')
  const rates = usualRates(held)
  const trust = trustOf(rows)
  const index = indexOf(held, rates)
  const later = laterRates(held)
  const base = new Map<string, BaseCell>()
  for (const r of held) {
    const key = `${r.segment}|${r.group}`
    let cell = base.get(key)
    if (!cell)
      base.set(
        key,
        (cell = { segment: r.segment, group: r.group, exposure: 0, orders: 0, spent_cents: 0, discount_cents: 0 }),
      )
    const weight = 0.5 ** ((last - r.period) / halfLife)
    cell.exposure += weight * r.n * (index.get(r.period) ?? 1)
    cell.orders += weight * r.orders
    cell.spent_cents += weight * r.spent_cents
    cell.discount_cents += weight * r.discount_cents
  }
  const sent = new Map<string, SentCell>()
  for (const r of rows) {
    // Without anybody held out in the period there is nothing to compare with.
    if (r.outcome !== 'sent' || !index.has(r.period)) continue
    const key = `${r.segment}|${r.group}|${r.offer}|${r.channel}|${r.part}`
    let cell = sent.get(key)
    if (!cell) {
      const { segment, group, offer, kind, channel, part } = r
      const zero = { n: 0, opens: 0, clicks: 0, leaves: 0, orders: 0, exposure: 0, spent_cents: 0, discount_cents: 0 }
      cell = { segment, group, offer, kind, channel, part, ...zero, later_excess: 0, later_variance: 0, later_share: 0 }
      sent.set(key, cell)
    }
    const weight = trust(r) * 0.5 ** ((last - r.period) / halfLife)
    for (const field of ['n', 'opens', 'clicks', 'leaves', 'orders', 'spent_cents', 'discount_cents'] as const)
      cell[field] += weight * r[field]
    cell.exposure += weight * r.n * index.get(r.period)!
    const usual = later.get(`${r.period}|${r.segment}|${dueOf(r.group)}`)
    if (usual && r.later_n > 0) {
      cell.later_excess += weight * (r.later_orders - r.later_n * usual.rate)
      cell.later_variance += weight * (r.later_n * usual.rate + (r.later_n * r.later_n * usual.rate) / usual.n)
      cell.later_share += weight * r.later_n
    }
  }
  return { base: [...base.values()], sent: [...sent.values()], index: index.get(Math.max(...index.keys())) ?? 1 }
}

const dueOf = (group: string): string => group.slice(0, group.indexOf('.'))

/** Orders per held-out customer of a segment and rhythm, shrunk to the shop's. */
function usualRates(held: readonly ResultRow[]): (r: ResultRow) => number {
  const sums = new Map<string, { n: number; orders: number }>()
  let n = 0
  let orders = 0
  for (const r of held) {
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

function indexOf(held: readonly ResultRow[], rate: (r: ResultRow) => number): Map<number, number> {
  const sums = new Map<number, { seen: number; usual: number }>()
  for (const r of held) {
    const sum = sums.get(r.period) ?? { seen: 0, usual: 0 }
    sum.seen += r.orders
    sum.usual += r.n * rate(r)
    sums.set(r.period, sum)
  }
  const strength = 30
  return new Map([...sums].map(([p, { seen, usual }]) => [p, (seen + strength) / (usual + strength)]))
}

/**
 * How much the messages of an arm can tell in a period: a difference of two groups is as uncertain as the smaller one, so
 * many messages beside few held-out customers count as if there were few of them, 1 / (1/sent + 1/held) in all.
 */
function trustOf(rows: readonly ResultRow[]): (r: ResultRow) => number {
  const held = new Map<number, number>()
  const sent = new Map<string, number>()
  const armOf = (r: ResultRow): string => `${r.period}|${r.offer}|${r.channel}`
  for (const r of rows)
    if (r.outcome === 'held') held.set(r.period, (held.get(r.period) ?? 0) + r.n)
    else sent.set(armOf(r), (sent.get(armOf(r)) ?? 0) + r.n)
  return (r) => {
    const n = held.get(r.period) ?? 0
    return n / Math.max(1, n + (sent.get(armOf(r)) ?? 0))
  }
}

/** Orders of days 8 to 28 of those held out: what they got afterwards is, by lot, what the others got. */
function laterRates(held: readonly ResultRow[]): Map<string, { n: number; rate: number }> {
  const sums = new Map<string, { n: number; orders: number }>()
  for (const r of held) {
    if (r.later_n === 0) continue
    const key = `${r.period}|${r.segment}|${dueOf(r.group)}`
    const sum = sums.get(key) ?? { n: 0, orders: 0 }
    sum.n += r.later_n
    sum.orders += r.later_orders
    sums.set(key, sum)
  }
  return new Map([...sums].filter(([, s]) => s.n >= 5).map(([k, s]) => [k, { n: s.n, rate: s.orders / s.n }]))
}
