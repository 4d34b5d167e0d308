import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { afterAll, inject } from 'vitest'
import { createDb, createPool } from '#db/pool.ts'
import type { DB } from '#db/types.ts'

export interface FreshDatabase {
  url: string
  pool: pg.Pool
  db: Kysely<DB>
}

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    templateDatabase: string
  }
}

/** A migrated database of its own, copied from a template in milliseconds; dropped after the test file. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = inject('postgresUrl')
  await command(admin, `create database ${name} template ${inject('templateDatabase')}`)
  const address = new URL(admin)
  address.pathname = `/${name}`
  const pool = createPool(address.href, { max: 8 })
  pool.on('error', () => undefined)
  afterAll(async () => {
    await pool.end().catch(() => undefined)
    await command(admin, `drop database if exists ${name} with (force)`)
  })
  return { url: address.href, pool, db: createDb(pool) }
}

async function command(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // Two test files may copy the template at once; PostgreSQL lets only one at a time.
    for (let attempt = 0; ; attempt++) {
      try {
        await client.query(sql)
        return
      } catch (error) {
        if ((error as { code?: string }).code !== '55006' || attempt > 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  } finally {
    await client.end()
  }
}
