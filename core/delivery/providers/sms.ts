import { z } from 'zod'
import { baseUrl, field, isLoopback, optionalSecret, secret } from './fields.ts'

const phone = z
  .string()
  .trim()
  .regex(/^(\+[1-9]\d{6,14}|\d{3,8}|[A-Za-z0-9 ]{2,11})$/, 'Write a number like +15185550134, or a short code.')

export const TwilioConfig = z.strictObject({
  account_sid: field(
    z
      .string()
      .trim()
      .regex(/^AC[0-9a-f]{32}$/i, 'It begins with AC and has 34 characters.'),
    { label: 'Account SID', placeholder: 'AC…' },
  ),
  auth_token: secret({ label: 'Auth token', hint: 'Also the key with which Twilio signs its webhooks.' }),
  from: field(phone.nullable().default(null), {
    label: 'Sender number',
    hint: 'Registered for 10DLC, or toll-free and verified. Empty when a messaging service chooses it.',
    placeholder: '+15185550134',
  }),
  messaging_service_sid: field(
    z
      .string()
      .trim()
      .regex(/^MG[0-9a-f]{32}$/i, 'It begins with MG and has 34 characters.')
      .nullable()
      .default(null),
    { label: 'Messaging service', placeholder: 'MG…' },
  ),
  auth_token_previous: optionalSecret({
    label: 'Previous auth token',
    hint: 'For the days in which both sign. Empty it afterwards.',
    group: 'webhook',
  }),
  base_url: baseUrl,
})
export type TwilioConfig = z.output<typeof TwilioConfig>

const path = z
  .string()
  .trim()
  .regex(/^[\w-]+(\.[\w-]+)*$/, 'Write names joined by dots, like messages.0.id.')
const words = z
  .string()
  .trim()
  .max(300)
  .transform((s) =>
    s
      .split(',')
      .map((w) => w.trim().toLowerCase())
      .filter(Boolean)
      .join(','),
  )

/** A gateway that takes one text per HTTP POST; names of its fields are settings. */
export const SmsHttpConfig = z.strictObject({
  url: field(
    z
      .url({ protocol: /^https?$/, error: 'Write a full address, like https://sms.example.com/send.' })
      .max(500)
      .refine(
        (url) => url.startsWith('https:') || (URL.canParse(url) && isLoopback(new URL(url).hostname)),
        'Use https; plain http is allowed only for this machine.',
      ),
    { label: 'Address that takes messages', placeholder: 'https://sms.example.com/send' },
  ),
  format: field(z.enum(['json', 'form']).default('json'), {
    label: 'Body',
    options: { json: 'JSON', form: 'Form fields' },
  }),
  auth: field(z.enum(['bearer', 'basic', 'header', 'none']).default('bearer'), {
    label: 'Sign-in',
    options: { bearer: 'Bearer token', basic: 'Basic (user:password)', header: 'Header X-Api-Key', none: 'None' },
  }),
  api_key: optionalSecret({ label: 'Key', hint: 'For Basic: user:password.' }),
  from: field(phone, { label: 'Sender', placeholder: '+15185550134' }),
  to_field: field(path.default('to'), { label: 'Field of the number', group: 'advanced' }),
  from_field: field(path.default('from'), { label: 'Field of the sender', group: 'advanced' }),
  text_field: field(path.default('text'), { label: 'Field of the text', group: 'advanced' }),
  reference_field: field(path.default('reference'), {
    label: 'Field of our reference',
    hint: 'The gateway must give it back in its status reports.',
    group: 'advanced',
  }),
  id_path: field(path.default('id'), { label: 'Where its answer has the message id', group: 'advanced' }),
  webhook_secret: optionalSecret({
    label: 'Webhook secret',
    hint: 'Posts carry X-Signature: HMAC-SHA256 of the body in hex, or this secret itself in X-Webhook-Secret.',
    group: 'webhook',
  }),
  webhook_secret_previous: optionalSecret({ label: 'Previous webhook secret', group: 'webhook' }),
  status_path: field(path.default('status'), { label: 'Where a report has the status', group: 'webhook' }),
  delivered_words: field(words.default('delivered,delivrd'), { label: 'Words for delivered', group: 'webhook' }),
  failed_words: field(words.default('failed,undelivered,undeliv,rejected,rejectd,expired'), {
    label: 'Words for not delivered',
    group: 'webhook',
  }),
})
export type SmsHttpConfig = z.output<typeof SmsHttpConfig>
