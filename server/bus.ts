import pg from 'pg'
import type { Log } from './log.ts'

/** Small messages between processes: ids and counts only, never personal data. The truth is in the tables. */
export interface Bus {
  readonly kind: 'postgres' | 'redis'
  publish(topic: string, payload?: Record<string, unknown>): Promise<void>
  /** Calls back for topics that start with `prefix`; returns how to stop. */
  subscribe(prefix: string, listener: (topic: string, payload: Record<string, unknown>) => void): () => void
  close(): Promise<void>
}

const channel = 'liquor_agent'

/** Publishes in the caller's transaction: heard when that is committed, and never when it is not. */
export async function publishWith(
  client: pg.ClientBase | pg.Pool,
  topic: string,
  payload: Record<string, unknown> = {},
): Promise<void> {
  await client.query('select pg_notify($1, $2)', [channel, JSON.stringify({ t: topic, p: payload })])
}

/** LISTEN/NOTIFY bus. Reconnects by itself; what was published meanwhile is lost, so listeners also poll. */
export function createBus(url: string, pool: pg.Pool, log: Log): Bus {
  const listeners = new Map<(topic: string, payload: Record<string, unknown>) => void, string>()
  let client: pg.Client | null = null
  let closed = false
  let retry: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    const next = new pg.Client({ connectionString: url, application_name: 'liquor-agent bus', keepAlive: true })
    next.on('error', () => reconnect(next))
    next.on('end', () => reconnect(next))
    next.on('notification', (message) => {
      const { t, p } = JSON.parse(message.payload ?? '{}') as { t: string; p: Record<string, unknown> }
      for (const [listener, prefix] of listeners) if (t.startsWith(prefix)) listener(t, p)
    })
    client = next
    await next.connect()
    await next.query(`listen ${channel}`)
  }

  function reconnect(lost: pg.Client): void {
    if (closed || client !== lost) return
    client = null
    clearTimeout(retry)
    retry = setTimeout(() => void connect().catch(() => client && reconnect(client)), 500)
  }

  void connect().catch((error: unknown) => {
    log.warn({ err: error }, 'bus not connected yet')
    if (client) reconnect(client)
  })

  return {
    kind: 'postgres',
    publish: (topic, payload) => publishWith(pool, topic, payload),
    subscribe(prefix, listener) {
      // A listener that subscribes twice gets two prefixes only through two functions.
      const own = (topic: string, payload: Record<string, unknown>): void => listener(topic, payload)
      listeners.set(own, prefix)
      return () => listeners.delete(own)
    },
    async close() {
      closed = true
      clearTimeout(retry)
      await client?.end().catch(() => undefined)
    },
  }
}
