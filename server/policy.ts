import type { ClientBase, Pool } from 'pg'
import { z } from 'zod'
import { defaultPolicy, PolicyOverride, UnknownEffect, withOverrides, type Policy } from '#core/compliance/policy.ts'
import { audit, type Actor } from './audit.ts'

const StoredOverride = z.strictObject({
  ...PolicyOverride.shape,
  changed_at: z.iso.datetime({ offset: true }).nullable().default(null),
  /** user */
  changed_by: z.uuid().nullable().default(null),
})
const Stored = z.strictObject({
  overrides: z.array(StoredOverride).default([]),
  unknown_effect: UnknownEffect.default(() => defaultPolicy().unknown_effect),
})
export type StoredCompliance = z.infer<typeof Stored>

/** What this shop switched in the policy; nothing until an admin does. */
export async function readCompliance(client: ClientBase | Pool, lock = false): Promise<StoredCompliance> {
  const { rows } = await client.query<{ value: unknown }>({
    ...(lock ? {} : { name: 'compliance' }),
    text: `select settings.value from settings where settings.name = 'compliance' ${lock ? 'for update' : ''}`,
  })
  return Stored.parse(rows[0]?.value ?? {})
}

/** Replaces what is given, keeps who changed what did not change, and puts it into the audit trail. */
export async function saveCompliance(
  client: ClientBase,
  actor: Actor,
  before: StoredCompliance,
  change: { overrides?: readonly PolicyOverride[] | undefined; unknown_effect?: UnknownEffect | undefined },
  now: Date,
): Promise<StoredCompliance> {
  const by = actor.kind === 'user' ? actor.id : null
  const after: StoredCompliance = {
    unknown_effect: change.unknown_effect ?? before.unknown_effect,
    overrides: change.overrides
      ? change.overrides.map((o) => {
          const same = before.overrides.find(
            (b) => b.rule_id === o.rule_id && b.effect === o.effect && b.reason === o.reason,
          )
          return same ?? { ...o, changed_at: now.toISOString(), changed_by: by }
        })
      : before.overrides,
  }
  await client.query(
    `insert into settings (name, value, updated_by) values ('compliance', $1, $2)
     on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = now()`,
    [JSON.stringify(after), by],
  )
  await audit(client, actor, {
    action: 'compliance.changed',
    entity: 'setting',
    entityId: 'compliance',
    before,
    after,
  })
  return after
}

// The same object for the same overrides: the gate's memo of open hours hangs on it.
let last: { key: string; policy: Policy } | null = null

export function policyOf({ overrides, unknown_effect }: StoredCompliance): Policy {
  const bare = overrides.map(({ rule_id, effect, reason }) => ({ rule_id, effect, reason }))
  const key = JSON.stringify([bare, unknown_effect])
  if (last?.key !== key) last = { key, policy: withOverrides(defaultPolicy(), bare, unknown_effect) }
  return last.policy
}

/** The policy in force: the shipped file with this shop's overrides. Read it once per batch, not per message. */
export async function readPolicy(client: ClientBase | Pool): Promise<Policy> {
  return policyOf(await readCompliance(client))
}
