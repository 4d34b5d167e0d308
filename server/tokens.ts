import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { deriveKey } from './keys.ts'

/** What a link in a message may do. A token of one purpose is worth nothing for another. */
export const tokenPurposes = ['open', 'click', 'unsubscribe', 'preferences', 'signup', 'customer'] as const
export type TokenPurpose = (typeof tokenPurposes)[number]

export interface TokenSubject {
  /** the send, or what else the purpose is about: a sign-up, a customer */
  sendId: string
  /** only for `click` */
  linkId: string | null
}

const purposeByte: Record<TokenPurpose, number> = {
  open: 1,
  click: 2,
  unsubscribe: 3,
  preferences: 4,
  signup: 5,
  customer: 6,
}
const macBytes = 16
const keys = new Map<string, KeyObject>()

// A key object: from plain bytes Node would make one for every token, which costs five times the HMAC.
function keyOf(secret: string): KeyObject {
  let key = keys.get(secret)
  if (!key) keys.set(secret, (key = createSecretKey(deriveKey(secret, 'links'))))
  return key
}

/**
 * A compact token (44 characters, 66 with a link): purpose, send id, link id, HMAC-SHA256 cut to 128 bits.
 * It holds ids only, so nothing about a person can be read from an address in a log or a mail proxy.
 */
export function signToken(secret: string, purpose: TokenPurpose, sendId: string, linkId: string | null = null): string {
  const token = Buffer.allocUnsafe((linkId ? 33 : 17) + macBytes)
  token[0] = purposeByte[purpose]
  writeId(token, sendId, 1)
  if (linkId) writeId(token, linkId, 17)
  const length = token.length - macBytes
  mac(secret, token.subarray(0, length)).copy(token, length)
  return token.toString('base64url')
}

/** The ids in a token, or null when it is forged, cut, or made for another purpose. Constant-time comparison. */
export function verifyToken(secret: string, purpose: TokenPurpose, token: string): TokenSubject | null {
  if (!/^[A-Za-z0-9_-]{44,66}$/.test(token)) return null
  const bytes = Buffer.from(token, 'base64url')
  // A second spelling of the same bytes is refused, so that a token can be a key.
  if (bytes.toString('base64url') !== token) return null
  const body = bytes.subarray(0, bytes.length - macBytes)
  const withLink = purpose === 'click'
  if (body.length !== (withLink ? 33 : 17) || body[0] !== purposeByte[purpose]) return null
  if (!timingSafeEqual(bytes.subarray(bytes.length - macBytes), mac(secret, body))) return null
  return { sendId: idText(body.subarray(1, 17)), linkId: withLink ? idText(body.subarray(17, 33)) : null }
}

/** Address of the open pixel. */
export function openUrl(publicUrl: string, secret: string, sendId: string): string {
  return `${publicUrl}/t/o/${signToken(secret, 'open', sendId)}.gif`
}

/** Address that counts a click and leads to the stored link. */
export function clickUrl(publicUrl: string, secret: string, sendId: string, linkId: string): string {
  return `${publicUrl}/t/c/${signToken(secret, 'click', sendId, linkId)}`
}

/** GET shows a page with a button, POST opts out at once (RFC 8058). */
export function unsubscribeUrl(publicUrl: string, secret: string, sendId: string): string {
  return `${publicUrl}/u/${signToken(secret, 'unsubscribe', sendId)}`
}

/** Page where the customer chooses what to get. */
export function preferencesUrl(publicUrl: string, secret: string, sendId: string): string {
  return `${publicUrl}/p/${signToken(secret, 'preferences', sendId)}`
}

/** Confirms a sign-up: GET shows a page with a button, POST confirms. */
export function signupUrl(publicUrl: string, secret: string, signupId: string): string {
  return `${publicUrl}/s/confirm/${signToken(secret, 'signup', signupId)}`
}

/** The preference centre of a customer who did not come from a message. */
export function customerPreferencesPath(secret: string, customerId: string): string {
  return `/p/${signToken(secret, 'customer', customerId)}`
}

function mac(secret: string, body: Buffer): Buffer {
  return createHmac('sha256', keyOf(secret)).update(body).digest().subarray(0, macBytes)
}

function writeId(into: Buffer, id: string, at: number): void {
  if (id.length !== 36 || into.write(id.replaceAll('-', ''), at, 'hex') !== 16)
    throw new TypeError('A token is made of UUIDs.')
}

function idText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
