import type { StoredChannels } from '#contract/delivery.ts'
import type { ChannelKind } from '#core/delivery/message.ts'
import { readChannels, smtpPasswordContext } from '../../channel-settings.ts'
import type { Ctx } from '../../context.ts'
import type { Channel, Channels } from '../../ports/channel.ts'
import { decryptSecret } from '../../secrets.ts'
import { createSandbox } from './sandbox.ts'
import { createSmtp, type SmtpOptions } from './smtp.ts'

const refreshMs = 2000

/** Builds each channel when it is first needed and again when its settings changed; the old one finishes its work. */
export function createChannels(context: () => Ctx): Channels {
  const built = new Map<ChannelKind, { fingerprint: string; channel: Channel; checkedAt: number }>()
  return {
    async get(kind) {
      const ctx = context()
      const now = Date.now()
      const known = built.get(kind)
      if (known && now - known.checkedAt < refreshMs) return known.channel
      const stored = await readChannels(ctx.pool).catch((error: unknown) => {
        // The database is away: go on with what is known.
        if (known) return null
        throw error
      })
      if (!stored) return known!.channel
      const fingerprint = JSON.stringify([
        kind === 'email'
          ? [ctx.config.smtpUrl, stored.email.provider, stored.email.smtp, stored.email.slots]
          : stored.sms.provider,
      ])
      if (known?.fingerprint === fingerprint) {
        known.checkedAt = now
        return known.channel
      }
      const channel = build(ctx, kind, stored)
      built.set(kind, { fingerprint, channel, checkedAt: now })
      if (known) setTimeout(() => void known.channel.close(), 60_000).unref()
      return channel
    },
    async close() {
      await Promise.all([...built.values()].map(({ channel }) => channel.close()))
      built.clear()
    },
  }
}

function build(ctx: Ctx, kind: ChannelKind, stored: StoredChannels): Channel {
  if (kind === 'sms') return createSandbox(ctx.pool, 'sms')
  const connections = stored.email.slots ?? ctx.config.slots
  if (ctx.config.smtpUrl) return createSmtp({ ...fromUrl(ctx.config.smtpUrl), connections })
  const smtp = stored.email.smtp
  if (stored.email.provider !== 'smtp' || !smtp) return createSandbox(ctx.pool, 'email')
  const pass = smtp.pass_enc ? decryptSecret(ctx.config.secret, smtpPasswordContext, smtp.pass_enc) : null
  return createSmtp({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.secure,
    requireTls: smtp.require_tls,
    user: smtp.user,
    pass,
    connections,
  })
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
