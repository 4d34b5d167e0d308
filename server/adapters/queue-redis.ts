import { Queue as BullQueue, Worker as BullWorker } from 'bullmq'
import type { Log } from '../log.ts'
import type { Queue } from '../ports/queue.ts'
import { jobOptions, queueName } from './queue-bullmq.ts'
import type { Connect } from './redis.ts'

/**
 * BullMQ over Redis. What it holds are wake-ups only: wiped, or away, it costs the seconds until the next sweep. A start
 * while Redis is away does not wait for it.
 */
export function createRedisQueue(connect: Connect, prefix: string, log: Log): Queue {
  let queue: Promise<BullQueue> | undefined
  let worker: BullWorker | undefined
  const open = (): Promise<BullQueue> =>
    (queue ??= connect('queue').then((connection) => {
      const opened = new BullQueue(queueName, { connection, prefix, skipWaitingForReady: true })
      opened.on('error', () => undefined)
      return opened
    }))
  return {
    kind: 'redis',
    async enqueue(name, data, options = {}) {
      await (await open()).add(name, data, jobOptions(options))
    },
    async work(handler, concurrency) {
      const stop = new AbortController()
      worker = new BullWorker(
        queueName,
        async (job) => handler(job.name, job.data as Record<string, unknown>, stop.signal),
        { connection: await connect('worker'), prefix, concurrency },
      )
      worker.on('error', (err) => log.debug({ err }, 'queue worker'))
      worker.on('closing', () => stop.abort())
    },
    async close() {
      const within = (work: Promise<unknown>): Promise<unknown> =>
        Promise.race([work.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 3_000).unref())])
      if (worker) await within(worker.close())
      if (queue) await within((await queue).close())
    },
  }
}
