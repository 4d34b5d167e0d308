import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import { createDb, createPool } from '#db/pool.ts'
import type { DB } from '#db/types.ts'
import { createChannels } from './adapters/channels/index.ts'
import { createHookPoster } from './adapters/hook-poster.ts'
import { createOpenAiLlm } from './adapters/llm-openai.ts'
import { createFolder } from './adapters/files-folder.ts'
import { createS3 } from './adapters/files-s3.ts'
import { createImapMailboxes } from './adapters/mailbox-imap.ts'
import { createBusAndQueue } from './adapters/messaging.ts'
import { tills } from './adapters/tills/index.ts'
import type { Bus } from './bus.ts'
import type { Config } from './config.ts'
import { createLog, type Log } from './log.ts'
import { createReadings, type Readings } from './readings.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import { createReporter, type Reporter } from './telemetry/sentry.ts'
import { createTracer, noTracer, type Tracer } from './telemetry/tracing.ts'
import type { Channels } from './ports/channel.ts'
import type { HookPoster } from './ports/hook-poster.ts'
import type { Files } from './ports/files.ts'
import type { Limits } from './ports/limits.ts'
import type { Llm } from './ports/llm.ts'
import type { Mailboxes } from './ports/mailbox.ts'
import type { Queue } from './ports/queue.ts'
import type { Tills } from './ports/till.ts'

/** All a use case may touch. Built once per process; tests build it over a fresh database. */
export interface Ctx {
  config: Config
  databaseUrl: string
  /** past a pooler: for what a session holds (LISTEN, session locks) and for the longest statements */
  directUrl: string
  pool: Pool
  /** few connections past the pooler; the same as `pool` when there is none */
  direct: Pool
  /** for reads that may be a few seconds old; the same as `pool` without a replica */
  readings: Readings
  db: Kysely<DB>
  log: Log
  metrics: Metrics
  tracer: Tracer
  /** now, UTC; injected so that tests and the demo can move it */
  clock: () => Date
  bus: Bus
  queue: Queue
  limits: Limits
  /** whether Redis answers; true when there is none */
  ping: () => Promise<boolean>
  channels: Channels
  tills: Tills
  llm: Llm
  mailboxes: Mailboxes
  hooks: HookPoster
  files: Files
}

/** Connects everything; the only file that sees adapters. Close with closeContext. */
export function createContext(
  config: Config,
  databaseUrl: string,
  options: { log?: Log; clock?: () => Date; poolSize?: number } = {},
): Ctx {
  const metrics = createMetrics()
  const tracer = config.tracing
    ? createTracer({ ...config.tracing, version: config.version, onDropped: metrics.droppedSpans })
    : noTracer
  const reporter = config.sentry ? createReporter({ ...config.sentry, release: config.version }) : null
  const log =
    options.log ??
    createLog(config.logLevel, { ...(reporter ? { report: reporter.report } : {}), current: tracer.current })
  if (config.sentry && !reporter) log.warn('SENTRY_DSN is not https://key@host/project; errors go to the log only')
  const directUrl = config.directUrl ?? databaseUrl
  const isPooled = directUrl !== databaseUrl
  const pool = createPool(databaseUrl, { max: options.poolSize ?? config.poolSize, pooled: isPooled })
  const direct = isPooled ? createPool(directUrl, { max: 6, applicationName: 'liquor-agent direct' }) : pool
  if (isPooled) direct.on('error', () => undefined)
  tracer.watch(pool)
  // While we close, the database may go before the last idle connection has noticed.
  pool.on('error', (err) => {
    if (!pool.ending) log.warn({ code: (err as NodeJS.ErrnoException).code }, 'database connection lost')
  })
  const messaging = createBusAndQueue(config, directUrl, pool, log)
  const ctx: Ctx = {
    config,
    databaseUrl,
    directUrl,
    pool,
    direct,
    readings: createReadings(config.replicaUrl, pool, log),
    db: createDb(pool),
    log,
    metrics,
    tracer,
    clock: options.clock ?? (() => new Date()),
    bus: messaging.bus,
    queue: messaging.queue,
    limits: messaging.limits,
    ping: messaging.ping,
    channels: createChannels(() => ctx),
    tills,
    llm: createOpenAiLlm(),
    mailboxes: createImapMailboxes(),
    hooks: createHookPoster(),
    files: config.s3 ? createS3(config.s3) : createFolder(config.dataDir),
  }
  closers.set(ctx, messaging.close)
  if (reporter) reporters.set(ctx, reporter)
  return ctx
}

// Only the log speaks to it, and closing waits for what it has not sent yet.
const reporters = new WeakMap<Ctx, Reporter>()
const closers = new WeakMap<Ctx, () => Promise<void>>()

export async function closeContext(ctx: Ctx): Promise<void> {
  await ctx.channels.close()
  ctx.hooks.close()
  await ctx.queue.close().catch(() => undefined)
  await ctx.limits.close()
  await ctx.bus.close()
  await closers.get(ctx)?.()
  await ctx.files.close()
  await ctx.db.destroy().catch(() => undefined)
  if (!ctx.pool.ended) await ctx.pool.end()
  if (!ctx.direct.ended) await ctx.direct.end()
  await ctx.readings.close()
  await Promise.all([ctx.tracer.close(), reporters.get(ctx)?.close()])
}
