import { z } from 'zod'
import { webhookEventNames } from '#core/webhooks.ts'
import { Id, IdParams, Instant, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

const Event = z.enum(webhookEventNames)
const url = z.string().trim().min(8, 'Write a full address, like https://example.com/hooks.').max(1000)
const name = z.string().trim().min(1, 'Write what it is for.').max(80)
const events = z.array(Event).min(1, 'Choose at least one event.').max(webhookEventNames.length)

/** Who is told of events: a program by signed posts, or a chat room by a line of text. */
export const Webhook = z.strictObject({
  id: Id,
  name: z.string(),
  kind: z.enum(['standard', 'slack']),
  /** of a chat room only the host: the rest is its secret */
  url: z.string(),
  events: z.array(z.string()),
  is_active: z.boolean(),
  /** working: the last try was taken; failing: since `failing_since` none was; off: by a person, or `disabled_because` */
  state: z.enum(['new', 'working', 'failing', 'off']),
  failing_since: Instant.nullable(),
  disabled_because: z.string().nullable(),
  last_success_at: Instant.nullable(),
  last_failure_at: Instant.nullable(),
  last_error: z.string().nullable(),
  waiting: z.int(),
  failed: z.int(),
  /** until then posts are signed with the former secret, too */
  old_secret_until: Instant.nullable(),
  created_by_name: z.string().nullable(),
  created_at: Instant,
})
export type Webhook = z.infer<typeof Webhook>

const WithSecret = z.strictObject({ webhook: Webhook, secret: z.string().nullable() })

export const WebhookDelivery = z.strictObject({
  id: Id,
  /** `webhook-id` of every try */
  message_id: z.string(),
  event_type: z.string(),
  status: z.enum(['waiting', 'delivered', 'failed']),
  attempts: z.int(),
  next_try_at: Instant.nullable(),
  response_status: z.int().nullable(),
  response_ms: z.int().nullable(),
  error: z.string().nullable(),
  created_at: Instant,
  finished_at: Instant.nullable(),
})
export type WebhookDelivery = z.infer<typeof WebhookDelivery>

const tag = 'Webhooks'
const DeliveryParams = z.strictObject({ id: Id, delivery_id: Id })
export const webhooks = {
  list: route({
    method: 'GET',
    path: '/api/v1/webhooks',
    access: 'admin',
    tag,
    summary: 'Webhooks: who is told of what, and whether it arrives',
    reply: z.strictObject({ data: z.array(Webhook), private_allowed: z.boolean() }),
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/webhooks',
    access: 'admin',
    tag,
    status: 201,
    showsSecret: true,
    summary: 'Add a webhook; the secret is shown now and never again',
    description:
      'Posts follow Standard Webhooks: headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` with the part of the secret after `whsec_`, base64-decoded). Answer 2xx within 15 seconds; anything else is tried again for about three days, so the same `webhook-id` may come twice. 410 switches it off. Bodies are `{type, timestamp, data}` with ids and facts, without names and addresses. A `slack` webhook gets `{"text"}` for an incoming webhook of a chat room.',
    body: z.strictObject({ name, kind: z.enum(['standard', 'slack']).default('standard'), url, events }),
    reply: WithSecret,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/webhooks/:id',
    access: 'admin',
    tag,
    summary: 'Change a webhook; switching it on again takes up what waits',
    params: IdParams,
    body: z.strictObject({ name, url, events, is_active: z.boolean() }).partial(),
    reply: Webhook,
  }),
  remove: route({
    method: 'DELETE',
    path: '/api/v1/webhooks/:id',
    access: 'admin',
    tag,
    status: 204,
    summary: 'Remove a webhook with its log',
    params: IdParams,
  }),
  rotate: route({
    method: 'POST',
    path: '/api/v1/webhooks/:id/secret',
    access: 'admin',
    tag,
    status: 201,
    showsSecret: true,
    summary: 'A new secret; for a day posts are signed with both',
    params: IdParams,
    reply: WithSecret,
  }),
  test: route({
    method: 'POST',
    path: '/api/v1/webhooks/:id/test',
    access: 'admin',
    tag,
    summary: 'Post a test event now and say what came of it',
    params: IdParams,
    reply: z.strictObject({ ok: z.boolean(), status: z.int().nullable(), detail: z.string() }),
  }),
  deliveries: route({
    method: 'GET',
    path: '/api/v1/webhooks/:id/deliveries',
    access: 'admin',
    tag,
    summary: 'Log of a webhook, newest first; kept for 30 days',
    params: IdParams,
    query: z.strictObject({
      page: pageQuery.page,
      page_size: pageQuery.page_size,
      cursor: pageQuery.cursor,
      status: z.enum(['waiting', 'delivered', 'failed']).optional(),
      event: Event.optional(),
    }),
    reply: pageOf(WebhookDelivery),
  }),
  delivery: route({
    method: 'GET',
    path: '/api/v1/webhooks/:id/deliveries/:delivery_id',
    access: 'admin',
    tag,
    summary: 'One delivery with the body as it was signed',
    params: DeliveryParams,
    reply: WebhookDelivery.extend({ body: z.string() }),
  }),
  replay: route({
    method: 'POST',
    path: '/api/v1/webhooks/:id/deliveries/:delivery_id/replay',
    access: 'admin',
    tag,
    summary: 'Post one delivery again, under the same webhook-id',
    params: DeliveryParams,
    reply: WebhookDelivery,
  }),
  replayFailed: route({
    method: 'POST',
    path: '/api/v1/webhooks/:id/replay',
    access: 'admin',
    tag,
    summary: 'Post everything again that failed since a time',
    params: IdParams,
    body: z.strictObject({ since: z.iso.datetime({ offset: true }).optional() }),
    reply: z.strictObject({ replayed: z.int() }),
  }),
}
