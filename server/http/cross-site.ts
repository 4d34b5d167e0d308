import type { FastifyRequest } from 'fastify'

export function sameOrigin(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host
  } catch {
    return false
  }
}

/**
 * Whether a browser may have sent a changing request for another site (CSRF). Browsers say where a request comes from, in
 * Origin or Sec-Fetch-Site. One that carries a cookie and says neither is not from a browser of today: refused as well.
 * A program has no cookies; it shows a bearer token, which no foreign page can know.
 */
export function isCrossSite({ headers }: FastifyRequest): boolean {
  const { origin, host, cookie } = headers
  const site = headers['sec-fetch-site']
  if (origin !== undefined) return !sameOrigin(origin, host)
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return cookie !== undefined && headers.authorization === undefined
}
