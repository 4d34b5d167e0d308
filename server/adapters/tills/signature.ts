import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Whether `given` is the base64 HMAC-SHA256 of the raw body under one of the secrets. Every secret is tried and every
 * comparison takes the same time, so the answer's delay tells nothing.
 */
export function isSigned(body: Buffer, given: string | undefined, secrets: readonly string[]): boolean {
  const signature = Buffer.from(given ?? '', 'base64')
  // One spelling only: base64 readers skip what they do not know.
  if (signature.length !== 32 || signature.toString('base64') !== given) return false
  let ok = false
  for (const secret of secrets) {
    if (secret === '') continue
    const matches = timingSafeEqual(createHmac('sha256', secret).update(body).digest(), signature)
    ok ||= matches
  }
  return ok
}

export function headerOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  name: string,
): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
