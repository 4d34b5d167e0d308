import { z } from 'zod'
import { Verdict } from '../compliance/verdict.ts'
import { GroupKey } from './groups.ts'
import { Offer } from './offer.ts'

/** Wall-clock window in the recipient's zone, half-open, "HH:MM". */
export const Window = z.strictObject({
  start: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  end: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/),
})
export type Window = z.infer<typeof Window>

/** A figure that is not known exactly: middle and the 80 % interval around it. */
export const Estimate = z.strictObject({ low: z.number(), mid: z.number(), high: z.number() })
export type Estimate = z.infer<typeof Estimate>

export const Forecast = z.strictObject({
  opens: Estimate,
  clicks: Estimate,
  orders: Estimate,
  revenue_cents: Estimate,
  /** expected incremental gross margin after discount and contact cost */
  margin_cents: Estimate,
  /** of the messages */
  cost_cents: z.int(),
  /** reductions that will be used, also by those who would have bought anyway */
  discount_cents: z.int().optional(),
})
export type Forecast = z.infer<typeof Forecast>

/** How many customers one rule kept from a message. */
export const RuleCount = z.strictObject({ rule_id: z.string(), label: z.string(), count: z.int() })
export type RuleCount = z.infer<typeof RuleCount>

/** Words for one segment and channel in place of the template's own; an empty part leaves the template's. Checked by copy.ts. */
export const Copy = z.strictObject({
  /** email only */
  subject: z.string().max(200),
  preheader: z.string().max(300),
  headline: z.string().max(200),
  /** the opening paragraph of an email, or the whole of a text */
  body: z.string().max(1000),
})
export type Copy = z.infer<typeof Copy>

/** What was weighed for the same customers and left, and why. */
export const Alternative = z.strictObject({
  offer_title: z.string(),
  channel: z.enum(['email', 'sms']),
  /** expected extra margin of one message to them, in cents */
  margin_cents: z.number(),
  reason: z.string(),
})
export type Alternative = z.infer<typeof Alternative>

/** One cell of the week: this segment gets this offer on this day, channel and window. */
export const PlanEntry = z.strictObject({
  id: z.string(),
  day: z.iso.date(),
  segment: z.string(),
  channel: z.enum(['email', 'sms']),
  offer: Offer,
  template_id: z.uuid().nullable(),
  window: Window,
  /** customers who would get it after every limit */
  reach: z.int().nonnegative(),
  /** customers it is meant for, the segment or its audience: reach + held_out + the sum of kept_back */
  matched: z.int().nonnegative(),
  /** would get it, but are kept without message to measure what it earns */
  held_out: z.int().nonnegative(),
  kept_back: z.array(RuleCount),
  reason: z.string(),
  score: z.number(),
  /** rules that shaped or warn about it */
  verdicts: z.array(Verdict),
  forecast: Forecast,
  locked: z.boolean(),
  /** the groups of the segment that get it (groups.ts); left out: all of it */
  audience: z.array(GroupKey).min(1).optional(),
  /** the best of what was weighed and left */
  rejected: z.array(Alternative).optional(),
  /** left out: the template's own words */
  copy: Copy.optional(),
})
export type PlanEntry = z.infer<typeof PlanEntry>

/** A candidate the checker refused, with the rule that did. */
export const Refusal = z.strictObject({
  segment: z.string(),
  channel: z.enum(['email', 'sms']),
  offer_title: z.string(),
  day: z.iso.date().nullable(),
  verdict: Verdict,
})
export type Refusal = z.infer<typeof Refusal>

/** How many are left after each limit, from everybody in the segments down to who will get a message. */
export const ReachStep = z.strictObject({
  label: z.string(),
  rule_id: z.string().nullable(),
  removed: z.int(),
  left: z.int(),
})
export type ReachStep = z.infer<typeof ReachStep>

export const PlanLimits = z.strictObject({
  max_per_customer_week: z.int().positive(),
  max_sms_per_customer_week: z.int().nonnegative(),
  holdout_share: z.number().min(0).max(0.5),
  channels: z.array(z.enum(['email', 'sms'])),
  email_per_day: z.int().positive().nullable(),
  sms_per_day: z.int().positive().nullish(),
  /** most that messages and the reductions used may cost in the week, as far as can be expected; null: no limit */
  budget_cents: z.int().nonnegative().nullish(),
})
export type PlanLimits = z.infer<typeof PlanLimits>

/** How a language model made the plan: what it took and cost. */
export const LlmTrace = z.strictObject({
  model: z.string(),
  /** questions asked, repairs included */
  rounds: z.int(),
  /** millionths of a dollar; nothing where every answer came from the cache */
  cost_micros: z.int(),
  latency_ms: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached: z.boolean(),
  /** entries of its last answer that were not legal and are left out */
  dropped: z.int(),
})
export type LlmTrace = z.infer<typeof LlmTrace>

export const WeeklyPlan = z.strictObject({
  week_start: z.iso.date(),
  engine: z.enum(['llm', 'heuristic', 'manual']),
  /** why another engine than asked for made it */
  fallback_reason: z.string().nullable(),
  /** present when a language model was asked, also when its plan was not used */
  llm: LlmTrace.optional(),
  generated_at: z.iso.datetime(),
  policy_version: z.string(),
  limits: PlanLimits,
  entries: z.array(PlanEntry),
  refused: z.array(Refusal),
  reach: z.array(ReachStep),
  forecast: Forecast,
  holdout_customers: z.int(),
  /** a large shop: reach was counted on a share of each segment; the start counts everybody */
  is_estimate: z.boolean().optional(),
})
export type WeeklyPlan = z.infer<typeof WeeklyPlan>

/** What the checker had to change or drop, and the rule that made it. */
export const PlanChange = z.strictObject({
  entry_id: z.string(),
  what: z.enum(['dropped', 'changed']),
  message: z.string(),
  rule_id: z.string().nullable(),
})
export type PlanChange = z.infer<typeof PlanChange>
