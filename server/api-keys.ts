import { createHmac, randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { Scope } from '#contract/scopes.ts'
import { deriveKey } from './keys.ts'

const shape = /^lma_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}$/
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

export interface KnownKey {
  id: string
  scopes: Scope[]
  quota_per_minute: number
  quota_per_day: number | null
  last_used_at: Date | null
}

/** A new secret of 256 random bits, and what of it may be kept. */
export function makeApiKey(secret: string): { key: string; prefix: string; hash: Buffer } {
  // Readable on the phone: no l and 1, no o and 0.
  const name = Array.from(randomBytes(8), (byte) => alphabet[byte % alphabet.length]).join('')
  const key = `lma_${name}_${randomBytes(32).toString('base64url')}`
  return { key, prefix: `lma_${name}`, hash: apiKeyHash(secret, key) }
}

export const looksLikeApiKey = (token: string): boolean => token.startsWith('lma_')

/** Keyed, so that the table alone does not tell whether a guess is right. */
function apiKeyHash(secret: string, key: string): Buffer {
  return createHmac('sha256', deriveKey(secret, 'api-key')).update(key).digest()
}

/**
 * The key that a program shows, or null when it is unknown, revoked or expired. It is found by its keyed hash, so how
 * long that takes says nothing about the secret.
 */
export async function findApiKey(pool: Pool, secret: string, token: string, now: Date): Promise<KnownKey | null> {
  if (!shape.test(token)) return null
  const { rows } = await pool.query<KnownKey>({
    name: 'api key of the caller',
    text: `select k.id, k.scopes, k.quota_per_minute, k.quota_per_day, k.last_used_at from api_keys as k
      where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)`,
    values: [apiKeyHash(secret, token), now],
  })
  return rows[0] ?? null
}

/** Remembers that the key was used, once a minute: a busy till must not write a row per request. */
export async function touchApiKey(pool: Pool, key: KnownKey, now: Date): Promise<void> {
  if (key.last_used_at && now.getTime() - key.last_used_at.getTime() < 60_000) return
  await pool.query(
    `update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')`,
    [key.id, now],
  )
}
