import type { Pool } from 'pg'
import { createBus, type Bus } from '../bus.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { Limits } from '../ports/limits.ts'
import type { Queue } from '../ports/queue.ts'
import { createRedisBus } from './bus-redis.ts'
import { createPostgresLimits } from './limits-postgres.ts'
import { createRedisLimits } from './limits-redis.ts'
import { createPostgresQueue } from './queue-bullmq.ts'
import { createRedisQueue } from './queue-redis.ts'
import { createConnect } from './redis.ts'

interface Messaging {
  bus: Bus
  queue: Queue
  limits: Limits
  ping(): Promise<boolean>
  close(): Promise<void>
}

/** What processes tell each other: through PostgreSQL, or through Redis when there is one. */
export function createBusAndQueue(config: Config, directUrl: string, pool: Pool, log: Log): Messaging {
  const bus = createBus(directUrl, pool, log)
  const limits = createPostgresLimits(pool, log)
  if (!config.redis)
    return {
      bus,
      queue: createPostgresQueue(directUrl, log),
      limits,
      ping: () => Promise.resolve(true),
      close: () => Promise.resolve(),
    }
  const { prefix } = config.redis
  const { connect, close } = createConnect(config.redis, log)
  let pinging: ReturnType<typeof connect> | undefined
  return {
    bus: createRedisBus(connect, prefix, bus),
    queue: createRedisQueue(connect, prefix, log),
    limits: createRedisLimits(connect, prefix, limits),
    async ping() {
      const redis = await (pinging ??= connect('commands'))
      return redis.ping().then(
        () => true,
        () => false,
      )
    },
    close,
  }
}
