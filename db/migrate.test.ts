import { expect, test } from 'vitest'
import { freshDatabase } from '#test/db.ts'
import { migrate, readMigrations } from './migrate.ts'
import { copyIn, withTx } from './pool.ts'

const { pool, url } = await freshDatabase()

test('a migrated database has nothing left to apply', async () => {
  expect(await migrate(url)).toEqual([])
})

test('a migration that was changed after it ran is refused', async () => {
  const changed = readMigrations().map((m, i) => (i === 1 ? { ...m, checksum: 'other' } : m))
  await expect(migrate(url, changed)).rejects.toThrow(/was changed after it had been applied/)
})

test('a release goes on working on the schema of the next one, unless that says it must not', async () => {
  const older = readMigrations().slice(0, -1)
  expect(await migrate(url, older)).toEqual([])
  await pool.query('update schema_migrations set breaks_previous = true where version = $1', [
    readMigrations().at(-1)!.version,
  ])
  await expect(migrate(url, older)).rejects.toThrow(/newer release/)
  await pool.query('update schema_migrations set breaks_previous = false')
  // In between is not ahead: that is another history.
  await expect(migrate(url, readMigrations().toSpliced(3, 1))).rejects.toThrow(/newer release/)
})

test('what takes something away from the release before says so', () => {
  const takes = /\bdrop (table|column)\b|\brename\b|\bset not null\b|\balter column \w+ (set data )?type\b/i
  // A table may make room for a view of its name.
  const left = (sql: string): string =>
    sql.replaceAll(/\bdrop table (\w+);/gi, (drop, name) => (sql.includes(`create view ${name} as`) ? '' : drop))
  const quiet = readMigrations().filter((m) => m.version >= 38 && takes.test(left(m.sql)) && !m.breaksPrevious)
  expect(quiet.map((m) => m.name)).toEqual([])
})

test('ids made for an instant sort by that instant and fall into its month', async () => {
  const { rows } = await pool.query<{ ordered: boolean; bounded: boolean }>(
    `select uuidv7_at('2026-01-31T23:59:59Z') < uuidv7_at('2026-02-01T00:00:00.001Z') as ordered,
       uuidv7_at('2026-02-01T00:00:00Z') >= uuidv7_floor('2026-02-01T00:00:00Z') and uuidv7_at('2026-01-31T23:59:59.999Z') < uuidv7_floor('2026-02-01T00:00:00Z') as bounded`,
  )
  expect(rows[0]).toEqual({ ordered: true, bounded: true })
})

test('a send of last month lies in last month’s partition', async () => {
  const { rows } = await pool.query<{ part: string; expected: string }>(
    `with made as (insert into sends (id, channel, recipient, due_at, window_end)
       values (uuidv7_at(now() - interval '1 month'), 'email', 'a@example.com', now(), now()) returning id)
     select (select to_char(now() - interval '1 month', '"sends_"YYYY_MM')) as expected, '' as part from made`,
  )
  const { rows: found } = await pool.query<{ part: string }>('select tableoid::regclass::text as part from sends')
  expect(found[0]!.part).toBe(rows[0]!.expected)
})

test('COPY carries tabs, newlines, backslashes and nulls unharmed', async () => {
  const nasty = ['a\tb', 'line\nbreak\r', 'back\\slash \\N', '', 'ünï 😀']
  await withTx(pool, async (tx) => {
    await tx.query('create temp table copied (n int, t text) on commit drop')
    expect(await copyIn(tx, 'copied', ['n', 't'], [...nasty.map((t, i) => [i, t] as const), [9, null]])).toBe(6)
    const { rows } = await tx.query<{ t: string | null }>('select t from copied order by n')
    expect(rows.map((r) => r.t)).toEqual([...nasty, null])
  })
})

test('counts come back as numbers and what does not fit is an error', async () => {
  expect((await pool.query('select 12345678901 as n')).rows[0]).toEqual({ n: 12_345_678_901 })
  await expect(pool.query('select 9007199254740993 as n')).rejects.toThrow(/safe integer/)
})
