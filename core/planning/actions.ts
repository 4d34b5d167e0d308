import { addDays, isoWeekday, type Day } from '../calendar.ts'
import type { RfmSegment } from '../scoring/rfm.ts'
import { isDiscount, type Offer } from './offer.ts'
import type { Window } from './plan.ts'
import { lowersPrice, redemptionCostCents } from './price.ts'
import { explainAction, hintFor, windowFor } from './action-words.ts'

/** What is known of a customer when actions are proposed: scores, tastes, and how they may be reached. */
export interface ActionCustomer {
  segment: string
  orders: number
  daysSinceLast: number
  expectedGapDays: number
  /** days since the last purchase over the usual gap */
  dueRatio: number
  churnProbability: number
  averageOrderCents: number
  clvCents: number
  primaryCategory: string | null
  secondaryCategory: string | null
  /** departments of the two categories */
  departments: readonly string[]
  priceSensitivity: number
  averageHour: number | null
  isNightBuyer: boolean
  /** channels that may be used: address, consent and no suppression */
  channels: readonly ('email' | 'sms')[]
  /** null: never */
  daysSinceMessage: number | null
  messagesThisWeek: number
  /** messages since the last order */
  unanswered: number
  /** ISO 1..7: the day on which they usually buy, null without a favourite */
  preferredWeekday: number | null
  /** what they answer clearly more than others do */
  preferredOffer: string | null
  preferredChannel: string | null
  /** of the last four emails that arrived: how many were opened by a person, and how many of those after 8 pm */
  emails: { delivered: number; opened: number; openedLate: number }
}

/** The part of a segment's playbook that ranks offers. */
export interface ActionPlaybook {
  /** offer kinds or keys, best first */
  offers: readonly string[]
  channels: readonly ('email' | 'sms')[]
  window: Window
}

export interface ActionTerms {
  /** chance of an order within a week without a message, and what the message adds */
  buys_anyway: number
  added_chance: number
  /** expected incremental margin in cents after discount, contact cost and wear */
  margin_cents: number
  offer_cost_cents: number
  basket_cents: number
  /** on the day of the message */
  due_ratio: number
  wait_days: number
  /** answers this offer or channel more than others do: above 1 */
  answers: number
  /** how well the moment, the product and the playbook fit, 1 = fully */
  timing: number
  fit: number
  playbook: number
}

export interface ProposedAction {
  offer: Offer
  channels: ('email' | 'sms')[]
  priorityScore: number
  reason: string
  creativeHint: string
  /** the day on which the message is best sent, within a week */
  day: Day
  window: Window
  terms: ActionTerms
}

export type NoAction = 'unreachable' | 'just_bought' | 'resting' | 'stopped_answering' | 'nothing_pays'

const justBoughtRatio = 0.3
const sunsetDays = 60
const silentAfter = 3
const seen = { email: 0.35, sms: 0.9 } as const
const contactCents = { email: 0.1, sms: 2 } as const
const unsubscribes = { email: 0.0012, sms: 0.004 } as const
const wearCents = 3
/** Expected margin that is worth 50 points. */
const halfScoreCents = 25

/**
 * The best offers for one customer, or why there is none. Score: expected incremental margin v in cents, as
 * 100 v / (v + 25), so 50 points are a quarter dollar. The response figures are priors (facts/science.md §8): content
 * earns nearly what a discount earns, and a discount is also paid by everybody who would have come anyway.
 */
export function proposeActions(
  customer: ActionCustomer,
  offers: readonly Offer[],
  playbook: ActionPlaybook,
  shop: { marginShare: number; currency: string; today: Day },
  limit = 1,
): ProposedAction[] | NoAction {
  const channels = playbook.channels.filter((channel) => customer.channels.includes(channel))
  // A channel the playbook does not name is still better than silence.
  const usable = channels.length > 0 ? channels : customer.channels.filter((channel) => channel === 'email')
  if (usable.length === 0) return 'unreachable'
  if (customer.dueRatio < justBoughtRatio) return 'just_bought'
  if (isLapsed(customer)) {
    if (customer.unanswered >= silentAfter) return 'stopped_answering'
    if (customer.daysSinceMessage !== null && customer.daysSinceMessage < sunsetDays) return 'resting'
  }
  const waitDays = waitOf(customer, shop.today)
  const proposals = offers
    .filter((offer) => isFitting(customer, offer))
    .map((offer) => weigh(customer, offer, usable, playbook, shop.marginShare, waitDays))
    .filter((candidate) => candidate.terms.margin_cents > 0)
    .sort((a, b) => b.terms.margin_cents - a.terms.margin_cents || (a.offer.key < b.offer.key ? -1 : 1))
    .slice(0, limit)
  if (proposals.length === 0) return 'nothing_pays'
  return proposals.map(({ offer, channel, terms }) => {
    const carried = [channel, ...usable.filter((other) => other !== channel && other === 'email')]
    return {
      offer,
      channels: carried,
      priorityScore: Math.round((10_000 * terms.margin_cents) / (terms.margin_cents + halfScoreCents)) / 100,
      reason: explainAction(customer, offer, terms, shop.currency),
      creativeHint: hintFor(customer, offer),
      day: addDays(shop.today, waitDays),
      window: windowFor(customer, playbook.window, carried),
      terms,
    }
  })
}

const dueFrom = 0.8
const daysAhead = 6

/** Days until they are due again, at most a week, then on to the day on which they usually buy. */
function waitOf(customer: ActionCustomer, today: Day): number {
  const untilDue = Math.ceil(dueFrom * customer.expectedGapDays - customer.daysSinceLast)
  const wait = Math.min(daysAhead, Math.max(0, untilDue))
  if (customer.preferredWeekday === null) return wait
  const ahead = (customer.preferredWeekday - isoWeekday(addDays(today, wait)) + 7) % 7
  return wait + ahead <= daysAhead ? wait + ahead : wait
}

const lapsedSegments: readonly string[] = ['One_Time_Buyers', 'Hibernating', 'Lost'] satisfies RfmSegment[]

/** One-time buyers, hibernating and lost customers get one message in 60 days, and none after three without an answer. */
function isLapsed(customer: ActionCustomer): boolean {
  return lapsedSegments.includes(customer.segment)
}

/** What the playbooks forbid outright, whatever it might earn. */
function isFitting(customer: ActionCustomer, offer: Offer): boolean {
  const isBlanket = offer.category === null && offer.department === null && offer.product_ids.length === 0
  switch (customer.segment) {
    case 'Very_Frequent_Buyers':
      return !(lowersPrice(offer) && isBlanket)
    case 'New_Customers':
      return !isDiscount(offer)
    case 'One_Time_Buyers':
      // A small win-back at most: a tenth of the one basket we know.
      return (
        !isDiscount(offer) ||
        redemptionCostCents(offer, customer.averageOrderCents) <= customer.averageOrderCents * 0.1 + 1
      )
    default:
      return true
  }
}

function weigh(
  customer: ActionCustomer,
  offer: Offer,
  usable: readonly ('email' | 'sms')[],
  playbook: ActionPlaybook,
  marginShare: number,
  waitDays: number,
): { offer: Offer; channel: 'email' | 'sms'; terms: ActionTerms } {
  const options = usable.map((channel) => ({
    offer,
    channel,
    terms: weighOn(channel, customer, offer, playbook, marginShare, waitDays),
  }))
  return options.reduce((best, next) => (next.terms.margin_cents > best.terms.margin_cents ? next : best))
}

function weighOn(
  channel: 'email' | 'sms',
  customer: ActionCustomer,
  offer: Offer,
  playbook: ActionPlaybook,
  marginShare: number,
  waitDays: number,
): ActionTerms {
  const basket = customer.averageOrderCents
  const fit = fitOf(customer, offer)
  const due = (customer.daysSinceLast + waitDays) / Math.max(1, customer.expectedGapDays)
  const timing = timingOf(due)
  const answers = (customer.preferredOffer === offer.kind ? 1.2 : 1) * (customer.preferredChannel === channel ? 1.1 : 1)
  const rank = playbook.offers.findIndex((wanted) => wanted === offer.key || wanted === offer.kind)
  const playbookWeight = rank < 0 ? 0.6 : Math.max(0.9, 1.25 - 0.1 * rank)
  const uptake = uptakeOf(offer, basket)
  const cost =
    offer.funded_by === 'supplier' ? 0 : redemptionCostCents(offer, basket * (isNarrow(offer) ? fit : 1)) * uptake

  // A week at the customer's own pace, times the chance that they are still active.
  const buysAnyway = (1 - Math.exp(-7 / customer.expectedGapDays)) * (1 - customer.churnProbability)
  const depth = basket > 0 && lowersPrice(offer) ? Math.min(0.5, redemptionCostCents(offer, basket) / basket) : 0
  const pull = pullOf(offer, depth, customer.priceSensitivity) * fit * playbookWeight * answers
  const nudged = Math.min(1 - buysAnyway, buysAnyway * Math.expm1(pull * timing))
  const revived =
    customer.dueRatio > 2.5 ? customer.churnProbability * (0.003 + 0.06 * depth) * fit * playbookWeight : 0
  const added = seen[channel] * (nudged + revived)

  const basketLift = seen[channel] * (buysAnyway + added) * uptake * basketLiftCents(offer, basket) * marginShare
  const given = (seen[channel] * buysAnyway + added) * cost
  const wear = unsubscribes[channel] * 0.2 * Math.max(0, customer.clvCents) + wearCents * customer.messagesThisWeek
  const margin = added * basket * marginShare + basketLift - given - contactCents[channel] - wear
  return {
    buys_anyway: round(buysAnyway, 4),
    added_chance: round(added, 5),
    margin_cents: round(margin, 2),
    offer_cost_cents: Math.round(cost),
    basket_cents: basket,
    due_ratio: round(due, 2),
    wait_days: waitDays,
    answers: round(answers, 2),
    timing: round(timing, 2),
    fit: round(fit, 2),
    playbook: round(playbookWeight, 2),
  }
}

/** Nothing below 0.3 of the usual gap, full effect from 0.6 to 2.5 of it, fading afterwards. */
function timingOf(dueRatio: number): number {
  if (dueRatio <= 0.6) return Math.max(0, (dueRatio - justBoughtRatio) / (0.6 - justBoughtRatio))
  return dueRatio <= 2.5 ? 1 : Math.max(0.2, Math.exp((2.5 - dueRatio) / 2))
}

const isNarrow = (offer: Offer): boolean => offer.category !== null || offer.department !== null

function fitOf(customer: ActionCustomer, offer: Offer): number {
  if (offer.category !== null)
    return offer.category === customer.primaryCategory ? 1 : offer.category === customer.secondaryCategory ? 0.75 : 0.25
  if (offer.department !== null)
    return customer.departments[0] === offer.department
      ? 0.9
      : customer.departments.includes(offer.department)
        ? 0.65
        : 0.25
  return 0.75
}

/** Log-lift of the purchase rate among those who read the message. */
function pullOf(offer: Offer, depth: number, sensitivity: number): number {
  const discount = 1.2 * depth * (0.4 + 1.2 * sensitivity)
  switch (offer.kind) {
    case 'content':
    case 'early_access':
      return 0.12
    case 'tasting_event':
    case 'points':
      return 0.1
    case 'gift':
    case 'free_item':
      return 0.15
    default:
      return 0.07 + discount
  }
}

/** Share of buyers who use it: conditions keep some away. */
function uptakeOf(offer: Offer, basketCents: number): number {
  if (offer.kind === 'multi_buy' || offer.kind === 'bogo') return 0.35
  return offer.min_spend_cents !== null && offer.min_spend_cents > basketCents ? 0.35 : 1
}

/** How much bigger the basket of somebody who uses it becomes. */
function basketLiftCents(offer: Offer, basketCents: number): number {
  if (offer.kind === 'multi_buy' || offer.kind === 'bogo') return 0.25 * basketCents
  return offer.min_spend_cents !== null
    ? Math.min(0.5 * basketCents, Math.max(0, offer.min_spend_cents - basketCents))
    : 0
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}
