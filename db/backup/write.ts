import { createHash } from 'node:crypto'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { firstLine, jsonFrame, rowsFrame, type Header, type Sums, type TableEnd } from './format.ts'

const chunkBytes = 1024 * 1024
/** What is made anew by whoever starts: not part of the shop. */
const leftOut = ['schema_migrations', 'processes', 'rate_windows']

/** The same text for the same value, on every server and in the order the rows lie in. */
export const plainText = `set local datestyle = 'ISO'; set local timezone = 'UTC'; set local intervalstyle = 'postgres';
  set local extra_float_digits = 1; set local bytea_output = 'hex'; set local synchronize_seqscans = off; set local statement_timeout = 0`

/**
 * A whole backup as a stream: everything as it was at one moment, while everybody goes on working. Returns its sums.
 * Schema is not in it but the migrations that make it, by name and checksum.
 */
export async function* writeBackup(
  url: string,
  program: string,
  onTable: (done: number, total: number, name: string) => unknown = () => undefined,
): AsyncGenerator<Buffer, Sums> {
  const whole = createHash('sha256')
  const hashed = (frame: Buffer): Buffer => {
    whole.update(frame)
    return frame
  }
  const client = new pg.Client({ connectionString: url, application_name: 'liquor-agent backup' })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query(plainText)
    const header = await readHeader(client, program)
    yield Buffer.from(firstLine)
    yield hashed(jsonFrame('H', header))
    const sums: Sums = { tables: 0, rows: 0, bytes: 0 }
    for (const name of header.tables) {
      await onTable(sums.tables, header.tables.length, name)
      const columns = await columnsOf(client, name)
      yield hashed(jsonFrame('T', { name, columns }))
      const rows = writeTable(client, name, columns)
      let part = await rows.next()
      for (; !part.done; part = await rows.next()) yield hashed(part.value)
      const end = part.value
      yield hashed(jsonFrame('E', end))
      sums.tables += 1
      sums.rows += end.rows
      sums.bytes += end.bytes
    }
    await client.query('commit')
    yield jsonFrame('F', { ...sums, sha256: whole.digest('hex') })
    return sums
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function* writeTable(client: pg.Client, name: string, columns: string[]): AsyncGenerator<Buffer, TableEnd> {
  const hash = createHash('sha256')
  const source = client.query(copyTo(copyOut(name, columns)))
  let waiting: Buffer[] = []
  let size = 0
  let bytes = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
    size += chunk.length
    waiting.push(chunk)
    if (size < chunkBytes) continue
    yield await rowsFrame(Buffer.concat(waiting))
    waiting = []
    size = 0
  }
  if (size > 0) yield await rowsFrame(Buffer.concat(waiting))
  return { name, rows: source.rowCount ?? 0, bytes, sha256: hash.digest('hex') }
}

/** Count and checksum of a table as it lies in the database now. */
export async function sumTable(client: pg.Client, name: string, columns: string[]): Promise<TableEnd> {
  const hash = createHash('sha256')
  const source = client.query(copyTo(copyOut(name, columns)))
  let bytes = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { name, rows: source.rowCount ?? 0, bytes, sha256: hash.digest('hex') }
}

const copyOut = (name: string, columns: string[]): string =>
  `copy public.${pg.escapeIdentifier(name)} (${columns.map(pg.escapeIdentifier).join(', ')}) to stdout`

async function readHeader(client: pg.Client, program: string): Promise<Header> {
  const one = async <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
    (await client.query<{ found: T[] | null }>(`select jsonb_agg(x) as found from (${sql}) as x`, values)).rows[0]!
      .found ?? []
  const tables = await client.query<{ name: string }>(
    `select c.relname as name from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
       and c.relname <> all($1::text[]) and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e') order by c.relname`,
    [leftOut],
  )
  const about = await client.query<{ version: string; at: string }>(
    `select current_setting('server_version') as version, to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
  )
  return {
    made_at: about.rows[0]!.at,
    program,
    server_version: about.rows[0]!.version,
    migrations: await one('select m.version, m.name, m.checksum from schema_migrations as m order by m.version'),
    partitions: await one(
      `select c.relname as name, p.relname as parent, pg_get_expr(c.relpartbound, c.oid) as bound
       from pg_inherits as i join pg_class as c on c.oid = i.inhrelid join pg_class as p on p.oid = i.inhparent
       where c.relnamespace = 'public'::regnamespace and c.relispartition and c.relkind = 'r' order by c.relname`,
    ),
    sequences: await one(
      `select s.sequencename as name, s.last_value as value from pg_sequences as s where s.schemaname = 'public' and s.last_value is not null`,
    ),
    tables: tables.rows.map((t) => t.name),
  }
}

async function columnsOf(client: pg.Client, name: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select a.attname as name from pg_attribute as a where a.attrelid = ('public.' || quote_ident($1))::regclass
       and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum`,
    [name],
  )
  return rows.map((r) => r.name)
}
