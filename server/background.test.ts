import { expect, test } from 'vitest'
import { testContext } from '#test/context.ts'
import { systemActor } from './audit.ts'
import { cancelJob, readJob, runJob, startJob, startJobLater, sweepJobs, type JobHandler } from './background.ts'

const ctx = await testContext()
const running = new AbortController().signal

test('a job runs once, however many workers try', async () => {
  let runs = 0
  const handlers: Record<string, JobHandler> = { count: async () => ({ runs: ++runs }) }
  const job = await startJob(ctx, systemActor, 'count', {})
  await Promise.all(Array.from({ length: 5 }, () => runJob(ctx, job.id, handlers, running)))
  expect(runs).toBe(1)
  expect(await readJob(ctx, job.id)).toMatchObject({ status: 'succeeded', result: { runs: 1 } })
})

test('a job whose worker died is found and run by the sweep', async () => {
  const job = await startJob(ctx, systemActor, 'again', {})
  // What a killed process leaves behind: the row says running, nobody holds the lock.
  await ctx.pool.query(`update jobs set status = 'running', started_at = now() where id = $1`, [job.id])
  await sweepJobs(ctx, { again: async () => 'done' }, running)
  expect((await readJob(ctx, job.id)).status).toBe('succeeded')
})

test('a failed job keeps its reason and a cancelled one stops at its next report', async () => {
  const failing = await startJob(ctx, systemActor, 'fail', {})
  await runJob(ctx, failing.id, { fail: async () => Promise.reject(new Error('the disk is full')) }, running)
  expect(await readJob(ctx, failing.id)).toMatchObject({ status: 'failed', error: 'the disk is full' })

  const long = await startJob(ctx, systemActor, 'long', {})
  let steps = 0
  await runJob(
    ctx,
    long.id,
    {
      long: async (_ctx, _input, tools) => {
        for (; steps < 100; steps++) {
          tools.signal.throwIfAborted()
          if (steps === 3) await cancelJob(ctx, long.id)
          await tools.progress(100, 100)
        }
      },
    },
    running,
  )
  expect(steps).toBeLessThan(10)
  expect((await readJob(ctx, long.id)).status).toBe('cancelled')
})

test('many reasons to run a job later are one run, and runs keep their distance', async () => {
  const waiting = async (): Promise<{ id: string; wait: number }[]> =>
    (
      await ctx.pool.query<{ id: string; wait: number }>(
        `select id, extract(epoch from due_at - now())::float8 as wait from jobs where kind = 'later' and status = 'queued'`,
      )
    ).rows
  let runs = 0
  const handlers: Record<string, JobHandler> = { later: async () => ({ runs: ++runs }) }
  const apart = { delayMs: 60_000, apartMs: 600_000 }
  await Promise.all(Array.from({ length: 20 }, () => startJobLater(ctx, 'later', apart)))
  const [first, ...others] = await waiting()
  expect(others).toEqual([])
  expect(first?.wait).toBeGreaterThan(55)
  // Not before its time, however often somebody tries.
  await runJob(ctx, first!.id, handlers, running)
  await sweepJobs(ctx, handlers, running)
  expect(runs).toBe(0)
  await ctx.pool.query(
    `update jobs set due_at = now() - interval '1 s', created_at = now() - interval '1 minute' where id = $1`,
    [first!.id],
  )
  await sweepJobs(ctx, handlers, running)
  expect(runs).toBe(1)
  // What comes in from now on is for the next run, ten minutes after this one began.
  await startJobLater(ctx, 'later', apart)
  const next = await waiting()
  expect(next).toHaveLength(1)
  expect(next[0]!.wait).toBeGreaterThan(590)
})

test('a wake-up through the queue reaches the worker', async () => {
  const got = new Promise<string>((resolve) => {
    void ctx.queue.work(async (name, data) => (name === 'ping' ? resolve(String(data['id'])) : undefined), 1)
  })
  await ctx.queue.enqueue('ping', { id: 'x' })
  expect(await got).toBe('x')
}, 20_000)
