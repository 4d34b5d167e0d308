import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { readJob, undoJob } from '#server/background.ts'
import type { Ctx } from '#server/context.ts'
import { startBulk } from '#server/knowledge/bulk/start.ts'
import { testContext } from './context.ts'
import { freshDatabase } from './db.ts'

const many = 20_000

function startWorker(ctx: Ctx, url: string): ChildProcess {
  return spawn(process.execPath, [path.join(import.meta.dirname, 'import-worker.ts')], {
    stdio: 'ignore',
    env: {
      ...process.env,
      DATABASE_URL: url,
      LMA_DATA: ctx.config.dataDir,
      LMA_SECRET: ctx.config.secret,
      LMA_DEMO: 'off',
    },
  })
}
async function killed(worker: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => worker.once('exit', resolve))
  worker.kill('SIGKILL')
  await gone
}

test('a bulk job and its undo are killed in the middle, and each ends as if nothing had happened: nobody twice, nobody left out', async () => {
  const database = await freshDatabase()
  const ctx = await testContext({}, database)
  await ctx.pool.query(
    `insert into customers (external_id, email, name, tags) select 'K' || i, 'k' || i || '@example.com', 'K ' || i, case when i % 4 = 0 then '{new}'::text[] else '{}' end from generate_series(1, ${many}) as i`,
  )
  const count = async (sql: string, ...values: unknown[]): Promise<number> =>
    (await ctx.pool.query<{ n: number }>(`select count(*) as n from ${sql}`, values)).rows[0]!.n
  // Each chunk takes a while, so that the middle can be met.
  await ctx.pool.query(
    `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.05); return null; end $$`,
  )
  await ctx.pool.query('create trigger slow after update on bulk_items for each statement execute function slow()')
  const ended = async (id: string): Promise<void> =>
    expect.poll(async () => (await readJob(ctx, id)).status, { timeout: 90_000, interval: 200 }).toBe('succeeded')

  // The condition stops holding for those that are done: only what was written down at the start can tell who is left.
  const job = await startBulk(ctx, systemActor, { action: 'add_tag', tag: 'new', filter: { without_tags: ['new'] } })
  const first = startWorker(ctx, database.url)
  await expect
    .poll(() => count(`customers as c where 'new' = any(c.tags)`), { timeout: 60_000, interval: 20 })
    .toBeGreaterThan(many / 4 + 2000)
  await killed(first)
  const half = await count(`customers as c where 'new' = any(c.tags)`)
  expect(half).toBeLessThan(many)
  expect(await count(`audit_log as l where l.action = 'customer.tagged'`)).toBe(half - many / 4)

  const second = startWorker(ctx, database.url)
  await ended(job.id)
  expect((await readJob(ctx, job.id)).result).toEqual({ matched: (many / 4) * 3, changed: (many / 4) * 3, same: 0 })
  expect(await count(`customers as c where c.tags = '{new}'`)).toBe(many)
  expect(await count(`audit_log as l where l.action = 'customer.tagged'`)).toBe((many / 4) * 3)

  const undo = await undoJob(ctx, systemActor, job.id)
  await expect
    .poll(() => count(`customers as c where c.tags = '{}'`), { timeout: 60_000, interval: 20 })
    .toBeGreaterThan(2000)
  await killed(second)
  const third = startWorker(ctx, database.url)
  await ended(undo.id)
  expect(await count(`customers as c where 'new' = any(c.tags)`)).toBe(many / 4)
  expect(await count(`audit_log as l where l.action = 'customer.untagged'`)).toBe((many / 4) * 3)
  await killed(third)
}, 240_000)
