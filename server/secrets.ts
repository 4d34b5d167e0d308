import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey } from './keys.ts'

const version = 'v1'

/**
 * Encrypts a secret of the settings (AES-256-GCM, random 96-bit nonce). `context` is bound to it as associated data:
 * a value copied into another field does not decrypt.
 */
export function encryptSecret(secret: string, context: string, plain: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', deriveKey(secret, 'settings'), nonce)
  cipher.setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return `${version}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
}

/** Throws when the value was changed, belongs elsewhere, or LMA_SECRET is not the one it was written with. */
export function decryptSecret(secret: string, context: string, stored: string): string {
  const [tag, payload] = stored.split('.')
  const bytes = Buffer.from(payload ?? '', 'base64url')
  if (tag !== version || bytes.length < 28)
    throw new Error('A stored secret is damaged; enter it again in the settings.')
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(secret, 'settings'), bytes.subarray(0, 12))
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(12, 28))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
  } catch {
    throw new Error(
      'A stored secret cannot be read with this LMA_SECRET; restore the secret or enter the password again in the settings.',
    )
  }
}
