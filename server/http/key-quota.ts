import type { FastifyReply } from 'fastify'
import { AppError } from './errors.ts'
import type { Ctx } from '../context.ts'

/** Requests a key may make in a minute, over all processes; beside the limit of its address. */
export const keyQuota = 600

/** Counts a request of a key and says in the headers what is left. Throws `rate.limited`. */
export async function countRequest(ctx: Pick<Ctx, 'limits'>, keyId: string, reply: FastifyReply): Promise<void> {
  const { count, ttlMs } = await ctx.limits.add(`key:${keyId}`, 60_000)
  const seconds = Math.ceil(ttlMs / 1000)
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
