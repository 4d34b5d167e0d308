import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { StartupError } from './startup.ts'

export interface Migration {
  version: number
  name: string
  sql: string
  checksum: string
  /** the release before this one cannot work on the schema any more; said by `-- breaks: why` in the file */
  breaksPrevious: boolean
}

const folder = path.join(import.meta.dirname, 'migrations')

/** The migrations of this release, in order: plain SQL files `0001_name.sql`. */
export function readMigrations(from = folder): Migration[] {
  return readdirSync(from)
    .filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const sql = readFileSync(path.join(from, file), 'utf8')
      return {
        version: Number(file.slice(0, 4)),
        name: file.slice(0, -4),
        sql,
        checksum: createHash('sha256').update(sql).digest('hex'),
        breaksPrevious: /^-- breaks: ./m.test(sql),
      }
    })
}

interface Patience {
  /** how long a migration may wait for a lock; everybody who comes after it waits as long */
  lockMs?: number
  /** how long it tries again before it gives up */
  patienceMs?: number
}

/**
 * Brings the schema up to date, one transaction per file, while others work on it; returns the names applied. Two
 * processes at once are safe. A schema of the next release is taken as it is, unless that release says that it must not.
 * Throws StartupError when the database is too far ahead, an applied file was changed, or something holds a lock for ever.
 */
export async function migrate(url: string, migrations = readMigrations(), patience: Patience = {}): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'liquor-agent migrate' })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock(81000)')
    const applied = await readApplied(client)
    if (isAhead(applied, migrations)) return []
    const done = new Set(applied.map((a) => a.version))
    const names: string[] = []
    for (const migration of migrations) {
      if (done.has(migration.version)) continue
      await apply(client, migration, patience)
      names.push(migration.name)
    }
    return names
  } finally {
    await client.end()
  }
}

interface Applied {
  version: number
  name: string
  checksum: string
  breaks_previous: boolean
}

async function readApplied(client: pg.Client): Promise<Applied[]> {
  await client.query(`create table if not exists schema_migrations (
    version int primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`)
  // Asked before it is added: adding takes a lock even where there is nothing to add.
  const { rows: columns } = await client.query(
    `select from pg_attribute as a where a.attrelid = 'schema_migrations'::regclass and a.attname = 'breaks_previous'`,
  )
  if (columns.length === 0)
    await client.query('alter table schema_migrations add column breaks_previous boolean not null default false')
  const { rows } = await client.query<Applied>(
    'select m.version, m.name, m.checksum, m.breaks_previous from schema_migrations as m order by m.version',
  )
  return rows
}

/** true: the next release was here, and lets this one go on. */
function isAhead(applied: readonly Applied[], migrations: readonly Migration[]): boolean {
  const known = new Map(migrations.map((m) => [m.version, m]))
  const newest = Math.max(...known.keys())
  const unknown = applied.filter((a) => !known.has(a.version))
  const stranger = unknown.find((a) => a.breaks_previous || a.version < newest)
  if (stranger)
    throw new StartupError(
      `The database was used by a newer release (migration ${stranger.name} is unknown here). Update the program, or restore an older backup.`,
    )
  for (const { version, name, checksum } of applied)
    if (known.has(version) && known.get(version)!.checksum !== checksum)
      throw new StartupError(
        `The migration ${name} was changed after it had been applied. Undo the change and add a new migration instead.`,
      )
  return unknown.length > 0
}

async function apply(client: pg.Client, migration: Migration, patience: Patience): Promise<void> {
  const { lockMs = 3_000, patienceMs = 600_000 } = patience
  const until = Date.now() + patienceMs
  for (let attempt = 0; ; attempt++) {
    await client.query('begin')
    try {
      // A statement that waits for a lock lets nobody behind it through: a long report would stop the shop.
      await client.query(`set local lock_timeout = ${lockMs}`)
      // The version first: whoever comes second collides here and not half-way through.
      await client.query(
        'insert into schema_migrations (version, name, checksum, breaks_previous) values ($1, $2, $3, $4)',
        [migration.version, migration.name, migration.checksum, migration.breaksPrevious],
      )
      await client.query(migration.sql)
      await client.query('commit')
      return
    } catch (error) {
      await client.query('rollback')
      const code = String((error as { code?: unknown }).code)
      // Lock not available, or a deadlock with somebody's work.
      if (!['55P03', '40P01'].includes(code))
        throw new Error(`migration ${migration.name} failed: ${(error as Error).message}`, { cause: error })
      if (Date.now() > until)
        throw new StartupError(
          `The migration ${migration.name} could not get its locks for ${Math.round(patienceMs / 60_000)} minutes; ${await inTheWay(client)}. Stop that and try again; nothing was changed.`,
        )
      await sleep(Math.min(2_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2))
    }
  }
}

async function inTheWay(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ pid: number; name: string; minutes: number }>(
    `select a.pid, a.application_name as name, round(extract(epoch from now() - a.xact_start) / 60)::int as minutes
     from pg_stat_activity as a where a.datname = current_database() and a.pid <> pg_backend_pid() and a.xact_start is not null
     order by a.xact_start limit 1`,
  )
  const [first] = rows
  return first
    ? `the oldest transaction is of "${first.name}" (process ${first.pid} of the database), open for ${first.minutes} minutes`
    : 'no transaction is open now'
}
