import { addDays } from '#core/calendar.ts'
import type { AssignableCustomer, Assignment } from '#core/planning/assign.ts'
import type { PlannerFacts } from '#core/planning/facts.ts'
import { spendOf } from '#core/planning/spend.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { forbiddenIn, offers, type OfferKey } from './plan-fuzz.ts'

/**
 * A second opinion on plans and messages, written from the rules and not from the code: plain loops, Intl for clocks, a
 * table of law by hand. Answers with what is wrong, or nothing.
 */
const isAllowed = (key: string, state: string): boolean => !forbiddenIn[key as OfferKey]?.includes(state)

export function planFaults(entries: readonly PlanEntry[], facts: PlannerFacts): string[] {
  const faults: string[] = []
  const last = addDays(facts.week_start, 6)
  const seen = new Set<string>()
  for (const e of entries) {
    const say = (what: string): void => void faults.push(`${e.id}: ${what}`)
    if (seen.has(e.id)) say('twice')
    seen.add(e.id)
    const segment = facts.segments.find((s) => s.key === e.segment)
    if (!segment) {
      say('unknown segment')
      continue
    }
    const known = offers[e.offer.key as OfferKey]
    if (!known || JSON.stringify(known) !== JSON.stringify(e.offer)) say('not an offer of the catalogue')
    if (known?.valid_to && e.day > known.valid_to) say('offer is over')
    const shops = facts.stores.filter((s) => (segment.stores[s.id] ?? 0) > 0)
    const places = shops.length > 0 ? shops : facts.stores
    if (!places.some((s) => isAllowed(e.offer.key, s.state))) say(`illegal in ${places.map((s) => s.state).join()}`)
    if (e.day < facts.first_day || e.day < facts.week_start || e.day > last) say(`day ${e.day}`)
    if (!facts.limits.channels.includes(e.channel)) say('channel')
    if (!facts.templates.some((t) => t.id === e.template_id && t.channel === e.channel)) say('template')
    const shop = e.channel === 'email' ? facts.contact.email_window : facts.contact.sms_window
    if (e.window.start < shop.start || e.window.end > shop.end || e.window.start >= e.window.end) say('window')
    const own = entries.filter((o) => o.segment === e.segment)
    if (own.length > facts.limits.max_per_customer_week) say('cap')
    if (own.filter((o) => o.channel === 'sms').length > facts.limits.max_sms_per_customer_week) say('text cap')
    if (own.filter((o) => o.day === e.day).length > 1) say('two on a day')
    if (e.copy) for (const text of Object.values(e.copy)) if (copyFault(text, e)) say(`copy: ${copyFault(text, e)}`)
  }
  if (facts.limits.email_per_day !== null) {
    for (const day of new Set(entries.map((e) => e.day))) {
      const load = entries.filter((e) => e.day === day && e.channel === 'email').reduce((n, e) => n + e.reach, 0)
      if (load > facts.limits.email_per_day) faults.push(`${day}: ${load} emails`)
    }
  }
  if (facts.limits.sms_per_day) {
    for (const day of new Set(entries.map((e) => e.day))) {
      const load = entries.filter((e) => e.day === day && e.channel === 'sms').reduce((n, e) => n + e.reach, 0)
      if (load > facts.limits.sms_per_day) faults.push(`${day}: ${load} texts`)
    }
  }
  const spent = entries.reduce((n, e) => n + spendOf(e, facts), 0)
  if (spent > (facts.limits.budget_cents ?? Infinity)) faults.push(`${spent} cents of ${facts.limits.budget_cents}`)
  return faults
}

function copyFault(text: string, entry: PlanEntry): string | null {
  if (/[<>{}]|https?:|www\.|@/.test(text)) return 'markup or address'
  if (text.length > 300) return 'length'
  if (/\b(?:free|drunk|kids?|hurry|healthy)\b/i.test(text)) return 'words'
  const percent = /(\d+)\s?%/.exec(text)?.[1]
  return percent && Number(percent) !== entry.offer.value ? 'figure' : null
}

const formats = new Map<string, Intl.DateTimeFormat>()
/** Day and clock of an instant, by the platform's own calendar. */
function wall(at: Date, zone: string): { day: string; clock: string } {
  let format = formats.get(zone)
  if (!format)
    formats.set(
      zone,
      (format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })),
    )
  const [day = '', clock = ''] = format.format(at).split(' ')
  return { day, clock }
}

const isAdult = (birth: string, day: string): boolean => {
  const [y = 0, m = 0, d = 0] = birth.split('-').map(Number)
  const [dy = 0, dm = 0, dd = 0] = day.split('-').map(Number)
  return dy - y > 21 || (dy - y === 21 && (dm > m || (dm === m && dd >= d)))
}

// Federal holidays in the weeks of the tests, on their day and the weekday they are kept.
const holidays = new Set(['2026-11-26', '2026-12-25', '2027-01-01'])

/** What is wrong with a message that would be sent. */
export function messageFaults(
  a: Assignment,
  all: readonly Assignment[],
  person: AssignableCustomer,
  facts: PlannerFacts,
): string[] {
  const faults: string[] = []
  const { entry } = a
  const due = a.due_at!
  const zones = person.time_zones.length > 0 ? person.time_zones : [person.store.time_zone]
  const state = person.state ?? person.store.state
  if (person.held_out) faults.push('held out')
  if (!person.segments.includes(entry.segment)) faults.push('not in the segment')
  if (!isAllowed(entry.offer.key, person.store.state)) faults.push(`illegal in ${person.store.state}`)
  const consent = entry.channel === 'email' ? person.email_consent : person.sms_consent
  if (consent !== 'granted') faults.push('consent')
  if (!(entry.channel === 'email' ? person.has_email : person.has_phone)) faults.push('address')
  if (person.suppressed[entry.channel]) faults.push('suppressed')
  const ages = entry.channel === 'sms' ? ['dob_verified'] : facts.contact.email_ages
  if (!(ages as readonly string[]).includes(person.age_status)) faults.push(`age ${person.age_status}`)
  const isUnknown = person.state === null || person.time_zones.length === 0
  if (facts.contact.unknown_place === 'hold' && isUnknown) faults.push('unknown place')
  for (const zone of zones) {
    const { day, clock } = wall(due, zone)
    if (person.birth_date && !isAdult(person.birth_date, day)) faults.push(`under 21 on ${day}`)
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
    const kind = weekday === 0 ? 'sun' : weekday === 6 ? 'sat' : 'mon_fri'
    const shop = entry.channel === 'email' ? facts.contact.email_window : facts.contact.sms_window
    const windows: [string, string][] = [
      [shop.start, shop.end],
      [entry.window.start, entry.window.end],
    ]
    if (entry.channel === 'sms') {
      const { federal, product_default, states } = facts.policy.quiet_hours
      for (const row of [federal, product_default, ...(states[state] ? [states[state]] : [])]) {
        const hours = row.holidays === 'none' && holidays.has(day) ? null : row[kind]
        if (hours) windows.push(hours)
        else faults.push(`no texts in ${state} on ${day}`)
      }
    }
    for (const [from, to] of windows)
      if (clock < from || clock >= to) faults.push(`${clock} in ${zone} outside ${from}-${to}`)
  }
  const mine = all.filter((o) => o.outcome !== 'skipped').map((o) => ({ at: o.due_at!, channel: o.entry.channel }))
  const week = 7 * 86_400_000
  const everything = [...person.contacts, ...mine]
  for (const { at } of everything) {
    // Any seven days that hold this message and begin with another one.
    const inside = everything.filter((o) => o.at >= at && o.at.getTime() < at.getTime() + week)
    if (!inside.some((o) => o.at === due)) continue
    if (inside.length > facts.contact.max_per_customer_week) faults.push('weekly cap')
    if (
      entry.channel === 'sms' &&
      inside.filter((o) => o.channel === 'sms').length > facts.contact.max_sms_per_customer_week
    )
      faults.push('weekly text cap')
  }
  if (all.filter((o) => o.outcome !== 'skipped' && o.entry.day === entry.day).length > 1) faults.push('two on a day')
  return faults
}
