import { isDiscount, type Offer } from './offer.ts'
import type { PastResult, PlanChannel, SegmentFacts } from './facts.ts'
import { redemptionCostCents } from './price.ts'

/**
 * What one message to one customer of a segment is worth: expected incremental gross margin (facts/science.md §7.2),
 * with priors from §8.1 until the shop's own results speak. Discounts are paid for everybody who sees the message and
 * buys, also for those who would have bought anyway: that is what makes content win with regulars.
 */
export interface MessageValue {
  /** chance that the message is seen, clicked, and followed by an order that is attributed to it */
  open: number
  click: number
  order: number
  /** additional orders it causes */
  extra_orders: number
  /** expected value of what one redemption or none takes off the basket */
  discount_cents: number
  cost_cents: number
  /** what it adds, after discount and contact */
  margin_cents: number
  /**
   * What later messages lose by those who leave the channel. A price for the choice, no part of the forecast: whoever has left is
   * missing from the reach of later plans, and would be counted twice.
   */
  leaving_cents: number
  /** relative uncertainty (one standard deviation) of the response */
  spread: number
}

/** What the choice goes by, less what tiredness will cost. */
export const netOf = (value: MessageValue): number => value.margin_cents - value.leaving_cents

/** What is known beyond the segment's means: of one group in it, from results measured against held-out customers. */
export interface Outlook {
  orders_per_week: number
  /** growth of the purchase rate of those who read the message, and how many of them come back who had stopped */
  lift: number
  returns: number
  open: number
  /** chance that the message makes somebody leave the channel, and what a reader is worth to it in cents */
  leaving: number
  reach_value_cents: number
  /** of an additional order of this week, what is left after four weeks: below 1 orders were brought forward */
  lasting: number
  /** orders that follow from somebody who came back, the first included */
  lasting_returns: number
  /** reductions actually used over those expected, and baskets of readers over usual ones */
  discount_ratio: number
  basket_ratio: number
  spread: number
}

export interface MessageCase {
  segment: SegmentFacts
  offer: Offer
  channel: PlanChannel
  /** how well the day fits the segment's rhythm; 1 = like any day */
  day_factor: number
  /** messages of this plan the segment gets before this one */
  earlier: number
  margin_share: number
  past: PastResponse
  /** left out: nothing is known beyond the segment */
  outlook?: Outlook | undefined
}

export const seen: Record<PlanChannel, number> = { email: 0.28, sms: 0.85 }
const clicked: Record<PlanChannel, number> = { email: 0.16, sms: 0.08 }
const costCents: Record<PlanChannel, number> = { email: 0.1, sms: 2 }
export const leaving: Record<PlanChannel, number> = { email: 0.0012, sms: 0.004 }

/** Growth of the purchase rate among those who see it. */
const lift: Record<Offer['kind'], number> = {
  content: 0.22,
  early_access: 0.26,
  tasting_event: 0.18,
  points: 0.18,
  gift: 0.26,
  free_item: 0.32,
  price_point: 0.28,
  multi_buy: 0.26,
  amount_off: 0.32,
  percent_off: 0.3,
  bogo: 0.4,
}
/** Chance that somebody who had stopped comes back because of it. */
const revival: Record<Offer['kind'], number> = {
  content: 0.012,
  early_access: 0.014,
  tasting_event: 0.014,
  points: 0.012,
  gift: 0.022,
  free_item: 0.026,
  price_point: 0.022,
  multi_buy: 0.016,
  amount_off: 0.032,
  percent_off: 0.035,
  bogo: 0.03,
}
/** Of a group that has really stopped, news alone brings hardly anybody back. */
const revivalInGroup = (offer: Offer): number => revival[offer.kind] * (isDiscount(offer) ? 0.7 : 0.25)
/** Share of buyers among the readers who use the offer. */
const used: Record<Offer['kind'], number> = {
  content: 0,
  early_access: 0,
  tasting_event: 0,
  points: 0.8,
  gift: 0.6,
  free_item: 0.6,
  price_point: 0.3,
  multi_buy: 0.2,
  amount_off: 0.7,
  percent_off: 0.9,
  bogo: 0.35,
}

/** The value of one message; every term in it is shown on request. */
export function valueOfMessage(facts: MessageCase): MessageValue {
  return facts.outlook ? valueInGroup(facts, facts.outlook) : valueInSegment(facts)
}

function valueInSegment(facts: MessageCase): MessageValue {
  const { segment, offer, channel, earlier } = facts
  const learned = facts.past(segment.key, offer.kind, channel)
  const tired = 0.7 ** earlier
  const open = Math.min(0.98, learned.open * tired)
  const fit = fitOf(offer, channel, segment) * facts.day_factor * learned.ratio
  const depth = depthOf(offer)
  const rate = segment.orders_per_week
  const without = 1 - Math.exp(-rate)
  const withIt = Math.min(
    0.95,
    1 - Math.exp(-rate * (1 + lift[offer.kind] * depth * fit)) + segment.churn * revival[offer.kind] * depth * fit,
  )
  const extra_orders = open * (withIt - without)

  const discount_cents =
    open * withIt * used[offer.kind] * coverage(offer) * redemptionCostCents(offer, segment.basket_cents)
  const gross = extra_orders * segment.basket_cents * facts.margin_share
  // A reader who leaves takes half a year of content's worth along.
  const reachValueCents = Math.max(
    50,
    26 * seen[channel] * (1 - Math.exp(-rate * lift.content)) * segment.basket_cents * facts.margin_share,
  )
  const goodbye = leaving[channel] * Math.exp(0.35 * earlier) * reachValueCents
  const fatigue = 0.05 * earlier * gross
  const click = open * clicked[channel]
  return {
    open,
    click,
    order: Math.min(click, click * Math.min(0.6, withIt + 0.1) * learned.ratio),
    extra_orders,
    discount_cents,
    cost_cents: costCents[channel],
    margin_cents: gross - discount_cents - costCents[channel] - fatigue,
    leaving_cents: goodbye,
    spread: learned.spread,
  }
}

function valueInGroup(facts: MessageCase, outlook: Outlook): MessageValue {
  const { segment, offer, channel } = facts
  const { open, orders_per_week: rate } = outlook
  const lifted = open * rate * outlook.lift * facts.day_factor
  const returned = open * outlook.returns * facts.day_factor
  const extra_orders = lifted + returned
  const buyers = open * rate + Math.max(0, extra_orders)
  const discount_cents = expectedDiscount(offer, segment, buyers) * outlook.discount_ratio
  const lasting = lifted * outlook.lasting + returned * outlook.lasting_returns
  const gross = (lasting + buyers * (outlook.basket_ratio - 1)) * segment.basket_cents * facts.margin_share
  const click = open * clicked[channel]
  return {
    open,
    click,
    order: Math.min(click, click * Math.min(0.6, rate + Math.max(0, extra_orders) / Math.max(0.05, open) + 0.1)),
    extra_orders,
    discount_cents,
    cost_cents: costCents[channel],
    margin_cents: gross - discount_cents - costCents[channel],
    leaving_cents: outlook.leaving * outlook.reach_value_cents,
    spread: outlook.spread,
  }
}

/** Growth of the purchase rate of those who read it, as the priors see it: lift grows less than the reduction does. */
export function liftOf(offer: Offer, channel: PlanChannel, segment: SegmentFacts): number {
  return lift[offer.kind] * depthOf(offer) * fitOf(offer, channel, segment)
}

/** Chance that a reader who had stopped comes back, as the priors see it: it grows as the reduction does. */
export function returnOf(offer: Offer, channel: PlanChannel, segment: SegmentFacts): number {
  return revivalInGroup(offer) * depthOf(offer) ** 2 * fitOf(offer, channel, segment)
}

/** What is given away on so many orders of people who have seen the offer, in cents. */
export function expectedDiscount(offer: Offer, segment: SegmentFacts, orders: number): number {
  return orders * used[offer.kind] * coverage(offer) * redemptionCostCents(offer, segment.basket_cents)
}

const depthOf = (offer: Offer): number =>
  offer.kind === 'percent_off' ? Math.min(2, (offer.value ?? 0) / 10) ** 0.5 : 1
const fitOf = (offer: Offer, channel: PlanChannel, segment: SegmentFacts): number =>
  relevance(offer, segment) * playbookWeight(offer, channel, segment)

// An offer on one shelf speaks to those who buy there.
function relevance(offer: Offer, segment: SegmentFacts): number {
  if (offer.category) return offer.category === segment.top_category ? 1.15 : 0.6
  return offer.department && offer.department !== 'other' ? 0.85 : 1
}

function coverage(offer: Offer): number {
  return offer.category ? 0.25 : offer.department ? 0.5 : 1
}

function playbookWeight(offer: Offer, channel: PlanChannel, segment: SegmentFacts): number {
  const places = segment.playbook.offers
    .map((name, i) => (name === offer.key || name === offer.kind ? i : -1))
    .filter((i) => i >= 0)
  const place = places[0]
  const byOffer = place === undefined ? 0.9 : place === 0 ? 1.15 : 1.05
  return byOffer * (segment.playbook.channels.includes(channel) ? 1 : 0.9)
}

export interface Learned {
  /** own results over what the priors expect; 1 = as expected */
  ratio: number
  open: number
  spread: number
}
export type PastResponse = (segment: string, kind: Offer['kind'], channel: PlanChannel) => Learned

const priorOrders = 6
const priorSends = 200

/**
 * Learns from results in two steps of shrinkage: an offer kind leans on what is expected of every kind, a segment's own
 * results lean on its kind. `ordersExpected` counts prior orders, so ten sends change little and ten thousand decide.
 */
export function learnResponse(past: readonly PastResult[], segments: readonly SegmentFacts[]): PastResponse {
  const rateOf = new Map(segments.map((s) => [s.key, 1 - Math.exp(-s.orders_per_week * 1.2)]))
  const expected = (r: PastResult): number =>
    r.sends * seen[r.channel] * clicked[r.channel] * Math.min(0.6, (rateOf.get(r.segment) ?? 0.1) + 0.1)
  const sum = (rows: readonly PastResult[], of: (r: PastResult) => number): number =>
    rows.reduce((total, r) => total + of(r), 0)
  return (segment, kind, channel) => {
    const sameKind = past.filter((r) => r.offer_kind === kind)
    const own = sameKind.filter((r) => r.segment === segment)
    const kindRatio = (sum(sameKind, (r) => r.orders) + priorOrders) / (sum(sameKind, expected) + priorOrders)
    const ratio = (sum(own, (r) => r.orders) + priorOrders * kindRatio) / (sum(own, expected) + priorOrders)
    const heard = past.filter((r) => r.segment === segment && r.channel === channel && channel === 'email')
    const open = (sum(heard, (r) => r.opens) + priorSends * seen[channel]) / (sum(heard, (r) => r.sends) + priorSends)
    return {
      ratio: Math.min(2.5, Math.max(0.4, ratio)),
      open,
      spread: 1 / Math.sqrt(priorOrders + sum(own, (r) => r.orders)),
    }
  }
}
