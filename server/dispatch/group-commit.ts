import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { createPool } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { loadPartitions } from '../partitions.ts'
import { DatabaseAway, isAway, patienceMs, pauseMs } from './away.ts'
import {
  beginLot,
  clean,
  isAcceptance,
  reportResults,
  writeResults,
  type Begun,
  type Moves,
  type ResultItem,
} from './ledger.ts'
import { createSettler, type Taken } from './settler.ts'
import { writeTurn, type AcceptedItem, type StartItem, type StartVerdict } from './turn.ts'

/** Writes of all slots, one transaction at a time: while one commits, the next collects. */
export interface GroupCommit {
  /** resolves when it is committed that the attempt begins, or with the reason why the send must not go */
  start(item: StartItem): Promise<StartVerdict>
  /** resolves when the result is committed; only then the slot may be used again */
  finish(item: ResultItem): Promise<void>
  /** closes the batch after everything written so far */
  close(batchId: string): void
  /** resolves when all that was given is written, settled lots included */
  idle(): Promise<void>
  end(): Promise<void>
}

interface Waiting<I, O> {
  item: I
  resolve(value: O): void
  reject(error: Error): void
}

const mostPerFlush = 500
/** Less than a commit takes. */
const gatherMs = 2
/**
 * All statements of the ledger look up rows by key. The turn is planned once for each connection and written so that no
 * other plan is possible. The others are planned each time (`beginLot`): a plan made while a table was new and small
 * would read the whole table ever after.
 */
const plans =
  'set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off; set plan_cache_mode = force_generic_plan'
export function createGroupCommit(ctx: Ctx, onSettled: (moves: readonly Moves[]) => void): GroupCommit {
  // One connection for the slots, one for the lots that follow them.
  const pool = createPool(ctx.directUrl, {
    max: 2,
    pipeline: true,
    applicationName: 'liquor-agent ledger',
    queryTimeoutMs: 30_000,
  })
  pool.on('error', () => undefined)
  // Sent in front of all else; should it fail, so does what is behind it.
  pool.on('connect', (client) => void client.query(plans).catch(() => undefined))
  const writer = randomUUID()
  let turns = 0
  const settler = createSettler(ctx, pool, writer, onSettled)
  /** attempts on their way: what is written about each when it has ended */
  const begun = new Map<string, Begun>()
  let starts: Waiting<StartItem, StartVerdict>[] = []
  let results: Waiting<ResultItem, void>[] = []
  let running: Promise<void> | null = null
  /** how many came together last time */
  let usual = 1

  function kick(): void {
    running ??= drain().finally(() => {
      running = null
      if (starts.length + results.length > 0) kick()
    })
  }

  async function drain(): Promise<void> {
    while (starts.length + results.length > 0) {
      await gather()
      usual = Math.max(starts.length, results.length)
      await flush(starts.splice(0, mostPerFlush), results.splice(0, mostPerFlush))
    }
  }

  // One turn of the loop lets every slot that became free at once get into the same transaction. While others are about
  // to come, the first few wait for them a moment: else all the others would wait for the commit of those few.
  async function gather(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const until = Date.now() + gatherMs
    while (Math.max(starts.length, results.length) < usual / 2 && Date.now() < until) await pauseMs(1)
  }

  async function flush(
    started: readonly Waiting<StartItem, StartVerdict>[],
    finished: readonly Waiting<ResultItem, void>[],
  ): Promise<void> {
    const until = Date.now() + patienceMs
    const turn = ++turns
    for (let attempt = 0; ; attempt++) {
      try {
        const verdicts = await write(
          turn,
          started.map((w) => w.item),
          finished.map((w) => w.item),
        )
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
          for (const w of finished) await flush([], [w])
          for (const w of started) await flush([w], [])
          return
        }
        for (const w of [...started, ...finished]) w.reject(error as Error)
        return
      }
    }
  }

  // What a provider took is noted together with the starts of the next; all else is settled here.
  async function write(
    turn: number,
    starts: readonly StartItem[],
    results: readonly ResultItem[],
  ): Promise<Map<string, StartVerdict>> {
    await loadPartitions(ctx.pool)
    const taken = results.filter((item) => isAcceptance(item) && begun.has(item.sendId))
    const others = taken.length < results.length ? results.filter((item) => !taken.includes(item)) : []
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      const turning = writeTurn(client, { writer, turn }, taken.map(acceptedOf), starts, ctx.clock())
      // Both have come to their end before anything else uses the connection.
      if (others.length > 0) await allOf([turning, settle(client, others)])
      const { verdicts, startedAt, away } = await turning
      // Of a batch that a sweeper took away this corrects what was said without it.
      const late = away.size > 0 ? taken.filter((item) => away.has(item.batchId)) : []
      if (late.length > 0) await settle(client, late)
      settler.add(taken.flatMap((item) => (away.has(item.batchId) ? [] : takenOf(item, begun.get(item.sendId)!))))
      for (const item of results) begun.delete(item.sendId)
      for (const { sendId, messageId } of starts)
        if (verdicts.get(sendId) === 'go') begun.set(sendId, { messageId, startedAt })
      return verdicts
    } catch (error) {
      await client.query('rollback').catch((e: Error) => (broken = e))
      throw error
    } finally {
      client.release(broken)
    }
  }

  // Two round trips for the whole transaction: only the events wait for an answer, all else is sent behind each other.
  async function settle(client: pg.PoolClient, results: readonly ResultItem[]): Promise<void> {
    const [, settled] = await Promise.all([client.query(beginLot), writeResults(client, results, begun)])
    const reported = reportResults(client, ctx.config, results, settled)
    // Closing a dead address takes several statements, and the commit must come behind them.
    if (results.some((item) => item.deadAddress)) await reported
    await Promise.all([reported, client.query('commit')])
    onSettled(settled.map((one) => ({ ...one, n: 1 })))
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
    close: settler.close,
    async idle() {
      while (running) await running
      await settler.idle()
    },
    async end() {
      while (running) await running
      await settler.idle()
      await pool.end()
    },
  }
}

async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  for (const work of await Promise.allSettled(works)) if (work.status === 'rejected') throw work.reason
}

const acceptedOf = (item: ResultItem): AcceptedItem => ({
  sendId: item.sendId,
  batchId: item.batchId,
  providerMessageId: clean(item.providerMessageId),
  isDelivered: item.status === 'delivered',
})

const takenOf = (item: ResultItem, { messageId, startedAt }: Begun): Taken => ({
  ...acceptedOf(item),
  provider: item.provider ?? '',
  messageId,
  startedAt,
  finishedAt: item.at,
  segment: item.segment,
  retryCount: item.retryCount,
})
