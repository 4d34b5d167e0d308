import { z } from 'zod'
import { Id } from './common.ts'

/** What a provider reports, in our words; every provider's webhook is mapped onto this (facts/messaging.md §2.2). */
export const DeliveryEvent = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['accepted', 'deferred', 'delivered', 'complained', 'unsubscribed']), ...base() }),
  z.strictObject({
    kind: z.literal('bounced'),
    /** hard: the address does not exist; soft: full, blocked, policy */
    hardness: z.enum(['hard', 'soft']),
    /** the provider keeps the address closed for this reason */
    closes: z.enum(['unsubscribe', 'complaint']).nullable().optional(),
    ...base(),
  }),
  z.strictObject({
    kind: z.enum(['opened', 'clicked']),
    /** what the provider says about who did it; null: nothing */
    machine: z.boolean().nullable().default(null),
    user_agent: z.string().max(500).nullable().default(null),
    ...base(),
  }),
])
export type DeliveryEvent = z.infer<typeof DeliveryEvent>

function base() {
  return {
    /** the provider's own event id: the same id twice is one event */
    event_id: z.string().min(1).max(300),
    provider: z.string().min(1).max(40),
    send_id: Id,
    at: z.date(),
    code: z.string().max(100).nullable().default(null),
    detail: z.string().max(500).nullable().default(null),
  }
}
