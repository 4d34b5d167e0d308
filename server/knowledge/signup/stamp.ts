import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../../keys.ts'

/** A person needs longer to fill the form, a robot does not; a page older than this is asked again. */
const leastMs = 2_500
const mostMs = 3 * 3_600_000

/** Signed proof of when a form was opened: nothing is stored for a page that was only looked at. */
export function makeStamp(secret: string, formKey: string, at: Date): string {
  const body = `${at.getTime().toString(36)}.${randomBytes(9).toString('base64url')}`
  return `${body}.${macOf(secret, formKey, body)}`
}

export type StampRead = { kind: 'ok'; nonce: string } | { kind: 'forged' | 'early' | 'old' }

/** What a posted stamp says. `early`: nobody types so fast. */
export function readStamp(secret: string, formKey: string, stamp: string, now: Date): StampRead {
  const [time = '', nonce = '', mac = ''] = stamp.split('.')
  const expected = Buffer.from(macOf(secret, formKey, `${time}.${nonce}`))
  const given = Buffer.from(mac)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { kind: 'forged' }
  const age = now.getTime() - Number.parseInt(time, 36)
  if (age < leastMs) return { kind: 'early' }
  return age > mostMs ? { kind: 'old' } : { kind: 'ok', nonce }
}

function macOf(secret: string, formKey: string, body: string): string {
  return createHmac('sha256', deriveKey(secret, 'signup-form')).update(`${formKey}\n${body}`).digest('base64url')
}
