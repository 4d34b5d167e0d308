import { addDays, weekdayName } from '../../calendar.ts'
import { checkOffer } from '../../compliance/rules.ts'
import { holidaysBetween } from '../../holidays.ts'
import type { PlannerFacts, SegmentFacts } from '../facts.ts'
import { dayFactor, daysOf, windowOf } from '../week.ts'
import { audienceFor, scalesOf, valueOver } from '../weigh.ts'
import { isDiscount, type Offer } from '../offer.ts'
import type { PlanEntry } from '../plan.ts'
import { redemptionCostCents } from '../price.ts'
import { quoted } from './quote.ts'

/** Names of ours for what the shop named: an answer can only point, never bring text of its own into the plan. */
export interface Aliases {
  segment: ReadonlyMap<string, SegmentFacts>
  offer: ReadonlyMap<string, Offer>
}

export interface Brief {
  /** becomes the quoted data block of the prompt */
  data: object
  aliases: Aliases
}

/** Groups smaller than this tell about persons; they are planned for, but their results are not shown. */
const leastSends = 20
/** Weighed candidates that are shown per segment. */
const shownEstimates = 8

/**
 * What the model is told: sizes, means and shares of segments, typed offers, past results, the calendar, the limits. No
 * person, no address; words of the shop only as short quoted labels.
 */
export function briefOf(facts: PlannerFacts, locked: readonly PlanEntry[], privateNames: ReadonlySet<string>): Brief {
  const label = (text: string): string => quoted(text, 60, privateNames)
  const segments = new Map(facts.segments.map((s, i) => [`s${i + 1}`, s]))
  const offers = new Map(facts.offers.map((o, i) => [`o${i + 1}`, o]))
  const segmentAlias = new Map([...segments].map(([alias, s]) => [s.key, alias]))
  const offerAlias = new Map([...offers].map(([alias, o]) => [o.id, alias]))
  const days = daysOf(facts)
  const round = (n: number, digits = 2): number => Number(n.toFixed(digits))
  const data = {
    week: days.map((day) => ({
      day,
      weekday: weekdayName(day),
      holiday: holidaysBetween(day, day)[0]?.name ?? null,
      next_holiday: holidaysBetween(addDays(day, 1), addDays(day, 3))[0]?.name ?? null,
    })),
    limits: {
      messages_per_segment_and_week: facts.limits.max_per_customer_week,
      texts_per_segment_and_week: facts.limits.max_sms_per_customer_week,
      messages_per_segment_and_day: 1,
      emails_per_day: facts.limits.email_per_day,
      texts_per_day: facts.limits.sms_per_day ?? null,
      budget_cents_for_messages_and_reductions: facts.limits.budget_cents ?? null,
      held_out_share: facts.limits.holdout_share,
      channels: facts.limits.channels,
      email_hours: facts.contact.email_window,
      text_hours: facts.contact.sms_window,
    },
    store_states: [...new Set(facts.stores.map((s) => s.state))],
    currency: facts.currency,
    gross_margin_share: round(facts.margin_share),
    segments: [...segments].map(([alias, s]) => ({
      id: alias,
      label: label(s.name),
      customers: s.size,
      reachable: s.reachable,
      orders_per_customer_and_week: round(s.orders_per_week, 3),
      usual_order_cents: Math.round(s.basket_cents),
      share_gone_quiet: round(s.churn),
      share_new: round(s.new_share),
      due_ratio: round(s.due_ratio),
      likes: s.top_category ? label(s.top_category) : null,
      best_days: days.toSorted((a, b) => dayFactor(s, b).factor - dayFactor(s, a).factor).slice(0, 3),
      best_hours: topHours(s),
      usual_offers: s.playbook.offers.flatMap((name) =>
        [...offers].filter(([, o]) => o.key === name || o.kind === name).map(([a]) => a),
      ),
      usual_channels: s.playbook.channels,
      hours: { email: windowOf(s, 'email', facts), sms: windowOf(s, 'sms', facts) },
      estimates: estimatesOf(s, facts, offerAlias),
    })),
    offers: [...offers].map(([alias, o]) => ({
      id: alias,
      label: label(o.title),
      ...termsOf(o),
      forbidden_in_states: [
        ...new Set(
          facts.stores
            .filter((s) => checkOffer(o, s, facts.policy).some((v) => v.outcome === 'deny'))
            .map((s) => s.state),
        ),
      ],
      cost_per_use_cents: Math.round(redemptionCostCents(o, meanBasket(facts))),
    })),
    past: facts.past
      .filter((p) => p.sends >= leastSends && segmentAlias.has(p.segment))
      .map((p) => ({ ...p, segment: segmentAlias.get(p.segment) })),
    fixed: locked.flatMap((e) => {
      const [segment, offer] = [segmentAlias.get(e.segment), offerAlias.get(e.offer.id)]
      return segment && offer ? [{ segment, offer, day: e.day, channel: e.channel }] : []
    }),
  }
  return { data, aliases: { segment: segments, offer: offers } }
}

function termsOf(o: Offer): object {
  return {
    kind: o.kind,
    value: o.value,
    min_quantity: o.min_quantity,
    min_spend_cents: o.min_spend_cents,
    department: o.department,
    is_discount: isDiscount(o),
    has_code: o.code !== null,
    valid_from: o.valid_from,
    valid_to: o.valid_to,
  }
}

function topHours(s: SegmentFacts): number[] {
  return s.hour_share
    .map((share, hour) => ({ share, hour }))
    .filter((h) => h.share > 0)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, 3)
    .map((h) => h.hour)
}

function meanBasket(facts: PlannerFacts): number {
  const customers = facts.segments.reduce((n, s) => n + s.size, 0)
  return customers === 0 ? 4000 : facts.segments.reduce((n, s) => n + s.basket_cents * s.size, 0) / customers
}

/** Our own expectation of the best candidates: extra margin per message, in cents. */
function estimatesOf(s: SegmentFacts, facts: PlannerFacts, alias: ReadonlyMap<string, string>): object[] {
  return facts.limits.channels
    .flatMap((channel) =>
      facts.offers.flatMap((offer) => {
        if (s.reachable[channel] === 0) return []
        // As an entry would be placed: for those of the segment whom it pays to write to.
        const scales = scalesOf(facts)
        const { factor } = dayFactor(s, facts.first_day)
        const { value, reach } = valueOver(
          scales,
          s,
          { offer, channel, part: 'day' },
          audienceFor(scales, s, offer, channel),
          { dayFactor: scales.learning.isKnown ? 1 : factor },
        )
        if (reach === 0) return []
        return [{ offer: alias.get(offer.id), channel, reach, margin_cents: Math.round(value.margin_cents * 10) / 10 }]
      }),
    )
    .toSorted((a, b) => b.margin_cents - a.margin_cents)
    .slice(0, shownEstimates)
}
