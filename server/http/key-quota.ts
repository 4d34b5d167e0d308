import type { FastifyReply } from 'fastify'
import type { KnownKey } from '../api-keys.ts'
import type { Ctx } from '../context.ts'
import { AppError } from './errors.ts'

const minuteMs = 60_000
const dayMs = 86_400_000
const ofMinute = (id: string): string => `key:${id}`
const ofDay = (id: string): string => `key-day:${id}`

type Quota = Pick<KnownKey, 'id' | 'quota_per_minute' | 'quota_per_day'>

/**
 * Counts a request of a key, over all processes and beside the limit of its address, and says in the headers what is left
 * in the minute and in the day. Throws `rate.limited`, with the wait in Retry-After.
 */
export async function countRequest(ctx: Pick<Ctx, 'limits'>, key: Quota, reply: FastifyReply): Promise<void> {
  const minute = await ctx.limits.add(ofMinute(key.id), minuteMs)
  const seconds = Math.ceil(minute.ttlMs / 1000)
  void reply
    .header('x-ratelimit-limit', key.quota_per_minute)
    .header('x-ratelimit-remaining', Math.max(0, key.quota_per_minute - minute.count))
    .header('x-ratelimit-reset', seconds)
  if (minute.count > key.quota_per_minute) {
    void reply.header('retry-after', seconds)
    throw new AppError(
      'rate.limited',
      `This key may make ${shown(key.quota_per_minute)} in a minute. Send batches, and try again in ${seconds} seconds.`,
      { quota_per_minute: key.quota_per_minute },
    )
  }
  // Counted without a limit as well: the list of keys says how much each is used.
  const day = await ctx.limits.add(ofDay(key.id), dayMs)
  if (key.quota_per_day === null) return
  void reply
    .header('x-ratelimit-limit-day', key.quota_per_day)
    .header('x-ratelimit-remaining-day', Math.max(0, key.quota_per_day - day.count))
  if (day.count <= key.quota_per_day) return
  void reply.header('retry-after', Math.ceil(day.ttlMs / 1000))
  throw new AppError(
    'rate.limited',
    `This key may make ${shown(key.quota_per_day)} in a day, and they are used up until midnight UTC. An admin can raise it.`,
    { quota_per_day: key.quota_per_day },
  )
}

const shown = (n: number): string => `${n.toLocaleString('en-US')} request${n === 1 ? '' : 's'}`

/** Requests of each key that were let through since midnight UTC, in the order of the keys. */
export async function readUse(
  ctx: Pick<Ctx, 'limits'>,
  keys: readonly Pick<Quota, 'id' | 'quota_per_day'>[],
): Promise<number[]> {
  const counts = await ctx.limits.read(
    keys.map((k) => ofDay(k.id)),
    dayMs,
  )
  return keys.map((key, i) => Math.min(counts[i] ?? 0, key.quota_per_day ?? Infinity))
}
