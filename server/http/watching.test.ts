import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { freshDatabase } from '#test/db.ts'
import { testApp } from '#test/app.ts'
import { testContext } from '#test/context.ts'
import { createApp } from './app.ts'
import { createWatchApp, leaveService } from './watching.ts'

const { app, ctx, as } = await testApp()

test('each route is counted by its pattern, never by its address', async () => {
  await as('admin')({ url: '/api/v1/customers/0198c0de-0000-7000-8000-000000000000' })
  await app.inject({ url: '/no/such/page-with-anna@example.com' })
  const { body, headers } = await app.inject({ url: '/metrics' })
  expect(headers['content-type']).toContain('text/plain')
  expect(body).toMatch(
    /liquor_http_request_seconds_count\{method="GET",route="\/api\/v1\/customers\/:id",status="404"\} 1/,
  )
  expect(body).not.toContain('0198c0de')
  expect(body).not.toContain('anna@example.com')
})

test('what waits is told: jobs by kind and age, sends, sums that are behind', async () => {
  await ctx.pool.query(
    `insert into jobs (kind, created_at) values ('plan', now() - interval '90 seconds'), ('plan', now())`,
  )
  await ctx.pool.query(
    `insert into duties (name, tick, every_ms, started_at) values ('rollups', 1, 10000, now() - interval '45 seconds')`,
  )
  await ctx.pool.query(
    `insert into rollup_delta (hour, campaign_id, channel, segment, event_type, machine, events, value_cents)
     values (now(), '00000000-0000-0000-0000-000000000000', 'email', '', 'sent', false, 1, 0)`,
  )
  const own = createWatchApp(await testContext({}, { url: ctx.databaseUrl, pool: ctx.pool, db: ctx.db }))
  const { body } = await own.inject({ url: '/metrics' })
  await own.close()
  const figure = (name: string): number => Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1])
  expect(figure('liquor_jobs\\{kind="plan",status="queued"\\}')).toBe(2)
  expect(figure('liquor_job_oldest_seconds\\{kind="plan",status="queued"\\}')).toBeGreaterThanOrEqual(90)
  expect(figure('liquor_rollup_lag_seconds')).toBeGreaterThanOrEqual(45)
  expect(figure('liquor_rollup_rows')).toBe(1)
  expect(figure('liquor_sends_due\\{channel="email"\\}')).toBe(0)
  expect(figure('liquor_backup_age_seconds')).toBe(-1)
  expect(figure('liquor_database_up')).toBe(1)
})

test('without a token only this machine may read metrics, and not through a proxy on it', async () => {
  expect((await app.inject({ url: '/metrics' })).statusCode).toBe(200)
  expect((await app.inject({ url: '/metrics', remoteAddress: '10.1.2.3' })).statusCode).toBe(403)
  for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip'])
    expect((await app.inject({ url: '/metrics', headers: { [header]: '127.0.0.1' } })).statusCode).toBe(403)
})

test('with a token whoever has it may read metrics, nobody else', async () => {
  const own = createWatchApp({
    ...ctx,
    config: { ...ctx.config, metrics: { token: 'a token of scrapers', port: null } },
  })
  const status = async (authorization?: string): Promise<number> =>
    (await own.inject({ url: '/metrics', remoteAddress: '10.1.2.3', headers: authorization ? { authorization } : {} }))
      .statusCode
  expect(await status()).toBe(401)
  expect(await status('Bearer a token of scraperz')).toBe(401)
  expect(await status('Bearer a token of scrapers')).toBe(200)
  await own.close()
})

test('a process that leaves is not ready any more but alive; one whose schema is behind is not ready', async () => {
  const database = await freshDatabase()
  const other = await testContext({}, database)
  const own = await createApp(other)
  expect((await own.inject({ url: '/health/ready' })).json()).toMatchObject({
    status: 'ok',
    checks: { database: { ok: true } },
  })
  await database.pool.query(
    'delete from schema_migrations where version = (select max(version) from schema_migrations)',
  )
  const behind = await own.inject({ url: '/health/ready' })
  expect(behind.statusCode).toBe(503)
  expect(behind.json().checks.database.detail).toContain('liquor-agent migrate')
  leaveService(other)
  expect((await own.inject({ url: '/health/ready' })).json().status).toBe('leaving')
  expect((await own.inject({ url: '/health/live' })).statusCode).toBe(200)
  await own.close()
})

test('a database that hangs makes the process unready within three seconds, and leaves it alive', async () => {
  const database = await freshDatabase()
  const other = await testContext({}, database)
  const own = await createApp(other)
  await own.listen({ port: 0, host: '127.0.0.1' })
  const { port } = own.server.address() as AddressInfo
  const blocker = await database.pool.connect()
  await blocker.query('begin')
  await blocker.query('lock table schema_migrations in access exclusive mode')
  const started = Date.now()
  const status = (url: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ port, path: url, host: '127.0.0.1' }, (r) => resolve((r.resume(), r.statusCode ?? 0)))
        .on('error', reject)
        .end()
    })
  expect(await status('/health/ready')).toBe(503)
  expect(Date.now() - started).toBeLessThan(3_000)
  expect(await status('/health/live')).toBe(200)
  await blocker.query('rollback')
  blocker.release()
  expect(await status('/health/ready')).toBe(200)
  await own.close()
})
