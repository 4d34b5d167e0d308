import { compliance } from '#contract/compliance.ts'
import { lintCopy } from '#core/compliance/lint.ts'
import { defaultPolicy, isLocked, type PolicyOverride } from '#core/compliance/policy.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { bind, type Routes } from '../http/bind.ts'
import { InputError } from '../http/errors.ts'
import { readOverrides, readPolicy, saveOverrides } from '../policy.ts'
import { checkStores, findOfferToCheck } from './check.ts'

export const complianceRoutes: Routes = (app, ctx) => {
  bind(app, ctx, compliance.get, () => shown(ctx))

  bind(app, ctx, compliance.update, async ({ body, actor }) => {
    checkOverrides(body.overrides)
    await withTx(ctx.pool, (tx) => saveOverrides(tx, actor, body.overrides))
    return shown(ctx)
  })

  bind(app, ctx, compliance.check, async ({ body }) => {
    const policy = await readPolicy(ctx.pool)
    const offer = await findOfferToCheck(ctx.pool, body)
    return {
      policy_version: policy.version,
      stores: offer
        ? await checkStores(ctx.pool, offer, policy, { storeId: body.store_id, day: body.day ?? null })
        : [],
      copy: body.text ? lintCopy(body.text, policy) : [],
    }
  })
}

async function shown(ctx: Ctx): Promise<{
  policy: Awaited<ReturnType<typeof readPolicy>>
  version: string
  overrides: PolicyOverride[]
  locked_rules: string[]
}> {
  const policy = await readPolicy(ctx.pool)
  return {
    policy,
    version: policy.version,
    overrides: await readOverrides(ctx.pool),
    locked_rules: policy.rules.filter(isLocked).map((r) => r.id),
  }
}

function checkOverrides(overrides: readonly PolicyOverride[]): void {
  const rules = new Map(defaultPolicy().rules.map((r) => [r.id, r]))
  const errors = overrides.flatMap(({ rule_id }, i) => {
    const rule = rules.get(rule_id)
    const path = `overrides.${i}.rule_id`
    if (!rule) return [{ path, message: 'The policy has no such rule.' }]
    return isLocked(rule) ? [{ path, message: 'Rules about age, texting and opting out cannot be switched off.' }] : []
  })
  if (errors.length > 0) throw new InputError(errors)
}
