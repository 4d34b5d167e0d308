import type { ClientBase, Pool } from 'pg'
import { z } from 'zod'
import { defaultPolicy, PolicyOverride, withOverrides, type Policy } from '#core/compliance/policy.ts'

const Stored = z.strictObject({ overrides: z.array(PolicyOverride).default([]) })

/** What this shop switched in the policy; empty until an admin does. */
export async function readOverrides(client: ClientBase | Pool): Promise<PolicyOverride[]> {
  const { rows } = await client.query<{ value: unknown }>(`select settings.value from settings where settings.name = 'compliance'`)
  return rows[0] ? Stored.parse(rows[0].value).overrides : []
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
