import type { ClientBase, Pool } from 'pg'
import type { ChannelKind } from '#core/delivery/message.ts'
import { isProviderKind, providerKinds, secretFields, type ProviderKindName } from '#core/delivery/providers/kinds.ts'
import type { Config } from './config.ts'
import { decryptSecret, type SecretKeys } from './secrets.ts'

/** A provider as stored; `secrets` are still encrypted. */
export interface StoredProvider {
  id: string
  channel: ChannelKind
  kind: ProviderKindName
  key: string
  name: string
  config: Record<string, unknown>
  secrets: Record<string, string>
  weight: number
  is_active: boolean
  rate_per_minute: number | null
  slots: number | null
  removed_at: Date | null
  created_at: Date
  updated_at: Date
}

/** All providers, the removed ones too: old attempts still name them. Oldest first. */
export async function readProviders(client: ClientBase | Pool): Promise<StoredProvider[]> {
  const { rows } = await client.query<StoredProvider>(
    `select p.id, p.channel, p.kind, p.key, p.name, p.config, p.secrets, p.weight, p.is_active, p.rate_per_minute, p.slots, p.removed_at, p.created_at, p.updated_at
     from channel_providers as p order by p.id`,
  )
  // A kind of a newer release is no provider of ours.
  return rows.filter((row) => isProviderKind(row.kind))
}

/** Bound to an encrypted field, so that it works in no other. */
export function secretContext(provider: Pick<StoredProvider, 'channel' | 'kind'>, field: string): string {
  return `channels.${provider.channel}.${provider.kind}.${field}`
}

/** The secrets in the clear. Throws with a cure when LMA_SECRET is another one than they were stored with. */
export function openSecrets(
  config: SecretKeys,
  provider: Pick<StoredProvider, 'channel' | 'kind'>,
  secrets: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([field, stored]) => [
      field,
      decryptSecret(config, secretContext(provider, field), stored),
    ]),
  )
}

/** The whole configuration, secrets included; its type is that of the kind's schema. */
export function openProvider(config: SecretKeys, provider: StoredProvider): Record<string, unknown> {
  const known = new Set(secretFields(provider.kind))
  const secrets = Object.fromEntries(Object.entries(provider.secrets).filter(([field]) => known.has(field)))
  return providerKinds[provider.kind].config.parse({
    ...provider.config,
    ...openSecrets(config, provider, secrets),
  })
}

/** Where a provider posts its reports. */
export function hookUrl(config: Pick<Config, 'publicUrl'>, provider: Pick<StoredProvider, 'kind' | 'id'>): string {
  return `${config.publicUrl}/hooks/providers/${provider.kind}/${provider.id}`
}
