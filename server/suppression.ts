import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { ClientBase, Pool } from 'pg'
import type { Config } from './config.ts'
import { deriveKey } from './keys.ts'

const keys = new Map<string, KeyObject>()

/** Keyed hash (HMAC-SHA256) of a normalised address: email in lower case, phone as E.164 digits. Survives erasure of the customer. */
export function addressHash(config: Pick<Config, 'secret'>, channel: 'email' | 'sms', address: string): Buffer {
  let key = keys.get(config.secret)
  if (!key) {
    key = createSecretKey(deriveKey(config.secret, 'suppression'))
    keys.set(config.secret, key)
  }
  const normalised = channel === 'email' ? address.trim().toLowerCase() : `+${address.replace(/\D/g, '')}`
  return createHmac('sha256', key).update(normalised).digest()
}

/** Why an address must not be contacted over a channel, or null. */
export async function suppressionOf(
  client: ClientBase | Pool,
  config: Pick<Config, 'secret'>,
  channel: 'email' | 'sms',
  address: string,
): Promise<{ reason: string; createdAt: Date } | null> {
  const { rows } = await client.query<{ reason: string; created_at: Date }>({
    name: 'suppression of an address',
    text: `select s.reason, s.created_at from suppressions as s where s.address_hash = $1 and s.channel in ($2, 'all') order by s.created_at limit 1`,
    values: [addressHash(config, channel, address), channel],
  })
  return rows[0] ? { reason: rows[0].reason, createdAt: rows[0].created_at } : null
}

/** The same of somebody's address and number, in one question; null also where there is none. */
export async function suppressionsOf(
  client: ClientBase | Pool,
  config: Pick<Config, 'secret'>,
  person: { email: string | null; phone: string | null },
): Promise<Record<'email' | 'sms', string | null>> {
  const { rows } = await client.query<{ email: string | null; sms: string | null }>({
    name: 'suppressions of a person',
    text: `select ${reasonSql('$1', 'email')} as email, ${reasonSql('$2', 'sms')} as sms`,
    values: [
      person.email === null ? null : addressHash(config, 'email', person.email),
      person.phone === null ? null : addressHash(config, 'sms', person.phone),
    ],
  })
  return rows[0]!
}

const reasonSql = (hash: string, channel: 'email' | 'sms'): string =>
  `(select s.reason from suppressions as s where s.address_hash = ${hash}::bytea and s.channel in ('${channel}', 'all') order by s.created_at limit 1)`
