import type { Day } from '../calendar.ts'
import { localDate } from '../calendar.ts'
import type { Offer } from '../planning/offer.ts'
import { ageOn, earliestLocalDay } from './age.ts'
import { hoursVerdicts, type ContactLimits } from './contact-hours.ts'
import { personRule, rulesFor, type PersonRuleType, type Policy, type PolicyRule } from './policy.ts'
import { checkOffer, type StoreFacts } from './rules.ts'
import { decisive, type Verdict } from './verdict.ts'
import { pauseVerdicts, wishVerdicts, type Wishes } from './wishes.ts'

/** What the gate must know about a person; no name, no address itself. */
export interface Recipient {
  birth_date: Day | null
  age_status: 'dob_verified' | 'attested' | 'unknown' | 'under_age'
  email_consent: 'granted' | 'denied' | 'unknown'
  sms_consent: 'granted' | 'denied' | 'unknown'
  has_email: boolean
  has_phone: boolean
  /** the address of this channel is on the suppression list */
  is_suppressed: boolean
  /** suppressions.reason, where somebody will read the verdict */
  suppression_reason?: string | null
  state: string | null
  /** customers.time_zones; empty when nothing is known */
  time_zones: readonly string[]
  /** what they chose in the preference centre; null: nothing special */
  wishes?: Wishes | null
}

/** Marketing messages to this person that were or will be sent in the seven days up to `at`, without this one. */
export interface ContactHistory {
  week: number
  sms_week: number
  /** texts within 24 hours around `at` */
  sms_day: number
  /** milliseconds to the nearest other message, as far as a pace reaches; null: none. Asked only where there is a pace */
  nearest_ms?: number | null
}

export interface TemplateFlags {
  /** postal address of the shop */
  has_footer: boolean
  has_unsubscribe: boolean
}

export interface GateInput {
  recipient: Recipient
  channel: 'email' | 'sms'
  offer: Offer
  template: TemplateFlags
  store: StoreFacts & { time_zone: string }
  policy: Policy
  limits: ContactLimits
  history: ContactHistory
  /** when the message would arrive */
  at: Date
  /** checkOffer's answer for this offer, store and day, when the caller has it already */
  offerVerdicts?: readonly Verdict[]
}

export type StandingFacts = Pick<GateInput, 'recipient' | 'channel' | 'policy' | 'limits' | 'store' | 'at'>

const suppressedBecause: Record<string, string> = {
  unsubscribe: 'The customer unsubscribed.',
  hard_bounce: 'A message bounced: the address does not exist.',
  complaint: 'The customer reported a message as spam.',
  stop: 'The customer answered STOP.',
  manual: 'Somebody of the shop put the address on the do-not-contact list.',
  erased: 'The customer asked for erasure.',
}

/**
 * Every rule that speaks about this message to this person at this moment; `decisive()` of the answer says whether it may
 * go. Pure: planning asks before, dispatch asks again in the claim.
 */
export function gate(input: GateInput): Verdict[] {
  return [
    ...personVerdicts(input),
    ...(input.offerVerdicts ??
      checkOffer(input.offer, input.store, input.policy, localDate(input.at, input.store.time_zone))),
  ]
}

/** True when nothing denies or defers. */
export function mayGo(input: GateInput): boolean {
  return decisive(gate(input)) === null
}

/** What stands for this person and channel whatever the message says: address, suppression, consent, pause, age. */
export function standingVerdicts(input: StandingFacts): Verdict[] {
  const { recipient, channel, policy, limits, at } = input
  const out: Verdict[] = []
  const name = channel === 'email' ? 'email' : 'text'

  if (channel === 'email' ? !recipient.has_email : !recipient.has_phone) {
    out.push(
      shopDenies(
        'person-no-address',
        channel === 'email' ? 'There is no email address.' : 'There is no phone number.',
        'Add it to the customer, or use the other channel.',
      ),
    )
  }
  if (recipient.is_suppressed) {
    const isManual = recipient.suppression_reason === 'manual'
    const rule = personRule(policy, channel === 'sms' ? 'sms_revocation' : 'email_footer_required')
    out.push({
      outcome: 'deny',
      rule_id: 'person-suppressed',
      summary:
        suppressedBecause[recipient.suppression_reason ?? ''] ??
        `This address asked not to get a ${name} again, or it bounced.`,
      source: rule?.source ?? 'product rule',
      confidence: 'high',
      cure: isManual ? 'The shop can lift it, on the do-not-contact list.' : stopCure,
    })
    // The law behind it, by its own id: STOP binds at once, whoever asks.
    if (rule && channel === 'sms' && !isManual)
      out.push(lawSays(rule, 'Who asked to stop gets no more texts.', stopCure))
  }
  const consent = channel === 'email' ? recipient.email_consent : recipient.sms_consent
  if (consent !== 'granted') {
    // Both the store's state and the customer's may ask for an express wish; either is enough.
    const optIn = [input.store.state, recipient.state]
      .flatMap((state) => rulesFor(policy, state))
      .find((r) => r.type === 'direct_mail_optin')
    out.push({
      outcome: 'deny',
      rule_id: `person-consent-${channel}`,
      summary:
        consent === 'denied'
          ? `The customer said no to ${name} messages.`
          : `The customer has not agreed to ${name} messages.`,
      source: optIn?.source ?? (channel === 'sms' ? '47 CFR 64.1200(a)(2)' : 'product rule: consent first'),
      confidence: optIn?.confidence ?? 'high',
      cure:
        consent === 'denied' ? 'Only the customer can change this.' : 'Ask for consent in the store or on the website.',
    })
    if (optIn)
      out.push(
        lawSays(
          optIn,
          `${optIn.jurisdiction.slice(3)} wants direct mail to go only to people who asked to be on the list.`,
          'Ask for consent in the store or on the website.',
        ),
      )
  }

  out.push(...pauseVerdicts(recipient.wishes, at))

  const zones = recipient.time_zones.length > 0 ? recipient.time_zones : [input.store.time_zone]
  const minAge = personRule(policy, 'legal_age')?.params.min_age ?? 21
  const isMinor = recipient.birth_date !== null && ageOn(recipient.birth_date, earliestLocalDay(at, zones)) < minAge
  if (isMinor || recipient.age_status === 'under_age') {
    out.push(
      lawDenies(
        policy,
        'legal_age',
        'us-legal-age',
        `The customer is, or is suspected to be, under ${minAge}.`,
        'Nothing: verify the date of birth again once it has passed.',
      ),
    )
  } else if (channel === 'sms' && recipient.age_status !== 'dob_verified') {
    out.push(
      lawDenies(
        policy,
        'age_gate_required',
        'us-age-gate-required',
        'Texts about alcohol need a verified date of birth.',
        'Verify the date of birth, or use email.',
      ),
    )
  } else if (channel === 'email' && !limits.email_ages.some((status) => status === recipient.age_status)) {
    out.push({
      outcome: 'deny',
      rule_id: 'person-age-unknown',
      summary: `It is not known that the customer is ${minAge} or over.`,
      source: personRule(policy, 'legal_age')?.source ?? 'product rule',
      confidence: 'high',
      cure: 'Ask for the date of birth, or let the customer confirm the age.',
    })
  }
  return out
}

function personVerdicts(input: GateInput): Verdict[] {
  const { recipient, channel, policy, limits, history, template } = input
  const out = standingVerdicts(input)
  if (channel === 'email' && !(template.has_footer && template.has_unsubscribe)) {
    out.push(
      lawDenies(
        policy,
        'email_footer_required',
        'us-email-footer-required',
        'The template lacks the postal address or the unsubscribe link.',
        'Use a template with the locked footer.',
      ),
    )
  }
  out.push(...wishVerdicts(recipient.wishes, input.offer, history.nearest_ms ?? null, history.week))
  if (history.week >= limits.max_per_customer_week) {
    out.push(
      shopDenies(
        'cap-week',
        `The customer has had ${history.week} of at most ${limits.max_per_customer_week} messages within seven days.`,
        'Wait, or raise the weekly limit in the settings.',
      ),
    )
  }
  if (channel === 'sms' && history.sms_week >= limits.max_sms_per_customer_week) {
    out.push(
      shopDenies(
        'cap-sms-week',
        `The customer has had ${history.sms_week} of at most ${limits.max_sms_per_customer_week} texts within seven days.`,
        'Use email, or raise the weekly limit in the settings.',
      ),
    )
  }
  if (channel === 'sms') {
    for (const rule of rulesFor(policy, recipient.state ?? input.store.state)) {
      const most = rule.params.max ?? 0
      if (rule.type === 'sms_daily_cap' && history.sms_day >= most)
        out.push(
          lawSays(
            rule,
            `The customer has had ${history.sms_day} of at most ${most} texts within 24 hours.`,
            'Send it tomorrow, or by email.',
          ),
        )
    }
  }
  const zones = recipient.time_zones.length > 0 ? recipient.time_zones : [input.store.time_zone]
  placeAndHours(input, zones, out)
  return out
}

function placeAndHours(
  { recipient, channel, policy, limits, store, at }: GateInput,
  zones: readonly string[],
  out: Verdict[],
): void {
  if (recipient.state === null || recipient.time_zones.length === 0) {
    const hold = limits.unknown_place === 'hold'
    out.push({
      outcome: hold ? 'deny' : 'warn',
      rule_id: 'person-place-unknown',
      summary: 'The customer’s state or time zone is not known; the store’s is used.',
      source: 'shop setting',
      confidence: 'high',
      cure: 'Add state or ZIP to the customer.',
    })
  }
  // Without a state of their own the store's is the best guess, and its hours are kept.
  const facts = { channel, state: recipient.state ?? store.state, zones, limits, policy }
  out.push(...hoursVerdicts(at, facts))
}

const stopCure = 'Only the customer can lift this.'

/** A rule of the policy that stops the message whatever the shop wants. */
function lawSays(rule: PolicyRule, summary: string, cure: string): Verdict {
  return { outcome: 'deny', rule_id: rule.id, summary, source: rule.source, confidence: rule.confidence, cure }
}

function shopDenies(rule_id: string, summary: string, cure: string): Verdict {
  return { outcome: 'deny', rule_id, summary, source: 'shop setting', confidence: 'high', cure }
}

function lawDenies(policy: Policy, type: PersonRuleType, fallback: string, summary: string, cure: string): Verdict {
  const rule = personRule(policy, type)
  return {
    outcome: 'deny',
    rule_id: rule?.id ?? fallback,
    summary,
    source: rule?.source ?? 'product rule',
    confidence: rule?.confidence ?? 'high',
    cure,
  }
}
