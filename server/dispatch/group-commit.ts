import { createPool } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { loadPartitions } from '../partitions.ts'
import {
  closeBatches,
  reportResults,
  writeResults,
  writeStarts,
  type ResultItem,
  type Settled,
  type StartItem,
  type StartVerdict,
} from './ledger.ts'

/** Writes of all slots, one transaction at a time: while one commits, the next collects. */
export interface GroupCommit {
  /** resolves when the attempt row is committed, or with the reason why the send must not go */
  start(item: StartItem): Promise<StartVerdict>
  /** resolves when the result is committed; only then the slot may be used again */
  finish(item: ResultItem): Promise<void>
  /** closes the batch after everything written so far */
  close(batchId: string): void
  idle(): Promise<void>
  end(): Promise<void>
}

interface Waiting<I, O> {
  item: I
  resolve(value: O): void
  reject(error: Error): void
}

const mostPerFlush = 500
/**
 * All its statements look up a few dozen rows by key. A plan made while a table was new and small would read the whole
 * table ever after, and is kept as long as the connection.
 */
const begin =
  'begin; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off'
/** How long known results are held in memory while the database is away. */
const patienceMs = 60_000

export class DatabaseAway extends Error {
  override name = 'DatabaseAway'
}

export function createGroupCommit(ctx: Ctx, onSettled: (settled: readonly Settled[]) => void): GroupCommit {
  const pool = createPool(ctx.directUrl, {
    max: 1,
    pipeline: true,
    applicationName: 'liquor-agent ledger',
    queryTimeoutMs: 30_000,
  })
  pool.on('error', () => undefined)
  let starts: Waiting<StartItem, StartVerdict>[] = []
  let results: Waiting<ResultItem, void>[] = []
  let closing: string[] = []
  let running: Promise<void> | null = null

  function kick(): void {
    // One turn of the loop lets every slot that became free at once get into the same transaction.
    running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(drain).finally(() => {
      running = null
      if (starts.length + results.length + closing.length > 0) kick()
    })
  }

  async function drain(): Promise<void> {
    while (starts.length + results.length + closing.length > 0) {
      const batch = {
        starts: starts.splice(0, mostPerFlush),
        results: results.splice(0, mostPerFlush),
        closing: closing.splice(0),
      }
      await flush(batch.starts, batch.results, batch.closing)
    }
  }

  async function flush(
    started: Waiting<StartItem, StartVerdict>[],
    finished: Waiting<ResultItem, void>[],
    closed: string[],
  ): Promise<void> {
    const until = Date.now() + patienceMs
    for (let attempt = 0; ; attempt++) {
      try {
        const { verdicts, settled } = await write(
          started.map((w) => w.item),
          finished.map((w) => w.item),
          closed,
        )
        onSettled(settled)
        for (const w of finished) w.resolve()
        for (const w of started) w.resolve(verdicts.get(w.item.sendId) ?? 'lost')
        return
      } catch (error) {
        if (isAway(error)) {
          if (Date.now() < until) {
            if (attempt === 0)
              ctx.log.warn({ waiting: finished.length }, 'the database is away, results are kept in memory')
            await pauseMs(Math.min(1000, 50 * 2 ** attempt))
            continue
          }
          const away = new DatabaseAway('The database did not come back within a minute.')
          for (const w of [...started, ...finished]) w.reject(away)
          return
        }
        // One bad row must not take its neighbours down: write them one by one.
        if (started.length + finished.length > 1) {
          for (const w of finished) await flush([], [w], [])
          for (const w of started) await flush([w], [], [])
          closing.push(...closed)
          return
        }
        for (const w of [...started, ...finished]) w.reject(error as Error)
        if (started.length + finished.length === 0)
          ctx.log.error({ err: error as Error }, 'a batch could not be closed')
        return
      }
    }
  }

  // Two round trips for the whole transaction: only the events wait for an answer, all else is sent behind each other.
  async function write(
    starts: readonly StartItem[],
    results: readonly ResultItem[],
    closed: readonly string[],
  ): Promise<{ verdicts: Map<string, StartVerdict>; settled: Settled[] }> {
    await loadPartitions(ctx.pool)
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      const [, settled] = await Promise.all([client.query(begin), writeResults(client, results)])
      const reported = reportResults(client, ctx.config, results, settled)
      // Closing a dead address takes several statements, and the commit must come behind them.
      if (results.some((item) => item.deadAddress)) await reported
      const [verdicts] = await Promise.all([
        writeStarts(client, starts, ctx.clock()),
        reported,
        closeBatches(client, closed),
        client.query('commit'),
      ])
      return { verdicts, settled }
    } catch (error) {
      await client.query('rollback').catch((e: Error) => (broken = e))
      throw error
    } finally {
      client.release(broken)
    }
  }

  return {
    start: (item) =>
      new Promise((resolve, reject) => {
        starts.push({ item, resolve, reject })
        kick()
      }),
    finish: (item) =>
      new Promise((resolve, reject) => {
        results.push({ item, resolve, reject })
        kick()
      }),
    close(batchId) {
      closing.push(batchId)
      kick()
    },
    async idle() {
      while (running) await running
    },
    async end() {
      while (running) await running
      await pool.end()
    },
  }
}

/** Connection lost, server starting or stopping, deadlock or serialisation: the same write may be tried again. */
export function isAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string }
  if (code && /^(08|57P0|53|40|55P03|25006|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH)/.test(code)) return true
  return /Connection terminated|terminated unexpectedly|timeout exceeded when trying to connect|not queryable|Query read timeout|Client was closed|Connection ended/i.test(
    message ?? '',
  )
}

function pauseMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
