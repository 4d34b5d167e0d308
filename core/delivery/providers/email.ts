import { z } from 'zod'
import { baseUrl, field, optionalSecret, secret } from './fields.ts'

const domainName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^(?=.{3,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'Write a domain like mail.shop.com.')
const previous = 'For the days in which both are in use. Empty it afterwards.'

export const MailgunConfig = z.strictObject({
  domain: field(domainName, { label: 'Sending domain', placeholder: 'mg.shop.com' }),
  api_key: secret({ label: 'API key', hint: 'A sending key of the domain is enough.' }),
  region: field(z.enum(['us', 'eu']).default('us'), {
    label: 'Region',
    options: { us: 'United States', eu: 'European Union' },
  }),
  webhook_signing_key: optionalSecret({ label: 'HTTP webhook signing key', group: 'webhook' }),
  webhook_signing_key_previous: optionalSecret({ label: 'Previous signing key', hint: previous, group: 'webhook' }),
  base_url: baseUrl,
})
export type MailgunConfig = z.output<typeof MailgunConfig>

const ecKey = z
  .string()
  .trim()
  .max(500)
  .regex(/^[A-Za-z0-9+/=]{80,}$/, 'Copy the whole verification key; it begins with MFkw.')
  .nullable()
  .default(null)
export const SendgridConfig = z.strictObject({
  api_key: secret({ label: 'API key', hint: 'With the permission Mail Send.', placeholder: 'SG.' }),
  region: field(z.enum(['global', 'eu']).default('global'), {
    label: 'Region',
    options: { global: 'Global', eu: 'European Union' },
  }),
  webhook_public_key: field(ecKey, {
    label: 'Verification key of the signed event webhook',
    placeholder: 'MFkw…',
    group: 'webhook',
  }),
  webhook_public_key_previous: field(ecKey, { label: 'Previous verification key', hint: previous, group: 'webhook' }),
  base_url: baseUrl,
})
export type SendgridConfig = z.output<typeof SendgridConfig>

export const PostmarkConfig = z.strictObject({
  server_token: secret({ label: 'Server API token' }),
  message_stream: field(
    z
      .string()
      .regex(/^[a-z0-9-]{1,60}$/)
      .default('broadcast'),
    { label: 'Message stream', hint: 'Marketing belongs into a broadcast stream.' },
  ),
  webhook_user: field(z.string().trim().max(100).default('postmark'), {
    label: 'Webhook user',
    hint: 'Postmark does not sign: give its webhook this user and the password below (Basic auth).',
    group: 'webhook',
  }),
  webhook_password: optionalSecret({ label: 'Webhook password', group: 'webhook' }),
  webhook_password_previous: optionalSecret({ label: 'Previous webhook password', hint: previous, group: 'webhook' }),
  base_url: baseUrl,
})
export type PostmarkConfig = z.output<typeof PostmarkConfig>

export const SesConfig = z.strictObject({
  region: field(
    z
      .string()
      .trim()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'Write a region like us-east-1.'),
    { label: 'Region', placeholder: 'us-east-1' },
  ),
  access_key_id: field(z.string().trim().min(16).max(128), { label: 'Access key id', placeholder: 'AKIA…' }),
  secret_access_key: secret({ label: 'Secret access key', hint: 'Needs the right ses:SendRawEmail.' }),
  configuration_set: field(
    z
      .string()
      .trim()
      .regex(/^[\w-]{1,64}$/)
      .nullable()
      .default(null),
    { label: 'Configuration set', hint: 'The one that publishes to the topic below.' },
  ),
  topic_arn: field(
    z
      .string()
      .trim()
      .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]{1,256}$/, 'Write the whole ARN of the topic.')
      .nullable()
      .default(null),
    {
      label: 'SNS topic',
      hint: 'Only posts of this topic are believed, and only it is confirmed.',
      placeholder: 'arn:aws:sns:us-east-1:123456789012:mail-events',
      group: 'webhook',
    },
  ),
  base_url: baseUrl,
})
export type SesConfig = z.output<typeof SesConfig>

export const ResendConfig = z.strictObject({
  api_key: secret({ label: 'API key', placeholder: 're_' }),
  webhook_secret: optionalSecret({ label: 'Webhook signing secret', placeholder: 'whsec_', group: 'webhook' }),
  webhook_secret_previous: optionalSecret({ label: 'Previous signing secret', hint: previous, group: 'webhook' }),
  base_url: baseUrl,
})
export type ResendConfig = z.output<typeof ResendConfig>

export const SmtpConfig = z.strictObject({
  host: field(z.string().trim().min(1, 'Write the name of the mail server.').max(253), {
    label: 'Server',
    placeholder: 'smtp.example.com',
  }),
  port: field(z.int().min(1).max(65535).default(587), { label: 'Port' }),
  security: field(z.enum(['starttls', 'tls', 'maybe']).default('starttls'), {
    label: 'Encryption',
    options: {
      starttls: 'STARTTLS, required (port 587)',
      tls: 'TLS from the start (port 465)',
      maybe: 'STARTTLS when offered (only inside your own network)',
    },
  }),
  user: field(z.string().trim().max(320).nullable().default(null), { label: 'User' }),
  password: optionalSecret({ label: 'Password' }),
  dkim_domain: field(domainName.nullable().default(null), {
    label: 'DKIM domain',
    hint: 'Only if the server does not sign by itself. The domain of the sender address.',
    group: 'dkim',
  }),
  dkim_selector: field(
    z
      .string()
      .trim()
      .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i)
      .nullable()
      .default(null),
    { label: 'DKIM selector', group: 'dkim' },
  ),
  dkim_private_key: optionalSecret(
    { label: 'DKIM private key (PEM)', hint: 'RSA of 2048 bits, or Ed25519.', multiline: true, group: 'dkim' },
    8000,
  ),
  bounce_address: field(z.email().max(200).nullable().default(null), {
    label: 'Bounce address',
    hint: 'Reports come back to name+…@domain of this address; its mailbox is read below, or posts them to the webhook.',
    placeholder: 'bounces@shop.com',
    group: 'bounces',
  }),
  imap_host: field(z.string().trim().max(253).nullable().default(null), { label: 'IMAP server', group: 'bounces' }),
  imap_port: field(z.int().min(1).max(65535).default(993), { label: 'IMAP port', group: 'bounces' }),
  imap_user: field(z.string().trim().max(320).nullable().default(null), { label: 'IMAP user', group: 'bounces' }),
  imap_password: optionalSecret({ label: 'IMAP password', group: 'bounces' }),
  webhook_password: optionalSecret({
    label: 'Webhook password',
    hint: 'For a mail server that posts bounces here instead of keeping them (Authorization: Bearer …).',
    group: 'webhook',
  }),
})
export type SmtpConfig = z.output<typeof SmtpConfig>
