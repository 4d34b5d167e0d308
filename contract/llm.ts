import { z } from 'zod'
import { Id, Instant, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

const Micros = z.int()
const Price = z.number().min(0).max(10_000)

/** As stored; the key is encrypted. */
export const StoredLlm = z.strictObject({
  base_url: z.string().nullable().default(null),
  model: z.string().nullable().default(null),
  api_key_enc: z.string().nullable().default(null),
  /** most that may be spent in a calendar month of the shop, in cents; null: no limit */
  monthly_budget_cents: z.int().min(0).nullable().default(2000),
  /** dollars per million tokens; a careful guess until somebody enters what the provider charges */
  input_price: Price.default(5),
  output_price: Price.default(20),
  /** questions per plan, repairs included */
  max_rounds: z.int().min(1).max(5).default(3),
  /** for one question */
  timeout_seconds: z.int().min(5).max(600).default(120),
})
export type StoredLlm = z.infer<typeof StoredLlm>

export const LlmSettings = z.strictObject({
  /** a model can be asked: there is a key, or an address of one's own */
  ready: z.boolean(),
  base_url: z.string().nullable(),
  model: z.string(),
  /** the key itself is never shown */
  has_key: z.boolean(),
  /** what the environment of the server decides; address and key belong together */
  from_environment: z.strictObject({ address: z.boolean(), model: z.boolean() }),
  monthly_budget_cents: z.int().nullable(),
  input_price: Price,
  output_price: Price,
  max_rounds: z.int(),
  timeout_seconds: z.int(),
  /** what this month cost so far, requests under way at their most */
  spent_micros: Micros,
  calls_this_month: z.int(),
})
export type LlmSettings = z.infer<typeof LlmSettings>

const LlmChange = z
  .strictObject({
    base_url: z.string().trim().max(500).nullable(),
    model: z.string().trim().min(1, 'Write the name of the model.').max(200).nullable(),
    /** write only; null removes it */
    api_key: z.string().trim().min(1).max(500).nullable(),
    monthly_budget_cents: StoredLlm.shape.monthly_budget_cents.unwrap(),
    input_price: Price,
    output_price: Price,
    max_rounds: StoredLlm.shape.max_rounds.unwrap(),
    timeout_seconds: StoredLlm.shape.timeout_seconds.unwrap(),
  })
  .partial()
export type LlmChange = z.infer<typeof LlmChange>

export const LlmCall = z.strictObject({
  id: Id,
  purpose: z.string(),
  campaign_id: Id.nullable(),
  model: z.string(),
  endpoint: z.string().nullable(),
  round: z.int(),
  outcome: z.enum(['running', 'answered', 'refused', 'malformed', 'truncated', 'timeout', 'failed', 'cancelled']),
  detail: z.string().nullable(),
  /** answered from an earlier call with the same question */
  cached: z.boolean(),
  input_tokens: z.int().nullable(),
  output_tokens: z.int().nullable(),
  cost_micros: Micros.nullable(),
  latency_ms: z.int().nullable(),
  created_at: Instant,
})
export type LlmCall = z.infer<typeof LlmCall>

const tag = 'Settings'
export const llm = {
  get: route({
    method: 'GET',
    path: '/api/v1/settings/llm',
    access: 'user',
    tag,
    summary: 'Which language model plans, and what it cost this month',
    reply: LlmSettings,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/settings/llm',
    access: 'admin',
    tag,
    summary: 'Change endpoint, model, key, prices and budget of the language model',
    body: LlmChange,
    reply: LlmSettings,
  }),
  test: route({
    method: 'POST',
    path: '/api/v1/settings/llm/test',
    access: 'admin',
    tag,
    summary: 'Ask the saved model one small question',
    reply: z.strictObject({ ok: z.boolean(), detail: z.string(), model: z.string().nullable(), latency_ms: z.int() }),
  }),
  calls: route({
    method: 'GET',
    path: '/api/v1/settings/llm/calls',
    access: 'manager',
    tag,
    summary: 'Questions to the language model, newest first, with outcome, cost and time',
    query: z.strictObject({ page: pageQuery.page, page_size: pageQuery.page_size, cursor: Id.optional() }),
    reply: pageOf(LlmCall),
  }),
}
