import { z } from 'zod'
import { Offer } from '#core/planning/offer.ts'
import { Window } from '#core/planning/plan.ts'
import { Day, Id, IdParams, Instant, Job, List, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const actionStatuses = ['proposed', 'pending', 'queued', 'sent', 'failed', 'skipped', 'holdout'] as const
export const ActionStatus = z.enum(actionStatuses)
export type ActionStatus = z.infer<typeof ActionStatus>

/** One customer, one offer: proposed by scoring, then taken into a plan. */
export const Action = z.strictObject({
  id: Id,
  campaign_id: Id.nullable(),
  campaign_name: z.string().nullable(),
  customer_id: Id,
  customer_name: z.string().nullable(),
  segment: z.string(),
  /** 0..100: expected incremental margin, 50 points are 25 cents */
  priority_score: z.number(),
  /** margin it is expected to add after discount, contact cost and wear; null when a person made it */
  expected_margin_cents: z.number().nullable(),
  reason: z.string(),
  offer: Offer,
  /** the offer in a customer's words */
  offer_text: z.string(),
  creative_hint: z.string().nullable(),
  /** proposed, or planned once it belongs to a campaign */
  scheduled_date: Day.nullable(),
  send_window: Window.nullable(),
  channels: z.array(z.enum(['email', 'sms'])),
  status: ActionStatus,
  refused_by: z.string().nullable(),
  created_at: Instant,
})
export type Action = z.infer<typeof Action>

export const ActionDetail = Action.extend({
  /** figures behind the reason */
  terms: z.record(z.string(), z.unknown()),
  template_id: Id.nullable(),
  plan_entry_id: z.string().nullable(),
})
export type ActionDetail = z.infer<typeof ActionDetail>

export const actionSorts = ['priority_score', 'created_at', 'scheduled_date', 'segment', 'status'] as const

const Share = z.strictObject({
  name: z.string(),
  /** of what this customer buys, drawn to the shop's */
  share: z.number(),
  /** of what the whole shop sells */
  shop_share: z.number(),
})

/** What somebody likes, from orders and from answers to messages. */
export const Affinities = z.strictObject({
  customer_id: Id,
  as_of: Instant,
  /** figures behind: lines bought, each weighing half as much for every 180 days of age */
  weight: z.number(),
  categories: z.array(Share),
  brands: z.array(Share),
  price_tiers: z.array(Share),
  sizes: z.array(Share),
  occasions: z.array(Share),
  /** answers to messages by offer and by channel; lift: above 1 they answer more than others do */
  offers: z.array(z.strictObject({ name: z.string(), delivered: z.int(), answered: z.int(), lift: z.number() })),
  channels: z.array(z.strictObject({ name: z.string(), delivered: z.int(), answered: z.int(), lift: z.number() })),
  /** share of orders with a discount, drawn to the shop's */
  price_sensitivity: z.number(),
})
export type Affinities = z.infer<typeof Affinities>

export const Recommendation = z.strictObject({
  product_id: Id,
  sku: z.string(),
  name: z.string(),
  category: z.string(),
  price_cents: z.int(),
  stock: z.int().nullable(),
  kind: z.enum(['again', 'goes_with', 'popular']),
  reason: z.string(),
  score: z.number(),
})
export type Recommendation = z.infer<typeof Recommendation>

export const churnMethods = ['supervised', 'formula', 'hiatus'] as const
const Candidate = z.strictObject({
  method: z.enum(churnMethods),
  auc: z.number(),
  brier: z.number(),
  log_loss: z.number(),
  accuracy: z.number(),
})
export const Backtest = z.strictObject({
  known_until: Day,
  tested_until: Day,
  weeks: z.int(),
  customers: z.int(),
  active_share: z.number(),
  orders: z.strictObject({ came: z.number(), expected: z.number(), with_trend: z.number() }),
  /** expected over came, minus 1, after the trend factor and before it */
  bias: z.number(),
  bias_before_trend: z.number(),
  trend: z.number(),
  recency_auc: z.number(),
  /** standard errors of the AUC in use and of the bias, by chance of who ordered; null in tests before they were kept */
  auc_error: z.number().nullable(),
  bias_error: z.number().nullable(),
  candidates: z.array(Candidate),
  chosen: z.enum(churnMethods),
  bins: z.array(z.strictObject({ customers: z.int(), predicted: z.number(), actual: z.number() })),
})
export type Backtest = z.infer<typeof Backtest>

/** A model, what it was made from, and how it did on weeks it had not seen. */
export const ModelCard = z.strictObject({
  version: z.string(),
  as_of: Instant,
  created_at: Instant,
  method: z.enum(churnMethods),
  method_words: z.string(),
  verdict: z.string(),
  horizon_weeks: z.number(),
  data: z.strictObject({
    customers: z.int(),
    orders: z.int(),
    first_day: Day.nullable(),
    last_day: Day.nullable(),
    sampled: z.int(),
  }),
  parameters: z.array(z.strictObject({ name: z.string(), value: z.number(), meaning: z.string() })),
  /** log-likelihood by regularity, k = 1 first */
  regularity: z.array(z.number()),
  log_likelihood: z.number(),
  fit_seconds: z.number(),
  /** null: too young to be tested */
  backtest: Backtest.nullable(),
  limits: z.array(z.string()),
  /** customers whose scores come from this model */
  scored: z.int(),
})
export type ModelCard = z.infer<typeof ModelCard>

/** One line of the history of models. */
export const ModelLine = z.strictObject({
  version: z.string(),
  as_of: Instant,
  created_at: Instant,
  method: z.enum(churnMethods),
  customers: z.int(),
  auc: z.number().nullable(),
  brier: z.number().nullable(),
  bias: z.number().nullable(),
})
export type ModelLine = z.infer<typeof ModelLine>

const tag = 'Scoring'
export const scoring = {
  list: route({
    method: 'GET',
    path: '/api/v1/actions',
    access: 'user',
    tag,
    summary: 'Actions, the most promising first',
    description: `Sort by ${actionSorts.join(', ')}, with - for descending. The cursor works with the default sort.`,
    query: z.strictObject({
      ...pageQuery,
      segment: List.optional(),
      status: List.pipe(z.array(ActionStatus)).optional(),
      campaign_id: Id.optional(),
      customer_id: Id.optional(),
    }),
    reply: pageOf(Action),
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/actions/:id',
    access: 'user',
    tag,
    summary: 'One action with the figures behind its reason',
    params: IdParams,
    reply: ActionDetail,
  }),
  generate: route({
    method: 'POST',
    path: '/api/v1/actions/generate',
    largeWork: true,
    access: 'manager',
    tag,
    status: 202,
    summary: 'Propose actions for every scored customer (the subagent); replaces earlier proposals',
    body: z.strictObject({
      limit: z.int().positive().max(10_000_000).optional(),
      per_customer: z.int().min(1).max(5).optional(),
    }),
    reply: Job,
  }),
  compute: route({
    method: 'POST',
    path: '/api/v1/scores/compute',
    access: 'manager',
    tag,
    status: 202,
    summary: 'Score every customer again: RFM, churn, value, rhythm, taste',
    body: z.strictObject({ as_of: z.iso.datetime({ offset: true }).optional() }),
    reply: Job,
  }),
  model: route({
    method: 'GET',
    path: '/api/v1/scoring/model',
    access: 'user',
    tag,
    summary: 'The model in force: its data, parameters, test and limits',
    query: z.strictObject({
      /** an earlier one */
      version: z.string().max(100).optional(),
    }),
    reply: ModelCard,
  }),
  models: route({
    method: 'GET',
    path: '/api/v1/scoring/models',
    access: 'user',
    tag,
    summary: 'Earlier models and how they did, the newest first; the last hundred are kept',
    query: z.strictObject({ page: pageQuery.page, page_size: pageQuery.page_size }),
    reply: pageOf(ModelLine),
  }),
  affinities: route({
    method: 'GET',
    path: '/api/v1/customers/:id/affinities',
    access: 'user',
    tag,
    summary: 'What a customer likes: categories, brands, price, size, occasion, offers, channels',
    params: IdParams,
    reply: Affinities,
  }),
  recommendations: route({
    method: 'GET',
    path: '/api/v1/customers/:id/recommendations',
    access: 'user',
    tag,
    summary: 'Products worth showing to a customer, each with its reason: in stock, and what their store may sell',
    params: IdParams,
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(50).default(8) }),
    reply: z.strictObject({ data: z.array(Recommendation), note: z.string().nullable() }),
  }),
}
