import { hkdfSync } from 'node:crypto'

/** Purposes are never mixed: a key that signs links cannot decrypt settings. */
export type KeyPurpose =
  | 'links'
  | 'settings'
  | 'suppression'
  | 'access-token'
  | 'cursor'
  | 'holdout'
  | 'api-key'
  | 'bounces'
  | 'audit'
  | 'refresh'
  | 'sign-in'
  | 'recovery-codes'
  | 'signup-form'

const derived = new Map<string, Buffer>()

/** 32 bytes derived from the one configured secret (HKDF-SHA256, RFC 5869); derived once. */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  const name = `${purpose} ${secret}`
  let key = derived.get(name)
  if (!key) {
    key = Buffer.from(hkdfSync('sha256', secret, 'liquor-agent/v1', purpose, 32))
    derived.set(name, key)
  }
  return key
}
