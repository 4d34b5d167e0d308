import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { migrate, readMigrations } from '../migrate.ts'
import { StartupError } from '../startup.ts'
import { damaged, readFrames, type Frame, type Header, type Sums, type TableEnd, type TableStart } from './format.ts'
import { plainText, sumTable } from './write.ts'

export interface Restored extends Sums {
  made_at: string
  /** release that wrote the backup */
  program: string
  /** migrations that were newer than the backup and have been applied afterwards */
  migrated: string[]
}

interface RestoreOptions {
  /** what is in the database is thrown away */
  replace?: boolean
  onTable?: (done: number, total: number, name: string) => unknown
}

/**
 * Puts a backup into a database and proves it: every table is read back and must have the count and checksum of the
 * file, and every foreign key is checked anew, before anything is committed. Older backups are migrated afterwards.
 * Throws StartupError when the file is damaged, the database is in use, or the release cannot read it.
 */
export async function restoreBackup(
  url: string,
  source: AsyncIterable<Buffer | string>,
  options: RestoreOptions = {},
): Promise<Restored> {
  const frames = readFrames(source)
  const header = await readHeader(frames)
  const ours = readMigrations()
  const wanted = header.migrations.map((theirs) => {
    const known = ours.find((m) => m.version === theirs.version && m.checksum === theirs.checksum)
    if (!known)
      throw new StartupError(
        `The backup was made by release ${header.program}, whose migration ${theirs.name} is not known here. Restore it with that release or a newer one.`,
      )
    return known
  })
  await clear(url, options.replace ?? false)
  await migrate(url, wanted)
  const client = new pg.Client({ connectionString: url, application_name: 'liquor-agent restore' })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('begin')
    await client.query(plainText)
    await makePartitions(client, header)
    const finish = await loosen(client)
    const footer = await load(client, frames, header, options.onTable ?? (() => undefined))
    for (const s of header.sequences)
      await client.query(`select setval(('public.' || quote_ident($1))::regclass, $2)`, [s.name, s.value])
    await finish()
    await client.query('commit')
    await client.query('analyze')
    return { ...footer, made_at: header.made_at, program: header.program, migrated: await migrate(url) }
  } finally {
    // Without a rollback, which would wait for ever behind a COPY: ending the connection takes everything back.
    await client.end().catch(() => undefined)
  }
}

/** Reads a backup to its end and checks every checksum in it; no database is needed. */
export async function checkBackup(source: AsyncIterable<Buffer | string>): Promise<Sums & Omit<Header, 'tables'>> {
  const frames = readFrames(source)
  const header = await readHeader(frames)
  let hash = createHash('sha256')
  const sums: Sums = { tables: 0, rows: 0, bytes: 0 }
  for await (const frame of frames) {
    if (frame.kind === 'T') hash = createHash('sha256')
    else if (frame.kind === 'D') hash.update(frame.rows)
    else if (frame.kind === 'E') {
      if (hash.digest('hex') !== frame.end.sha256) throw damaged()
      sums.tables += 1
      sums.rows += frame.end.rows
      sums.bytes += frame.end.bytes
    } else if (frame.kind === 'F' && !isSame(frame.footer, sums)) throw damaged()
  }
  return { ...header, ...sums }
}

const isSame = (a: Sums, b: Sums): boolean => a.tables === b.tables && a.rows === b.rows && a.bytes === b.bytes

async function readHeader(frames: AsyncGenerator<Frame>): Promise<Header> {
  const first = await frames.next()
  if (first.done || first.value.kind !== 'H') throw damaged()
  return first.value.header
}

/** An empty database, or one whose content may go. Never one that a process of ours is working with. */
async function clear(url: string, replace: boolean): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'liquor-agent restore' })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // The connections of a process that has just ended take a moment to go.
    let found = await readUse(client)
    for (let i = 0; i < 15 && found.others > 0; i++) {
      await sleep(200)
      found = await readUse(client)
    }
    if (found.others > 0)
      throw new StartupError(
        `${found.others} connections of the Liquor Agent use this database. Stop its processes, then restore.`,
      )
    if (found.tables === 0) return
    if (!found.shop)
      throw new StartupError('The database holds tables of another program. Restore into an empty database.')
    if (!replace && !(await isUnused(client)))
      throw new StartupError(
        'The database holds a shop. Restore into an empty database, or add --replace to throw away what is there.',
      )
    await client.query(
      'begin; drop schema if exists jobs cascade; drop schema public cascade; create schema public; grant usage on schema public to public; commit',
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** How many connections of ours work with the database, besides this one. */
export async function countUsers(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url, application_name: 'liquor-agent restore' })
  await client.connect()
  try {
    return (await readUse(client)).others
  } finally {
    await client.end()
  }
}

async function readUse(client: pg.Client): Promise<{ others: number; tables: number; shop: boolean }> {
  const { rows } = await client.query<{ others: number; tables: number; shop: boolean }>(
    `select (select count(*) from pg_stat_activity as a where a.datname = current_database() and a.pid <> pg_backend_pid()
         and a.application_name like 'liquor-agent%') as others,
       (select count(*) from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
         and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')) as tables,
       to_regclass('public.schema_migrations') is not null as shop`,
  )
  return rows[0]!
}

// Freshly migrated: nobody has signed up and nothing was imported.
async function isUnused(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ unused: boolean }>(
    'select not exists (select from users) and not exists (select from customers) and not exists (select from orders) as unused',
  )
  return rows[0]!.unused
}

async function makePartitions(client: pg.Client, header: Header): Promise<void> {
  for (const { name, parent, bound } of header.partitions) {
    const { rows } = await client.query<{ found: boolean }>(
      `select to_regclass('public.' || quote_ident($1)) is not null as found`,
      [name],
    )
    if (!rows[0]!.found)
      await client.query(
        `create table public.${pg.escapeIdentifier(name)} partition of public.${pg.escapeIdentifier(parent)} ${bound}`,
      )
  }
}

/** Takes triggers and foreign keys away, which needs no superuser; returns how to bring them back, checked. */
async function loosen(client: pg.Client): Promise<() => Promise<void>> {
  const { rows: keys } = await client.query<{ table: string; name: string; definition: string }>(
    `select c.conrelid::regclass::text as table, quote_ident(c.conname) as name, pg_get_constraintdef(c.oid) as definition
     from pg_constraint as c where c.contype = 'f' and c.connamespace = 'public'::regnamespace and c.conparentid = 0 order by 1, 2`,
  )
  for (const key of keys) await client.query(`alter table ${key.table} drop constraint ${key.name}`)
  const { rows: tables } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and c.relname <> 'schema_migrations' and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')`,
  )
  const names = tables.map((t) => t.name)
  // Before the truncate: the audit trail lets nobody empty it otherwise.
  for (const name of names) await client.query(`alter table ${name} disable trigger user`)
  // What migrations put into their tables is in the backup as well, as it was then.
  await client.query(`truncate ${names.join(', ')}`)
  return async () => {
    for (const name of names) await client.query(`alter table ${name} enable trigger user`)
    for (const key of keys) await client.query(`alter table ${key.table} add constraint ${key.name} ${key.definition}`)
  }
}

async function load(
  client: pg.Client,
  frames: AsyncGenerator<Frame>,
  header: Header,
  onTable: NonNullable<RestoreOptions['onTable']>,
): Promise<Sums> {
  const sums: Sums = { tables: 0, rows: 0, bytes: 0 }
  let table: TableStart | null = null
  let target: ReturnType<typeof begin> | null = null
  for await (const frame of frames) {
    if (frame.kind === 'T') {
      table = frame.table
      await onTable(sums.tables, header.tables.length, table.name)
      target = begin(client, table)
    } else if (frame.kind === 'D') {
      if (!target) throw damaged()
      await target.write(frame.rows)
    } else if (frame.kind === 'E') {
      if (!target || !table) throw damaged()
      await target.end()
      check(await sumTable(client, table.name, table.columns), frame.end)
      sums.tables += 1
      sums.rows += frame.end.rows
      sums.bytes += frame.end.bytes
      target = null
    } else if (frame.kind === 'F') {
      if (!isSame(frame.footer, sums)) throw damaged()
      return sums
    }
  }
  throw damaged()
}

function begin(client: pg.Client, { name, columns }: TableStart) {
  const list = columns.map(pg.escapeIdentifier).join(', ')
  const copy = client.query(copyFrom(`copy public.${pg.escapeIdentifier(name)} (${list}) from stdin`))
  const failed = new Promise<never>((_resolve, reject) => copy.once('error', reject))
  failed.catch(() => undefined)
  return {
    async write(rows: Buffer): Promise<void> {
      if (!copy.write(rows)) await Promise.race([once(copy, 'drain'), failed])
    },
    async end(): Promise<void> {
      copy.end()
      await Promise.race([once(copy, 'finish'), failed])
    },
  }
}

function check(read: TableEnd, wanted: TableEnd): void {
  if (read.rows === wanted.rows && read.sha256 === wanted.sha256) return
  throw new StartupError(
    `The table ${wanted.name} did not come back as it was: ${read.rows} rows instead of ${wanted.rows}, or another checksum. Nothing was kept.`,
  )
}
