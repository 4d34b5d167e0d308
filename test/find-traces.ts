import type { Pool } from 'pg'
import { expect } from 'vitest'

/** Every place in the database where one of these words stands, in any column of any table that can hold a text. */
export async function tracesIn(pool: Pool, words: readonly string[]): Promise<string[]> {
  const { rows: columns } = await pool.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column from pg_class as c join pg_attribute as a on a.attrelid = c.oid join pg_type as t on t.oid = a.atttypid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0 and not a.attisdropped
       and t.typname in ('text', 'varchar', 'citext', 'json', 'jsonb', '_text', 'inet', 'date', 'bytea', '_citext', 'name')`,
  )
  // A scan that sees nothing would find nothing.
  expect(columns.length).toBeGreaterThan(150)
  const found: string[] = []
  for (const { table, column } of columns) {
    const { rows } = await pool.query<{ text: string }>(
      `select left(t."${column}"::text, 300) as text from "${table}" as t where t."${column}"::text ilike any ($1)`,
      [words.map((w) => `%${w}%`)],
    )
    for (const { text } of rows) found.push(`${table}.${column}: ${text}`)
  }
  return found
}
