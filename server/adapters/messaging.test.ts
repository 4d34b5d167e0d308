import { expect, describe, test, afterAll } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { testContext } from '#test/context.ts'
import { freshDatabase } from '#test/db.ts'
import { hasRedis, noRedis, startRedis, type RedisServer } from '#test/redis.ts'
import { readJob, startJob, sweepJobs, type JobHandler } from '../background.ts'
import { runJob } from '../background.ts'
import { closeContext, createContext, type Ctx } from '../context.ts'
import { conditionsOf } from '../telemetry/health.ts'

const engines: ('postgres' | 'redis')[] = hasRedis ? ['postgres', 'redis'] : ['postgres']
let server: RedisServer | undefined
afterAll(() => server?.remove())

/** Two processes of one shop. */
async function pair(engine: 'postgres' | 'redis'): Promise<[Ctx, Ctx]> {
  if (engine === 'redis') server ??= await startRedis()
  const database = await freshDatabase()
  const config = {
    redis: engine === 'redis' ? { url: server!.url, prefix: new URL(database.url).pathname.slice(1) } : null,
  }
  return [await testContext({ config }, database), await testContext({ config }, database)]
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300))

/** A worker as worker.ts makes it, with one handler that notes which jobs it did. */
async function work(ctx: Ctx, done: string[]): Promise<Record<string, JobHandler>> {
  const handlers: Record<string, JobHandler> = { test: async (_ctx, _input, tools) => void done.push(tools.jobId) }
  await ctx.queue.work(async (name, data, stopping) => {
    if (name === 'job') await runJob(ctx, String(data['id']), handlers, stopping)
  }, 2)
  return handlers
}

describe.each(engines)('over %s', (engine) => {
  test('what one process tells the others hear, once, and only what they asked for', async () => {
    const [one, other] = await pair(engine)
    expect(one.bus.kind).toBe(engine)
    const heard: string[] = []
    const stop = other.bus.subscribe('job.', (topic, payload) => heard.push(`${topic} ${String(payload['n'])}`))
    await settled()
    await one.bus.publish('job.1', { n: 1 })
    await one.bus.publish('campaign.1', { n: 2 })
    await other.bus.publish('job.2', { n: 3 })
    await expect.poll(() => heard.toSorted()).toEqual(['job.1 1', 'job.2 3'])
    stop()
    await one.bus.publish('job.3', { n: 4 })
    await settled()
    expect(heard).toHaveLength(2)
  })

  test('each job is done once, by one of the workers, at once', async () => {
    const [one, other] = await pair(engine)
    const done: string[] = []
    await Promise.all([work(one, done), work(other, done)])
    const started = Date.now()
    const jobs = await Promise.all(Array.from({ length: 20 }, () => startJob(one, systemActor, 'test', {})))
    await expect.poll(() => done.length, { timeout: 20_000 }).toBe(20)
    expect(Date.now() - started).toBeLessThan(20_000)
    await settled()
    expect(done.toSorted()).toEqual(jobs.map((j) => j.id).toSorted())
    expect((await readJob(one, jobs[0]!.id)).status).toBe('succeeded')
  }, 60_000)

  test('requests are counted over all processes', async () => {
    const [one, other] = await pair(engine)
    for (let i = 0; i < 30; i++) await (i % 2 ? one : other).limits.add('key:a', 3_600_000)
    await settled()
    // Over PostgreSQL a process learns of the others when it tells what it counted itself.
    for (const ctx of [one, other]) await ctx.limits.add('key:a', 3_600_000)
    await settled()
    for (const ctx of [one, other]) expect((await ctx.limits.add('key:a', 3_600_000)).count).toBeGreaterThanOrEqual(31)
    await settled()
    expect((await one.limits.add('key:a', 3_600_000)).count).toBeGreaterThanOrEqual(33)
    expect((await other.limits.add('key:b', 3_600_000)).count).toBe(1)
    // Looking counts nothing, and sees what all counted.
    await settled()
    for (const ctx of [one, other, one])
      expect(await ctx.limits.read(['key:a', 'key:nobody', 'key:b'], 3_600_000)).toEqual([35, 0, 1])
    // The last minute of an hour ends with it; this does so every 61 hours only.
    expect(await one.limits.read(['key:a'], 61_000)).toEqual([0])
    expect(await one.limits.read([], 61_000)).toEqual([])
    const short = await one.limits.add('key:c', 150)
    expect(short.ttlMs).toBeLessThanOrEqual(150)
    await settled()
    expect((await one.limits.add('key:c', 150)).count).toBe(1)
  })
})

describe.skipIf(!hasRedis)(`when Redis fails (skipped if there is ${noRedis})`, () => {
  test('wiped or killed it costs nothing but time: messages arrive, jobs are done once, limits hold', async () => {
    const own = await startRedis()
    const database = await freshDatabase()
    const config = { redis: { url: own.url, prefix: 'shop' } }
    const [one, other] = [await testContext({ config }, database), await testContext({ config }, database)]
    const done: string[] = []
    const handlers = await work(other, done)
    const heard: unknown[] = []
    other.bus.subscribe('t', (_topic, payload) => heard.push(payload['n']))
    await settled()

    await startJob(one, systemActor, 'test', {})
    await own.command('FLUSHALL')
    await startJob(one, systemActor, 'test', {})
    await expect.poll(() => heard.length + 1).toBe(1)
    await one.bus.publish('t', { n: 1 })
    await expect.poll(() => heard).toEqual([1])

    await own.kill()
    const began = Date.now()
    await one.bus.publish('t', { n: 2 })
    const late = await startJob(one, systemActor, 'test', {})
    for (let i = 0; i < 5; i++) await one.limits.add('key:a', 3_600_000)
    expect((await one.limits.add('key:a', 3_600_000)).count).toBe(6)
    // Nobody waits for what is not there.
    expect(Date.now() - began).toBeLessThan(5_000)
    await expect.poll(() => heard).toEqual([1, 2])
    expect((await conditionsOf(one)).find((c) => c.name === 'redis')).toMatchObject({ ok: false, isNeeded: false })
    await new Promise((resolve) => setTimeout(resolve, 3_200))
    await sweepJobs(other, handlers, new AbortController().signal)
    expect((await readJob(one, late.id)).status).toBe('succeeded')

    await own.start()
    await expect
      .poll(async () => (await conditionsOf(one)).find((c) => c.name === 'redis')?.ok, { timeout: 10_000 })
      .toBe(true)
    await expect
      .poll(
        async () => {
          await one.bus.publish('t', { n: 3 })
          return heard.at(-1)
        },
        { timeout: 10_000 },
      )
      .toBe(3)
    await startJob(one, systemActor, 'test', {})
    await expect.poll(() => done.length, { timeout: 10_000 }).toBe(4)
    expect(new Set(done).size).toBe(4)
    await own.remove()
  }, 90_000)

  test('a process starts, works and stops while Redis is away', async () => {
    const database = await freshDatabase()
    const base = await testContext({}, database)
    const began = Date.now()
    const ctx = createContext({ ...base.config, redis: { url: 'redis://127.0.0.1:1', prefix: 'shop' } }, database.url, {
      log: base.log,
      poolSize: 4,
    })
    const done: string[] = []
    await work(ctx, done)
    const heard: unknown[] = []
    ctx.bus.subscribe('t', (_topic, payload) => heard.push(payload['n']))
    await settled()
    await ctx.bus.publish('t', { n: 1 })
    await startJob(ctx, systemActor, 'test', {})
    await expect.poll(() => heard).toEqual([1])
    await closeContext(ctx)
    expect(Date.now() - began).toBeLessThan(15_000)
  }, 60_000)
})
