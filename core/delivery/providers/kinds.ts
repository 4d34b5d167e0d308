import { z } from 'zod'
import type { ChannelKind } from '../message.ts'
import { MailgunConfig, PostmarkConfig, ResendConfig, SendgridConfig, SesConfig, SmtpConfig } from './email.ts'
import { secretNames } from './fields.ts'
import { SmsHttpConfig, TwilioConfig } from './sms.ts'

export const providerKindNames = [
  'smtp',
  'mailgun',
  'sendgrid',
  'postmark',
  'ses',
  'resend',
  'twilio',
  'sms_http',
] as const
export type ProviderKindName = (typeof providerKindNames)[number]

/** A kind of provider that messages can leave through. */
export interface ProviderKind {
  kind: ProviderKindName
  channel: ChannelKind
  name: string
  about: string
  config: z.ZodObject
  /** what must hold over several fields: path and cure of the first fault, or null */
  check?: (config: Record<string, unknown>) => { path: string; message: string } | null
  /** where its console wants the webhook address, in words */
  hook: string
  /** names of DKIM keys that the provider is known to use under the sender's domain */
  dkimSelectors: readonly string[]
  /** what the SPF record of the sending domain should include */
  spfInclude: string | null
}

export const providerKinds: Record<ProviderKindName, ProviderKind> = {
  smtp: {
    kind: 'smtp',
    channel: 'email',
    name: 'Mail server (SMTP)',
    about: 'Any server: your own, or the SMTP address of a provider.',
    config: SmtpConfig,
    check: checkSmtp,
    hook: 'A mail server can post bounces here, for example from a pipe transport.',
    dkimSelectors: [],
    spfInclude: null,
  },
  mailgun: {
    kind: 'mailgun',
    channel: 'email',
    name: 'Mailgun',
    about: 'Takes finished messages; reports deliveries, bounces and complaints.',
    config: MailgunConfig,
    hook: 'Mailgun: Sending, Webhooks. Add it for each event.',
    dkimSelectors: ['mailo', 'k1', 'mx', 'pic'],
    spfInclude: 'mailgun.org',
  },
  sendgrid: {
    kind: 'sendgrid',
    channel: 'email',
    name: 'SendGrid',
    about: 'Twilio SendGrid Mail Send v3, with signed event webhook.',
    config: SendgridConfig,
    hook: 'SendGrid: Settings, Mail Settings, Event Webhook, with signature verification on.',
    dkimSelectors: ['s1', 's2'],
    spfInclude: 'sendgrid.net',
  },
  postmark: {
    kind: 'postmark',
    channel: 'email',
    name: 'Postmark',
    about: 'Broadcast stream of a Postmark server.',
    config: PostmarkConfig,
    hook: 'Postmark: the stream, Webhooks, with Basic auth user and password as below.',
    dkimSelectors: ['pm'],
    spfInclude: 'spf.mtasv.net',
  },
  ses: {
    kind: 'ses',
    channel: 'email',
    name: 'Amazon SES',
    about: 'SES v2; events come back through an SNS topic.',
    config: SesConfig,
    hook: 'SNS: a subscription of the topic, protocol HTTPS, without raw delivery. It is confirmed by itself.',
    dkimSelectors: [],
    spfInclude: 'amazonses.com',
  },
  resend: {
    kind: 'resend',
    channel: 'email',
    name: 'Resend',
    about: 'Accepts a repeat as a repeat, so a lost answer costs nothing.',
    config: ResendConfig,
    hook: 'Resend: Webhooks, all email events.',
    dkimSelectors: ['resend'],
    spfInclude: 'amazonses.com',
  },
  twilio: {
    kind: 'twilio',
    channel: 'sms',
    name: 'Twilio',
    about: 'Texts by number or messaging service; replies come back.',
    config: TwilioConfig,
    check: (c) =>
      c['from'] || c['messaging_service_sid']
        ? null
        : { path: 'from', message: 'Give a sender number or a messaging service.' },
    hook: 'Twilio: the number or messaging service, incoming messages, HTTP POST. Status reports need no setting.',
    dkimSelectors: [],
    spfInclude: null,
  },
  sms_http: {
    kind: 'sms_http',
    channel: 'sms',
    name: 'Text gateway (HTTP)',
    about: 'Any gateway that takes one text per HTTP request.',
    config: SmsHttpConfig,
    check: (c) => (c['auth'] !== 'none' && !c['api_key'] ? { path: 'api_key', message: 'Give the key.' } : null),
    hook: 'The gateway’s setting for status reports and incoming texts.',
    dkimSelectors: [],
    spfInclude: null,
  },
}

const secretsOf = new Map<ProviderKindName, readonly string[]>()

/** Names of the fields that are stored encrypted. */
export function secretFields(kind: ProviderKindName): readonly string[] {
  let names = secretsOf.get(kind)
  if (!names) secretsOf.set(kind, (names = secretNames(providerKinds[kind].config)))
  return names
}

export function isProviderKind(kind: string): kind is ProviderKindName {
  return (providerKindNames as readonly string[]).includes(kind)
}

function checkSmtp(c: Record<string, unknown>): { path: string; message: string } | null {
  const dkim = ['dkim_domain', 'dkim_selector', 'dkim_private_key'].filter((name) => !c[name])
  if (dkim.length > 0 && dkim.length < 3)
    return { path: dkim[0]!, message: 'To sign with DKIM, give domain, selector and private key.' }
  if (c['imap_host'] && !(c['imap_user'] && c['imap_password']))
    return { path: c['imap_user'] ? 'imap_password' : 'imap_user', message: 'The mailbox needs a user and a password.' }
  if (c['imap_host'] && !c['bounce_address'])
    return { path: 'bounce_address', message: 'Give the address whose mailbox is read.' }
  return null
}
