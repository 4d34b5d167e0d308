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
  'control_state_review',
  'local_option_review',
  'unknown_state_review',
] as const
/** Types whose rules are checked against a person and a moment (gate.ts). No shop may switch them off. */
export const personRuleTypes = [
  'legal_age',
  'age_gate_required',
  'sms_quiet_hours',
  'sms_revocation',
  'sms_daily_cap',
  'email_footer_required',
  'direct_mail_optin',
] as const
/** Types whose rules are checked against the words of a message (lint.ts). */
export const copyRuleTypes = ['content_lint'] as const
/** Types whose rules are checked against the audience of an advertisement as a whole (audience.ts). */
export const audienceRuleTypes = ['audience_share'] as const
/** Types that only tell what is allowed; they never stop a message. */
export const infoRuleTypes = [
  'price_ad_allowed',
  'coupon_allowed',
  'no_special_rule',
  'control_state',
  'multi_unit_discount_allowed',
  'retailer_instant_rebate',
] as const

export type OfferRuleType = (typeof offerRuleTypes)[number]
export type InfoRuleType = (typeof infoRuleTypes)[number]
export type PersonRuleType = (typeof personRuleTypes)[number]

/** What a message must not sound like; the words are in lint-words.ts. */
export const copyTopics = [
  'appeal_to_minors',
  'excessive_consumption',
  'health_claims',
  'drive_or_operate',
  'sexual_or_athletic_success',
  'intoxication_goal',
  'free_alcohol',
  'urgency',
  'tone',
  'link_shortener',
] as const
export type CopyTopic = (typeof copyTopics)[number]

const Confidence = z.enum(['high', 'medium', 'low'])
const State = z.string().regex(/^[A-Z]{2}$/)

export const PolicyRule = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9-]+$/),
    /** its id in the collection the policy was made from, where that differs */
    draft_id: z.string().optional(),
    /** "US" or "US-TX" */
    jurisdiction: z.string().regex(/^US(-[A-Z]{2})?$/),
    type: z.enum([...offerRuleTypes, ...personRuleTypes, ...copyRuleTypes, ...audienceRuleTypes, ...infoRuleTypes]),
    effect: z.enum(['block', 'warn', 'defer', 'info']),
    products: z.array(z.enum(departments)).min(1),
    params: z.strictObject({
      pct: z.number().positive().max(100).optional(),
      max_pct: z.number().positive().max(100).optional(),
      max: z.int().positive().optional(),
      min_age: z.int().min(18).optional(),
      min_share_21plus: z.number().min(0).max(1).optional(),
      channels: z.array(z.enum(['email', 'sms'])).optional(),
      closed: z.array(z.string()).optional(),
      require: z.array(z.enum(['postal_address', 'unsubscribe_link'])).optional(),
      text: z.enum(['trade_name', 'age_and_expiry']).optional(),
      when: z.enum(['always', 'supplier_coupon']).optional(),
      any_discount: z.boolean().optional(),
      states: z.array(State).min(1).optional(),
      forbid: z.array(z.enum(copyTopics)).min(1).optional(),
      require_line: z.boolean().optional(),
      keywords: z.array(z.string()).min(1).optional(),
      honour_business_days: z.int().positive().optional(),
      optout_mechanism_days: z.int().positive().optional(),
      revoke_all_from: z.iso.date().optional(),
    }),
    summary: z.string().min(10),
    source: z.string().min(3),
    /** what was read: statute, regulator_faq, secondary, memory ... */
    source_kind: z.string(),
    as_of: z.string(),
    confidence: Confidence,
    note: z.string().optional(),
  })
  .superRefine((rule, check) => {
    // A rule whose figure is missing would be evaluated with a default: silently wrong law.
    for (const name of neededParams[rule.type] ?? [])
      if (rule.params[name] === undefined)
        check.addIssue({ code: 'custom', path: ['params', name], message: `A rule of type ${rule.type} needs it.` })
    const isInfo = (infoRuleTypes as readonly string[]).includes(rule.type)
    if (isInfo !== (rule.effect === 'info'))
      check.addIssue({
        code: 'custom',
        path: ['effect'],
        message: isInfo ? 'A rule that only tells has the effect info.' : 'This type of rule is evaluated, not told.',
      })
  })
export type PolicyRule = z.infer<typeof PolicyRule>

const neededParams: Partial<Record<string, readonly (keyof z.infer<typeof PolicyRule>['params'])[]>> = {
  legal_age: ['min_age'],
  min_markup_pct: ['pct'],
  max_discount_pct: ['pct'],
  required_text: ['text', 'when'],
  sunday_spirits_closed: ['closed'],
  sms_daily_cap: ['max'],
  audience_share: ['min_share_21plus'],
  control_state_review: ['states'],
  local_option_review: ['states'],
  content_lint: ['forbid'],
  email_footer_required: ['require'],
}

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

/** What to do where a figure or a place the law asks for is not known: warn and let pass, or hold until it is. */
export const UnknownEffect = z.enum(['warn', 'hold'])
export type UnknownEffect = z.infer<typeof UnknownEffect>

export const Policy = z
  .strictObject({
    notice: z.string(),
    version: z.string(),
    unknown_effect: UnknownEffect,
    quiet_hours: z.strictObject({
      federal: QuietHours,
      product_default: QuietHours,
      states: z.record(State, QuietHours),
    }),
    rules: z.array(PolicyRule),
  })
  .refine((p) => new Set(p.rules.map((r) => r.id)).size === p.rules.length, 'two rules have the same id')
export type Policy = z.infer<typeof Policy>

/** What an admin switched, and why; the policy file itself is never edited. */
export const PolicyOverride = z.strictObject({
  rule_id: z.string(),
  effect: z.enum(['off', 'warn', 'block']),
  reason: z.string().trim().min(10, 'Say in a sentence why, for the audit trail.').max(500),
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

/** Why no shop may switch the rule; null when it may. */
export function lockOf(rule: PolicyRule): string | null {
  if ((personRuleTypes as readonly string[]).includes(rule.type))
    return 'Rules about age, consent, opting out and hours protect persons: no shop may loosen them.'
  if (rule.effect === 'info') return 'It only tells what is allowed; it stops nothing.'
  return null
}

export const isLocked = (rule: PolicyRule): boolean => lockOf(rule) !== null

/**
 * The policy with a shop's overrides; its version names the difference, so that two shops with different overrides never
 * show the same version. Locked rules stay.
 */
export function withOverrides(
  policy: Policy,
  overrides: readonly PolicyOverride[],
  unknownEffect: UnknownEffect = policy.unknown_effect,
): Policy {
  const byRule = new Map(overrides.map((o) => [o.rule_id, o.effect]))
  const changed: string[] = []
  const rules = policy.rules.flatMap((rule) => {
    const effect = byRule.get(rule.id)
    if (!effect || effect === rule.effect || isLocked(rule)) return [rule]
    changed.push(`${rule.id}=${effect}`)
    return effect === 'off' ? [] : [{ ...rule, effect }]
  })
  if (unknownEffect !== policy.unknown_effect) changed.push(`unknown=${unknownEffect}`)
  if (changed.length === 0) return policy
  const version = `${policy.version}+${changed.length}.${fingerprint(changed.toSorted().join('|'))}`
  return { ...policy, version, unknown_effect: unknownEffect, rules }
}

// FNV-1a, 32 bits: tells versions apart, protects nothing.
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash.toString(36)
}

const applicable = new WeakMap<Policy, Map<string, PolicyRule[]>>()
/** Rules of the whole country and of this state. */
export function rulesFor(policy: Policy, state: string | null): readonly PolicyRule[] {
  let byState = applicable.get(policy)
  if (!byState) applicable.set(policy, (byState = new Map()))
  const key = state ?? ''
  let found = byState.get(key)
  if (!found) {
    found = policy.rules.filter(
      (r) =>
        (r.jurisdiction === 'US' || r.jurisdiction === `US-${state}`) &&
        (r.params.states === undefined || r.params.states.includes(key)),
    )
    byState.set(key, found)
  }
  return found
}

/** A person rule of the country, which every policy must have: without it the gate could not refuse. */
export function personRule(policy: Policy, type: PersonRuleType): PolicyRule | undefined {
  return policy.rules.find((r) => r.type === type && r.jurisdiction === 'US')
}
