import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import {
  closeBatches,
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
}

interface Waiting<I, O> {
  item: I
  resolve(value: O): void
  reject(error: Error): void
}

const mostPerFlush = 500
/** How long known results are held in memory while the database is away. */
const patienceMs = 60_000

export class DatabaseAway extends Error {
  override name = 'DatabaseAway'
}

export function createGroupCommit(ctx: Ctx, onSettled: (settled: readonly Settled[]) => void): GroupCommit {
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
        const { verdicts, settled } = await withTx(ctx.pool, async (tx) => {
          const settled = await writeResults(
            tx,
            ctx.config,
            finished.map((w) => w.item),
          )
          const verdicts = await writeStarts(
            tx,
            started.map((w) => w.item),
            ctx.clock(),
          )
          await closeBatches(tx, closed)
          return { verdicts, settled }
        })
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
  }
}

/** Connection lost, server starting or stopping, deadlock or serialisation: the same write may be tried again. */
export function isAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string }
  if (code && /^(08|57P0|53|40|55P03|25006|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH)/.test(code)) return true
  return /Connection terminated|terminated unexpectedly|timeout exceeded when trying to connect|not queryable|Client was closed|Connection ended/i.test(
    message ?? '',
  )
}

function pauseMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
