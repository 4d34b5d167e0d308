import type { Customer } from '#contract/knowledge.ts'
import { standingVerdicts } from '#core/compliance/gate.ts'
import type { Policy } from '#core/compliance/policy.ts'
import type { Wishes } from '#core/compliance/wishes.ts'
import { createStoreFinder } from '#core/knowledge/nearest-store.ts'
import type { StoreForGate } from '#core/planning/assign.ts'

type Person = Pick<
  Customer,
  | 'email'
  | 'phone'
  | 'birth_date'
  | 'age_status'
  | 'email_consent'
  | 'sms_consent'
  | 'state'
  | 'time_zones'
  | 'store_id'
  | 'zip'
  | 'deleted_at'
>

interface Standing {
  policy: Policy
  limits: Parameters<typeof standingVerdicts>[0]['limits']
  stores: readonly StoreForGate[]
  wishes: Wishes | null
  /** reason of the suppression of each address */
  suppressed: Record<'email' | 'sms', string | null>
  at: Date
}

/**
 * Per channel: open, or every standing reason against it, in the gate's own words. Hours, caps and state offer rules are
 * judged per message.
 */
export function contactability(
  person: Person,
  { policy, limits, stores, wishes, suppressed, at }: Standing,
): Customer['contactability'] {
  const { store } = createStoreFinder(stores)(person)
  return (['email', 'sms'] as const).map((channel) => {
    const reasons = person.deleted_at
      ? [
          {
            outcome: 'deny' as const,
            rule_id: 'person-deleted',
            summary: 'The customer is deleted.',
            source: 'product rule',
            confidence: 'high' as const,
            cure: 'Restore the customer.',
          },
        ]
      : standingVerdicts({
          channel,
          policy,
          limits,
          store,
          at,
          recipient: {
            birth_date: person.birth_date,
            age_status: person.age_status,
            email_consent: person.email_consent,
            sms_consent: person.sms_consent,
            has_email: person.email !== null,
            has_phone: person.phone !== null,
            is_suppressed: suppressed[channel] !== null,
            suppression_reason: suppressed[channel],
            state: person.state,
            time_zones: person.time_zones,
            wishes,
          },
        })
    return { channel, can_contact: reasons.length === 0, reasons }
  })
}
