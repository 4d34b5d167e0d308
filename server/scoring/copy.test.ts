import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, type FreshDatabase } from '#test/db.ts'
import { openCopyReader, type CopyReader } from './copy-reader.ts'
import { openCopyWriter } from '#db/copy-writer.ts'

/** Rows go through PostgreSQL's binary COPY and come back as they were; a broken COPY leaves a usable connection. */
let client: pg.Client
let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})
afterAll(() => client.end())

async function each(reader: CopyReader, onRow: () => void): Promise<void> {
  for (;;) {
    if (reader.step()) onRow()
    else if (reader.isDone()) return
    else await reader.fill()
  }
}

const columns = ['id', 'word', 'words', 'small', 'whole', 'large', 'part', 'yes', 'at'] as const
const make = `create temp table travellers (id uuid, word text, words text[], small int2, whole int4, large int8, part real, yes bool, at timestamptz) on commit drop`

test('every type arrives as PostgreSQL itself would have read it', async () => {
  await client.query('begin')
  await client.query(make)
  const to = openCopyWriter(client, 'travellers', columns)
  const id = '0199f3a0-7bcd-7abc-8def-0123456789ab'
  const at = Date.parse('1969-07-20T20:17:40.123Z')
  to.row()
  to.uuid(id)
  to.text('Añejo 🥃\t"\\N"\n')
  to.textArray(['Weller', 'a "b", {c}', ''])
  to.int16(-5)
  to.int32(-2_000_000_000)
  to.int64(-9_007_199_254_740_991)
  to.float32(0.1)
  to.bool(true)
  to.instant(at)
  to.row()
  for (const _ of columns) to.none()
  to.row()
  to.uuid(id.toUpperCase())
  to.ascii('x'.repeat(700_000))
  to.textArray([])
  to.int16(5)
  to.int32(2_000_000_000)
  to.int64(9_007_199_254_740_991)
  to.float32(-3e30)
  to.bool(false)
  to.instant(Date.parse('2026-11-26T00:00:00Z'))
  await to.flushed()
  expect(await to.finish()).toBe(3)
  const { rows } = await client.query(`select t.*, length(t.word) as letters from travellers as t`)
  expect(rows[0]).toMatchObject({
    id,
    word: 'Añejo 🥃\t"\\N"\n',
    words: ['Weller', 'a "b", {c}', ''],
    small: -5,
    whole: -2_000_000_000,
    part: 0.1,
    yes: true,
    at: new Date(at),
  })
  expect(Number(rows[0].large)).toBe(-9_007_199_254_740_991)
  expect(Object.values(rows[1]).every((value) => value === null)).toBe(true)
  expect(rows[2]).toMatchObject({ id, words: [], letters: 700_000, at: new Date('2026-11-26T00:00:00Z') })

  const seen: unknown[] = []
  const reader = openCopyReader(
    client,
    'select t.id, left(t.word, 9), t.small, t.whole, t.large, t.part, t.yes, t.at from travellers as t',
    8,
  )
  await each(reader, () => {
    seen.push(
      reader.isNull(0)
        ? null
        : [
            reader.uuid(0),
            reader.word(0, 3),
            reader.text(1),
            reader.int16(2),
            reader.int32(3),
            reader.int64(4),
            reader.float32(5),
            reader.bool(6),
            reader.int64(7) / 1000 + Date.parse('2000-01-01T00:00:00Z'),
          ],
    )
  })
  const word = 0x456789ab
  expect(seen).toEqual([
    [id, word, 'Añejo 🥃\t"', -5, -2_000_000_000, -9_007_199_254_740_991, Math.fround(0.1), true, at],
    null,
    [
      id,
      word,
      'xxxxxxxxx',
      5,
      2_000_000_000,
      9_007_199_254_740_991,
      Math.fround(-3e30),
      false,
      Date.parse('2026-11-26T00:00:00Z'),
    ],
  ])
  await client.query('rollback')
})

test('many rows arrive whole and in order, whatever the socket cuts them into', async () => {
  let next = 0
  const reader = openCopyReader(client, `select i, repeat('y', i % 97) from generate_series(1, 200000) as i`, 2)
  await each(reader, () => {
    next += 1
    if (reader.int32(0) !== next || reader.text(1).length !== next % 97) throw new Error(`row ${next} is wrong`)
  })
  expect(next).toBe(200_000)
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

test('no rows at all are no rows', async () => {
  let rows = 0
  await each(openCopyReader(client, 'select 1 where false', 1), () => (rows += 1))
  expect(rows).toBe(0)
})

test('a query that fails says why, before its first row or in the middle, and the connection goes on', async () => {
  await expect(each(openCopyReader(client, 'select no_such_column', 1), () => undefined)).rejects.toThrow(
    /no_such_column/,
  )
  let rows = 0
  const broken = openCopyReader(client, 'select 1 / (50000 - i) from generate_series(1, 60000) as i', 1)
  await expect(each(broken, () => (rows += 1))).rejects.toThrow(/division by zero/)
  expect(rows).toBeGreaterThan(0)
  expect((await client.query('select 2 as two')).rows).toEqual([{ two: 2 }])
})

test('who stops reading early can use the connection for something else', async () => {
  const reader = openCopyReader(client, 'select i from generate_series(1, 100000) as i', 1)
  while (!reader.step()) await reader.fill()
  expect(reader.int32(0)).toBe(1)
  await reader.close()
  expect((await client.query('select 3 as three')).rows).toEqual([{ three: 3 }])
})

test('a connection that is lost while rows arrive is an error, not a wait for ever', async () => {
  const other = new pg.Client({ connectionString: database.url })
  other.on('error', () => undefined)
  await other.connect()
  const { rows } = await other.query('select pg_backend_pid() as pid')
  const reader = openCopyReader(other, 'select i, pg_sleep(0.001) from generate_series(1, 100000) as i', 2)
  const reading = each(reader, () => undefined)
  const refused = expect(reading).rejects.toThrow(/terminat/i)
  await client.query('select pg_terminate_backend($1)', [rows[0].pid])
  await refused
})

test('a refused row is an error of the writer', async () => {
  await client.query('begin')
  await client.query('create temp table grown (n int4 check (n < 3)) on commit drop')
  const to = openCopyWriter(client, 'grown', ['n'])
  for (let n = 0; n < 5; n++) {
    to.row()
    to.int32(n)
  }
  await expect(to.finish()).rejects.toThrow(/grown_n_check/)
  await client.query('rollback')
})
