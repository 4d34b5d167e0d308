import { z } from 'zod'
import { departments } from '../planning/offer.ts'
import shipped from './policy/us-alcohol.json' with { type: 'json' }

/** Types whose rules are checked against an offer in a store's state (rules.ts). */
export const offerRuleTypes = [
  'coupon_prohibited',
  'inducement_prohibited',
  'multi_unit_free_prohibited',
  'free_goods_prohibited',
  'supplier_coupon_prohibited',
  'below_cost_prohibited',
  'min_markup_pct',
  'max_discount_pct',
  'discount_prohibited',
  'required_text',
  'coupon_review',
  'min_price_review',
  'below_cost_review',
  'sunday_spirits_closed',
  'supplier_funded_promo',
] as const
/** Types whose rules are checked against a person and a moment (gate.ts). */
export const personRuleTypes = [
  'legal_age',
  'age_gate_required',
  'sms_quiet_hours',
  'sms_revocation',
  'email_footer_required',
  'direct_mail_optin',
] as const
/** Types whose rules are checked against the words of a message (lint.ts). */
export const copyRuleTypes = ['content_lint'] as const
/** Types that only tell; they never stop a message. */
export const infoRuleTypes = [
  'audience_share',
  'price_ad_allowed',
  'coupon_allowed',
  'no_special_rule',
  'control_state',
  'multi_unit_discount_allowed',
  'retailer_instant_rebate',
] as const

export type OfferRuleType = (typeof offerRuleTypes)[number]
export type PersonRuleType = (typeof personRuleTypes)[number]

const Confidence = z.enum(['high', 'medium', 'low'])

export const PolicyRule = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** "US" or "US-TX" */
  jurisdiction: z.string().regex(/^US(-[A-Z]{2})?$/),
  type: z.enum([...offerRuleTypes, ...personRuleTypes, ...copyRuleTypes, ...infoRuleTypes]),
  effect: z.enum(['block', 'warn', 'defer', 'info']),
  products: z.array(z.enum(departments)).min(1),
  params: z.strictObject({
    pct: z.number().positive().max(100).optional(),
    min_age: z.int().optional(),
    channels: z.array(z.enum(['email', 'sms'])).optional(),
    closed: z.array(z.string()).optional(),
    require: z.array(z.enum(['postal_address', 'unsubscribe_link'])).optional(),
    text: z.enum(['trade_name', 'age_and_expiry']).optional(),
    when: z.enum(['always', 'supplier_coupon']).optional(),
    any_discount: z.boolean().optional(),
  }),
  summary: z.string(),
  source: z.string(),
  as_of: z.string(),
  confidence: Confidence,
  note: z.string().optional(),
})
export type PolicyRule = z.infer<typeof PolicyRule>

const Hours = z.tuple([z.string().regex(/^\d\d:\d\d$/), z.string().regex(/^\d\d:\d\d$/)])
/** Hours in which a text may arrive, by the recipient's clock; null: not at all that day. */
export const QuietHours = z.strictObject({
  mon_fri: Hours.nullable(),
  sat: Hours.nullable(),
  sun: Hours.nullable(),
  /** none: no texts on legal holidays */
  holidays: z.enum(['same', 'none']),
  source: z.string(),
  confidence: Confidence,
})
export type QuietHours = z.infer<typeof QuietHours>

export const Policy = z
  .strictObject({
    notice: z.string(),
    version: z.string(),
    control_states: z.strictObject({
      states: z.array(z.string().length(2)),
      summary: z.string(),
      source: z.string(),
      as_of: z.string(),
      confidence: Confidence,
    }),
    quiet_hours: z.strictObject({
      federal: QuietHours,
      product_default: QuietHours,
      states: z.record(z.string().length(2), QuietHours),
    }),
    rules: z.array(PolicyRule),
  })
  .refine((p) => new Set(p.rules.map((r) => r.id)).size === p.rules.length, 'two rules have the same id')
export type Policy = z.infer<typeof Policy>

/** What an admin switched, and why; the policy file itself is never edited. */
export const PolicyOverride = z.strictObject({
  rule_id: z.string(),
  effect: z.enum(['off', 'warn', 'block']),
  reason: z.string().min(10, 'Say in a sentence why, for the audit trail.').max(500),
})
export type PolicyOverride = z.infer<typeof PolicyOverride>

/** Checks a policy given as JSON. Throws ZodError that names the wrong field. */
export function parsePolicy(json: unknown): Policy {
  return Policy.parse(json)
}

let shippedPolicy: Policy | undefined
/** The policy that comes with this version. */
export function defaultPolicy(): Policy {
  return (shippedPolicy ??= parsePolicy(shipped))
}

/** Federal rules about persons (age, texting, opt-out) are not a shop's to switch off. */
export function isLocked(rule: PolicyRule): boolean {
  return (personRuleTypes as readonly string[]).includes(rule.type) || rule.effect === 'info'
}

/** The policy with a shop's overrides; its version says that it differs from the shipped one. Locked rules stay. */
export function withOverrides(policy: Policy, overrides: readonly PolicyOverride[]): Policy {
  const byRule = new Map(overrides.map((o) => [o.rule_id, o.effect]))
  let changed = 0
  const rules = policy.rules.flatMap((rule) => {
    const effect = byRule.get(rule.id)
    if (!effect || effect === rule.effect || isLocked(rule)) return [rule]
    changed++
    return effect === 'off' ? [] : [{ ...rule, effect }]
  })
  return changed === 0 ? policy : { ...policy, version: `${policy.version}+${changed}`, rules }
}

/** Rules of the whole country and of this state. */
export function rulesFor(policy: Policy, state: string | null): PolicyRule[] {
  return policy.rules.filter((r) => r.jurisdiction === 'US' || r.jurisdiction === `US-${state}`)
}

/** A person rule of the country, which every policy must have: without it the gate could not refuse. */
export function personRule(policy: Policy, type: PersonRuleType): PolicyRule | undefined {
  return policy.rules.find((r) => r.type === type)
}
