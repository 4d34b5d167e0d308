import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { StartupError } from './startup.ts'

export interface Migration {
  version: number
  name: string
  sql: string
  checksum: string
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
      }
    })
}

/**
 * Brings the schema up to date, one transaction per file; returns the names applied. Two processes at once are safe.
 * Throws StartupError when the database is ahead of this release or an applied file was changed.
 */
export async function migrate(url: string, migrations = readMigrations()): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'liquor-agent migrate' })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock(81000)')
    await client.query(`create table if not exists schema_migrations (
      version int primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`)
    const { rows } = await client.query<{ version: number; name: string; checksum: string }>(
      'select version, name, checksum from schema_migrations order by version',
    )
    const known = new Map(migrations.map((m) => [m.version, m]))
    for (const row of rows) {
      const file = known.get(row.version)
      if (!file)
        throw new StartupError(
          `The database was used by a newer release (migration ${row.name} is unknown here). Update the program, or restore an older backup.`,
        )
      if (file.checksum !== row.checksum)
        throw new StartupError(
          `The migration ${row.name} was changed after it had been applied. Undo the change and add a new migration instead.`,
        )
    }
    const done = new Set(rows.map((r) => r.version))
    const applied: string[] = []
    for (const migration of migrations) {
      if (done.has(migration.version)) continue
      await client.query('begin')
      try {
        // The version first: whoever comes second collides here and not half-way through.
        await client.query('insert into schema_migrations (version, name, checksum) values ($1, $2, $3)', [
          migration.version,
          migration.name,
          migration.checksum,
        ])
        await client.query(migration.sql)
        await client.query('commit')
      } catch (error) {
        await client.query('rollback')
        throw new Error(`migration ${migration.name} failed: ${(error as Error).message}`, { cause: error })
      }
      applied.push(migration.name)
    }
    return applied
  } finally {
    await client.end()
  }
}
