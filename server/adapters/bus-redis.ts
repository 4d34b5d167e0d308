import type { Redis } from 'ioredis'
import type { Bus } from '../bus.ts'
import type { Connect } from './redis.ts'

/**
 * Publish and subscribe over Redis. While it is away messages go through `instead` (LISTEN/NOTIFY), which every process
 * listens to as well: no process has to know when the others noticed.
 */
export function createRedisBus(connect: Connect, prefix: string, instead: Bus): Bus {
  const channel = `${prefix}:bus`
  const listeners = new Map<(topic: string, payload: Record<string, unknown>) => void, string>()
  let commands: Promise<Redis> | undefined
  const subscriber = connect('subscriber').then(async (redis) => {
    redis.on('message', (_channel: string, message: string) => {
      const { t, p } = JSON.parse(message) as { t: string; p: Record<string, unknown> }
      for (const [listener, begin] of listeners) if (t.startsWith(begin)) listener(t, p)
    })
    // With Redis away this waits; the client subscribes again by itself whenever it comes back.
    void redis.subscribe(channel).catch(() => undefined)
  })
  subscriber.catch(() => undefined)

  return {
    kind: 'redis',
    async publish(topic, payload = {}) {
      try {
        const redis = await (commands ??= connect('commands'))
        await redis.publish(channel, JSON.stringify({ t: topic, p: payload }))
      } catch {
        await instead.publish(topic, payload)
      }
    },
    subscribe(begin, listener) {
      const own = (topic: string, payload: Record<string, unknown>): void => listener(topic, payload)
      listeners.set(own, begin)
      const stop = instead.subscribe(begin, listener)
      return () => {
        listeners.delete(own)
        stop()
      }
    },
    close: () => instead.close(),
  }
}
