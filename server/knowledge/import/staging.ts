import { once } from 'node:events'
import type { PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

export type StagingValue = string | number | boolean | Date | Buffer | readonly string[] | null

/** What one kind of file is staged into: names and types stand in our code only. */
export interface Staging<T> {
  columns: readonly (readonly [name: string, type: string])[]
  values(facts: T): StagingValue[]
}

/** Temporary tables live in the connection, write no log and are gone with the transaction. */
export async function createStaging(client: PoolClient, staging: Pick<Staging<unknown>, 'columns'>): Promise<void> {
  const columns = staging.columns.map(([name, type]) => `${name} ${type}`).join(', ')
  await client.query(`create temp table staged (line int not null, raw text, ${columns}) on commit drop`)
  await client.query(
    'create temp table rejected (line int not null, column_name text not null, reason text not null, raw text) on commit drop',
  )
  await client.query(
    'create temp table noted (line int not null, column_name text not null, reason text not null) on commit drop',
  )
}

export interface StagingWriter {
  write(line: number, raw: readonly string[] | null, values: readonly StagingValue[]): void
  /** waits while the database is behind */
  flush(): Promise<void>
  end(): Promise<void>
  /** gives the COPY up; the connection can be used again after the rollback */
  abort(reason: Error): Promise<void>
}

/** COPY into the staging table. Text format, as it is the one a person can read in a dump of the wire. */
export function openStaging(client: PoolClient, staging: Pick<Staging<unknown>, 'columns'>): StagingWriter {
  const stream = client.query(
    copyFrom(`copy staged (line, raw, ${staging.columns.map(([name]) => name).join(', ')}) from stdin`),
  )
  let failed: Error | undefined
  stream.on('error', (error: Error) => (failed = error))
  let buffer = ''
  return {
    write(line, raw, values) {
      let text = `${line}\t${raw === null ? '\\N' : escape(JSON.stringify(raw))}`
      for (const value of values) text += '\t' + encode(value)
      buffer += text + '\n'
    },
    async flush() {
      if (failed) throw failed
      if (buffer.length < 64 * 1024) return
      const ready = buffer
      buffer = ''
      if (!stream.write(ready)) await once(stream, 'drain')
    },
    async end() {
      if (failed) throw failed
      stream.end(buffer)
      await once(stream, 'finish')
    },
    async abort(reason) {
      if (stream.destroyed || failed) return
      await new Promise<void>((resolve) => {
        stream.on('close', resolve)
        stream.destroy(reason)
      })
    },
  }
}

function encode(value: StagingValue): string {
  if (value === null) return '\\N'
  if (typeof value === 'string') return escape(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return '\\\\x' + value.toString('hex')
  return escape(`{${(value as readonly string[]).map((v) => `"${v.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`)
}

function escape(text: string): string {
  return /[\\\t\n\r]/.test(text)
    ? text.replace(/[\\\t\n\r]/g, (c) => (c === '\\' ? '\\\\' : c === '\t' ? '\\t' : c === '\n' ? '\\n' : '\\r'))
    : text
}

/**
 * `set a = x, b = y`, `row is different`, and what stood in the columns that differ, made from one table of columns so
 * that the three cannot disagree. `before` is jsonb with the row's `updated_at`; only what changes is kept: a tenth of the row.
 */
export function updateList(
  changes: Readonly<Record<string, string>>,
  table: string,
): { set: string; differs: string; before: string } {
  const entries = Object.entries(changes)
  return {
    set: entries.map(([name, value]) => `${name} = ${value}`).join(', '),
    differs: `(${entries.map(([name]) => `${table}.${name}`).join(', ')}) is distinct from (${entries.map(([, value]) => value).join(', ')})`,
    before: [
      `jsonb_build_object('updated_at', ${table}.updated_at)`,
      ...entries.map(
        ([name, value]) =>
          `case when ${table}.${name} is distinct from ${value} then jsonb_build_object('${name}', ${table}.${name}) else '{}' end`,
      ),
    ].join(' || '),
  }
}

export interface MergeCounts {
  rowsNew: number
  rowsChanged: number
  rowsSame: number
  rowsDuplicate: number
  /** other things written: customers_created, products_created, orders_new, consents... */
  also: Record<string, number>
}

export interface MergeOptions {
  /** null: rows that came one by one over the API; what stood before is not kept, there is no file to take back */
  importId: string | null
  isDemo: boolean
  createCustomers: boolean
  currency: string
}
