import { Readable } from 'node:stream'
import pg from 'pg'
import { beforeAll, expect, inject, test } from 'vitest'
import { testContext } from '#test/context.ts'
import { freshDatabase } from '#test/db.ts'
import { createDatabase, noPostgres, startCluster, systemPostgres } from '#test/postgres.ts'
import { loadDemo } from '#server/demo/load.ts'
import { migrate, readMigrations } from '../migrate.ts'
import { checkBackup, restoreBackup } from './restore.ts'
import { writeBackup } from './write.ts'

const ctx = await testContext()
let file: Buffer

async function emptyDatabase(): Promise<string> {
  const name = `restored_${Math.random().toString(36).slice(2)}`
  return createDatabase(inject('postgresUrl'), name)
}

async function ask<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<T>(sql)
  await client.end()
  return rows
}

/** Count and content of each table, independent of the order of rows and of the code under test. */
const fingerprint = `select c.relname as name, (xpath('/row/n/text()', query_to_xml(format(
    'select count(*) || '' '' || coalesce(sum((''x'' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0) as n from public.%I as t', c.relname), false, true, '')))[1]::text as sum
  from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not in ('schema_migrations', 'processes', 'rate_windows') order by 1`

async function whole(url: string): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of writeBackup(url, '1.0.0')) parts.push(part)
  return Buffer.concat(parts)
}

beforeAll(async () => {
  await loadDemo(ctx)
  // Text that COPY has to escape, and a partition that no migration makes.
  await ctx.pool.query(
    String.raw`update customers set name = E'tab\tline\nback\\slash \\N "q" 😀' where id = (select id from customers limit 1)`,
  )
  await ctx.pool.query(`select ensure_partitions(current_date + 300, 2)`)
  file = await whole(ctx.databaseUrl)
}, 120_000)

test('what is restored is what was backed up: every table, every row, every value', async () => {
  const url = await emptyDatabase()
  const restored = await restoreBackup(url, Readable.from([file]))
  expect(restored.rows).toBeGreaterThan(10_000)
  expect(restored.migrated).toEqual([])
  expect(await ask(url, fingerprint)).toEqual(await ask(ctx.databaseUrl, fingerprint))
  const keys = `select conrelid::regclass::text as t, conname, pg_get_constraintdef(oid) as d, convalidated from pg_constraint where contype = 'f' order by 1, 2`
  expect(await ask(url, keys)).toEqual(await ask(ctx.databaseUrl, keys))
  expect(await ask(url, `select tgname from pg_trigger where tgenabled <> 'O'`)).toEqual([])
}, 120_000)

test('a backup is one moment: what is written meanwhile is not in it, and no order lacks its customer', async () => {
  const { url, pool } = await freshDatabase()
  let n = 0
  const sell = (): Promise<unknown> =>
    pool.query(
      `with c as (insert into customers (email) values ($1) returning id)
       insert into orders (external_id, customer_id, ordered_at, total_cents) select $2, c.id, now(), 100 from c`,
      [`p${n++}@example.com`, `o${n}`],
    )
  for (let i = 0; i < 20; i++) await sell()
  const parts: Buffer[] = []
  for await (const part of writeBackup(url, '1.0.0', sell)) parts.push(part)
  expect(n).toBeGreaterThan(60)
  const target = await emptyDatabase()
  await restoreBackup(target, Readable.from(parts))
  expect(
    await ask(target, 'select (select count(*) from customers) as customers, (select count(*) from orders) as orders'),
  ).toEqual([{ customers: 20, orders: 20 }])
}, 120_000)

test('a file with one flipped bit, or without its end, is refused, and nothing of it is kept', async () => {
  for (const at of [0.0005, 0.02, 0.3, 0.6, 0.95]) {
    const bad = Buffer.from(file)
    const i = Math.floor(file.length * at)
    bad[i] = bad[i]! ^ 4
    await expect(checkBackup(Readable.from([bad]))).rejects.toThrow(/damaged|cut off|not a backup/)
  }
  await expect(checkBackup(Readable.from([file.subarray(0, file.length - 7)]))).rejects.toThrow(/cut off/)
  await expect(checkBackup(Readable.from(['PGDMP whatever, but long enough']))).rejects.toThrow(/not a backup/)
  expect((await checkBackup(Readable.from([file]))).rows).toBeGreaterThan(10_000)
  const url = await emptyDatabase()
  await expect(restoreBackup(url, Readable.from([file.subarray(0, file.length / 2)]))).rejects.toThrow(/cut off/)
  expect(await ask(url, 'select count(*) as n from customers')).toEqual([{ n: 0 }])
  expect((await restoreBackup(url, Readable.from([file]))).rows).toBeGreaterThan(10_000)
}, 120_000)

test('a shop is not thrown away unless that was asked for, nor while somebody works with it', async () => {
  const { url, pool } = await freshDatabase()
  await pool.query(`insert into customers (email) values ('mine@example.com')`)
  await expect(restoreBackup(url, Readable.from([file]))).rejects.toThrow(/connections of the Liquor Agent use/)
  await pool.end()
  await expect(restoreBackup(url, Readable.from([file]))).rejects.toThrow(/--replace/)
  expect((await restoreBackup(url, Readable.from([file]), { replace: true })).tables).toBeGreaterThan(50)
}, 120_000)

test('a backup of the release before is restored and brought up to this one', async () => {
  const all = readMigrations()
  const before = await emptyDatabase()
  await migrate(before, all.slice(0, -1))
  await ask(before, `insert into customers (email, name) values ('kept@example.com', 'Kept')`)
  const url = await emptyDatabase()
  const restored = await restoreBackup(url, Readable.from([await whole(before)]))
  expect(restored.migrated).toEqual([all.at(-1)!.name])
  expect(await ask(url, 'select name from customers')).toEqual([{ name: 'Kept' }])
  expect(await migrate(url)).toEqual([])
}, 120_000)

test('a backup of a newer release is refused with its name', async () => {
  const newer = await emptyDatabase()
  await migrate(newer)
  await ask(newer, `insert into schema_migrations (version, name, checksum) values (9999, '9999_later', 'x')`)
  const taken = await whole(newer)
  await expect(restoreBackup(await emptyDatabase(), Readable.from([taken]))).rejects.toThrow(/9999_later is not known/)
}, 60_000)

test.skipIf(!systemPostgres())(
  `it moves from PostgreSQL 18 to 15 and back, unless there is ${noPostgres}`,
  async () => {
    const cluster = await startCluster({ fsync: 'off' })
    try {
      const url = await createDatabase(cluster.url, 'shop')
      await restoreBackup(url, Readable.from([file]))
      expect(await ask(url, fingerprint)).toEqual(await ask(ctx.databaseUrl, fingerprint))
      const back = await emptyDatabase()
      await restoreBackup(back, Readable.from([await whole(url)]))
      expect(await ask(back, fingerprint)).toEqual(await ask(ctx.databaseUrl, fingerprint))
    } finally {
      cluster.remove()
    }
  },
  120_000,
)
