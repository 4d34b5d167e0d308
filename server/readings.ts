import type { Pool } from 'pg'
import { createPool } from '#db/pool.ts'
import type { Log } from './log.ts'

/** Where reports read: a replica while it keeps up, else the primary. */
export interface Readings {
  /** a pool whose data are at most `mostBehindMs` old */
  pool(): Promise<Pool>
  /** seconds the replica was behind when last asked; null: there is none, or it does not answer */
  lagSeconds(): number | null
  close(): Promise<void>
}

/** Reports of a shop may be this old; the dashboard promises two seconds, so it never asks here. */
const mostBehindMs = 5_000
const askEveryMs = 1_000
/** A replica that failed is left alone for so long. */
const restMs = 10_000

export function createReadings(url: string | null, primary: Pool, log: Log): Readings {
  if (url === null)
    return { pool: () => Promise.resolve(primary), lagSeconds: () => null, close: () => Promise.resolve() }
  const replica = createPool(url, { max: 10, applicationName: 'liquor-agent readings', pooled: true })
  replica.on('error', () => undefined)
  let askedAt = 0
  let lag: number | null = null
  let asking: Promise<void> | null = null

  async function ask(): Promise<void> {
    try {
      // Nothing was written for a while: then it is not behind, however old its last transaction is.
      const { rows } = await replica.query<{ lag: number | null }>(
        `select case when not pg_is_in_recovery() or pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
           else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) end::float8 as lag`,
      )
      if (lag === null) log.info('reports read from the replica')
      lag = rows[0]!.lag ?? 0
      askedAt = Date.now()
    } catch (err) {
      if (lag !== null || askedAt === 0)
        log.warn({ err: err as Error }, 'the replica does not answer, reports read from the primary')
      lag = null
      askedAt = Date.now() + restMs
    }
  }

  return {
    async pool() {
      if (Date.now() - askedAt > askEveryMs) await (asking ??= ask().finally(() => (asking = null)))
      return lag !== null && lag * 1000 <= mostBehindMs ? replica : primary
    },
    lagSeconds: () => lag,
    close: () => (replica.ended ? Promise.resolve() : replica.end()),
  }
}
