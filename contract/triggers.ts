import { z } from 'zod'
import { Trigger } from '#core/planning/trigger.ts'
import { IdParams, Instant } from './common.ts'
import { route } from './http.ts'

export const TriggerState = z.strictObject({
  trigger: Trigger,
  /** what happened until then is known; null: not started */
  checked_to: Instant.nullable(),
  /** customers whose delay runs */
  waiting: z.int(),
  /** customers for whom a message was made */
  sent: z.int(),
  /** would have got one, but are kept without it to measure what it earns */
  holdout: z.int(),
  /** left by an exit while they waited */
  exited: z.int(),
  /** refused by the gate when their time had come */
  skipped: z.int(),
  because: z.array(
    z.strictObject({
      status: z.enum(['skipped', 'exited']),
      because: z.string(),
      /** goes after "customers who" */ label: z.string(),
      customers: z.int(),
    }),
  ),
  /** to how many it happened in the last days: what to expect */
  preview: z.strictObject({ days: z.int(), customers: z.int() }),
})
export type TriggerState = z.input<typeof TriggerState>

const tag = 'Planning'
export const triggers = {
  get: route({
    method: 'GET',
    path: '/api/v1/campaigns/:id/trigger',
    access: 'user',
    scope: 'campaigns:read',
    tag,
    summary: 'What a triggered campaign waits for, and where its customers stand',
    params: IdParams,
    reply: TriggerState,
  }),
  update: route({
    method: 'PUT',
    path: '/api/v1/campaigns/:id/trigger',
    access: 'manager',
    tag,
    summary: 'Change it while it is a draft or paused',
    description:
      'Takes an approval back. With another event, those who wait for the old one leave without a message; otherwise they go on waiting.',
    params: IdParams,
    body: Trigger,
    reply: TriggerState,
  }),
}
