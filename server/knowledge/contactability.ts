import type { Customer } from '#contract/knowledge.ts'
import { standingVerdicts } from '#core/compliance/gate.ts'
import { createStoreFinder } from '#core/knowledge/nearest-store.ts'
import type { Ctx } from '../context.ts'
import { readPolicy } from '../policy.ts'
import { readSetting } from '../settings.ts'
import { loadStores } from '../stores.ts'
import { readWishes } from '../wishes.ts'

type Person = Pick<
  Customer,
  | 'id'
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

/**
 * Per channel: open, or every standing reason against it, in the gate's own words. Hours, caps and state offer rules are
 * judged per message. @param suppressed reason of the suppression of each address
 */
export async function contactability(
  ctx: Ctx,
  person: Person,
  suppressed: Record<'email' | 'sms', string | null>,
): Promise<Customer['contactability']> {
  const [policy, limits, stores, wishes] = await Promise.all([
    readPolicy(ctx.pool),
    readSetting(ctx.pool, 'limits'),
    loadStores(ctx.pool),
    readWishes(ctx.pool, [person.id]),
  ])
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
          at: ctx.clock(),
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
            wishes: wishes.get(person.id) ?? null,
          },
        })
    return { channel, can_contact: reasons.length === 0, reasons }
  })
}
