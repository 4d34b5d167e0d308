import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey } from './keys.ts'

/** A key that secrets are encrypted with, and the name by which a stored value says so. */
export interface EncryptionKey {
  id: string
  /** 32 bytes */
  key: Buffer
}

/** Keys of a process: LMA_ENCRYPTION_KEYS, the current one first; without any it is derived from LMA_SECRET. */
export interface SecretKeys {
  secret: string
  encryptionKeys?: readonly EncryptionKey[]
}

/** The derived key, for installations that name no keys of their own. */
const derivedId = 'secret'

function ring({ secret, encryptionKeys = [] }: SecretKeys): readonly EncryptionKey[] {
  return [...encryptionKeys, { id: derivedId, key: deriveKey(secret, 'settings') }]
}

/** Name of the key that new values are encrypted with. */
export const currentKeyId = (keys: SecretKeys): string => ring(keys)[0]!.id

/** Name of the key that a stored value needs. */
export function keyIdOf(stored: string): string {
  const [version, id = ''] = stored.split('.')
  return version === 'v1' ? derivedId : id
}

/**
 * Encrypts a secret of the settings (envelope, AES-256-GCM): a key of its own for the value, which the named key wraps.
 * `context` is bound to both as associated data: a value copied into another field or row does not decrypt.
 */
export function encryptSecret(keys: SecretKeys, context: string, plain: string): string {
  const { id, key } = ring(keys)[0]!
  const own = randomBytes(32)
  return ['v2', id, seal(key, `${id} ${context}`, own), seal(own, context, Buffer.from(plain, 'utf8'))].join('.')
}

/** Throws when the value was changed, belongs elsewhere, or the key it was written with is not here. */
export function decryptSecret(keys: SecretKeys, context: string, stored: string): string {
  const [version, ...rest] = stored.split('.')
  if ((version !== 'v1' || rest.length !== 1) && (version !== 'v2' || rest.length !== 3)) throw damaged()
  const id = keyIdOf(stored)
  const key = ring(keys).find((k) => k.id === id)?.key
  if (!key)
    throw new Error(
      `A stored secret needs the key “${id}”; put it back into LMA_ENCRYPTION_KEYS, or enter the secret again in the settings.`,
    )
  try {
    const body =
      version === 'v1' ? open(key, context, rest[0]!) : open(open(key, `${id} ${context}`, rest[1]!), context, rest[2]!)
    return body.toString('utf8')
  } catch {
    throw new Error(
      'A stored secret cannot be read with this LMA_SECRET; restore the secret or enter the password again in the settings.',
    )
  }
}

const damaged = (): Error => new Error('A stored secret is damaged; enter it again in the settings.')

/** nonce | tag | body in base64url. */
function seal(key: Buffer, context: string, plain: Buffer): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
}

function open(key: Buffer, context: string, payload: string): Buffer {
  const bytes = Buffer.from(payload, 'base64url')
  if (bytes.length < 28) throw damaged()
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
}
