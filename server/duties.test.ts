import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from '#test/db.ts'
import { testContext } from '#test/context.ts'
import { claimTick, keepDuty } from './duties.ts'

test('four processes share a duty over 1,000 slots of time: each slot fires once, also when one is killed', async () => {
  const { url, pool } = await freshDatabase()
  await pool.query('create table fired (tick bigint, pid int, at timestamptz default clock_timestamp())')
  // A killed process holds its last slot for a minute; the test does not wait for that.
  const impatient = setInterval(() => {
    void pool.query(
      `update duties set busy_until = null where busy_until is not null and started_at < now() - interval '500 ms'`,
    )
  }, 100)
  const env = {
    ...process.env,
    DATABASE_URL: url,
    LMA_DATA: mkdtempSync(path.join(tmpdir(), 'lma-duty-')),
    LMA_SECRET: 'a secret that only tests use, 32+ characters',
    TICKS: '1000',
    EVERY_MS: '15',
  }
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [path.resolve(import.meta.dirname, '../test/duty-worker.ts')], { env, stdio: 'inherit' }),
  )
  const ended = children.map((child) => new Promise((resolve) => child.once('exit', resolve)))
  await expect
    .poll(async () => (await pool.query('select from fired')).rowCount, { timeout: 60_000, interval: 50 })
    .toBeGreaterThan(200)
  children[0]!.kill('SIGKILL')
  await Promise.all(ended)
  clearInterval(impatient)
  const { rows } = await pool.query<{ fired: number; slots: number; processes: number }>(
    'select count(*) as fired, count(distinct tick) as slots, count(distinct pid) as processes from fired',
  )
  expect(rows[0]!.fired).toBeGreaterThanOrEqual(1000)
  expect(rows[0]!.slots).toBe(rows[0]!.fired)
  expect(rows[0]!.processes).toBe(4)
}, 180_000)

test('a slot is not given away while the last one runs, and is once its holder is dead for a minute', async () => {
  const ctx = await testContext()
  const duty = { name: 'long', everyMs: 5, run: async () => undefined }
  const first = 'aaaaaaaa-0000-4000-8000-000000000000'
  expect(await claimTick(ctx, duty, first)).not.toBeNull()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await claimTick(ctx, duty, first)).toBeNull()
  await ctx.pool.query(`update duties set busy_until = now() - interval '1 second' where name = 'long'`)
  expect(await claimTick(ctx, duty, first)).not.toBeNull()
})

test('a duty that fails is written down with its reason and goes on with the next slot', async () => {
  const ctx = await testContext()
  const stop = new AbortController()
  let runs = 0
  await keepDuty(
    ctx,
    {
      name: 'broken',
      everyMs: 20,
      run: async () => {
        if (++runs === 2) stop.abort()
        throw new Error('no luck with anna@example.com')
      },
    },
    stop.signal,
  )
  const { rows } = await ctx.pool.query('select runs, failures, error, busy_until from duties')
  expect(rows).toEqual([{ runs: 2, failures: 2, error: 'Error: no luck with <email>', busy_until: null }])
  expect(await ctx.metrics.registry.metrics()).toContain('liquor_duty_seconds_count{duty="broken",status="failed"} 2')
})
