import type { ClientBase, Pool } from 'pg'
import { StoredChannels } from '#contract/channels.ts'
import type { ChannelKind } from '#core/delivery/message.ts'

/** The stored channel settings with defaults. */
export async function readChannels(client: ClientBase | Pool): Promise<StoredChannels> {
  const { rows } = await client.query<{ value: unknown }>(
    `select settings.value from settings where settings.name = 'channels'`,
  )
  return StoredChannels.parse(rows[0]?.value ?? {})
}

/** Whether real messages leave: the channel is live and has a provider, or the environment names a mail server. */
export async function isLive(
  client: ClientBase | Pool,
  config: { smtpUrl: string | null },
  channel: ChannelKind,
): Promise<boolean> {
  if (channel === 'email' && config.smtpUrl !== null) return true
  const stored = await readChannels(client)
  if (stored[channel].mode !== 'live') return false
  const { rowCount } = await client.query(
    'select 1 from channel_providers as p where p.channel = $1 and p.is_active and p.removed_at is null limit 1',
    [channel],
  )
  return rowCount === 1
}
