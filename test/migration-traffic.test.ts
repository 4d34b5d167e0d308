import { createHash } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { migrate, readMigrations, type Migration } from '#db/migrate.ts'
import { testApp } from './app.ts'
import { startCli } from './run-cli.ts'

const { app, ctx, as } = await testApp()

const next = (version: number, sql: string): Migration => ({
  version,
  name: `${version}_next_release`,
  sql,
  checksum: createHash('sha256').update(sql).digest('hex'),
  breaksPrevious: /^-- breaks: /m.test(sql),
})

/** People at work: reads, writes and a slow list, until stopped; status and time of every answer. */
function traffic(): { stop(): Promise<{ status: number; ms: number }[]> } {
  const answers: { status: number; ms: number }[] = []
  let isOver = false
  let n = 0
  async function one(): Promise<void> {
    while (!isOver) {
      const started = performance.now()
      n++
      const { statusCode } =
        n % 3 === 0
          ? await as('admin')({
              method: 'POST',
              url: '/api/v1/customers',
              payload: { email: `traffic${n}@example.com`, name: `Traffic ${n}` },
            })
          : await as('manager')({ url: '/api/v1/customers?page_size=25' })
      answers.push({ status: statusCode, ms: performance.now() - started })
    }
  }
  const all = Promise.all([one(), one(), one(), one()])
  return {
    async stop() {
      isOver = true
      await all
      return answers
    },
  }
}

/** A long report: it reads customers and keeps its lock for so long. */
async function report(ms: number): Promise<{ done: Promise<void> }> {
  const client = new pg.Client({ connectionString: ctx.databaseUrl, application_name: 'a long report' })
  await client.connect()
  await client.query('begin')
  await client.query('select count(*) from customers')
  return {
    done: (async () => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      await client.query('commit')
      await client.end()
    })(),
  }
}

async function underTraffic(
  migration: Migration,
  lockMs: number,
): Promise<{ errors: number; slowest: number; asked: number }> {
  const known = [...readMigrations(), ...added]
  const people = traffic()
  await new Promise((resolve) => setTimeout(resolve, 200))
  const { done } = await report(1_500)
  expect(await migrate(ctx.databaseUrl, [...known, migration], { lockMs })).toEqual([migration.name])
  added.push(migration)
  await done
  await new Promise((resolve) => setTimeout(resolve, 200))
  const answers = await people.stop()
  return {
    errors: answers.filter((a) => a.status >= 500).length,
    slowest: Math.max(...answers.map((a) => a.ms)),
    asked: answers.length,
  }
}
const added: Migration[] = []
afterAll(() => app.close())

test('a migration behind a long report stops nobody: it lets go and tries again', async () => {
  const patient = await underTraffic(
    next(9001, `alter table customers add column next_release text; create index on customers (next_release);`),
    100,
  )
  expect(patient.errors).toBe(0)
  expect(patient.asked).toBeGreaterThan(20)
  expect(patient.slowest).toBeLessThan(1_000)
  // The usual way, waiting for the lock as long as it takes: everybody waits with it. This is what the test can see.
  const stubborn = await underTraffic(next(9002, 'alter table customers add column other text'), 60_000)
  expect(stubborn.slowest).toBeGreaterThan(1_000)
})

test('a migration that never gets its lock says who is in the way, and changes nothing', async () => {
  const { done } = await report(1_200)
  const third = next(9003, 'alter table customers add column third text')
  const known = [...readMigrations(), ...added, third]
  await expect(migrate(ctx.databaseUrl, known, { lockMs: 50, patienceMs: 300 })).rejects.toThrow(/"a long report"/)
  await done
  const { rows } = await ctx.pool.query(`select from schema_migrations as m where m.version = 9003`)
  expect(rows).toEqual([])
})

test('the release before works and restarts on the new schema, until that says it must not', async () => {
  expect((await as('admin')({ url: '/api/v1/customers' })).statusCode).toBe(200)
  expect((await app.inject({ url: '/health/ready' })).statusCode).toBe(200)
  const env = { DATABASE_URL: ctx.databaseUrl, LMA_DATA: ctx.config.dataDir, LMA_DEMO: 'off' }
  const restarted = await startCli(['status', '--json'], env).done
  expect([restarted.code, restarted.err]).toEqual([0, ''])
  const breaking = next(9004, '-- breaks: the column is gone\nalter table customers drop column other')
  await migrate(ctx.databaseUrl, [...readMigrations(), ...added, breaking])
  const refused = await startCli(['status', '--json'], env).done
  expect(refused.code).toBe(3)
  expect(refused.err).toContain('used by a newer release (migration 9004_next_release is unknown here)')
})
