import type { ComplianceSettings, ShownRule } from '#contract/compliance.ts'
import { defaultPolicy, isLocked, lockOf } from '#core/compliance/policy.ts'
import type { Ctx } from '../context.ts'
import { policyOf, readCompliance } from '../policy.ts'

/** Every rule of the shipped policy with what it does here, who changed it and why; and the policy as the gate reads it. */
export async function showCompliance(ctx: Ctx): Promise<ComplianceSettings> {
  const stored = await readCompliance(ctx.pool)
  const shipped = defaultPolicy()
  const policy = policyOf(stored)
  const names = await namesOf(
    ctx,
    stored.overrides.flatMap((o) => o.changed_by ?? []),
  )
  const rules = shipped.rules.map((rule): ShownRule => {
    const override = stored.overrides.find((o) => o.rule_id === rule.id)
    return {
      ...rule,
      in_force: policy.rules.find((r) => r.id === rule.id)?.effect ?? 'off',
      locked: lockOf(rule),
      override: override
        ? {
            effect: override.effect,
            reason: override.reason,
            changed_at: override.changed_at,
            changed_by: override.changed_by ? (names.get(override.changed_by) ?? null) : null,
          }
        : null,
    }
  })
  return {
    policy,
    version: policy.version,
    shipped_version: shipped.version,
    unknown_effect: policy.unknown_effect,
    rules,
    overrides: stored.overrides.map(({ rule_id, effect, reason }) => ({ rule_id, effect, reason })),
    locked_rules: shipped.rules.filter(isLocked).map((r) => r.id),
  }
}

async function namesOf(ctx: Ctx, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const { rows } = await ctx.pool.query<{ id: string; full_name: string }>(
    'select users.id, users.full_name from users where users.id = any($1::uuid[])',
    [ids],
  )
  return new Map(rows.map((r) => [r.id, r.full_name]))
}
