import { z } from 'zod'
import { sendStates } from '#core/feedback/lattice.ts'
import { Cents, Id, IdParams, Instant, List, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const SendStatus = z.enum(sendStates)
export type SendStatus = z.infer<typeof SendStatus>

export const Send = z.strictObject({
  id: Id,
  campaign_id: Id.nullable(),
  campaign_name: z.string().nullable(),
  customer_id: Id.nullable(),
  customer_name: z.string().nullable(),
  action_id: Id.nullable(),
  channel: z.enum(['email', 'sms']),
  recipient: z.string(),
  template_id: Id.nullable(),
  status: SendStatus,
  due_at: Instant,
  window_end: Instant,
  provider: z.string().nullable(),
  refused_by: z.string().nullable(),
  error_message: z.string().nullable(),
  retry_count: z.int(),
  sent_at: Instant.nullable(),
  delivered_at: Instant.nullable(),
  opened_at: Instant.nullable(),
  clicked_at: Instant.nullable(),
  converted_at: Instant.nullable(),
  conversion_cents: Cents.nullable(),
  created_at: Instant,
})
export type Send = z.infer<typeof Send>

export const Attempt = z.strictObject({
  attempt: z.int(),
  provider: z.string(),
  message_id: z.string().nullable(),
  outcome: z.enum(['accepted', 'rejected', 'deferred', 'unknown']).nullable(),
  code: z.string().nullable(),
  detail: z.string().nullable(),
  started_at: Instant,
  finished_at: Instant.nullable(),
})

export const SendDetail = Send.extend({
  attempts: z.array(Attempt),
  /** the message as it was or will be sent; null when it cannot be built */
  message: z.strictObject({ subject: z.string().nullable(), html: z.string().nullable(), text: z.string() }).nullable(),
})

export const SendEvent = z.strictObject({
  id: Id,
  event_type: z.string(),
  machine: z.boolean().nullable(),
  value_cents: Cents.nullable(),
  properties: z.record(z.string(), z.unknown()),
  occurred_at: Instant,
})

const tag = 'Dispatch'
export const dispatch = {
  list: route({
    method: 'GET',
    path: '/api/v1/sends',
    access: 'user',
    tag,
    summary: 'Messages and what became of them, newest first',
    query: z.strictObject({
      ...pageQuery,
      campaign_id: Id.optional(),
      customer_id: Id.optional(),
      channel: z.enum(['email', 'sms']).optional(),
      status: List.optional(),
    }),
    reply: pageOf(Send),
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/sends/:id',
    access: 'user',
    tag,
    summary: 'One message with its attempts and its text',
    params: IdParams,
    reply: SendDetail,
  }),
  events: route({
    method: 'GET',
    path: '/api/v1/sends/:id/events',
    access: 'user',
    tag,
    summary: 'What happened to it, oldest first',
    params: IdParams,
    reply: z.strictObject({ data: z.array(SendEvent) }),
  }),
  resend: route({
    method: 'POST',
    path: '/api/v1/sends/:id/resend',
    access: 'manager',
    tag,
    summary: 'Try a failed or unknown message again, with the same Message-ID',
    params: IdParams,
    reply: Send,
  }),
}
