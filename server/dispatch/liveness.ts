import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import pg from 'pg'
import type { Ctx } from '../context.ts'

/** Who holds a batch. The lock key is a session advisory lock: PostgreSQL frees it the moment the process dies. */
export interface Worker {
  id: string
  lockKey: number
  /** true while the lock is held and has been long enough for the other workers to have theirs back, too */
  isSettled(): boolean
  stop(): Promise<void>
}

const livenessName = 'liquor-agent liveness'

/** Workers that are sending now, this one included. PostgreSQL forgets a dead one with its connection. */
export async function countDispatchers(ctx: Pick<Ctx, 'pool'>): Promise<number> {
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(*) as n from pg_stat_activity as a where a.datname = current_database() and a.application_name = $1`,
    [livenessName],
  )
  return Math.max(1, rows[0]!.n)
}

// After a restart of the database every worker has lost its lock; nobody may be declared dead before all had a chance.
const graceMs = 3_000

/** Takes this worker's liveness lock on a connection of its own, and takes it again whenever that connection is lost. */
export async function startLiveness(ctx: Ctx): Promise<Worker> {
  // 52 random bits: two workers with one key would think the other alive for ever.
  const lockKey = randomBytes(8).readUIntBE(0, 6) * 16 + (randomBytes(1)[0]! & 15)
  let client: pg.Client | null = null
  let heldSince = 0
  let losses = 0
  let stopped = false
  let retry: NodeJS.Timeout | undefined

  async function take(): Promise<void> {
    const next = new pg.Client({
      connectionString: ctx.directUrl,
      application_name: livenessName,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      query_timeout: 10_000,
      connectionTimeoutMillis: 5_000,
    })
    const lost = (): void => {
      if (client !== next) return
      client = null
      heldSince = Infinity
      losses += 1
      again()
    }
    next.on('error', lost)
    next.on('end', lost)
    client = next
    await next.connect()
    await next.query('select pg_advisory_lock($1)', [lockKey])
    if (client !== next) throw new Error('The liveness connection was lost again.')
    heldSince = Date.now()
  }

  function again(): void {
    if (stopped) return
    clearTimeout(retry)
    retry = setTimeout(() => {
      take().catch(() => {
        void client?.end().catch(() => undefined)
        client = null
        again()
      })
    }, 200)
  }

  async function stop(): Promise<void> {
    stopped = true
    clearTimeout(retry)
    const held = client
    client = null
    await held?.end().catch(() => undefined)
  }

  try {
    await take()
  } catch (error) {
    // Whoever asks again gets a lock of its own. One that went on trying here would belong to nobody: no stop would end
    // it, the process could never leave, and the others would share their rate with a worker that does not exist.
    void stop()
    throw error
  }
  return {
    id: `${hostname()}:${process.pid}`,
    lockKey,
    isSettled: () => client !== null && (losses === 0 || Date.now() - heldSince > graceMs),
    stop,
  }
}
