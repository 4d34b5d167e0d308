import { isoWeekday, type Day } from '../calendar.ts'
import { stateCodes } from '../knowledge/states.ts'
import type { Department, Offer } from '../planning/offer.ts'
import { clockHours, type ContactLimits, type HoursCase, type Window } from './contact-hours.ts'
import { legalHolidayOn } from './legal-holidays.ts'
import type { Policy } from './policy.ts'
import { checkOffer } from './rules.ts'
import { worst, type Verdict } from './verdict.ts'

/** What the rules leave of a window on one kind of day. */
export interface OpenOn {
  days: 'mon_fri' | 'sat' | 'sun' | 'holiday'
  /** by the recipient's clock; null: nothing may arrive */
  window: Window | null
  /** the rule that cut it */
  rule_id: string
  summary: string
}

// Days without and with a holiday that stand for their kind; any year would do.
const samples: Record<OpenOn['days'], Day> = {
  mon_fri: '2026-03-10',
  sat: '2026-03-14',
  sun: '2026-03-15',
  holiday: '2026-11-26',
}

/** The kind of day a calendar day is to the rules about hours. */
export function kindOfDay(day: Day): OpenOn['days'] {
  if (legalHolidayOn(day)) return 'holiday'
  const weekday = isoWeekday(day)
  return weekday === 7 ? 'sun' : weekday === 6 ? 'sat' : 'mon_fri'
}

/** How much of `window` (the whole day when not given) is open for a recipient in this state, per kind of day. */
export function explainHours(facts: Omit<HoursCase, 'zones'>, window?: Window): OpenOn[] {
  return (['mon_fri', 'sat', 'sun', 'holiday'] as const).map((days) => {
    const open = clockHours(samples[days], facts, window)
    return { days, window: open.window, rule_id: open.rule.id, summary: open.rule.summary }
  })
}

const dayWords: Record<OpenOn['days'], string> = {
  mon_fri: 'Monday to Friday',
  sat: 'Saturdays',
  sun: 'Sundays',
  holiday: 'legal holidays',
}

/** What a wished window loses, one verdict per rule that cuts it: denied when nothing is left on any day. */
export function windowVerdicts(open: readonly OpenOn[], window: Window, policy: Policy): Verdict[] {
  const isCut = (o: OpenOn): boolean => o.window?.start !== window.start || o.window?.end !== window.end
  const never = open.every((o) => o.window === null)
  const byRule = Map.groupBy(open.filter(isCut), (o) => o.rule_id)
  return [...byRule].map(([rule_id, cut]): Verdict => {
    const left = cut.map((o) => `${dayWords[o.days]} ${o.window ? `${o.window.start} to ${o.window.end}` : 'nothing'}`)
    const state = /^us-([a-z]{2})-quiet-hours$/.exec(rule_id)?.[1]?.toUpperCase()
    const row = state ? policy.quiet_hours.states[state] : undefined
    const rule = policy.rules.find((r) => r.id === rule_id)
    return {
      outcome: never ? 'deny' : 'warn',
      rule_id,
      summary: `${cut[0]!.summary} Of ${window.start} to ${window.end} it leaves: ${left.join(', ')}.`,
      source: row?.source ?? rule?.source ?? 'shop setting',
      confidence: row?.confidence ?? rule?.confidence ?? 'high',
      cure: never
        ? 'Choose earlier hours, or use email.'
        : 'Messages leave in the part that is open, or on another day.',
    }
  })
}

export interface StateOpinion {
  state: string
  /** the strongest of its verdicts; allow when nothing speaks against it */
  outcome: Verdict['outcome']
  verdicts: Verdict[]
  email: OpenOn[]
  sms: OpenOn[]
}

/** What every state says about an offer and a window: the offer by the store's law, the hours by the recipient's. */
export function explainStates(
  offer: Offer,
  policy: Policy,
  limits: ContactLimits,
  window?: Window,
  sells: readonly Department[] = ['spirits', 'wine', 'beer', 'other'],
): StateOpinion[] {
  return stateCodes.map((state) => {
    const store = {
      state,
      name: `A store in ${state}`,
      legal_name: 'the licensed trade name',
      licence_number: null,
      sells,
    }
    const verdicts = checkOffer(offer, store, policy)
    return {
      state,
      outcome: worst(verdicts),
      verdicts,
      email: explainHours({ channel: 'email', state, limits, policy }, window),
      sms: explainHours({ channel: 'sms', state, limits, policy }, window),
    }
  })
}
