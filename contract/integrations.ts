import { z } from 'zod'
import { Id, IdParams, Instant, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const TillKind = z.enum(['shopify', 'woocommerce'])

const field = z.string().trim().min(1).max(100).nullable()
export const IntegrationSettings = z.strictObject({
  /**
   * Which number of an order is kept: the till's own id, which no other till has; or the number people see, like #1001,
   * where orders were imported from its export files before.
   */
  order_number: z.enum(['id', 'number']).default('id'),
  /** WooCommerce: fields of an order in which a checkout keeps "may write to me" */
  consent_fields: z.strictObject({ email: field.default(null), sms: field.default(null) }).prefault({}),
})
export type IntegrationSettings = z.output<typeof IntegrationSettings>

/** A till or web shop that posts what happens there. */
export const Integration = z.strictObject({
  id: Id,
  kind: TillKind,
  label: z.string(),
  name: z.string(),
  /** stands before its numbers */
  prefix: z.string(),
  /** paused: hooks are kept and wait */
  status: z.enum(['active', 'paused']),
  /** where it must post */
  url: z.string(),
  /** what it should be subscribed to */
  topics: z.array(z.string()),
  has_secret: z.boolean(),
  secret_from: z.enum(['us', 'them']),
  /** until then the secret before this one is good as well */
  old_secret_until: Instant.nullable(),
  store_id: Id.nullable(),
  settings: IntegrationSettings,
  hooks_received: z.int(),
  /** with a signature that does not fit */
  hooks_refused: z.int(),
  hooks_waiting: z.int(),
  hooks_parked: z.int(),
  last_received_at: Instant.nullable(),
  last_refused_at: Instant.nullable(),
  last_ping_at: Instant.nullable(),
  created_at: Instant,
  updated_at: Instant,
})
export type Integration = z.infer<typeof Integration>

const name = z.string().trim().min(1, 'Give it a name, like the one of the shop.').max(100)
const secret = z.string().trim().min(8, 'Use at least 8 characters.').max(500)

export const Hook = z.strictObject({
  id: Id,
  topic: z.string(),
  /** "order 1001" */
  subject: z.string().nullable(),
  status: z.enum(['received', 'done', 'ignored', 'parked']),
  outcome: z.string().nullable(),
  error: z.string().nullable(),
  attempts: z.int(),
  sent_at: Instant.nullable(),
  received_at: Instant,
  processed_at: Instant.nullable(),
  /** its content is still here */
  can_replay: z.boolean(),
})
export type Hook = z.infer<typeof Hook>

const WithSecret = Integration.extend({
  /** a secret that we made: shown in this answer only */
  secret: z.string().nullable(),
})

const tag = 'Integrations'
const HookParams = z.strictObject({ id: Id, hook_id: Id })
export const integrations = {
  list: route({
    method: 'GET',
    path: '/api/v1/integrations',
    access: 'manager',
    tag,
    summary: 'Tills and web shops that post what happens there',
    reply: z.strictObject({ data: z.array(Integration) }),
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/integrations/:id',
    access: 'manager',
    tag,
    summary: 'One till or web shop',
    params: IdParams,
    reply: Integration,
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/integrations',
    access: 'admin',
    tag,
    status: 201,
    showsSecret: true,
    summary: 'Connect a till or web shop',
    description:
      'WooCommerce takes a secret of ours, which this answer shows once; Shopify makes its own, which can be given now or later.',
    body: z.strictObject({
      kind: TillKind,
      name,
      secret: secret.optional(),
      store_id: Id.nullable().default(null),
      settings: IntegrationSettings.prefault({}),
    }),
    reply: WithSecret,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/integrations/:id',
    access: 'admin',
    tag,
    showsSecret: true,
    summary: 'Change, pause or resume it; give it another signing secret',
    description:
      'With another secret the present one stays good for three days, so that nothing is lost in between; `end_old_secret` ends that at once.',
    params: IdParams,
    body: z
      .strictObject({
        name,
        status: z.enum(['active', 'paused']),
        store_id: Id.nullable(),
        settings: IntegrationSettings,
        secret,
        /** make one */
        new_secret: z.literal(true),
        end_old_secret: z.literal(true),
      })
      .partial()
      .refine((b) => !(b.secret && b.new_secret), {
        path: ['secret'],
        error: 'Give a secret or have one made, not both.',
      }),
    reply: WithSecret,
  }),
  remove: route({
    method: 'DELETE',
    path: '/api/v1/integrations/:id',
    access: 'admin',
    tag,
    status: 204,
    summary: 'Disconnect it; its customers and orders stay, its hooks and their log go',
    params: IdParams,
  }),
  hooks: route({
    method: 'GET',
    path: '/api/v1/integrations/:id/hooks',
    access: 'manager',
    tag,
    summary: 'What it posted and what became of it, the latest first',
    params: IdParams,
    query: z.strictObject({ ...pageQuery, status: Hook.shape.status.optional() }),
    reply: pageOf(Hook),
  }),
  replay: route({
    method: 'POST',
    path: '/api/v1/integrations/:id/hooks/:hook_id/replay',
    access: 'admin',
    tag,
    summary: 'Work on a hook once more',
    params: HookParams,
    reply: Hook,
  }),
  replayParked: route({
    method: 'POST',
    path: '/api/v1/integrations/:id/replay',
    access: 'admin',
    tag,
    summary: 'Work on all parked hooks once more',
    params: IdParams,
    reply: z.strictObject({ replayed: z.int() }),
  }),
}
