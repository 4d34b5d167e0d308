import { z } from 'zod'
import { Policy, PolicyOverride } from '#core/compliance/policy.ts'
import { Verdict } from '#core/compliance/verdict.ts'
import { Day, Id } from './common.ts'
import { route } from './http.ts'
import { OfferInput } from './offers.ts'

const tag = 'Compliance'
export const ComplianceSettings = z.strictObject({
  policy: Policy,
  version: z.string(),
  overrides: z.array(PolicyOverride),
  /** rules nobody may switch off */
  locked_rules: z.array(z.string()),
})
export const compliance = {
  check: route({
    method: 'POST',
    path: '/api/v1/compliance/check',
    access: 'user',
    tag,
    summary: 'What the law says about an offer, a text, or both',
    body: z.strictObject({
      offer_id: Id.optional(),
      offer: OfferInput.strict().optional(),
      store_id: Id.optional(),
      day: Day.optional(),
      text: z.string().max(60_000).optional(),
    }),
    reply: z.strictObject({
      policy_version: z.string(),
      stores: z.array(
        z.strictObject({
          store_id: Id,
          store: z.string(),
          state: z.string(),
          allowed: z.boolean(),
          verdicts: z.array(Verdict),
        }),
      ),
      copy: z.array(Verdict),
    }),
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/settings/compliance',
    access: 'user',
    tag,
    summary: 'The policy in force and what this shop changed in it',
    reply: ComplianceSettings,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/settings/compliance',
    access: 'admin',
    tag,
    summary: 'Switch state rules, each with a reason for the audit trail',
    body: z.strictObject({ overrides: z.array(PolicyOverride).max(100) }),
    reply: ComplianceSettings,
  }),
}
