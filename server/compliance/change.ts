import { defaultPolicy, isLocked, lockOf, type PolicyOverride, type UnknownEffect } from '#core/compliance/policy.ts'
import { withTx } from '#db/pool.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError } from '../http/errors.ts'
import { policyOf, readCompliance, saveCompliance } from '../policy.ts'

interface ComplianceChange {
  overrides?: PolicyOverride[] | undefined
  unknown_effect?: UnknownEffect | undefined
}

/** Switches rules of this shop. Throws InputError for a rule nobody may switch, edit.stale when `ifMatch` is an old version. */
export async function changeCompliance(
  ctx: Ctx,
  actor: Actor,
  change: ComplianceChange,
  ifMatch: string | undefined,
): Promise<void> {
  if (change.overrides) checkOverrides(change.overrides)
  const shipped = new Map(defaultPolicy().rules.map((r) => [r.id, r.effect as string]))
  await withTx(ctx.pool, async (tx) => {
    // Two admins at once: the second one waits here and then finds the version changed.
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('settings.compliance', 7))`)
    const before = await readCompliance(tx)
    if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== `"${policyOf(before).version}"`)
      throw new AppError(
        'edit.stale',
        'Somebody changed the rules meanwhile. Load the page again and repeat your change.',
        { version: policyOf(before).version },
      )
    await saveCompliance(
      tx,
      actor,
      before,
      // What a rule does anyway is no override.
      { ...change, overrides: change.overrides?.filter((o) => shipped.get(o.rule_id) !== o.effect) },
      ctx.clock(),
    )
  })
}

function checkOverrides(overrides: readonly PolicyOverride[]): void {
  const rules = new Map(defaultPolicy().rules.map((r) => [r.id, r]))
  const errors = overrides.flatMap(({ rule_id }, i) => {
    const rule = rules.get(rule_id)
    const wrong = (message: string) => [{ path: `overrides.${i}.rule_id`, message }]
    if (!rule) return wrong('The policy has no such rule.')
    if (isLocked(rule)) return wrong(lockOf(rule)!)
    return overrides.findIndex((o) => o.rule_id === rule_id) < i ? wrong('This rule is in the list twice.') : []
  })
  if (errors.length > 0) throw new InputError(errors)
}
