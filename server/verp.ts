import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from './keys.ts'

const macBytes = 10
// Local parts are lower-cased on the way by some servers, so no base64 here.
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * The envelope sender of one message: `bounces+<token>@shop.com`. The token carries the send id and an HMAC cut to 80
 * bits: a report that comes back to it comes from somebody who got the message.
 */
export function returnPath(secret: string, bounceAddress: string, sendId: string): string {
  const at = bounceAddress.lastIndexOf('@')
  const id = Buffer.from(sendId.replaceAll('-', ''), 'hex')
  return `${bounceAddress.slice(0, at)}+${encode(Buffer.concat([id, mac(secret, id)]))}${bounceAddress.slice(at)}`
}

/** The send id of a return path, or null when the token is missing, cut or forged. Constant-time comparison. */
export function readReturnPath(secret: string, address: string): string | null {
  const token = /\+([a-z2-7]{42})@/i.exec(address)?.[1]
  if (!token) return null
  const bytes = decode(token.toLowerCase())
  if (!bytes || bytes.length !== 16 + macBytes) return null
  const id = bytes.subarray(0, 16)
  if (!timingSafeEqual(bytes.subarray(16), mac(secret, id))) return null
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function mac(secret: string, id: Buffer): Buffer {
  return createHmac('sha256', deriveKey(secret, 'bounces')).update(id).digest().subarray(0, macBytes)
}

// RFC 4648 base32 without padding, in lower case: 26 bytes are 42 characters.
function encode(bytes: Buffer): string {
  let bits = 0
  let held = 0
  let out = ''
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += alphabet[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? out + alphabet[(held << (5 - bits)) & 31] : out
}

function decode(text: string): Buffer | null {
  let bits = 0
  let held = 0
  const out: number[] = []
  for (const c of text) {
    const value = alphabet.indexOf(c)
    if (value < 0) return null
    held = (held << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out.push((held >> bits) & 255)
      held &= (1 << bits) - 1
    }
  }
  // Bits that are left must be zero: a second spelling of the same token is none.
  return held === 0 ? Buffer.from(out) : null
}
