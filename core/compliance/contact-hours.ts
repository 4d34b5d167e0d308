import { addDays, isoWeekday, localDate, windowOn, type Day, type Span } from '../calendar.ts'
import { holidayOn } from '../holidays.ts'
import type { Policy, QuietHours } from './policy.ts'

interface Window {
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

export interface OpenHours {
  span: Span | null
  /** the rule that made it as narrow as it is */
  rule: { id: string; source: string; confidence: 'high' | 'medium' | 'low'; summary: string }
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
    found = computeHours(day, facts, extra)
    known.set(key, found)
  }
  return found
}

function computeHours(day: Day, { channel, state, zones, limits, policy }: HoursCase, extra?: Window): OpenHours {
  let window: Window | null = channel === 'email' ? limits.email_window : limits.sms_window
  let rule: OpenHours['rule'] = {
    id: `shop-${channel}-window`,
    source: 'shop setting',
    confidence: 'high',
    summary: `The shop sends ${channel === 'email' ? 'email' : 'texts'} ${window.start} to ${window.end} by the recipient’s clock.`,
  }
  if (channel === 'sms') {
    const federal = policy.rules.find((r) => r.type === 'sms_quiet_hours')
    const rows: [id: string, row: QuietHours, what: string][] = [
      ['shop-sms-default-hours', policy.quiet_hours.product_default, 'Texts go out'],
      [federal?.id ?? 'us-sms-quiet-hours', policy.quiet_hours.federal, 'Federal law allows texts'],
    ]
    const own = state ? policy.quiet_hours.states[state] : undefined
    if (own) rows.push([`us-${state?.toLowerCase()}-quiet-hours`, own, `${state} allows texts`])
    for (const [id, row, what] of rows) {
      const hours = hoursOf(row, day)
      const next: Window | null =
        hours && window
          ? {
              start: hours[0] > window.start ? hours[0] : window.start,
              end: hours[1] < window.end ? hours[1] : window.end,
            }
          : null
      const narrower = next?.start !== window?.start || next?.end !== window?.end
      if (narrower)
        rule = {
          id,
          source: row.source,
          confidence: row.confidence,
          summary: hours
            ? `${what} ${hours[0]} to ${hours[1]} by the recipient’s clock.`
            : `${state ?? 'The state'} allows no marketing texts on this day.`,
        }
      window = next
    }
  }
  if (window && extra)
    window = {
      start: extra.start > window.start ? extra.start : window.start,
      end: extra.end < window.end ? extra.end : window.end,
    }
  return { span: window ? windowOn(day, window, zones) : null, rule }
}

function hoursOf(row: QuietHours, day: Day): [string, string] | null {
  if (row.holidays === 'none' && holidayOn(day)?.legal) return null
  const weekday = isoWeekday(day)
  return weekday === 7 ? row.sun : weekday === 6 ? row.sat : row.mon_fri
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
  return [-1, 0, 1].some((ahead) => {
    const { span } = openHours(addDays(first, ahead), facts)
    return span !== null && span.from <= at && at < span.to
  })
}
