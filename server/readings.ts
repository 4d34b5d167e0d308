import type { Pool } from 'pg'
import { createPool } from '#db/pool.ts'
import type { Ctx } from './context.ts'
import { AppError } from './http/errors.ts'
import type { Log } from './log.ts'

/** Where reports read: a replica while it keeps up, else the primary. */
export interface Readings {
  /** a pool whose data are five seconds old at most */
  pool(): Promise<Pool>
  /** seconds the replica was behind at most when last asked; null: there is none, or it does not answer */
  lagSeconds(): number | null
  /** the replica broke a question off: leave it alone for a while */
  rest(err: Error): void
  close(): Promise<void>
}

/** Reports of a shop may be this old; the first page promises two seconds, so it never asks here. */
const patient = {
  mostBehindMs: 5_000,
  askEveryMs: 1_000,
  /** a replica that failed is left alone for so long */
  restMs: 10_000,
}

interface Position {
  at: number
  lsn: number
}

/**
 * How far behind a replica is at most, in milliseconds: as old as the newest position of the primary that it has reached.
 * null: it has reached none that is remembered. Its own clock and its own idea of the lag are not asked, for a replica that
 * is cut off takes itself for up to date.
 */
export function behindAtMost(known: readonly Position[], reached: number, now: number): number | null {
  const newest = known.findLast((p) => p.lsn <= reached)
  return newest ? now - newest.at : null
}

export function createReadings(
  url: string | null,
  primary: Pool,
  log: Log,
  pace: Partial<typeof patient> = {},
): Readings {
  const { mostBehindMs, askEveryMs, restMs } = { ...patient, ...pace }
  if (url === null)
    return {
      pool: () => Promise.resolve(primary),
      lagSeconds: () => null,
      rest: () => undefined,
      close: () => Promise.resolve(),
    }
  const replica = createPool(url, { max: 10, applicationName: 'liquor-agent readings', pooled: true })
  replica.on('error', () => undefined)
  const known: Position[] = []
  let askedAt = -Infinity
  let lagMs: number | null = null
  let asking: Promise<void> | null = null

  function rest(err: Error): void {
    if (lagMs !== null || askedAt === -Infinity)
      log.warn({ err }, 'the replica does not answer, reports read from the primary')
    lagMs = null
    askedAt = Date.now() + restMs
  }

  async function ask(): Promise<void> {
    const at = Date.now()
    const { rows: ahead } = await primary.query<{ lsn: number }>(
      `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as lsn`,
    )
    known.push({ at, lsn: ahead[0]!.lsn })
    while (known.length > 60) known.shift()
    try {
      const { rows } = await replica.query<{ lsn: number | null }>(
        `select case when pg_is_in_recovery() then pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::float8 end as lsn`,
      )
      const reached = rows[0]!.lsn
      if (reached === null) throw new Error('DATABASE_REPLICA_URL is no replica')
      const was = lagMs
      lagMs = behindAtMost(known, reached, Date.now()) ?? Number.MAX_SAFE_INTEGER
      if ((was ?? Infinity) > mostBehindMs && lagMs <= mostBehindMs) log.info('reports read from the replica')
      askedAt = Date.now()
    } catch (err) {
      rest(err as Error)
    }
  }

  return {
    async pool() {
      if (Date.now() - askedAt > askEveryMs) await (asking ??= ask().finally(() => (asking = null)))
      return lagMs !== null && lagMs <= mostBehindMs ? replica : primary
    },
    lagSeconds: () => (lagMs === null ? null : Math.min(lagMs, 86_400_000) / 1000),
    rest,
    close: () => (replica.ended ? Promise.resolve() : replica.end()),
  }
}

// One for each context, so that what is remembered by context is found again.
const overReplica = new WeakMap<Ctx, { pool: Pool; ctx: Ctx }>()

/**
 * Reads what may be some seconds old: on the replica while it keeps up, and once more on the primary when the replica
 * breaks it off (a conflict with what it replays, a restart, a schema that has not arrived). `read` must not write.
 */
export async function readStale<T>(ctx: Ctx, read: (ctx: Ctx) => Promise<T>): Promise<T> {
  const pool = await ctx.readings.pool()
  if (pool === ctx.pool) return read(ctx)
  let over = overReplica.get(ctx)
  if (over?.pool !== pool) overReplica.set(ctx, (over = { pool, ctx: { ...ctx, pool } }))
  try {
    return await read(over.ctx)
  } catch (error) {
    if (error instanceof AppError) throw error
    const { code = '' } = error as { code?: string }
    // A question that took too long would take as long again.
    if (code === '57014' && !/recovery/.test((error as Error).message)) throw error
    if (!/^(40001|57014|42P01|42703)$/.test(code)) ctx.readings.rest(error as Error)
    return read(ctx)
  }
}
