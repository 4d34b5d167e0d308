import { createReadStream, createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { restoreBackup } from '#db/backup/restore.ts'
import { writeBackup } from '#db/backup/write.ts'
import { copyErasures, redoErasures } from '#server/erasure-ledger.ts'
import { addressHash } from '#server/suppression.ts'
import { testApp } from './app.ts'
import { testContext } from './context.ts'
import { freshDatabase } from './db.ts'
import { tracesIn } from './find-traces.ts'
import { former, leaveTraces, person, traces } from './known-person.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })

test('who was erased after a backup was made is erased again after it was restored, and never written to', async () => {
  await ctx.pool.query(
    `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
  )
  const known = await leaveTraces({ ctx, as } as Parameters<typeof leaveTraces>[0])
  const { rows: staying } = await ctx.pool.query<{ id: string }>(
    `insert into customers (external_id, email, name) values ('STAYS', 'stays@example.org', 'Stays Here') returning id`,
  )
  const file = path.join(ctx.config.dataDir, 'before.lmab')
  mkdirSync(ctx.config.dataDir, { recursive: true })
  await pipeline(writeBackup(ctx.databaseUrl, ctx.config.version), createWriteStream(file))

  // After the backup they get another address, and then they want to be forgotten.
  const later = 'zelda.later@example.org'
  await as('manager')({ method: 'PATCH', url: `/api/v1/customers/${known.id}`, payload: { email: later } })
  const erased = await as('manager')({
    method: 'POST',
    url: `/api/v1/customers/${known.id}/erase`,
    payload: { reason: 'customer_request' },
  })
  expect(erased.statusCode, erased.body).toBe(204)
  const [ledger] = readdirSync(path.join(ctx.config.dataDir, 'erasures'))
  const kept = readFileSync(path.join(ctx.config.dataDir, 'erasures', ledger!), 'utf8')
  expect(kept).toContain(known.id)
  for (const word of traces) expect(kept.toLowerCase()).not.toContain(word.toLowerCase())

  const database = await freshDatabase()
  await restoreBackup(database.url, createReadStream(file), { replace: true })
  // The same files and secret as the shop that was lost.
  const restored = await testContext(
    { config: { dataDir: ctx.config.dataDir, secret: ctx.config.secret }, clock: ctx.clock },
    database,
  )
  expect((await tracesIn(restored.pool, traces)).length).toBeGreaterThan(20)

  // Several processes start at once.
  const again = await Promise.all([redoErasures(restored), redoErasures(restored), redoErasures(restored)])
  expect(again.reduce((a, b) => a + b)).toBe(1)
  expect(await tracesIn(restored.pool, traces)).toEqual([])
  const { rows: people } = await restored.pool.query<{ id: string; erased: boolean }>(
    'select id, erased_at is not null as erased from customers where merged_into is null order by external_id nulls last',
  )
  expect(people).toEqual([
    { id: staying[0]!.id, erased: false },
    { id: known.id, erased: true },
  ])
  // Also the address that only the lost database knew.
  for (const address of [person.email, former.email, later]) {
    const { rows } = await restored.pool.query<{ reason: string }>(
      'select reason from suppressions where address_hash = $1',
      [addressHash(ctx.config, 'email', address)],
    )
    expect(rows, address).toEqual([{ reason: 'erased' }])
  }
  const { rows: trail } = await restored.pool.query<{ after: object }>(
    `select after from audit_log where action = 'customer.erased' and entity_id = $1`,
    [known.id],
  )
  expect(trail).toEqual([{ after: { reason: 'restored_from_before' } }])
  expect(await redoErasures(restored)).toBe(0)
})

test('an erasure whose copy could not be written is copied later', async () => {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into customers (external_id, email) values ('LATE-COPY', 'late.copy@example.org') returning id`,
  )
  const { put } = ctx.files
  ctx.files.put = () => Promise.reject(new Error('the store is away'))
  const answer = await as('manager')({
    method: 'POST',
    url: `/api/v1/customers/${rows[0]!.id}/erase`,
    payload: { reason: 'customer_request' },
  })
  expect(answer.statusCode).toBe(204)
  ctx.files.put = put
  expect(await copyErasures(ctx)).toBe(1)
  expect(await copyErasures(ctx)).toBe(0)
})
