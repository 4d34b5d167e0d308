import { addDays, daysBetween, intersectWindows, isoWeekday, weekdayName, type Day } from '../calendar.ts'
import { checkOffer } from '../compliance/rules.ts'
import type { Verdict } from '../compliance/verdict.ts'
import { holidaysBetween } from '../holidays.ts'
import { closedShelf } from '../knowledge/store-hours.ts'
import { formatCents } from '../money.ts'
import type { PlanChannel, PlannerFacts, SegmentFacts, StoreOfPlan } from './facts.ts'
import { forecastOf } from './forecast.ts'
import { isDiscount, type Offer } from './offer.ts'
import type { PlanEntry, Refusal, Window } from './plan.ts'
import { learnResponse, valueOfMessage, type MessageValue, type PastResponse } from './response.ts'
import { chooseTemplate } from './template-choice.ts'

interface Candidate {
  segment: SegmentFacts
  offer: Offer
  channel: PlanChannel
  day: Day
}

/**
 * The rule-based engine: every segment x offer x channel x day is valued (response.ts), then the best that still fits is
 * taken until nothing worth sending is left. Reach is what consent and age allow; the server counts it exactly later.
 * Locked entries of an earlier plan stay and use up their share of the limits.
 */
export function planHeuristically(
  facts: PlannerFacts,
  locked: readonly PlanEntry[] = [],
): { entries: PlanEntry[]; refused: Refusal[] } {
  const past = learnResponse(facts.past, facts.segments)
  const { legal, refused } = legalOffers(facts)
  const days = daysOf(facts)
  const chosen: PlanEntry[] = [...locked]
  const offersOf = (key: string): PlanEntry[] => chosen.filter((e) => e.segment === key)
  for (;;) {
    let best: { candidate: Candidate; value: MessageValue; score: number; ranked: number } | null = null
    const load = (day: Day): number => chosen.filter((e) => e.day === day).reduce((sum, e) => sum + e.reach, 0)
    const total = Math.max(
      1,
      chosen.reduce((sum, e) => sum + e.reach, 0),
    )
    const loads = new Map(days.map((day) => [day, load(day)]))
    for (const segment of facts.segments) {
      const own = offersOf(segment.key)
      if (own.length >= facts.limits.max_per_customer_week) continue
      for (const channel of facts.limits.channels) {
        if (segment.reachable[channel] === 0 || !windowOf(segment, channel, facts)) continue
        if (
          channel === 'sms' &&
          own.filter((e) => e.channel === 'sms').length >= facts.limits.max_sms_per_customer_week
        )
          continue
        for (const offer of legal) {
          if (!fitsBeside(own, offer) || !chooseTemplate(facts.templates, channel, offer, segment)) continue
          const reach = lawfulReach(offer, segment, channel, facts)
          if (reach === 0) continue
          for (const day of days) {
            // Two messages to the same people lie at least two days apart, and as far as the playbook says.
            if (own.some((e) => Math.abs(daysBetween(e.day, day)) < Math.max(2, segment.playbook.cool_down_days ?? 0)))
              continue
            if (
              channel === 'email' &&
              facts.limits.email_per_day !== null &&
              loads.get(day)! + reach > facts.limits.email_per_day
            )
              continue
            const value = valueOfMessage({
              segment,
              offer,
              channel,
              day_factor: dayFactor(segment, day).factor,
              earlier: own.length,
              margin_share: facts.margin_share,
              past,
            })
            const score = value.margin_cents * reach
            // A day that already carries much is a little less welcome: the shop's counter has limits too.
            const ranked = score * (1 - 0.5 * (loads.get(day)! / total))
            if (score > 0 && ranked > (best?.ranked ?? 0))
              best = { candidate: { segment, offer, channel, day }, value, score, ranked }
          }
        }
      }
    }
    if (!best) break
    chosen.push(entryOf(best.candidate, best.value, best.score, facts))
  }
  return { entries: chosen.toSorted((a, b) => (a.day === b.day ? b.score - a.score : a.day < b.day ? -1 : 1)), refused }
}

/** Values and texts of an entry, for the engine and for edits by hand. */
export function entryOf(
  { segment, offer, channel, day }: Candidate,
  value: MessageValue,
  score: number,
  facts: PlannerFacts,
): PlanEntry {
  const reach = lawfulReach(offer, segment, channel, facts)
  return {
    id: `${day}:${segment.key}:${channel}:${offer.key}`,
    day,
    segment: segment.key,
    channel,
    offer,
    template_id: chooseTemplate(facts.templates, channel, offer, segment)?.id ?? null,
    window: windowOf(segment, channel, facts) ?? facts.contact[channel === 'email' ? 'email_window' : 'sms_window'],
    reach,
    matched: segment.size,
    held_out: 0,
    kept_back: [],
    reason: explain(segment, offer, day, value, facts),
    score,
    verdicts: storeVerdicts(offer, segment, day, facts),
    forecast: forecastOf(value, reach, segment.basket_cents, facts.margin_share),
    locked: false,
  }
}

/** The value of one message of this entry, as the engine sees it. */
export function valueOfEntry(
  entry: Pick<PlanEntry, 'segment' | 'offer' | 'channel' | 'day'>,
  earlier: number,
  facts: PlannerFacts,
  past: PastResponse = learnResponse(facts.past, facts.segments),
): MessageValue | null {
  const segment = facts.segments.find((s) => s.key === entry.segment)
  return segment
    ? valueOfMessage({
        segment,
        offer: entry.offer,
        channel: entry.channel,
        day_factor: dayFactor(segment, entry.day).factor,
        earlier,
        margin_share: facts.margin_share,
        past,
      })
    : null
}

/** Days of the week that can still be used. */
export function daysOf(facts: Pick<PlannerFacts, 'week_start' | 'first_day'>): Day[] {
  return Array.from({ length: 7 }, (_, i) => addDays(facts.week_start, i)).filter((day) => day >= facts.first_day)
}

/** The playbook's window inside the shop's; null when the shop's is closed altogether. */
export function windowOf(segment: SegmentFacts, channel: PlanChannel, facts: PlannerFacts): Window | null {
  const shop = channel === 'email' ? facts.contact.email_window : facts.contact.sms_window
  if (shop.end <= shop.start) return null
  return intersectWindows(segment.playbook.window, shop) ?? shop
}

/** Verdicts on the offer over all stores where the segment shops: denied only if every one of them denies it. */
export function storeVerdicts(offer: Offer, segment: SegmentFacts, day: Day | null, facts: PlannerFacts): Verdict[] {
  const own = facts.stores.filter((s) => (segment.stores[s.id] ?? 0) > 0)
  const stores = own.length > 0 ? own : facts.stores
  return joinStores(
    stores.map((store) => {
      const closed = closedShelf(offer, store, day)
      return { store, verdicts: [...checkOffer(offer, store, facts.policy, day), ...(closed ? [closed] : [])] }
    }),
  )
}

/** What several stores' laws say together: a denial that not all of them share is a warning about the others. */
export function joinStores(found: readonly { store: { name: string }; verdicts: readonly Verdict[] }[]): Verdict[] {
  const everywhere = found.length > 0 && found.every((f) => f.verdicts.some((v) => v.outcome === 'deny'))
  const all = found.flatMap(({ store, verdicts }) =>
    verdicts.map((v): Verdict =>
      v.outcome === 'deny' && !everywhere
        ? { ...v, outcome: 'warn', summary: `Customers of ${store.name} will not get it. ${v.summary}` }
        : v,
    ),
  )
  return all.filter((v, i) => all.findIndex((o) => o.rule_id === v.rule_id && o.summary === v.summary) === i)
}

/** Who can be reached, without the customers of stores whose state forbids the offer. */
function lawfulReach(offer: Offer, segment: SegmentFacts, channel: PlanChannel, facts: PlannerFacts): number {
  const total = Object.values(segment.stores).reduce((a, b) => a + b, 0)
  if (total === 0) return segment.reachable[channel]
  const lawful = facts.stores
    .filter((s) => !deniedIn(offer, s, facts))
    .reduce((sum, s) => sum + (segment.stores[s.id] ?? 0), 0)
  return Math.round((segment.reachable[channel] * lawful) / total)
}

const denials = new WeakMap<PlannerFacts, Map<string, Verdict | null>>()
/** The rule that forbids the offer in this store, asked once per plan. */
function deniedIn(offer: Offer, store: StoreOfPlan, facts: PlannerFacts): Verdict | null {
  let known = denials.get(facts)
  if (!known) denials.set(facts, (known = new Map()))
  const key = `${offer.id}|${store.id}`
  let found = known.get(key)
  if (found === undefined)
    known.set(key, (found = checkOffer(offer, store, facts.policy).find((v) => v.outcome === 'deny') ?? null))
  return found
}

/** Offers that some store may make this week; and for each that a store may not make, the segments whose playbook wants it. */
function legalOffers(facts: PlannerFacts): { legal: Offer[]; refused: Refusal[] } {
  const legal: Offer[] = []
  const refused: Refusal[] = []
  const largest = facts.segments.toSorted((a, b) => b.size - a.size)[0]
  for (const offer of facts.offers) {
    const found = facts.stores.map((store) => ({ store, verdict: deniedIn(offer, store, facts) }))
    const open = daysOf(facts).some(
      (day) => (!offer.valid_from || day >= offer.valid_from) && (!offer.valid_to || day <= offer.valid_to),
    )
    if (open && found.some((f) => !f.verdict)) legal.push(offer)
    const wanting = facts.segments.filter((s) => s.playbook.offers.some((o) => o === offer.key || o === offer.kind))
    for (const { store, verdict } of found) {
      if (!verdict) continue
      const summary = facts.stores.length > 1 ? `${store.name}: ${verdict.summary}` : verdict.summary
      for (const segment of wanting.length > 0 ? wanting : largest ? [largest] : []) {
        refused.push({
          segment: segment.key,
          channel: segment.playbook.channels[0] ?? 'email',
          offer_title: offer.title,
          day: null,
          verdict: { ...verdict, summary },
        })
      }
    }
  }
  return { legal, refused }
}

// No offer twice in a week, and one discount at most: a second one only teaches people to wait.
function fitsBeside(own: readonly PlanEntry[], offer: Offer): boolean {
  return !own.some((e) => e.offer.id === offer.id || (isDiscount(e.offer) && isDiscount(offer)))
}

interface DayFit {
  factor: number
  /** share of the segment's orders on this day and the next */
  share: number
  before: string | null
}

/** How well a message on this day meets the segment's shopping days and the calendar. */
export function dayFactor(segment: SegmentFacts, day: Day): DayFit {
  const today = segment.weekday_share[isoWeekday(day) - 1] ?? 0
  const tomorrow = segment.weekday_share[isoWeekday(day) % 7] ?? 0
  const weighted = 0.6 * today + 0.4 * tomorrow
  const holiday = holidaysBetween(addDays(day, 1), addDays(day, 3))[0]
  const rhythm = today + tomorrow > 0 ? Math.min(1.5, Math.max(0.6, weighted * 7)) : 1
  return { factor: rhythm * (holiday ? 1.1 : 1), share: today + tomorrow, before: holiday?.name ?? null }
}

function explain(segment: SegmentFacts, offer: Offer, day: Day, value: MessageValue, facts: PlannerFacts): string {
  const { share, before } = dayFactor(segment, day)
  const when =
    share > 0
      ? `${weekdayName(day)}: ${Math.round(share * 100)}% of these customers’ orders fall on this day and the next.`
      : `${weekdayName(day)}: there are too few orders yet to know their days.`
  const holiday = before ? ` ${before} is close.` : ''
  const per = formatCents(Math.max(1, Math.round(value.margin_cents)), facts.currency)
  const why = !isDiscount(offer)
    ? segment.churn >= 0.6
      ? 'They have gone quiet: a reason to come back that costs no margin.'
      : 'It costs no margin, so every extra visit counts in full.'
    : segment.churn >= 0.6
      ? 'They have gone quiet: few would have bought anyway, so the discount is paid for real returns.'
      : `The discount pays for itself here even though ${Math.round((1 - Math.exp(-segment.orders_per_week)) * 100)}% would have bought this week anyway.`
  return `${when}${holiday} ${why} About ${per} of extra margin per message.`
}
