import type { FastifyReply } from 'fastify'
import { AppError } from './errors.ts'
import { createWindows } from './windows.ts'

/** Requests a key may make in a minute, per process; beside the limit of its address. */
export const keyQuota = 600
const windows = createWindows(60_000)

/** Counts a request of a key and says in the headers what is left. Throws `rate.limited`. */
export function countRequest(keyId: string, reply: FastifyReply, now: number): void {
  const { count, seconds } = windows.add(keyId, now)
  void reply
    .header('x-ratelimit-limit', keyQuota)
    .header('x-ratelimit-remaining', Math.max(0, keyQuota - count))
    .header('x-ratelimit-reset', seconds)
  if (count <= keyQuota) return
  void reply.header('retry-after', seconds)
  throw new AppError(
    'rate.limited',
    `This key made more than ${keyQuota} requests in a minute. Send batches, and try again in ${seconds} seconds.`,
  )
}
