import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { createApp } from '#server/http/app.ts'
import { createLog } from '#server/log.ts'
import { behindAtMost, createReadings, readStale } from '#server/readings.ts'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import {
  createDatabase,
  noPostgres,
  startCluster,
  startStandby,
  streaming,
  systemPostgres,
  type Cluster,
} from './postgres.ts'
import { bearerOf } from './sign-in.ts'

const pace = { mostBehindMs: 600, askEveryMs: 20, restMs: 200 }
const log = createLog('silent')
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('a replica is as far behind as the newest position of the primary that it has reached, at most', () => {
  const known = [
    { at: 1000, lsn: 10 },
    { at: 2000, lsn: 20 },
    { at: 3000, lsn: 30 },
  ]
  expect(behindAtMost(known, 30, 3100)).toBe(100)
  expect(behindAtMost(known, 29, 3100)).toBe(1100)
  expect(behindAtMost(known, 9, 3100)).toBeNull()
  // Cut off and idle, it would say of itself that it has replayed all it received.
  expect(behindAtMost(known, 30, 60_000)).toBe(57_000)
})

describe.skipIf(!systemPostgres())(`with a stand-by (skipped if there is ${noPostgres})`, () => {
  let standby: Cluster
  let url: string
  let replicaUrl: string
  let ctx: Ctx
  let pool: pg.Pool
  const undo: (() => unknown)[] = []
  const set = { ...streaming, fsync: 'off' }

  beforeAll(async () => {
    const primary = await startCluster(set)
    undo.push(() => primary.remove())
    url = await createDatabase(primary.url, 'shop')
    await migrate(url)
    standby = await startStandby(primary, set)
    undo.push(() => standby.remove())
    replicaUrl = url.replace(`:${primary.port}/`, `:${standby.port}/`)
    pool = createPool(url)
    const config = { ...readConfig({ LMA_SECRET: 'a secret that only tests use, 32+ characters' }), replicaUrl }
    ctx = createContext(config, url, { log, poolSize: 8 })
    undo.push(async () => {
      await closeContext(ctx)
      await pool.end()
    })
  })
  afterAll(async () => {
    for (const step of undo.toReversed()) await step()
  })

  test('the reports of the API are read there, the first page is not', async () => {
    const app = await createApp(ctx)
    undo.push(() => app.close())
    const user = await createUser(ctx, systemActor, {
      email: 'ada@shop.test',
      password: 'a long test password',
      fullName: 'Ada',
      role: 'admin',
    })
    const headers = { authorization: `Bearer ${await bearerOf(ctx, user.id)}` }
    const get = async (path: string): Promise<number> =>
      (await app.inject({ url: `/api/v1/analytics/${path}`, headers })).statusCode
    const readers = async (): Promise<string[]> => {
      const client = new pg.Client({ connectionString: replicaUrl })
      await client.connect()
      const { rows } = await client.query<{ query: string }>(
        `select a.query from pg_stat_activity as a where a.application_name = 'liquor-agent readings'`,
      )
      await client.end()
      return rows.map((r) => r.query).filter((q) => !q.includes('pg_last_wal_replay_lsn'))
    }
    for (let i = 0; i < 100 && (await ctx.readings.pool()) === ctx.pool; i++) await wait(50)
    expect(await get('dashboard')).toBe(200)
    expect(await readers()).toEqual([])
    for (const report of ['cohorts', 'rfm', 'activity', 'list-health', 'churn', 'attribution', 'what-if'])
      expect([report, await get(report)]).toEqual([report, 200])
    expect((await readers()).length).toBeGreaterThan(0)
  })

  test('nobody sees the replica fall behind, break a question off, or die', async () => {
    const readings = createReadings(replicaUrl, ctx.pool, log, pace)
    undo.push(() => readings.close())
    const over = { ...ctx, readings }
    const where = (): Promise<boolean> =>
      readStale(
        over,
        async (stale) => (await stale.pool.query<{ r: boolean }>('select pg_is_in_recovery() as r')).rows[0]!.r,
      )
    const until = async (expected: boolean): Promise<number> => {
      const started = performance.now()
      for (let i = 0; i < 300 && (await where()) !== expected; i++) await wait(20)
      expect(await where()).toBe(expected)
      return performance.now() - started
    }
    await until(true)

    // It stands still while the primary goes on: within the budget of time nobody reads it any more.
    const direct = new pg.Client({ connectionString: replicaUrl })
    direct.on('error', () => undefined)
    await direct.connect()
    await direct.query('select pg_wal_replay_pause()')
    await pool.query(`create table news (id int)`)
    expect(await until(false)).toBeLessThan(pace.mostBehindMs + 1000)
    const { rows } = await readStale(over, (stale) => stale.pool.query(`select count(*) as n from news`))
    expect(rows).toEqual([{ n: 0 }])
    await direct.query('select pg_wal_replay_resume()')
    await until(true)

    // What it breaks off is asked again at the primary.
    let asked = 0
    const answer = await readStale(over, async (stale) => {
      asked++
      if (asked === 1) {
        const busy = stale.pool.query('select pg_sleep(20)')
        busy.catch(() => undefined)
        await wait(100)
        await direct.query(
          `select pg_terminate_backend(a.pid) from pg_stat_activity as a where a.query = 'select pg_sleep(20)'`,
        )
        await busy
      }
      return 'answered'
    })
    expect([answer, asked]).toEqual(['answered', 2])

    await direct.end()
    standby.stop('immediate')
    expect(await where()).toBe(false)
    await wait(pace.restMs + 50)
    expect(await where()).toBe(false)
    expect(readings.lagSeconds()).toBeNull()
  })
})
