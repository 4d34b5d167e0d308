import type { ClientBase, Pool } from 'pg'
import { z } from 'zod'
import { defaultPolicy, PolicyOverride, withOverrides, type Policy } from '#core/compliance/policy.ts'
import { audit, type Actor } from './audit.ts'

const Stored = z.strictObject({ overrides: z.array(PolicyOverride).default([]) })

/** What this shop switched in the policy; empty until an admin does. */
export async function readOverrides(client: ClientBase | Pool): Promise<PolicyOverride[]> {
  const { rows } = await client.query<{ value: unknown }>(
    `select settings.value from settings where settings.name = 'compliance'`,
  )
  return rows[0] ? Stored.parse(rows[0].value).overrides : []
}

/** Replaces what this shop switched, with its reasons, and puts it into the audit trail. */
export async function saveOverrides(
  client: ClientBase,
  actor: Actor,
  overrides: readonly PolicyOverride[],
): Promise<void> {
  const before = await readOverrides(client)
  await client.query(
    `insert into settings (name, value, updated_by) values ('compliance', $1, $2)
     on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = now()`,
    [JSON.stringify({ overrides }), actor.kind === 'user' ? actor.id : null],
  )
  await audit(client, actor, {
    action: 'compliance.changed',
    entity: 'setting',
    entityId: 'compliance',
    before,
    after: overrides,
  })
}

// The same object for the same overrides: the gate's memo of open hours hangs on it.
let last: { key: string; policy: Policy } | null = null

/** The policy in force: the shipped file with this shop's overrides. Read it once per batch, not per message. */
export async function readPolicy(client: ClientBase | Pool): Promise<Policy> {
  const overrides = await readOverrides(client)
  const key = JSON.stringify(overrides)
  if (last?.key !== key) last = { key, policy: withOverrides(defaultPolicy(), overrides) }
  return last.policy
}
