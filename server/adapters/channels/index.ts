import type { ChannelKind } from '#core/delivery/message.ts'
import type {
  MailgunConfig,
  PostmarkConfig,
  ResendConfig,
  SendgridConfig,
  SesConfig,
  SmtpConfig,
} from '#core/delivery/providers/email.ts'
import type { SmsHttpConfig, TwilioConfig } from '#core/delivery/providers/sms.ts'
import { hookUrl, openProvider, readProviders, type StoredProvider } from '../../channel-providers.ts'
import { readChannels } from '../../channel-settings.ts'
import type { Config } from '../../config.ts'
import type { Ctx } from '../../context.ts'
import type { Channel, Channels, Route } from '../../ports/channel.ts'
import { returnPath } from '../../verp.ts'
import { createNet, type Net } from '../net.ts'
import { createDkimSigner } from './dkim.ts'
import { createMailgun } from './mailgun.ts'
import { createPostmark } from './postmark.ts'
import { createResend } from './resend.ts'
import { createSandbox } from './sandbox.ts'
import { createSendgrid } from './sendgrid.ts'
import { createSes } from './ses.ts'
import { createSmsHttp } from './sms-http.ts'
import { createSmtp, type SmtpOptions } from './smtp.ts'
import { createTwilio } from './twilio.ts'

const refreshMs = 2000
/** How long a replaced provider may finish its work. */
const lingerMs = 60_000

interface Known {
  live: Record<ChannelKind, boolean>
  /** connections of a mail server that sets none of its own */
  slots: number
  providers: StoredProvider[]
  readAt: number
}

/** Builds each provider when it is first needed and again when its settings changed; the old one finishes its work. */
export function createChannels(context: () => Ctx): Channels {
  let known: Known | null = null
  let reading: Promise<Known> | null = null
  const built = new Map<string, { fingerprint: string; channel: Channel }>()
  let out: Nets | null = null
  const nets = (): Nets => (out ??= createNets(context().config))

  async function read(mostMs = refreshMs): Promise<Known> {
    if (known && Date.now() - known.readAt < mostMs) return known
    reading ??= (async () => {
      const ctx = context()
      const [settings, providers] = await Promise.all([readChannels(ctx.pool), readProviders(ctx.pool)])
      return (known = {
        live: { email: settings.email.mode === 'live', sms: settings.sms.mode === 'live' },
        slots: settings.email.slots ?? ctx.config.slots,
        providers,
        readAt: Date.now(),
      })
    })()
      .catch((error: unknown) => {
        // The database is away: go on with what is known.
        if (known) return known
        throw error
      })
      .finally(() => (reading = null))
    return reading
  }

  function get(key: string, fingerprint: string, make: () => Channel): Channel {
    const now = built.get(key)
    if (now?.fingerprint === fingerprint) return now.channel
    const channel = make()
    built.set(key, { fingerprint, channel })
    if (now) setTimeout(() => void now.channel.close(), lingerMs).unref()
    return channel
  }

  const sandbox = (kind: ChannelKind): Channel => get(`sandbox:${kind}`, '', () => createSandbox(context().pool, kind))
  const fromEnvironment = (url: string): Channel => {
    const ctx = context()
    return get('environment', url, () =>
      createSmtp({ ...fromUrl(url), connections: ctx.config.slots }, nets().environment),
    )
  }
  const provider = (p: StoredProvider): Channel =>
    get(p.key, JSON.stringify([p.config, p.secrets, p.slots ?? known?.slots]), () =>
      build(context(), p, known?.slots ?? context().config.slots, nets()),
    )

  return {
    async routes(kind): Promise<readonly Route[]> {
      const { smtpUrl } = context().config
      if (kind === 'email' && smtpUrl)
        return [{ channel: fromEnvironment(smtpUrl), weight: 1, ratePerMinute: null, slots: null }]
      const { live, providers } = await read()
      const active = providers.filter((p) => p.channel === kind && p.is_active && !p.removed_at)
      // Live without a provider cannot be set; should it happen all the same, messages wait instead of ending in the sandbox.
      if (live[kind] && active.length === 0)
        return [{ channel: stopped(kind, kind, 'no provider is set'), weight: 1, ratePerMinute: null, slots: null }]
      if (!live[kind]) return [{ channel: sandbox(kind), weight: 1, ratePerMinute: null, slots: null }]
      return active.map((p) => ({
        channel: provider(p),
        weight: p.weight,
        ratePerMinute: p.rate_per_minute,
        slots: p.slots,
      }))
    },
    async find(kind, name) {
      const { smtpUrl } = context().config
      if (name === 'sandbox') return sandbox(kind)
      if (name === 'smtp' && kind === 'email' && smtpUrl) return fromEnvironment(smtpUrl)
      // Asked for by name it is rare, and often a moment after somebody changed it: read anew.
      const { providers } = await read(0)
      const found = providers.find((p) => p.channel === kind && p.key === name && !p.removed_at)
      return found ? provider(found) : null
    },
    async close() {
      await Promise.all([...built.values()].map(({ channel }) => channel.close()))
      if (out) await Promise.all(Object.values(out).map((net) => net.close()))
      out = null
      built.clear()
      known = null
    },
  }
}

interface Nets {
  providers: Net
  mail: Net
  /** what the operator names in the environment may be anywhere */
  environment: Net
}

function createNets({ privateAddresses }: Config): Nets {
  return {
    providers: createNet({ allowPrivate: privateAddresses.has('providers') }),
    mail: createNet({ allowPrivate: privateAddresses.has('mail') }),
    environment: createNet({ allowPrivate: true }),
  }
}

function build(ctx: Ctx, p: StoredProvider, slots: number, nets: Nets): Channel {
  try {
    const config: unknown = openProvider(ctx.config, p)
    switch (p.kind) {
      case 'smtp':
        return createSmtp(smtpOptions(ctx, p, config as SmtpConfig, slots), nets.mail)
      case 'mailgun':
        return createMailgun(p.key, config as MailgunConfig, nets.providers)
      case 'sendgrid':
        return createSendgrid(p.key, config as SendgridConfig, nets.providers)
      case 'postmark':
        return createPostmark(p.key, config as PostmarkConfig, nets.providers)
      case 'ses':
        return createSes(p.key, config as SesConfig, nets.providers)
      case 'resend':
        return createResend(p.key, config as ResendConfig, nets.providers)
      case 'twilio':
        return createTwilio(p.key, config as TwilioConfig, hookUrl(ctx.config, p), nets.providers)
      case 'sms_http':
        return createSmsHttp(p.key, config as SmsHttpConfig, nets.providers)
    }
  } catch (error) {
    ctx.log.error({ err: error as Error, provider: p.key }, 'a provider cannot be used')
    return stopped(p.key, p.channel, (error as Error).message)
  }
}

/** Stands where a provider cannot be built: its messages wait, and say why. */
function stopped(name: string, kind: ChannelKind, why: string): Channel {
  return {
    name,
    kind,
    send: () =>
      Promise.resolve({ kind: 'deferred', code: 'settings', detail: why, unreachable: true, retryAfterMs: 30_000 }),
    close: () => Promise.resolve(),
  }
}

function smtpOptions(ctx: Ctx, p: StoredProvider, config: SmtpConfig, slots: number): SmtpOptions {
  const { dkim_domain: domain, dkim_selector: selector, dkim_private_key: privateKey, bounce_address: bounces } = config
  return {
    name: p.key,
    host: config.host,
    port: config.port,
    secure: config.security === 'tls',
    requireTls: config.security === 'starttls',
    user: config.user,
    pass: config.password,
    connections: p.slots ?? slots,
    dkim: domain && selector && privateKey ? createDkimSigner({ domain, selector, privateKey }) : null,
    returnPath: bounces ? (sendId) => returnPath(ctx.config.secret, bounces, sendId) : null,
  }
}

// smtp://user:pass@host:587, smtps://host:465; ?tls=off allows a relay without TLS.
function fromUrl(value: string): Omit<SmtpOptions, 'connections'> {
  const url = new URL(value)
  const secure = url.protocol === 'smtps:'
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    requireTls: !secure && url.username !== '' && url.searchParams.get('tls') !== 'off',
    user: url.username ? decodeURIComponent(url.username) : null,
    pass: url.password ? decodeURIComponent(url.password) : null,
  }
}
