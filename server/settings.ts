import type { ClientBase, Pool } from 'pg'
import type { z } from 'zod'
import { settingSchemas, type SettingName } from '#contract/settings.ts'
import { audit, type Actor } from './audit.ts'

type Value<N extends SettingName> = z.output<(typeof settingSchemas)[N]>

/** What a shop starts with until somebody changes it. */
const initial: { [N in SettingName]: z.input<(typeof settingSchemas)[N]> } = {
  shop: { name: 'My shop', from_name: 'My shop', from_email: 'hello@shop.invalid' },
  limits: {},
  analytics: {},
  backups: {},
}

/** A setting with its defaults filled in. */
export async function readSetting<N extends SettingName>(client: ClientBase | Pool, name: N): Promise<Value<N>> {
  const { rows } = await client.query<{ value: object }>({
    name: 'setting',
    text: 'select value from settings where name = $1',
    values: [name],
  })
  return settingSchemas[name].parse({ ...initial[name], ...rows[0]?.value }) as Value<N>
}

/** Several settings in one question. */
export async function readSettings<N extends SettingName>(
  client: ClientBase | Pool,
  names: readonly N[],
): Promise<{ [K in N]: Value<K> }> {
  const { rows } = await client.query<{ name: SettingName; value: object }>({
    name: 'settings',
    text: 'select name, value from settings where name = any($1::text[])',
    values: [names],
  })
  const stored = new Map(rows.map((r) => [r.name, r.value]))
  return Object.fromEntries(
    names.map((name) => [name, settingSchemas[name].parse({ ...initial[name], ...stored.get(name) })]),
  ) as { [K in N]: Value<K> }
}

/** Changes some fields of a setting and puts it into the audit trail. Throws ZodError on a bad value. */
export async function changeSetting<N extends SettingName>(
  client: ClientBase,
  actor: Actor,
  name: N,
  change: Partial<z.input<(typeof settingSchemas)[N]>>,
): Promise<Value<N>> {
  const before = await readSetting(client, name)
  const after = settingSchemas[name].parse({ ...before, ...change }) as Value<N>
  await client.query(
    `insert into settings (name, value, updated_by) values ($1, $2, $3)
     on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = now()`,
    [name, JSON.stringify(after), actor.kind === 'user' ? actor.id : null],
  )
  await audit(client, actor, { action: 'setting.changed', entity: 'setting', entityId: name, before, after })
  return after
}
