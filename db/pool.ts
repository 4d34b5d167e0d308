import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { beginSql } from './acting.ts'
import { limitStatements } from './statement-limit.ts'
import type { DB } from './types.ts'

// int8 as number: counts and cents stay far below 2^53; beyond it is an error, not a rounding.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a safe integer`)
  return value
})
// A calendar day has no zone: keep it as text instead of a local midnight.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text)

export interface PoolOptions {
  max?: number
  statementTimeoutMs?: number
  /** given up on our side, and the connection with it: for a server that does not answer any more */
  queryTimeoutMs?: number
  applicationName?: string
  /** a pooler in transaction mode stands before the server: no statement may be prepared for the next one */
  pooled?: boolean
  /** statements are sent without waiting for the answer to the one before; whoever uses it minds the order */
  pipeline?: boolean
}

/** A connection pool with our type rules: int8 -> number, date -> 'YYYY-MM-DD', timestamptz -> Date. */
export function createPool(url: string, options: PoolOptions = {}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 20,
    application_name: options.applicationName ?? 'liquor-agent',
    connectionTimeoutMillis: 10_000,
    ...(options.pipeline ? { pipeline: true } : {}),
    keepAlive: true,
    // A server that vanished without a word is noticed in twenty seconds, not in two hours.
    keepAliveInitialDelayMillis: 10_000,
    ...(options.queryTimeoutMs ? { query_timeout: options.queryTimeoutMs } : {}),
    ...(options.statementTimeoutMs ? { statement_timeout: options.statementTimeoutMs } : {}),
  })
  // A client that is checked out has no listener of the pool: without one, a database that dies between two statements
  // would take the process with it. The next statement fails and says so.
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    if (options.pooled) forgetNames(client)
    limitStatements(client)
  })
  return pool
}

// A named statement lives in one server connection; behind the pooler the next transaction may get another one.
function forgetNames(client: pg.PoolClient): void {
  const own = client as unknown as { query: (...args: unknown[]) => unknown }
  const query = own.query.bind(client)
  own.query = (...args) => {
    const [first] = args
    if (typeof first === 'object' && first !== null && 'name' in first && 'text' in first) {
      const { name: _name, ...rest } = first
      args[0] = rest
    }
    return query(...args)
  }
}

/** Kysely over the same pool, for queries whose shape depends on the request. */
export function createDb(pool: pg.Pool): Kysely<DB> {
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
}

/** Runs in one transaction, in the name of who acts (acting.ts); rolls back and rethrows on any error. */
export async function withTx<T>(pool: pg.Pool, run: (tx: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query(beginSql())
    const result = await run(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((e: Error) => (broken = e))
    throw error
  } finally {
    client.release(broken)
  }
}

export type CopyValue = string | number | boolean | bigint | Date | null | undefined

/** COPY rows into a table in PostgreSQL's text format; returns how many. Arrays and JSON are given as text. */
export async function copyIn(
  client: pg.ClientBase,
  table: string,
  columns: readonly string[],
  rows: Iterable<readonly CopyValue[]> | AsyncIterable<readonly CopyValue[]>,
): Promise<number> {
  let count = 0
  async function* lines(): AsyncGenerator<string> {
    let buffer = ''
    for await (const row of rows) {
      buffer += row.map(encode).join('\t') + '\n'
      count++
      if (buffer.length > 65_536) {
        yield buffer
        buffer = ''
      }
    }
    if (buffer) yield buffer
  }
  const target = client.query(copyFrom(`copy ${table} (${columns.map((c) => `"${c}"`).join(', ')}) from stdin`))
  await pipeline(Readable.from(lines(), { objectMode: false }), target)
  if (!target.writableFinished) await once(target, 'finish')
  return count
}

function encode(value: CopyValue): string {
  if (value === null || value === undefined) return '\\N'
  if (typeof value === 'string')
    return value.replace(/[\\\n\r\t]/g, (c) => (c === '\\' ? '\\\\' : c === '\n' ? '\\n' : c === '\r' ? '\\r' : '\\t'))
  if (value instanceof Date) return value.toISOString()
  return String(value)
}
