import { z } from 'zod'
import { templateFields } from '#core/delivery/template-fields.ts'
import { Id, IdParams, Instant, Flag, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const ChannelKind = z.enum(['email', 'sms'])

const TemplateProblem = z.strictObject({
  level: z.enum(['error', 'warning']),
  message: z.string(),
  field: z.enum(templateFields).nullable(),
  line: z.int().nullable(),
})

export const MessageTemplate = z.strictObject({
  id: Id,
  key: z.string(),
  version: z.int(),
  name: z.string(),
  channel: ChannelKind,
  category: z.string(),
  subject_template: z.string().nullable(),
  preheader_template: z.string().nullable(),
  body_mjml_template: z.string().nullable(),
  body_text_template: z.string(),
  variables: z.array(z.string()),
  is_active: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
})
export type MessageTemplate = z.infer<typeof MessageTemplate>

const text = z.string().min(1).max(60_000)
const TemplateInput = z.strictObject({
  key: z.string().regex(/^[a-z0-9_]{2,60}$/, 'Use small letters, digits and underscores.'),
  name: z.string().min(1).max(120),
  channel: ChannelKind,
  category: z.string().min(1).max(60),
  subject_template: z.string().min(1).max(300).nullable().default(null),
  preheader_template: z.string().max(300).nullable().default(null),
  body_mjml_template: z.string().max(200_000).nullable().default(null),
  body_text_template: text,
  is_active: z.boolean().default(true),
})
export type TemplateInput = z.infer<typeof TemplateInput>

/** What a message is written in, without its name and place; as it is typed, so anything may still be empty. */
const TemplateWords = z.strictObject({
  subject_template: z.string().max(300).nullable(),
  preheader_template: z.string().max(300).nullable(),
  body_mjml_template: z.string().max(200_000).nullable(),
  body_text_template: z.string().max(60_000),
})
export type TemplateWords = z.infer<typeof TemplateWords>
export const TemplatePreview = z.strictObject({
  subject: z.string().nullable(),
  preheader: z.string().nullable(),
  html: z.string().nullable(),
  text: z.string(),
  html_bytes: z.int(),
  sms: z
    .strictObject({ encoding: z.enum(['GSM-7', 'UCS-2']), segments: z.int(), units: z.int(), left: z.int() })
    .nullable(),
  problems: z.array(TemplateProblem),
})
export type TemplatePreview = z.infer<typeof TemplatePreview>

const Saved = z.strictObject({ template: MessageTemplate, problems: z.array(TemplateProblem) })

export const SandboxMessage = z.strictObject({
  id: Id,
  send_id: Id,
  channel: ChannelKind,
  sender: z.string(),
  recipient: z.string(),
  subject: z.string().nullable(),
  snippet: z.string(),
  is_read: z.boolean(),
  received_at: Instant,
})
export const SandboxMessageDetail = SandboxMessage.extend({
  message_id: z.string(),
  headers: z.record(z.string(), z.string()),
  body_html: z.string().nullable(),
  body_text: z.string(),
  campaign_id: Id.nullable(),
  customer_id: Id.nullable(),
})

const tag = 'Delivery'
export const delivery = {
  listTemplates: route({
    method: 'GET',
    path: '/api/v1/settings/templates',
    access: 'user',
    tag,
    summary: 'Message templates, newest version of each',
    query: z.strictObject({
      channel: ChannelKind.optional(),
      category: z.string().max(60).optional(),
      is_active: Flag.optional(),
    }),
    reply: z.strictObject({ data: z.array(MessageTemplate) }),
  }),
  createTemplate: route({
    method: 'POST',
    path: '/api/v1/settings/templates',
    access: 'manager',
    tag,
    status: 201,
    summary: 'Create a template',
    body: TemplateInput,
    reply: Saved,
  }),
  updateTemplate: route({
    method: 'PATCH',
    path: '/api/v1/settings/templates/:id',
    access: 'manager',
    tag,
    summary: 'Change a template; one that was already sent gets a new version',
    params: IdParams,
    body: z.strictObject({
      name: z.string().min(1).max(120).optional(),
      category: z.string().min(1).max(60).optional(),
      subject_template: z.string().min(1).max(300).nullable().optional(),
      preheader_template: z.string().max(300).nullable().optional(),
      body_mjml_template: z.string().max(200_000).nullable().optional(),
      body_text_template: text.optional(),
      is_active: z.boolean().optional(),
    }),
    reply: Saved,
  }),
  previewTemplate: route({
    method: 'GET',
    path: '/api/v1/settings/templates/:id/preview',
    access: 'user',
    tag,
    summary: 'The template as a customer would get it, or as a sample customer',
    params: IdParams,
    query: z.strictObject({ customer_id: Id.optional() }),
    reply: TemplatePreview,
  }),
  previewDraft: route({
    method: 'POST',
    path: '/api/v1/settings/templates/preview',
    access: 'manager',
    tag,
    summary: 'Words that are not saved yet, as a customer would get them; faults come with field and line',
    body: z.strictObject({ channel: ChannelKind, ...TemplateWords.shape, customer_id: Id.nullable().default(null) }),
    reply: TemplatePreview,
  }),
  templateVersions: route({
    method: 'GET',
    path: '/api/v1/settings/templates/:id/versions',
    access: 'user',
    tag,
    summary: 'All versions of a template, newest first, and the words it was delivered with',
    params: IdParams,
    reply: z.strictObject({
      data: z.array(MessageTemplate),
      /** null for a template the shop made itself */
      starter: TemplateWords.nullable(),
    }),
  }),
  listSandbox: route({
    method: 'GET',
    path: '/api/v1/sandbox/messages',
    access: 'user',
    tag,
    summary: 'What customers would have got: messages of the sandbox channel, newest first',
    query: z.strictObject({
      ...pageQuery,
      q: z.string().max(200).optional(),
      channel: ChannelKind.optional(),
      unread: Flag.optional(),
      send_id: Id.optional(),
    }),
    reply: pageOf(SandboxMessage).extend({ unread: z.int() }),
  }),
  getSandbox: route({
    method: 'GET',
    path: '/api/v1/sandbox/messages/:id',
    access: 'user',
    tag,
    summary: 'One sandbox message; opening it marks it read',
    params: IdParams,
    reply: SandboxMessageDetail,
  }),
  clearSandbox: route({
    method: 'DELETE',
    path: '/api/v1/sandbox/messages',
    access: 'manager',
    tag,
    summary: 'Empty the sandbox mailbox',
    reply: z.strictObject({ removed: z.int() }),
  }),
}
