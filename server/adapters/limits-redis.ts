import type { Redis } from 'ioredis'
import type { Limits } from '../ports/limits.ts'
import type { Connect } from './redis.ts'

/** Counts in Redis, exactly and at once; while it is away each process counts through `instead`. */
export function createRedisLimits(connect: Connect, prefix: string, instead: Limits): Limits {
  let client: Promise<Redis> | undefined
  return {
    async add(key, windowMs) {
      const now = Date.now()
      const endsAt = (Math.floor(now / windowMs) + 1) * windowMs
      const name = `${prefix}:limit:${key}:${endsAt}`
      try {
        const redis = await (client ??= connect('commands'))
        const answers = await redis.multi().incr(name).pexpireat(name, endsAt).exec()
        const count = answers?.[0]?.[1]
        if (typeof count === 'number') return { count, ttlMs: endsAt - now }
      } catch {
        // Said once by the connection.
      }
      return instead.add(key, windowMs)
    },
    async read(keys, windowMs) {
      if (keys.length === 0) return []
      const endsAt = (Math.floor(Date.now() / windowMs) + 1) * windowMs
      try {
        const redis = await (client ??= connect('commands'))
        const counts = await redis.mget(keys.map((key) => `${prefix}:limit:${key}:${endsAt}`))
        return counts.map((count) => Number(count ?? 0))
      } catch {
        return instead.read(keys, windowMs)
      }
    },
    close: () => instead.close(),
  }
}
