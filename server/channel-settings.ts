import type { ClientBase, Pool } from 'pg'
import { StoredChannels, type ChannelSettings } from '#contract/delivery.ts'

/** The stored channel settings with defaults; secrets still encrypted. */
export async function readChannels(client: ClientBase | Pool): Promise<StoredChannels> {
  const { rows } = await client.query<{ value: unknown }>(
    `select settings.value from settings where settings.name = 'channels'`,
  )
  return StoredChannels.parse(rows[0]?.value ?? {})
}

/** The settings as people may see them. */
export function shownChannels(stored: StoredChannels, smtpUrl: string | null): ChannelSettings {
  const { smtp, ...email } = stored.email
  const shown = smtp && {
    host: smtp.host,
    port: smtp.port,
    secure: smtp.secure,
    require_tls: smtp.require_tls,
    user: smtp.user,
    has_password: smtp.pass_enc !== null,
  }
  return { email: { ...email, smtp: shown, from_environment: smtpUrl !== null }, sms: stored.sms }
}

/** Bound to the encrypted password, so that it works in no other field. */
export const smtpPasswordContext = 'channels.email.smtp.password'
