import type pg from 'pg'
import type { Ctx } from '../context.ts'
import { loadPartitions } from '../partitions.ts'
import { isAway, patienceMs, pauseMs } from './away.ts'
import { closeBatches, type Moves } from './ledger.ts'
import { settleAccepted, type Acceptance } from './settle-accepted.ts'
import { forgetTurns } from './turn.ts'

export interface Taken extends Acceptance {
  /** put back in line so many times before */
  retryCount: number
}

/** Moves what providers took from the turns into attempts, sends, events and sums, in lots, while the slots go on. */
export interface Settler {
  add(items: readonly Taken[]): void
  /** closes the batch after everything added so far */
  close(batchId: string): void
  /** settles what is there now; resolves when nothing waits any more */
  idle(): Promise<void>
}

/** Most of the work for a lot is the same for fifty and for a thousand. */
const mostPerLot = 1_000
const leastPerLot = 500
/** Figures are this old at most. */
const waitMs = 100

/**
 * What has not been settled when a worker dies is still said by its turns, and its batch is open: whoever takes the batch
 * over settles it (sweep.ts).
 */
export function createSettler(
  ctx: Ctx,
  pool: pg.Pool,
  writer: string,
  onSettled: (moves: readonly Moves[]) => void,
): Settler {
  let waiting: Taken[] = []
  let closing: string[] = []
  /** batches with a message that could not be settled: left to their lease */
  const kept = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null

  function arm(): void {
    if (running) return
    if (waiting.length >= leastPerLot) run()
    else if (waiting.length + closing.length > 0) timer ??= setTimeout(run, waitMs)
  }

  function run(): void {
    clearTimeout(timer)
    timer = undefined
    running ??= next().finally(() => {
      running = null
      arm()
    })
  }

  async function next(): Promise<void> {
    const items = waiting.splice(0, mostPerLot)
    const closed = waiting.length === 0 ? closing.splice(0) : []
    await settle(items)
    const free = closed.filter((id) => !kept.delete(id))
    if (free.length === 0) return
    await attempt(async (client) => {
      await closeBatches(client, free)
      await forgetTurns(client, writer)
    }, 'batches could not be closed')
  }

  async function settle(items: readonly Taken[]): Promise<void> {
    if (items.length === 0) return
    let isFirst = items.every((item) => item.retryCount === 0)
    const done = await attempt(async (client) => {
      const write = async (): Promise<void> => {
        const [, settled] = await Promise.all([client.query('begin'), settleAccepted(client, items, { isFirst })])
        await client.query('commit')
        onSettled(settled)
      }
      try {
        await write()
      } catch (error) {
        if (!isFirst || (error as { code?: string }).code !== '23505') throw error
        // Some had been tried before, or their attempts were written by who looked at the batch meanwhile.
        isFirst = false
        await client.query('rollback')
        await write()
      }
    }, 'a lot of accepted messages could not be settled')
    if (done) return
    // One bad row must not take its neighbours down.
    if (items.length === 1) kept.add(items[0]!.batchId)
    else for (const half of [items.slice(0, items.length / 2), items.slice(items.length / 2)]) await settle(half)
  }

  /** False when it cannot be done; waits for a database that is away, up to a minute. */
  async function attempt(work: (client: pg.PoolClient) => Promise<void>, failure: string): Promise<boolean> {
    const until = Date.now() + patienceMs
    for (let tries = 0; ; tries++) {
      let client: pg.PoolClient | undefined
      let broken: Error | undefined
      try {
        await loadPartitions(ctx.pool)
        client = await pool.connect()
        await work(client)
        return true
      } catch (error) {
        await client?.query('rollback').catch((e: Error) => (broken = e))
        if (!isAway(error) || Date.now() > until) {
          ctx.log.error({ err: error as Error }, failure)
          return false
        }
      } finally {
        client?.release(broken)
      }
      await pauseMs(Math.min(1000, 50 * 2 ** tries))
    }
  }

  return {
    add(items) {
      if (items.length > 0) waiting.push(...items)
      arm()
    },
    close(batchId) {
      closing.push(batchId)
      arm()
    },
    async idle() {
      while (running || waiting.length + closing.length > 0) {
        run()
        await running
      }
    },
  }
}
