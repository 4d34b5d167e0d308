import { z } from 'zod'
import { providerKindNames } from '#core/delivery/providers/kinds.ts'
import { Id, IdParams, Instant, pageOf, pageQuery, Flag } from './common.ts'
import { route } from './http.ts'

const ChannelKind = z.enum(['email', 'sms'])
export const ProviderKindName = z.enum(providerKindNames)

const rates = {
  /** messages a minute over one worker; null: as fast as it goes */
  rate_per_minute: z.int().positive().max(1_000_000).nullable().default(null),
  /** messages in flight; null: LMA_SLOTS */
  slots: z.int().min(1).max(500).nullable().default(null),
}
/** sandbox: into the mailbox of the UI, whatever providers there are; live: through the providers */
const mode = z.enum(['sandbox', 'live']).default('sandbox')
const EmailChannel = z.strictObject({
  mode,
  ...rates,
  track_opens: z.boolean().default(true),
  track_clicks: z.boolean().default(true),
})
const SmsChannel = z.strictObject({ mode, ...rates })

/** The row `channels` of the settings. */
export const StoredChannels = z.strictObject({ email: EmailChannel.prefault({}), sms: SmsChannel.prefault({}) })
export type StoredChannels = z.infer<typeof StoredChannels>

const fieldValue = z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()])

export const Provider = z.strictObject({
  id: Id,
  channel: ChannelKind,
  kind: ProviderKindName,
  /** what sends and attempts call it */
  key: z.string(),
  name: z.string(),
  config: z.record(z.string(), fieldValue),
  /** which secrets are stored; their values are never shown */
  secrets: z.record(z.string(), z.boolean()),
  weight: z.int(),
  is_active: z.boolean(),
  rate_per_minute: z.int().nullable(),
  slots: z.int().nullable(),
  /** to be entered at the provider, so that it can report */
  hook_url: z.string(),
  last_received_at: Instant.nullable(),
  last_refused_at: Instant.nullable(),
  last_refusal: z.string().nullable(),
  created_at: Instant,
  updated_at: Instant,
})
export type Provider = z.infer<typeof Provider>

export const ChannelSettings = z.strictObject({
  email: EmailChannel.extend({
    /** set by SMTP_URL: mode and providers have no effect then */
    from_environment: z.boolean(),
  }),
  sms: SmsChannel,
  providers: z.array(Provider),
})
export type ChannelSettings = z.infer<typeof ChannelSettings>

const ProviderField = z.strictObject({
  name: z.string(),
  type: z.enum(['text', 'secret', 'multiline', 'number', 'choice', 'yes_no']),
  label: z.string(),
  hint: z.string().nullable(),
  placeholder: z.string().nullable(),
  group: z.enum(['main', 'webhook', 'dkim', 'bounces', 'advanced']),
  is_required: z.boolean(),
  is_secret: z.boolean(),
  default: z.union([z.string(), z.number(), z.boolean()]).nullable(),
  options: z.array(z.strictObject({ value: z.string(), label: z.string() })),
})

const ProviderChange = {
  name: z.string().trim().min(1).max(80),
  /** all fields of the kind but its secrets */
  config: z.record(z.string(), fieldValue),
  /** a secret that is absent stays, null removes it */
  secrets: z.record(z.string(), z.string().max(10_000).nullable()),
  weight: z.int().min(0).max(100),
  is_active: z.boolean(),
  rate_per_minute: z.int().positive().max(1_000_000).nullable(),
  slots: z.int().min(1).max(500).nullable(),
}

const Check = z.strictObject({
  id: z.string(),
  what: z.string(),
  /** unreachable: it cannot be looked up from here, which says nothing about the record */
  outcome: z.enum(['ok', 'warning', 'missing', 'wrong', 'unreachable']),
  detail: z.string(),
  /** the record as found */
  found: z.string().nullable(),
})
export type Check = z.infer<typeof Check>

export const Inbound = z.strictObject({
  id: Id,
  channel: ChannelKind,
  sender: z.string(),
  customer_id: Id.nullable(),
  customer_name: z.string().nullable(),
  send_id: Id.nullable(),
  body: z.string(),
  meaning: z.enum(['stop', 'start', 'help', 'other']),
  because: z.string(),
  is_read: z.boolean(),
  received_at: Instant,
})

const tag = 'Delivery'
const base = '/api/v1/settings/channels'
export const channels = {
  get: route({
    method: 'GET',
    path: base,
    access: 'user',
    tag,
    summary: 'How messages leave: channels and their providers; secrets are never shown',
    reply: ChannelSettings,
  }),
  update: route({
    method: 'PATCH',
    path: base,
    access: 'admin',
    tag,
    summary: 'Change a channel: sandbox or live, rates, tracking',
    body: z.strictObject({
      email: z
        .strictObject({
          mode: z.enum(['sandbox', 'live']),
          rate_per_minute: z.int().positive().max(1_000_000).nullable(),
          slots: z.int().min(1).max(500).nullable(),
          track_opens: z.boolean(),
          track_clicks: z.boolean(),
        })
        .partial()
        .optional(),
      sms: z
        .strictObject({
          mode: z.enum(['sandbox', 'live']),
          rate_per_minute: z.int().positive().max(1_000_000).nullable(),
          slots: z.int().min(1).max(500).nullable(),
        })
        .partial()
        .optional(),
    }),
    reply: ChannelSettings,
  }),
  kinds: route({
    method: 'GET',
    path: `${base}/kinds`,
    access: 'user',
    tag,
    summary: 'Kinds of providers with the fields of their configuration',
    reply: z.strictObject({
      data: z.array(
        z.strictObject({
          kind: ProviderKindName,
          channel: ChannelKind,
          name: z.string(),
          about: z.string(),
          hook: z.string(),
          fields: z.array(ProviderField),
        }),
      ),
    }),
  }),
  addProvider: route({
    method: 'POST',
    path: `${base}/providers`,
    access: 'admin',
    tag,
    status: 201,
    summary: 'Add a provider; messages leave through it once its channel is live',
    body: z.strictObject({
      kind: ProviderKindName,
      ...ProviderChange,
      name: ProviderChange.name.optional(),
      secrets: ProviderChange.secrets.default({}),
      weight: ProviderChange.weight.default(1),
      is_active: ProviderChange.is_active.default(true),
      rate_per_minute: ProviderChange.rate_per_minute.default(null),
      slots: ProviderChange.slots.default(null),
    }),
    reply: Provider,
  }),
  updateProvider: route({
    method: 'PATCH',
    path: `${base}/providers/:id`,
    access: 'admin',
    tag,
    summary: 'Change a provider',
    params: IdParams,
    body: z.strictObject(ProviderChange).partial(),
    reply: Provider,
  }),
  removeProvider: route({
    method: 'DELETE',
    path: `${base}/providers/:id`,
    access: 'admin',
    tag,
    summary: 'Remove a provider and its secrets; what it sent keeps its name',
    params: IdParams,
  }),
  checkProvider: route({
    method: 'POST',
    path: `${base}/providers/:id/check`,
    access: 'manager',
    tag,
    summary: 'Look up SPF, DKIM and DMARC of the sender address, as receivers will',
    params: IdParams,
    reply: z.strictObject({ domain: z.string(), checks: z.array(Check) }),
  }),
  test: route({
    method: 'POST',
    path: `${base}/test`,
    access: 'admin',
    tag,
    summary: 'Send one plain test message through a channel, or through one of its providers',
    body: z.strictObject({
      channel: ChannelKind,
      to: z.string().min(3).max(320),
      provider_id: Id.nullable().default(null),
    }),
    reply: z.strictObject({
      ok: z.boolean(),
      provider: z.string(),
      outcome: z.enum(['accepted', 'rejected', 'deferred', 'unknown']),
      detail: z.string(),
    }),
  }),
  listReplies: route({
    method: 'GET',
    path: '/api/v1/replies',
    access: 'user',
    tag: 'Feedback',
    summary: 'What customers texted back, newest first',
    query: z.strictObject({
      ...pageQuery,
      customer_id: Id.optional(),
      meaning: z.enum(['stop', 'start', 'help', 'other']).optional(),
      unread: Flag.optional(),
    }),
    reply: pageOf(Inbound).extend({ unread: z.int() }),
  }),
  readReplies: route({
    method: 'POST',
    path: '/api/v1/replies/read',
    access: 'user',
    tag: 'Feedback',
    summary: 'Mark replies as read',
    body: z.strictObject({ ids: z.array(Id).min(1).max(200) }),
    reply: z.strictObject({ read: z.int() }),
  }),
}
