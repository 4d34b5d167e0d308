import type { FastifyReply } from 'fastify'
import { AppError } from './errors.ts'

/** Requests a key may make in a minute, per process; beside the limit of its address. */
export const keyQuota = 600
const windowMs = 60_000

const used = new Map<string, { since: number; count: number }>()

/** Counts a request of a key and says in the headers what is left. Throws `rate.limited`. */
export function countRequest(keyId: string, reply: FastifyReply, now: number): void {
  let window = used.get(keyId)
  if (!window || now - window.since >= windowMs || now < window.since) {
    if (used.size > 10_000) used.clear()
    window = { since: now, count: 0 }
    used.set(keyId, window)
  }
  window.count++
  const seconds = Math.ceil((window.since + windowMs - now) / 1000)
  void reply
    .header('x-ratelimit-limit', keyQuota)
    .header('x-ratelimit-remaining', Math.max(0, keyQuota - window.count))
    .header('x-ratelimit-reset', seconds)
  if (window.count <= keyQuota) return
  void reply.header('retry-after', seconds)
  throw new AppError(
    'rate.limited',
    `This key made more than ${keyQuota} requests in a minute. Send batches, and try again in ${seconds} seconds.`,
  )
}
