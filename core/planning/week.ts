import { addDays, intersectWindows, isoWeekday, type Day } from '../calendar.ts'
import { checkOffer } from '../compliance/rules.ts'
import type { Verdict } from '../compliance/verdict.ts'
import { holidaysBetween } from '../holidays.ts'
import { closedShelf } from '../knowledge/store-hours.ts'
import { eveningFrom, type DayPart } from './evidence.ts'
import type { PlanChannel, PlannerFacts, SegmentFacts } from './facts.ts'
import type { Offer } from './offer.ts'
import type { PlanEntry, Window } from './plan.ts'
import { partsOf } from './weigh.ts'

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

/** The window of a part of the day; the whole one where parts are not told apart. */
export function windowOfPart(
  segment: SegmentFacts,
  channel: PlanChannel,
  part: DayPart,
  facts: PlannerFacts,
): Window | null {
  const whole = windowOf(segment, channel, facts)
  if (!whole || partsOf(facts, channel).length < 2) return whole
  const shop = channel === 'email' ? facts.contact.email_window : facts.contact.sms_window
  const hours = part === 'day' ? { start: '00:00', end: eveningFrom } : { start: eveningFrom, end: '24:00' }
  return intersectWindows(whole, hours) ?? intersectWindows(shop, hours)
}

export function partOf(entry: Pick<PlanEntry, 'window'>): DayPart {
  return entry.window.start >= eveningFrom ? 'evening' : 'day'
}

/** True when some customer may be in both: entries without an audience speak to the whole segment. */
export function overlap(
  a: Pick<PlanEntry, 'segment' | 'audience'>,
  b: Pick<PlanEntry, 'segment' | 'audience'>,
): boolean {
  if (a.segment !== b.segment) return false
  return !a.audience || !b.audience || a.audience.some((group) => b.audience!.includes(group))
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
