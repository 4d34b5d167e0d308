import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import type { Ctx } from '#server/context.ts'
import { runImport } from '#server/knowledge/import/run.ts'
import { queueImport, readImport } from '#server/knowledge/imports.ts'
import { writeCustomers } from '#sim/customers-file.ts'
import { testContext } from './context.ts'
import { freshDatabase } from './db.ts'

const rows = 200_000

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

/** Everything that was stored, without ids and the time of storing, as one number and one hash. */
async function stored(ctx: Ctx): Promise<unknown> {
  const { rows: found } = await ctx.pool.query(
    `select count(*) as customers, (select count(*) from consents) as consents,
       md5(string_agg(md5((c.external_id, c.email, c.phone, c.name, c.birth_date, c.age_status, c.address, c.state, c.zip, c.time_zones, c.tags, c.email_consent)::text), '' order by c.external_id)) as content
     from customers as c`,
  )
  return found[0]
}

test('a worker that is killed in the middle of an import leaves nothing half; the next one does it whole', async () => {
  const database = await freshDatabase()
  const ctx = await testContext({}, database)
  const file = path.join(ctx.config.dataDir, 'people.csv')
  await writeCustomers(file, rows)
  const fields = { kind: 'customers' as const, dry_run: false }
  const { id } = await queueImport(ctx, systemActor, {
    fields,
    source: 'people.csv',
    path: file,
    bytes: 1,
    hash: Buffer.alloc(0),
  })
  const first = startWorker(ctx, database.url)
  await expect
    .poll(async () => (await readImport(ctx, id)).rows_read, { timeout: 60_000, interval: 100 })
    .toBeGreaterThan(50_000)
  first.kill('SIGKILL')
  await new Promise((resolve) => first.once('exit', resolve))
  expect(await stored(ctx)).toMatchObject({ customers: 0, consents: 0 })

  const second = startWorker(ctx, database.url)
  await expect
    .poll(async () => (await readImport(ctx, id)).status, { timeout: 120_000, interval: 500 })
    .toBe('succeeded')
  second.kill('SIGTERM')
  await new Promise((resolve) => second.once('exit', resolve))
  expect(await readImport(ctx, id)).toMatchObject({ rows_read: rows, rows_new: rows, rows_rejected: 0 })

  const calm = await testContext()
  const request = { kind: 'customers' as const, source: 'people.csv', path: file, actor: systemActor }
  await runImport(calm, request)
  expect(await stored(ctx)).toEqual(await stored(calm))
  expect(await runImport(calm, request)).toMatchObject({ rows_new: 0, rows_changed: 0, rows_same: rows })
}, 240_000)
