import type { ClientBase, Pool } from 'pg'
import { secretContext as providerContext, readProviders } from './channel-providers.ts'
import { llmKeyContext } from './llm-settings.ts'

/** An encrypted value where it lies; `swap` replaces it only if it is still what was read. */
export interface PlacedSecret {
  /** table and column, for people */
  place: string
  context: string
  stored: string
  swap(client: ClientBase | Pool, next: string): Promise<boolean>
}

/** Columns of text or bytea that hold one encrypted value, with the context it is bound to. */
const columns: readonly { table: string; column: string; isBytes?: true; context: (id: string) => string }[] = [
  { table: 'users', column: 'totp_secret_enc', context: (id) => `users.totp.${id}` },
  { table: 'integrations', column: 'secret_enc', context: (id) => `integration.${id}.secret` },
  { table: 'integrations', column: 'old_secret_enc', context: (id) => `integration.${id}.secret` },
  ...(['url_enc', 'secret_enc', 'old_secret_enc'] as const).map((column) => ({
    table: 'webhook_subscriptions',
    column,
    isBytes: true as const,
    context: (id: string) => `webhook ${id} ${column}`,
  })),
]

/** Every `table.column` with encrypted values; the test compares it with the schema. */
export const secretColumns: readonly string[] = [
  ...columns.map((c) => `${c.table}.${c.column}`),
  'channel_providers.secrets',
  'settings.value',
]

/** All encrypted values of the database, one after the other. */
export async function* secretsOf(pool: Pool): AsyncGenerator<PlacedSecret> {
  for (const { table, column, isBytes, context } of columns) {
    const text = isBytes ? `convert_from(t.${column}, 'UTF8')` : `t.${column}`
    const { rows } = await pool.query<{ id: string; stored: string }>(
      `select t.id, ${text} as stored from ${table} as t where t.${column} is not null order by t.id`,
    )
    for (const { id, stored } of rows)
      yield {
        place: `${table}.${column}`,
        context: context(id),
        stored,
        async swap(client, next) {
          const value = isBytes ? `convert_to($3, 'UTF8')` : '$3::text'
          const { rowCount } = await client.query(
            `update ${table} as t set ${column} = ${value} where t.id = $1 and ${text} = $2`,
            [id, stored, next],
          )
          return rowCount === 1
        },
      }
  }
  for (const provider of await readProviders(pool))
    for (const [field, stored] of Object.entries(provider.secrets))
      yield {
        place: 'channel_providers.secrets',
        context: providerContext(provider, field),
        stored,
        async swap(client, next) {
          const { rowCount } = await client.query(
            `update channel_providers as p set secrets = jsonb_set(p.secrets, array[$2], to_jsonb($4::text)) where p.id = $1 and p.secrets ->> $2 = $3`,
            [provider.id, field, stored, next],
          )
          return rowCount === 1
        },
      }
  const { rows } = await pool.query<{ stored: string }>(
    `select s.value ->> 'api_key_enc' as stored from settings as s where s.name = 'llm' and s.value ->> 'api_key_enc' is not null`,
  )
  for (const { stored } of rows)
    yield {
      place: 'settings.value',
      context: llmKeyContext,
      stored,
      async swap(client, next) {
        const { rowCount } = await client.query(
          `update settings as s set value = jsonb_set(s.value, '{api_key_enc}', to_jsonb($2::text)) where s.name = 'llm' and s.value ->> 'api_key_enc' = $1`,
          [stored, next],
        )
        return rowCount === 1
      },
    }
}
