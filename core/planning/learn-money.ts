import type { BaseCell, Evidence } from './evidence.ts'
import type { PlannerFacts } from './facts.ts'
import { dueBands } from './groups.ts'
import type { Who } from './codes.ts'
import type { Seen } from './learn.ts'
import { expectedDiscount } from './response.ts'

/** How much of an additional order is still there after four weeks: less when people stock up, more when they come back. */
const later = { alive: -0.15, gone: 0.6, spread: 0.15 }
/** A returned customer's orders of days 8 to 28, extended to a quarter of a year after the message. */
const quarter = (91 - 7) / 21
const goneFrom = dueBands.indexOf('gone')

/**
 * What is left of an additional order after four weeks: later excess over the excess of the first week, regressed over the
 * arms, for people who had stopped and for the others, with and without a reduction.
 */
export function fitLasting(
  cells: readonly Seen[],
  usual: (w: Who) => number,
): { alive: (isReduced: boolean) => number; returned: number } {
  const arms = new Map<string, { isGone: boolean; isReduced: boolean; now: number; later: number; variance: number }>()
  for (const { cell: c, at } of cells) {
    if (c.later_share === 0 || c.n === 0) continue
    const isGone = at.due >= goneFrom
    const key = `${String(isGone)} ${c.offer} ${c.channel}`
    const sum = arms.get(key) ?? { isGone, isReduced: at.reduced === 1, now: 0, later: 0, variance: 0 }
    sum.now += (c.orders - usual(at) * c.exposure) * (c.later_share / c.n)
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
  const [full, reduced] = [shareOf(false, false), shareOf(false, true)].map((s) => 1 + Math.min(0.3, Math.max(-0.7, s)))
  const back = shareOf(true, false)
  return {
    alive: (isReduced) => (isReduced ? reduced! : full!),
    returned: 1 + (back > 0 ? quarter : 1) * Math.min(1.2, Math.max(-0.5, back)),
  }
}

/** Reductions used over those expected, per offer. Shelf prices are cut for everybody: what the held-out use is taken off. */
export function fitReductions(
  sent: readonly Seen[],
  base: readonly BaseCell[],
  facts: PlannerFacts,
  buyers: (c: Seen) => number,
): (offer: number) => number {
  const shelf =
    base.reduce((sum, c) => sum + c.discount_cents, 0) / Math.max(1, base.reduce((sum, c) => sum + c.orders, 0)) // prettier-ignore
  const sums = facts.offers.map(() => ({ seen: 0, expected: 0, one: 0 }))
  for (const seen of sent) {
    const { cell: c, at } = seen
    const sum = sums[at.offer]!
    const offer = facts.offers[at.offer]!
    const segment = facts.segments[at.segment]!
    sum.one ||= expectedDiscount(offer, segment, 1)
    sum.seen += c.isRead ? c.opened_discount_cents - shelf * c.opened_orders : c.discount_cents - shelf * c.orders
    sum.expected += expectedDiscount(offer, segment, buyers(seen))
  }
  return (offer) => {
    const sum = sums[offer]!
    if (sum.one <= 0) return 1
    const strength = 30 * sum.one
    return Math.min(3, Math.max(0.1, (sum.seen + strength) / (sum.expected + strength)))
  }
}

/** One order tells little of a basket: relative spread .65, and offers change baskets by some 4 % or not at all. */
const basketStrength = (0.65 / 0.04) ** 2

/** Baskets before reductions of those who read an offer, over those of the held-out of the same segment. */
export function fitBaskets({ base }: Evidence, sent: readonly Seen[], offers: number): (offer: number) => number {
  const usual = new Map<string, { cents: number; orders: number }>()
  for (const c of base) {
    const sum = usual.get(c.segment) ?? { cents: 0, orders: 0 }
    sum.cents += c.spent_cents + c.discount_cents
    sum.orders += c.orders
    usual.set(c.segment, sum)
  }
  const sums = Array.from({ length: offers }, () => ({ cents: 0, expected: 0, one: 0 }))
  for (const { cell: c, at } of sent) {
    const own = usual.get(c.segment)
    if (!c.isRead || c.opened_orders === 0 || !own || own.orders < 20) continue
    const sum = sums[at.offer]!
    const basket = own.cents / own.orders
    sum.cents += c.opened_spent_cents + c.opened_discount_cents
    sum.expected += c.opened_orders * basket
    sum.one ||= basket
  }
  return (offer) => {
    const { cents, expected, one } = sums[offer]!
    return one === 0 ? 1 : (cents + basketStrength * one) / (expected + basketStrength * one)
  }
}
