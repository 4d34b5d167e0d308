import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { testApp } from '#test/app.ts'
import { testContext } from '#test/context.ts'
import { resultOf } from '#test/jobs.ts'
import { systemActor } from '../audit.ts'
import { closeContext, createContext } from '../context.ts'
import { withTx } from '#db/pool.ts'
import { changeSetting } from '../settings.ts'
import { lastDue, startBackup, startDueBackup, takeBackup } from './backups.ts'
import { inspect } from './checks.ts'

const { ctx, as } = await testApp()
const filesOf = (): string[] => readdirSync(path.join(ctx.config.dataDir, 'backups'))

test('an admin makes a backup with one call; it is checked, listed, and in the audit trail', async () => {
  const started = await as('admin')({ method: 'POST', url: '/api/v1/system/backups' })
  expect(started.statusCode).toBe(202)
  const result = await resultOf<{ rows: number; bytes: number }>(ctx, started.json())
  expect(result.rows).toBeGreaterThan(5)
  const { data, total } = (await as('admin')({ url: '/api/v1/system/backups' })).json()
  expect(total).toBe(1)
  expect(data[0]).toMatchObject({ reason: 'manual', status: 'succeeded', rows: result.rows, error: null })
  expect(data[0].verified_at).not.toBeNull()
  expect(statSync(data[0].location).size).toBe(result.bytes)
  expect(statSync(data[0].location).mode & 0o077).toBe(0)
  const { rows } = await ctx.pool.query(`select 1 from audit_log where action = 'backup.started'`)
  expect(rows).toHaveLength(1)
})

test('nobody but an admin sees or makes backups; a manager sees the status, a user does not', async () => {
  for (const role of ['manager', 'user'] as const) {
    expect((await as(role)({ method: 'POST', url: '/api/v1/system/backups' })).statusCode).toBe(403)
    expect((await as(role)({ url: '/api/v1/system/backups' })).statusCode).toBe(403)
  }
  expect((await as('user')({ url: '/api/v1/system' })).statusCode).toBe(403)
  const status = await as('manager')({ url: '/api/v1/system' })
  expect(status.statusCode).toBe(200)
  expect(status.json()).toMatchObject({
    parts: { jobs: 'postgres', live: 'postgres', files: 'folder', has_pooler: false },
    waiting: { sends_due: 0 },
  })
})

test('of the schedule as many are kept as the settings say; what a person made stays', async () => {
  await as('admin')({ method: 'PATCH', url: '/api/v1/settings/backups', payload: { keep: 2 } })
  const manual = filesOf()
  for (let i = 0; i < 4; i++) await resultOf(ctx, await startBackup(ctx, systemActor, 'schedule'))
  expect(filesOf()).toHaveLength(manual.length + 2)
  expect(filesOf()).toEqual(expect.arrayContaining(manual))
  const { data } = (await as('admin')({ url: '/api/v1/system/backups' })).json()
  expect(data.map((b: { status: string }) => b.status).toSorted()).toEqual([
    'expired',
    'expired',
    'succeeded',
    'succeeded',
    'succeeded',
  ])
  const bad = await as('admin')({ method: 'PATCH', url: '/api/v1/settings/backups', payload: { at: '25:00', keep: 0 } })
  expect(
    bad
      .json()
      .errors.map((e: { path: string }) => e.path)
      .toSorted(),
  ).toEqual(['at', 'keep'])
})

test('the backup of the night is started once, also late, and not for a shop of today', async () => {
  let now = new Date()
  const own = await testContext({ clock: () => now })
  await withTx(own.pool, (tx) => changeSetting(tx, systemActor, 'shop', { time_zone: 'America/Chicago' }))
  expect(await startDueBackup(own)).toBe(false)
  now = new Date(now.getTime() + 30 * 3_600_000)
  expect(await startDueBackup(own)).toBe(true)
  expect(await startDueBackup(own)).toBe(false)
  await own.pool.query(`update jobs set status = 'succeeded', finished_at = now()`)
  await own.pool.query(`insert into backups (reason, status, started_at) values ('schedule', 'succeeded', $1)`, [now])
  expect(await startDueBackup(own)).toBe(false)
  now = new Date(now.getTime() + 24 * 3_600_000)
  await withTx(own.pool, (tx) => changeSetting(tx, systemActor, 'backups', { enabled: false }))
  expect(await startDueBackup(own)).toBe(false)
})

test('the hour of the backup is the shop’s, on both sides of it and of midnight', () => {
  const due = (now: string, at: string): string => lastDue(new Date(now), at, 'America/New_York').toISOString()
  expect(due('2026-07-01T12:00:00Z', '03:30')).toBe('2026-07-01T07:30:00.000Z')
  expect(due('2026-07-01T07:29:59Z', '03:30')).toBe('2026-06-30T07:30:00.000Z')
  expect(due('2026-12-01T04:30:00Z', '23:00')).toBe('2026-12-01T04:00:00.000Z')
})

test('a backup that cannot be written says why, leaves no file, and the doctor tells', async () => {
  const own = await testContext()
  const broken = {
    ...own,
    files: { ...own.files, put: () => Promise.reject(new Error('ENOSPC: no space left for anna@example.com')) },
  }
  await expect(takeBackup(broken, 'manual')).rejects.toThrow('ENOSPC')
  const found = (await inspect(own)).find((c) => c.check === 'backup')
  expect(found).toMatchObject({ level: 'bad', detail: expect.stringContaining('ENOSPC: no space left for <email>') })
  expect(readdirSync(own.config.dataDir)).not.toContain('backups')
})

test('the doctor names what is wrong: no worker, a failed duty, sums that are off, links nobody can open', async () => {
  const own = await testContext()
  // The server of the tests runs without fsync, and the doctor says so.
  expect((await inspect(own)).filter((c) => c.level !== 'ok').map((c) => c.check)).toEqual(['fsync'])
  await own.pool.query(
    `insert into processes (id, host, pid, roles, version) values (gen_random_uuid(), 'a', 1, '{api}', '0.1.0'), (gen_random_uuid(), 'b', 2, '{api}', '0.2.0')`,
  )
  await own.pool.query(
    `insert into duties (name, tick, every_ms, started_at, error) values ('segments', 1, 60000, now(), 'Error: no luck')`,
  )
  await own.pool.query('update rollup_state set mismatches = 3')
  const live = createContext(
    { ...own.config, smtpUrl: 'smtp://127.0.0.1:1', publicUrl: 'http://localhost:8000' },
    own.databaseUrl,
    { log: own.log, poolSize: 2 },
  )
  const found = (await inspect(live)).filter((c) => c.level !== 'ok').map((c) => `${c.level} ${c.check}`)
  await closeContext(live)
  expect(found.toSorted()).toEqual([
    'bad fsync',
    'bad links',
    'bad processes',
    'bad sums',
    'warn duty segments',
    'warn releases',
  ])
})

test('a backup that lost bytes on the disk is found by restoring it for practice', async () => {
  const made = await takeBackup(ctx, 'manual')
  truncateSync(made.location!, made.bytes! - 100)
  const { checkBackup } = await import('#db/backup/restore.ts')
  const { createReadStream } = await import('node:fs')
  await expect(checkBackup(createReadStream(made.location!))).rejects.toThrow(/cut off/)
  rmSync(made.location!)
})

test('TimescaleDB is seen where it is', async () => {
  const other = await testContext()
  const database = async (): Promise<string> => (await inspect(other)).find((c) => c.check === 'database')!.detail
  expect(await database()).not.toContain('TimescaleDB')
  await withTx(other.pool, async (tx) => {
    await tx.query('set local allow_system_table_mods = on')
    await tx.query(
      `insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
       values (99999, 'timescaledb', 10, 'public'::regnamespace, false, '2.23.0')`,
    )
  })
  expect(await database()).toContain('with TimescaleDB 2.23.0')
})
