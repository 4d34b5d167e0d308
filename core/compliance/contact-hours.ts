import { addDays, isoWeekday, localDate, windowOn, type Day, type Span } from '../calendar.ts'
import { legalHolidayOn } from './legal-holidays.ts'
import type { Policy, QuietHours } from './policy.ts'
import type { Verdict } from './verdict.ts'

export interface Window {
  start: string
  end: string
}

/** The shop's own limits on contact; the law's come from the policy. Same shape as the `limits` setting. */
export interface ContactLimits {
  max_per_customer_week: number
  max_sms_per_customer_week: number
  email_window: Window
  sms_window: Window
  email_ages: readonly ('dob_verified' | 'attested')[]
  unknown_place: 'warn' | 'hold'
}

export interface HoursCase {
  channel: 'email' | 'sms'
  /** recipient's state; null when unknown */
  state: string | null
  /** every zone the recipient may be in; not empty */
  zones: readonly string[]
  limits: ContactLimits
  policy: Policy
}

interface HoursRule {
  id: string
  source: string
  confidence: 'high' | 'medium' | 'low'
  summary: string
}

export interface OpenHours {
  span: Span | null
  /** the rule that made it as narrow as it is */
  rule: HoursRule
}

// One answer per day, place and limits: a week's plan asks the same few hundred questions a million times.
const memo = new WeakMap<Policy, WeakMap<ContactLimits, Map<string, OpenHours>>>()

/** When a message may arrive on this local day: shop's window, product default and law, in every candidate zone at once. */
export function openHours(day: Day, facts: HoursCase, extra?: Window): OpenHours {
  const byLimits = memo.get(facts.policy) ?? new WeakMap<ContactLimits, Map<string, OpenHours>>()
  if (!memo.has(facts.policy)) memo.set(facts.policy, byLimits)
  const known = byLimits.get(facts.limits) ?? new Map<string, OpenHours>()
  if (!byLimits.has(facts.limits)) byLimits.set(facts.limits, known)
  const key = `${day}|${facts.channel}|${facts.state ?? ''}|${facts.zones.join(',')}|${extra ? `${extra.start}-${extra.end}` : ''}`
  let found = known.get(key)
  if (!found) {
    if (known.size > 5000) known.clear()
    const { window, rule } = clockHours(day, facts, extra)
    found = { span: window ? windowOn(day, window, facts.zones) : null, rule }
    known.set(key, found)
  }
  return found
}

/** The same by the recipient's clock, before zones are put together: shop's window ∩ product default ∩ law ∩ `extra`. */
export function clockHours(
  day: Day,
  facts: Omit<HoursCase, 'zones'>,
  extra?: Window,
): { window: Window | null; rule: HoursRule } {
  const [shop, ...rows] = sourcesOf(facts)
  let { window, rule } = shop(day)
  for (const row of rows) {
    const own = row(day)
    const next = own.window && window ? cut(window, own.window) : null
    if (next?.start !== window?.start || next?.end !== window?.end) rule = own.rule
    window = next
  }
  if (window && extra) window = cut(window, extra)
  return { window: window && window.end > window.start ? window : null, rule }
}

const cut = (a: Window, b: Window): Window => ({
  start: a.start > b.start ? a.start : b.start,
  end: a.end < b.end ? a.end : b.end,
})

type Source = (day: Day) => { window: Window | null; rule: HoursRule }

/** Everything that has a say in the hours, the shop's own window first, then from the product's default to the state. */
function sourcesOf({ channel, state, limits, policy }: Omit<HoursCase, 'zones'>): [Source, ...Source[]] {
  const own = channel === 'email' ? limits.email_window : limits.sms_window
  const shop: Source = () => ({
    window: own,
    rule: {
      id: `shop-${channel}-window`,
      source: 'shop setting',
      confidence: 'high',
      summary: `The shop sends ${channel === 'email' ? 'email' : 'texts'} ${own.start} to ${own.end} by the recipient’s clock.`,
    },
  })
  if (channel === 'email') return [shop]
  const federal = policy.rules.find((r) => r.type === 'sms_quiet_hours')
  const law = state ? policy.quiet_hours.states[state] : undefined
  return [
    shop,
    rowSource('shop-sms-default-hours', policy.quiet_hours.product_default, 'Texts go out', 'The product'),
    rowSource(federal?.id ?? 'us-sms-quiet-hours', policy.quiet_hours.federal, 'Federal law allows texts', 'The US'),
    ...(law && state ? [rowSource(`us-${state.toLowerCase()}-quiet-hours`, law, `${state} allows texts`, state)] : []),
  ]
}

function rowSource(id: string, row: QuietHours, allows: string, place: string): Source {
  return (day) => {
    const holiday = row.holidays === 'none' ? legalHolidayOn(day) : null
    const weekday = isoWeekday(day)
    const hours = holiday ? null : weekday === 7 ? row.sun : weekday === 6 ? row.sat : row.mon_fri
    const closed = holiday ?? (weekday === 7 ? 'Sundays' : weekday === 6 ? 'Saturdays' : 'weekdays')
    return {
      window: hours ? { start: hours[0], end: hours[1] } : null,
      rule: {
        id,
        source: row.source,
        confidence: row.confidence,
        summary: hours
          ? `${allows} ${hours[0]} to ${hours[1]} by the recipient’s clock.`
          : `${place} allows no marketing texts on ${closed}.`,
      },
    }
  }
}

/** Every rule that closes this instant by itself, the strictest law first; empty when it is open, or closed only by all together. */
function closedBy(at: Date, facts: HoursCase): HoursRule[] {
  const days = [-1, 0, 1].map((ahead) => addDays(localDate(at, facts.zones[0] ?? 'UTC'), ahead))
  return sourcesOf(facts)
    .toReversed()
    .flatMap((source) => {
      const isOpen = days.some((day) => {
        const { window } = source(day)
        const span = window && windowOn(day, window, facts.zones)
        return span !== null && span.from <= at && at < span.to
      })
      return isOpen ? [] : [source(days[1]!).rule]
    })
}

/** The next instant at or after `at` when the message may arrive, within nine days; null if never. */
export function nextOpening(at: Date, facts: HoursCase): Date | null {
  const first = localDate(at, facts.zones[0] ?? 'UTC')
  for (let ahead = -1; ahead <= 9; ahead++) {
    const { span } = openHours(addDays(first, ahead), facts)
    if (span && span.to > at) return span.from > at ? span.from : at
  }
  return null
}

/** Whether the message may arrive at this very instant, in whatever day the recipient has. */
export function isOpenAt(at: Date, facts: HoursCase): boolean {
  const first = localDate(at, facts.zones[0] ?? 'UTC')
  // Nearly always the day itself decides.
  return [0, -1, 1].some((ahead) => {
    const { span } = openHours(ahead === 0 ? first : addDays(first, ahead), facts)
    return span !== null && span.from <= at && at < span.to
  })
}

/** Why a message may not arrive at this instant, one verdict per rule that closes it; empty when it may. */
export function hoursVerdicts(at: Date, facts: HoursCase): Verdict[] {
  if (isOpenAt(at, facts)) return []
  const until = nextOpening(at, facts)
  const closed = closedBy(at, facts)
  // Open in each rule alone, but never in all zones and rules together: the narrowest is named.
  const named = closed.length > 0 ? closed : [openHours(localDate(at, facts.zones[0] ?? 'UTC'), facts).rule]
  return named.map(({ id, ...rule }) => ({
    outcome: until ? 'defer' : 'deny',
    rule_id: id,
    ...rule,
    cure: until ? 'It waits for the next open window.' : 'Widen the window in the settings, or use the other channel.',
    ...(until ? { until: until.toISOString() } : {}),
  }))
}
