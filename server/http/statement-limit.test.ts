import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import type { Import } from '#contract/imports.ts'
import type { Job } from '#contract/common.ts'
import type { ReportExport } from '#contract/reports.ts'
import { withTx } from '#db/pool.ts'
import { withStatementLimit } from '#db/statement-limit.ts'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { testContext } from '#test/context.ts'
import { finishJob } from '#test/jobs.ts'
import { bearerOf } from '#test/sign-in.ts'
import { openTo } from './access-policy.ts'
import { createApp } from './app.ts'

const statementMs = 400
const ctx = await testContext({ config: { statementMs } })
const app = await createApp(ctx)
// What a route could get wrong: each way in which the product sends statements.
const ways: Record<string, () => Promise<unknown>> = {
  pool: () => ctx.pool.query('select pg_sleep(30) /* runaway */'),
  named: () => ctx.pool.query({ name: 'runaway', text: 'select pg_sleep($1) /* runaway */', values: [30] }),
  transaction: () =>
    withTx(ctx.pool, async (tx) => {
      await tx.query(`insert into settings (name, value) values ('runaway', '{}')`)
      await tx.query('select pg_sleep(30) /* runaway */')
    }),
  kysely: () => sql`select pg_sleep(30) /* runaway */`.execute(ctx.db),
  loop: () =>
    ctx.pool.query(
      'select count(*) from generate_series(1, 100000) as a, generate_series(1, 100000) as b /* runaway */',
    ),
}
for (const [name, run] of Object.entries(ways)) {
  app.get(`/api/v1/runaway/${name}`, { config: openTo('of the test') }, run)
  app.post(`/api/v1/runaway/${name}`, { config: openTo('of the test') }, run)
}
await app.ready()
afterAll(() => app.close())
const { id: adminId } = await createUser(ctx, systemActor, {
  email: 'admin@shop.test',
  password: 'a long test password',
  fullName: 'admin',
  role: 'admin',
})
const headers = { authorization: `Bearer ${await bearerOf(ctx, adminId)}` }
const running = async (): Promise<number> =>
  (
    await ctx.pool.query<{ n: number }>(
      `select count(*) as n from pg_stat_activity where datname = current_database() and state <> 'idle' and query like '%runaway%' and pid <> pg_backend_pid()`,
    )
  ).rows[0]!.n

test('a runaway statement of a request is ended in the database, and the caller is told', async () => {
  for (const method of ['GET', 'POST'] as const)
    for (const way of Object.keys(ways)) {
      const began = performance.now()
      const answer = await app.inject({
        method,
        url: `/api/v1/runaway/${way}`,
        ...(method === 'POST' ? { payload: { body: 'x'.repeat(100_000) } } : {}),
      })
      const ms = performance.now() - began
      expect(answer.statusCode, `${method} ${way}: ${answer.body}`).toBe(503)
      expect(answer.headers['content-type']).toContain('application/problem+json')
      expect(answer.headers['retry-after']).toBe('30')
      expect(answer.json()).toMatchObject({ code: 'database.too_slow', status: 503 })
      expect(answer.body).not.toMatch(/cancel|statement|pg_sleep/)
      expect(ms).toBeGreaterThan(statementMs - 20)
      expect(ms).toBeLessThan(statementMs + 3000)
      // The answer is on its way while the server still tidies up.
      await expect.poll(running, { message: `${method} ${way}`, timeout: 3000 }).toBe(0)
    }
  // Nothing of the broken transactions stayed, and the pool is whole: as many connections as before answer at once.
  expect((await ctx.pool.query(`select from settings where name = 'runaway'`)).rowCount).toBe(0)
  await Promise.all(Array.from({ length: 30 }, () => ctx.pool.query('select pg_sleep(0.01)')))
  expect(ctx.pool.totalCount).toBeLessThanOrEqual(8)
}, 60_000)

test('a request that waits for a lock is given up as well; the same request works when the lock is gone', async () => {
  const url = '/api/v1/settings/shop'
  const payload = { name: 'Corner Liquor' }
  await withTx(ctx.pool, async (tx) => {
    await tx.query('lock table settings in access exclusive mode')
    const answer = await app.inject({ method: 'PATCH', url, payload, headers })
    expect(answer.statusCode, answer.body).toBe(503)
    expect(answer.json()).toMatchObject({ code: 'database.too_slow' })
  })
  const answer = await app.inject({ method: 'PATCH', url, payload, headers })
  expect(answer.statusCode, answer.body).toBe(200)
})

test('quick statements are left alone, and one that is over in time frees its connection', async () => {
  await withStatementLimit(150, async () => {
    for (let i = 0; i < 20; i++) await ctx.pool.query('select pg_sleep(0.02)')
    await withTx(ctx.pool, async (tx) => {
      for (let i = 0; i < 20; i++) await tx.query('select pg_sleep(0.02)')
    })
    await expect(ctx.pool.query('select pg_sleep(1)')).rejects.toMatchObject({ code: '57014' })
    expect((await ctx.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })
  expect((await ctx.pool.query('select 2 as two from pg_sleep(0.3)')).rows).toEqual([{ two: 2 }])
  expect((await withStatementLimit(0, () => ctx.pool.query('select 3 as three from pg_sleep(0.3)'))).rows).toEqual([
    { three: 3 },
  ])
})

test('jobs take as long as they take, whoever woke them: imports, scores, exports, reports, segments, backups, the night', async () => {
  await ctx.pool.query(
    `insert into customers (external_id, email, name) select 'C' || i, 'c' || i || '@example.com', 'Customer ' || i from generate_series(1, 50) as i`,
  )
  await ctx.pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents) select c.external_id || n, c.id, now() - make_interval(days => 9 * n), 1000 from customers as c, generate_series(1, 5) as n`,
  )
  const post = async <T>(url: string, payload?: object, more: object = {}): Promise<T> => {
    const answer = await app.inject({
      method: 'POST',
      url: `/api/v1${url}`,
      headers: { ...headers, ...more },
      ...(payload === undefined ? {} : { payload }),
    })
    expect(answer.statusCode, `${url}: ${answer.body}`).toBeLessThan(300)
    return answer.json<T>()
  }
  const form = `--b\r\ncontent-disposition: form-data; name="kind"\r\n\r\ncustomers\r\n--b\r\ncontent-disposition: form-data; name="mapping"\r\n\r\n{"email":"email"}\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="x.csv"\r\ncontent-type: text/csv\r\n\r\nemail\nnew@example.com\n\r\n--b--\r\n`
  const nightly = async (): Promise<string> =>
    (await ctx.pool.query<{ id: string }>(`insert into jobs (kind) values ('nightly_scores') returning id`)).rows[0]!.id
  const jobs: Record<string, string> = {
    import: (
      await post<Import>('/customers/import', form as never, { 'content-type': 'multipart/form-data; boundary=b' })
    ).job_id!,
    score: (await post<Job>('/scores/compute', {})).id,
    customers_bulk: (await post<Job>('/customers/bulk', { action: 'export', filter: {}, reason: 'a look' })).id,
    report_export: (
      await post<{ export: ReportExport; job: Job }>('/reports/export', { report: 'segments', format: 'csv' })
    ).job.id,
    backup: (await post<Job>('/system/backups', {})).id,
    nightly_scores: await nightly(),
  }
  const segment = await post<{ id: string }>('/segments', {
    name: 'All',
    rules: { orders: 'count', is: { op: 'at_least', value: 1 } },
  })
  jobs['segment_refresh'] = (await post<Job>(`/segments/${segment.id}/refresh`)).id
  const waited: string[] = []
  for (const [kind, id] of Object.entries(jobs)) {
    const hold = await ctx.pool.connect()
    // What is read by each of them is held back for longer than a request would wait.
    await hold.query(
      'begin; lock table customers, orders, campaigns, offers, rollup_hourly, rollup_daily in access exclusive mode',
    )
    const freed = (async () => {
      const isWaiting = async (): Promise<boolean> =>
        (await hold.query<{ n: number }>(`select count(*) as n from pg_locks where not granted`)).rows[0]!.n > 0
      // A busy machine takes its time to begin.
      for (let i = 0; i < 100 && !(await isWaiting()); i++) await new Promise((resolve) => setTimeout(resolve, 100))
      await new Promise((resolve) => setTimeout(resolve, statementMs + 300))
      if (await isWaiting()) waited.push(kind)
      await hold.query('commit')
      hold.release()
    })()
    const done = await withStatementLimit(statementMs, () => finishJob(ctx, { id }))
    await freed
    expect(done.status, `${kind}: ${done.error}`).toBe('succeeded')
  }
  expect(waited.sort()).toEqual(Object.keys(jobs).sort())
}, 120_000)
