import type { Redis as Client } from 'ioredis'
import type { Log } from '../log.ts'

export interface RedisPlace {
  url: string
  /** begins every key and channel, so that several shops may share a server */
  prefix: string
}

/** Opens connections when they are first needed, so that a command that needs none waits for none. */
export type Connect = (purpose: 'commands' | 'subscriber' | 'queue' | 'worker') => Promise<Client>

const complaintEveryMs = 30_000

/**
 * Connections that never hold the product up: commands fail at once while Redis is away (their callers have another way),
 * subscriptions and workers come back by themselves.
 */
export function createConnect({ url }: RedisPlace, log: Log): { connect: Connect; close(): Promise<void> } {
  const opened: Client[] = []
  let complainedAt = 0
  return {
    async connect(purpose) {
      const { Redis } = await import('ioredis')
      const waits = purpose === 'worker' || purpose === 'subscriber'
      const client = new Redis(url, {
        connectionName: `liquor-agent ${purpose}`,
        connectTimeout: 3_000,
        maxRetriesPerRequest: waits ? null : 0,
        enableOfflineQueue: waits,
        commandTimeout: waits ? undefined : 1_000,
        retryStrategy: (times) => Math.min(2_000, 50 * 2 ** times),
        lazyConnect: true,
      })
      client.on('error', (err: Error) => {
        if (Date.now() - complainedAt < complaintEveryMs) return
        complainedAt = Date.now()
        log.warn({ err }, 'Redis is away; work goes on through PostgreSQL')
      })
      opened.push(client)
      await Promise.race([
        client.connect().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, 1_500).unref()),
      ])
      return client
    },
    async close() {
      for (const client of opened) client.disconnect()
      await Promise.resolve()
    },
  }
}
