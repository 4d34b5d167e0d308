import type { ChildProcess } from 'node:child_process'
import type pg from 'pg'
import type { Embedded } from '#db/embedded.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { runDispatcher } from '#server/dispatch/dispatcher.ts'
import { createLog } from '#server/log.ts'
import { openSends, waitFor, workerPool, type WorkerOptions } from '../campaign-run.ts'

/** What one fault of the suite cost. Times in milliseconds. */
export interface Verdict {
  /** F1 to F24 */
  fault: string
  what: string
  injected: number
  messages: number
  /** never ended, or called sent while no server took it */
  lost: number
  duplicates: number
  /** most duplicates, and most unknown ones, that the design allows here */
  bound: number
  unknown: number
  recovery_p50_ms: number | null
  recovery_max_ms: number | null
  /** other figures of this fault, and what it promises beside loss and duplicates */
  more: Record<string, number | boolean | string>
  ok: boolean
}

export interface Stage {
  server: Embedded
  pool: pg.Pool
  dataDir: string
  quick: boolean
  /** messages in flight per worker */
  slots: number
  notes: string[]
  /** a worker process of its own */
  worker(options: StagedWorker): ChildProcess
  /** this process beside the workers; close with closeContext */
  context(env: Record<string, string>, clock?: () => Date): Ctx
  /** this process as a worker: `stop` as SIGTERM does */
  inside(env: Record<string, string>, clock?: () => Date): { ctx: Ctx; stop(): Promise<void> }
  waitFor(what: string, check: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean>
  /** sends that wait; -1 while the database is away */
  waiting(campaignId: string): Promise<number>
  killAll(): void
}

export interface StagedWorker extends WorkerOptions {
  smtpPort?: number
}

export const secret = 'a secret that only the fault bench uses, 32+'

export function createStage(server: Embedded, pool: pg.Pool, dataDir: string, quick: boolean): Stage {
  const slots = 20
  const workers = workerPool({ dataDir, secret, slots })
  // Simulators of providers stand on this machine.
  const base = {
    DATABASE_URL: server.url,
    LMA_SECRET: secret,
    LMA_DATA: dataDir,
    LMA_SLOTS: String(slots),
    LMA_PRIVATE_ADDRESSES: 'all',
  }
  const stage: Stage = {
    server,
    pool,
    dataDir,
    quick,
    slots,
    notes: [],
    worker: ({ smtpPort, ...options }) => workers.start(server.url, smtpPort ? { port: smtpPort } : null, options),
    context: (env, clock) =>
      createContext({ ...readConfig({ ...base, ...env }), databaseUrl: server.url }, server.url, {
        log: createLog('silent'),
        ...(clock ? { clock } : {}),
      }),
    inside(env, clock) {
      const ctx = stage.context(env, clock)
      const stop = new AbortController()
      const running = runDispatcher(ctx, { signal: stop.signal })
      return {
        ctx,
        async stop() {
          stop.abort()
          await running
          await closeContext(ctx)
        },
      }
    },
    waitFor: (what, check, withinMs) => waitFor(stage.notes, what, check, withinMs),
    waiting: (campaignId) => openSends(pool, campaignId),
    killAll: workers.leave,
  }
  return stage
}

/** Puts the ledger beside what the servers took: `copies` says how often they took a send. */
export async function judge(
  stage: Stage,
  given: Pick<Verdict, 'fault' | 'what' | 'injected' | 'bound'> & {
    campaigns: readonly string[]
    copies: (sendId: string) => number
    recoveries?: readonly number[]
    more?: Verdict['more']
    /** promises beyond loss and duplicates */
    also?: boolean
  },
): Promise<Verdict> {
  const { rows } = await stage.pool.query<{ id: string; status: string }>(
    'select s.id, s.status from sends as s where s.campaign_id = any($1::uuid[])',
    [given.campaigns],
  )
  const lost = rows.filter((r) => r.status === 'pending' || (r.status === 'sent' && given.copies(r.id) === 0)).length
  const duplicates = rows.reduce((sum, r) => sum + Math.max(0, given.copies(r.id) - 1), 0)
  const unknown = rows.filter((r) => r.status === 'unknown').length
  const recoveries = [...(given.recoveries ?? [])].sort((a, b) => a - b)
  return {
    fault: given.fault,
    what: given.what,
    injected: given.injected,
    messages: rows.length,
    lost,
    duplicates,
    bound: given.bound,
    unknown,
    recovery_p50_ms: recoveries[Math.floor(recoveries.length / 2)] ?? null,
    recovery_max_ms: recoveries.at(-1) ?? null,
    more: given.more ?? {},
    ok: lost === 0 && duplicates <= given.bound && unknown <= given.bound && given.injected > 0 && given.also !== false,
  }
}

/** How often an SMTP sink took a send, by its Message-ID. */
export const copiesOf =
  (...sinks: { copies: Map<string, number> }[]) =>
  (sendId: string): number =>
    sinks.reduce((sum, sink) => sum + (sink.copies.get(`<${sendId}@cornercellars.test>`) ?? 0), 0)
