import { z } from 'zod'
import { Policy, PolicyOverride, PolicyRule, UnknownEffect } from '#core/compliance/policy.ts'
import { Verdict } from '#core/compliance/verdict.ts'
import { Offer } from '#core/planning/offer.ts'
import { Window } from '#core/planning/plan.ts'
import { Day, Id, Instant } from './common.ts'
import { route } from './http.ts'
import { OfferInput, StoreOpinion } from './offers.ts'

const Outcome = Verdict.shape.outcome
const State = z.string().regex(/^[A-Z]{2}$/, 'Use the two letters of the state, like IL.')

/** A rule of the shipped policy, with what it does in this shop. */
export const ShownRule = z.strictObject({
  ...PolicyRule.shape,
  in_force: z.enum(['off', 'block', 'warn', 'defer', 'info']),
  /** why nobody may switch it; null: an admin may */
  locked: z.string().nullable(),
  override: z
    .strictObject({
      effect: PolicyOverride.shape.effect,
      reason: z.string(),
      changed_at: Instant.nullable(),
      changed_by: z.string().nullable(),
    })
    .nullable(),
})
export type ShownRule = z.infer<typeof ShownRule>

export const ComplianceSettings = z.strictObject({
  /** as the gate reads it: the shipped file with this shop's overrides */
  policy: Policy,
  version: z.string(),
  shipped_version: z.string(),
  unknown_effect: UnknownEffect,
  rules: z.array(ShownRule),
  overrides: z.array(PolicyOverride),
  /** rules nobody may switch off */
  locked_rules: z.array(z.string()),
})
export type ComplianceSettings = z.infer<typeof ComplianceSettings>

const OpenOn = z.strictObject({
  days: z.enum(['mon_fri', 'sat', 'sun', 'holiday']),
  window: Window.nullable(),
  rule_id: z.string(),
  summary: z.string(),
})

export const CheckReply = z.strictObject({
  policy_version: z.string(),
  /** the strongest of everything below */
  outcome: Outcome,
  /** the verdict that decides, when something stops it */
  because: Verdict.nullable(),
  /** as it was understood; null when none was given, or the words were not understood */
  offer: Offer.nullable(),
  /** the offer in a customer's words, built from what was understood */
  offer_words: z.string().nullable(),
  /** the law of each store's state on the offer */
  stores: z.array(StoreOpinion),
  /** the same for every state, when asked for */
  states: z.array(z.strictObject({ state: z.string(), outcome: Outcome, verdicts: z.array(Verdict) })),
  /** when a message may arrive, per channel asked; empty without a channel */
  hours: z.array(
    z.strictObject({
      channel: z.enum(['email', 'sms']),
      /** whose hours: the recipient's state, else the store's */
      state: z.string().nullable(),
      zones: z.array(z.string()),
      because: z.string(),
      open: z.array(OpenOn),
      /** about the very moment asked for */
      verdicts: z.array(Verdict),
    }),
  ),
  copy: z.array(Verdict),
  audience: z.array(Verdict),
})
export type CheckReply = z.infer<typeof CheckReply>

const tag = 'Compliance'
export const compliance = {
  check: route({
    method: 'POST',
    path: '/api/v1/compliance/check',
    access: 'user',
    tag,
    summary: 'What the law says about an offer, a message, a channel and a time',
    description:
      'Give what you have: a stored offer (offer_id), a typed one (offer) or one in words (offer_text); a store or a state; a text; channels with a window or a moment by the recipient’s clock. Nothing is stored. Not legal advice.',
    body: z.strictObject({
      offer_id: Id.optional(),
      offer: OfferInput.strict().optional(),
      /** "Buy 2 get 10 % off": read into typed terms, or refused */
      offer_text: z.string().trim().min(1).max(300).optional(),
      /** one store of the shop; left out: all of them */
      store_id: Id.optional(),
      /** a store in this state instead of the shop's own */
      state: State.optional(),
      every_state: z.boolean().default(false),
      recipient_state: State.optional(),
      recipient_zip: z.string().max(10).optional(),
      channels: z
        .array(z.enum(['email', 'sms']))
        .max(2)
        .default([]),
      window: Window.optional(),
      day: Day.optional(),
      /** "18:30" by the recipient's clock; needs day */
      time: z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Use 24 hours, like 18:30.')
        .optional(),
      subject: z.string().max(500).optional(),
      text: z.string().max(60_000).optional(),
      /** for an advertisement in other media: share of its audience that is 21 or over; null: not known */
      audience_share: z.number().min(0).max(1).nullable().optional(),
    }),
    reply: CheckReply,
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/settings/compliance',
    access: 'user',
    tag,
    summary: 'The rules in force and what this shop changed in them; ETag guards a change',
    reply: ComplianceSettings,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/settings/compliance',
    access: 'admin',
    tag,
    summary: 'Switch rules, each with a reason for the audit trail',
    description:
      'The list of overrides is replaced as a whole: leave one out to go back to the shipped rule. Rules about age, consent, opting out and hours cannot be switched. With If-Match, 412 when somebody else changed it meanwhile.',
    body: z.strictObject({
      overrides: z.array(PolicyOverride).max(100).optional(),
      unknown_effect: UnknownEffect.optional(),
    }),
    reply: ComplianceSettings,
  }),
}
