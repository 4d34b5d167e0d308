import { z } from 'zod'
import { Window } from '#core/planning/plan.ts'
import { Interval } from './analytics.ts'
import { Cents, Id, IdParams, Instant, List, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const dimensions = ['subject', 'template', 'offer', 'send_time', 'channel'] as const
export const Dimension = z.enum(dimensions)
export type Dimension = z.infer<typeof Dimension>
export const Metric = z.enum(['clicks', 'orders', 'revenue'])
export type Metric = z.infer<typeof Metric>
const Channel = z.enum(['email', 'sms'])

/** What a version changes; empty: as the plan has it. Only the field of the test's dimension may be there. */
const Content = z.strictObject({
  subject: z.string().trim().min(1).max(200).optional(),
  template_id: Id.optional(),
  offer_id: Id.optional(),
  window: Window.optional(),
  channel: Channel.optional(),
})
export type VariantContent = z.infer<typeof Content>

const VariantInput = z.strictObject({
  label: z.string().trim().min(1).max(60),
  /** part of the customers, relative to the others */
  weight: z.number().min(0.01).max(1000).default(1),
  content: Content.default({}),
})
const Variant = z.strictObject({
  /** A, B, C .. in order; A is what the others are compared with */
  key: z.string(),
  label: z.string(),
  weight: z.number(),
  content: Content,
  /** what it changes, in words */
  words: z.string(),
})
export type Variant = z.infer<typeof Variant>

export const Experiment = z.strictObject({
  id: Id,
  campaign_id: Id.nullable(),
  campaign_name: z.string().nullable(),
  campaign_status: z.string().nullable(),
  name: z.string(),
  hypothesis: z.string().nullable(),
  dimension: Dimension,
  metric: Metric,
  min_effect: z.number(),
  allocation: z.enum(['fixed', 'thompson']),
  rollout: z.enum(['manual', 'auto']),
  status: z.enum(['draft', 'running', 'finished']),
  continues: Id.nullable(),
  winner: z.string().nullable(),
  decision: z.string().nullable(),
  variants: z.array(Variant),
  created_at: Instant,
  started_at: Instant.nullable(),
  finished_at: Instant.nullable(),
})
export type Experiment = z.infer<typeof Experiment>

const Input = {
  name: z.string().trim().min(1).max(120),
  hypothesis: z.string().trim().max(500).nullable().default(null),
  metric: Metric.default('orders'),
  min_effect: z.number().min(0.01).max(5).default(0.2),
  allocation: z.enum(['fixed', 'thompson']).default('fixed'),
  rollout: z.enum(['manual', 'auto']).default('manual'),
  variants: z.array(VariantInput).min(2, 'A test needs at least two versions.').max(6, 'At most six versions.'),
}

export const ExperimentResult = z.strictObject({
  experiment: Experiment,
  as_of: Instant,
  /** counts go on until seven days after the campaign, or were kept when the test was decided */
  is_final: z.boolean(),
  outcome: z.enum(['waiting', 'broken', 'too_small', 'no_difference', 'winner']),
  winner: z.string().nullable(),
  verdict: z.string(),
  srm_p: z.number().nullable(),
  cuped_reduction_pct: z.number(),
  weeks_needed: z.int().nullable(),
  guard: z.string().nullable(),
  arms: z.array(
    z.strictObject({
      key: z.string(),
      label: z.string(),
      customers: z.int(),
      mean: z.number(),
      lift_pct: Interval.nullable(),
      p_value: z.number().nullable(),
      left_pct: z.number(),
    }),
  ),
  /** chance of each version to be the best, and the shares the next week would get; clicks and orders only */
  next_shares: z.array(z.strictObject({ key: z.string(), best_pct: z.number(), share_pct: z.number() })).nullable(),
  /** what a decision does to messages still waiting */
  waiting_messages: z.int(),
  /** why the winner cannot be put into the waiting messages; null: it can */
  rollout_note: z.string().nullable(),
})
export type ExperimentResult = z.infer<typeof ExperimentResult>

export const TestPlan = z.strictObject({
  per_arm: z.int().nullable(),
  weeks: z.int().nullable(),
  one_week_pct: z.number().nullable(),
  sentence: z.string(),
  /** what the reckoning stands on */
  base: z.number(),
  per_week: z.int(),
})
export type TestPlan = z.infer<typeof TestPlan>

export const GlobalHoldout = z.strictObject({
  share: z.number(),
  year: z.int(),
  contacted: z.int(),
  held_out: z.int(),
  per_customer_cents: Interval.nullable(),
  revenue_cents: Interval.nullable(),
  margin_cents: Cents.nullable(),
  outcome: z.enum(['off', 'waiting', 'more', 'less', 'too_small']),
  verdict: z.string(),
})
export type GlobalHoldout = z.infer<typeof GlobalHoldout>

const tag = 'Experiments'
export const experiments = {
  list: route({
    method: 'GET',
    path: '/api/v1/experiments',
    access: 'user',
    tag,
    summary: 'Tests, newest first',
    query: z.strictObject({ ...pageQuery, status: List.optional(), campaign_id: Id.optional() }),
    reply: pageOf(Experiment),
  }),
  planner: route({
    method: 'GET',
    path: '/api/v1/experiments/planner',
    access: 'user',
    tag,
    summary: 'How many customers and weeks a test would take',
    query: z.strictObject({
      campaign_id: Id.optional(),
      metric: Metric.default('orders'),
      arms: z.coerce.number().int().min(2).max(6).default(2),
      effect: z.coerce.number().min(0.01).max(5).default(0.2),
    }),
    reply: TestPlan,
  }),
  holdout: route({
    method: 'GET',
    path: '/api/v1/experiments/holdout',
    access: 'user',
    tag,
    summary: 'The shop-wide holdout of this year: what all contact together earned',
    reply: GlobalHoldout,
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/experiments/:id',
    access: 'user',
    tag,
    summary: 'One test',
    params: IdParams,
    reply: Experiment,
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/experiments',
    access: 'manager',
    tag,
    summary: 'Add a test to a campaign that has not started',
    body: z.strictObject({ campaign_id: Id, dimension: Dimension, continues: Id.optional(), ...Input }),
    status: 201,
    reply: Experiment,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/experiments/:id',
    access: 'manager',
    tag,
    summary: 'Change a test before it starts; the rollout also while it runs',
    params: IdParams,
    body: z.strictObject(Input).partial(),
    reply: Experiment,
  }),
  remove: route({
    method: 'DELETE',
    path: '/api/v1/experiments/:id',
    access: 'manager',
    tag,
    summary: 'Remove a test that has not started',
    params: IdParams,
  }),
  results: route({
    method: 'GET',
    path: '/api/v1/experiments/:id/results',
    access: 'user',
    tag,
    summary: 'What the test says today; may be read on any day',
    params: IdParams,
    reply: ExperimentResult,
  }),
  decide: route({
    method: 'POST',
    path: '/api/v1/experiments/:id/winner',
    largeWork: true,
    access: 'manager',
    tag,
    summary:
      'Take a version: the test ends, its figures are kept, waiting messages change to it where that is possible',
    params: IdParams,
    body: z.strictObject({ variant: z.string().max(2), reason: z.string().trim().max(500).optional() }),
    reply: ExperimentResult,
  }),
  stop: route({
    method: 'POST',
    path: '/api/v1/experiments/:id/stop',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'End a test without a winner; its figures are kept',
    params: IdParams,
    reply: ExperimentResult,
  }),
}
