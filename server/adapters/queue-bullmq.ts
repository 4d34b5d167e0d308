import { createPostgresBackend, withBackend } from 'bullmq'
import type { Log } from '../log.ts'
import type { Queue } from '../ports/queue.ts'

export const queueName = 'liquor-agent'
const bull = withBackend(createPostgresBackend)
type BullQueue = InstanceType<typeof bull.Queue>
type BullWorker = InstanceType<typeof bull.Worker>

/** How a wake-up is kept and tried again, on either engine. */
export const jobOptions = (options: { delayMs?: number; dedupeKey?: string }) => ({
  ...(options.delayMs ? { delay: options.delayMs } : {}),
  ...(options.dedupeKey ? { deduplication: { id: options.dedupeKey } } : {}),
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
  removeOnComplete: { count: 100 },
  removeOnFail: { count: 1000 },
})

/** BullMQ over the same PostgreSQL, in a schema of its own. */
export function createPostgresQueue(databaseUrl: string, log: Log): Queue {
  const connection = {
    connectionString: databaseUrl,
    schema: 'jobs',
    migrate: true,
    max: 4,
    application_name: 'liquor-agent jobs',
  }
  let queue: BullQueue | undefined
  let worker: BullWorker | undefined
  // Opened at first use: a command that enqueues nothing needs no connections for it.
  const open = async (): Promise<BullQueue> => {
    if (!queue) {
      queue = new bull.Queue(queueName, { connection })
      queue.on('error', (err) => log.warn({ err }, 'queue'))
    }
    await queue.waitUntilReady()
    return queue
  }
  return {
    kind: 'postgres',
    async enqueue(name, data, options = {}) {
      const opened = await open()
      await opened.add(name, data, jobOptions(options))
    },
    async work(handler, concurrency) {
      // The first connection makes the schema; the worker then finds it there.
      await open()
      const stop = new AbortController()
      worker = new bull.Worker(
        queueName,
        async (job) => handler(job.name, job.data as Record<string, unknown>, stop.signal),
        { connection, concurrency },
      )
      worker.on('error', (err) => log.warn({ err }, 'queue worker'))
      worker.on('closing', () => stop.abort())
      await worker.waitUntilReady()
    },
    async close() {
      await worker?.close()
      await queue?.close()
    },
  }
}
