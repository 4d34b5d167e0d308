import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import { createDb, createPool } from '#db/pool.ts'
import type { DB } from '#db/types.ts'
import { createChannels } from './adapters/channels/index.ts'
import { createHookPoster } from './adapters/hook-poster.ts'
import { createOpenAiLlm } from './adapters/llm-openai.ts'
import { createImapMailboxes } from './adapters/mailbox-imap.ts'
import { createPostgresQueue } from './adapters/queue-bullmq.ts'
import { tills } from './adapters/tills/index.ts'
import { createBus, type Bus } from './bus.ts'
import type { Config } from './config.ts'
import { createLog, type Log } from './log.ts'
import type { Channels } from './ports/channel.ts'
import type { HookPoster } from './ports/hook-poster.ts'
import type { Llm } from './ports/llm.ts'
import type { Mailboxes } from './ports/mailbox.ts'
import type { Queue } from './ports/queue.ts'
import type { Tills } from './ports/till.ts'

/** All a use case may touch. Built once per process; tests build it over a fresh database. */
export interface Ctx {
  config: Config
  databaseUrl: string
  pool: Pool
  db: Kysely<DB>
  log: Log
  /** now, UTC; injected so that tests and the demo can move it */
  clock: () => Date
  bus: Bus
  queue: Queue
  channels: Channels
  tills: Tills
  llm: Llm
  mailboxes: Mailboxes
  hooks: HookPoster
}

/** Connects everything; the only file that sees adapters. Close with closeContext. */
export function createContext(
  config: Config,
  databaseUrl: string,
  options: { log?: Log; clock?: () => Date; poolSize?: number } = {},
): Ctx {
  const log = options.log ?? createLog(config.logLevel)
  const pool = createPool(databaseUrl, { max: options.poolSize ?? 20 })
  // While we close, the database may go before the last idle connection has noticed.
  pool.on('error', (err) => {
    if (!pool.ending) log.warn({ code: (err as NodeJS.ErrnoException).code }, 'database connection lost')
  })
  const ctx: Ctx = {
    config,
    databaseUrl,
    pool,
    db: createDb(pool),
    log,
    clock: options.clock ?? (() => new Date()),
    bus: createBus(databaseUrl, pool, log),
    queue: createPostgresQueue(databaseUrl, log),
    channels: createChannels(() => ctx),
    tills,
    llm: createOpenAiLlm(),
    mailboxes: createImapMailboxes(),
    hooks: createHookPoster(),
  }
  return ctx
}

export async function closeContext(ctx: Ctx): Promise<void> {
  await ctx.channels.close()
  ctx.hooks.close()
  await ctx.queue.close().catch(() => undefined)
  await ctx.bus.close()
  await ctx.db.destroy().catch(() => undefined)
  if (!ctx.pool.ended) await ctx.pool.end()
}
