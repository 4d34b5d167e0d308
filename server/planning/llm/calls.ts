import { createHash } from 'node:crypto'
import type { ClientBase, Pool } from 'pg'
import type { LlmCall, StoredLlm } from '#contract/llm.ts'
import { addDays, instantOf, localDate, type Day } from '#core/calendar.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../../context.ts'
import type { LlmEndpoint, LlmOutcome, LlmRequest, LlmUsage } from '../../ports/llm.ts'
import { readSetting } from '../../settings.ts'

/** Answers of a question are used again for so long. */
const cacheDays = 7
// English and JSON have about four letters per token; fewer are assumed, so that a reservation is never too small.
const lettersPerToken = 3

export type Prices = Pick<StoredLlm, 'input_price' | 'output_price'>

/** Millionths of a dollar: dollars per million tokens are micros per token. */
export function costMicros(prices: Prices, usage: LlmUsage): number {
  return Math.ceil(usage.inputTokens * prices.input_price + usage.outputTokens * prices.output_price)
}

export const tokensOf = (letters: number): number => Math.ceil(letters / lettersPerToken)

type Question = Pick<LlmRequest, 'messages' | 'schema' | 'maxOutputTokens'>

/** The same for the same question to the same model at the same place. */
export function questionHash(endpoint: LlmEndpoint, question: Question): Buffer {
  const { messages, schema } = question
  return createHash('sha256')
    .update(JSON.stringify([endpoint.baseUrl, endpoint.model, messages, schema]))
    .digest()
}

/** An earlier answer to the same question, if it is still young. */
export async function findAnswer(client: ClientBase | Pool, hash: Buffer, now: Date): Promise<string | null> {
  const { rows } = await client.query<{ answer: string }>(
    `select c.answer from llm_calls as c
     where c.input_hash = $1 and c.outcome = 'answered' and not c.cached and c.answer is not null and c.created_at >= $2::timestamptz - make_interval(days => ${cacheDays})
     order by c.created_at desc limit 1`,
    [hash, now],
  )
  return rows[0]?.answer ?? null
}

/** Where this calendar month of the shop began. */
async function monthStart(ctx: Ctx): Promise<Date> {
  const { time_zone } = await readSetting(ctx.pool, 'shop')
  const today: Day = localDate(ctx.clock(), time_zone)
  return instantOf(addDays(today, 1 - Number(today.slice(8))), '00:00', time_zone)
}

/** What the month cost so far; requests under way count with the most they may cost. */
export async function readSpent(
  ctx: Ctx,
  client: ClientBase | Pool = ctx.pool,
): Promise<{ micros: number; calls: number }> {
  const { rows } = await client.query<{ micros: number; calls: number }>(
    `select coalesce(sum(c.cost_micros), 0)::bigint as micros, count(*)::int as calls from llm_calls as c where c.created_at >= $1`,
    [await monthStart(ctx)],
  )
  return rows[0]!
}

export interface NewCall {
  purpose: string
  jobId: string | null
  endpoint: LlmEndpoint
  hash: Buffer
  round: number
}

const hostOf = (endpoint: LlmEndpoint): string | null => (endpoint.baseUrl ? new URL(endpoint.baseUrl).host : null)

const insertSql = `insert into llm_calls (purpose, job_id, model, endpoint, input_hash, round, outcome, cost_micros, cached, answer, latency_ms, finished_at, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id`

/**
 * Writes down a call before it is made, with the most it may cost. Null when the month's budget does not hold that: two
 * plans at once cannot both take the last dollar.
 */
export async function reserveCall(
  ctx: Ctx,
  call: NewCall,
  most: number,
  budgetCents: number | null,
): Promise<string | null> {
  return withTx(ctx.pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('llm.budget', 7))`)
    const spent = await readSpent(ctx, tx)
    if (budgetCents !== null && spent.micros + most > budgetCents * 10_000) return null
    const { rows } = await tx.query<{ id: string }>(insertSql, [
      call.purpose,
      call.jobId,
      call.endpoint.model,
      hostOf(call.endpoint),
      call.hash,
      call.round,
      'running',
      most,
      false,
      null,
      null,
      null,
      ctx.clock(),
    ])
    return rows[0]!.id
  })
}

/** A question that needed no call, so that the list tells why it cost nothing. */
export async function recordCached(ctx: Ctx, call: NewCall): Promise<string> {
  const now = ctx.clock()
  const { rows } = await ctx.pool.query<{ id: string }>(insertSql, [
    call.purpose,
    call.jobId,
    call.endpoint.model,
    hostOf(call.endpoint),
    call.hash,
    call.round,
    'answered',
    0,
    true,
    null,
    0,
    now,
    now,
  ])
  return rows[0]!.id
}

/** What became of the call, with its true cost where the server told its tokens. */
export async function finishCall(
  ctx: Ctx,
  id: string,
  outcome: LlmOutcome,
  facts: { usage: LlmUsage | null; costMicros: number; latencyMs: number },
): Promise<void> {
  await ctx.pool.query(
    `update llm_calls set outcome = $2, detail = $3, answer = $4, input_tokens = $5, output_tokens = $6, cost_micros = $7, latency_ms = $8, model = coalesce($9, llm_calls.model),
       finished_at = $10
     where llm_calls.id = $1`,
    [
      id,
      outcome.kind,
      outcome.kind === 'answered' ? null : outcome.detail,
      outcome.kind === 'answered' ? outcome.text : null,
      facts.usage?.inputTokens ?? null,
      facts.usage?.outputTokens ?? null,
      facts.costMicros,
      facts.latencyMs,
      outcome.kind === 'answered' ? outcome.model : null,
      ctx.clock(),
    ],
  )
}

/** The answer was no plan at all: it must not be used again. */
export async function markMalformed(ctx: Ctx, id: string, detail: string): Promise<void> {
  await ctx.pool.query(
    `update llm_calls set outcome = 'malformed', detail = $2, answer = null where llm_calls.id = $1`,
    [id, detail],
  )
}

/** The plan that came of these calls. */
export async function linkCalls(client: ClientBase, ids: readonly string[], campaignId: string): Promise<void> {
  await client.query(`update llm_calls set campaign_id = $2 where llm_calls.id = any($1::uuid[])`, [ids, campaignId])
}

/** One page of calls, newest first. */
export async function listCalls(
  client: ClientBase | Pool,
  query: { page: number; page_size: number; cursor?: string | undefined },
): Promise<{ data: (Omit<LlmCall, 'created_at'> & { created_at: Date })[]; total: number; next: string | null }> {
  const { rows } = await client.query<Omit<LlmCall, 'created_at'> & { created_at: Date }>(
    `select c.id, c.purpose, c.campaign_id, c.model, c.endpoint, c.round, c.outcome, c.detail, c.cached, c.input_tokens, c.output_tokens, c.cost_micros, c.latency_ms, c.created_at
     from llm_calls as c where ($1::uuid is null or c.id < $1) order by c.id desc limit $2 offset $3`,
    [query.cursor ?? null, query.page_size + 1, query.cursor ? 0 : (query.page - 1) * query.page_size],
  )
  const { rows: count } = await client.query<{ n: number }>('select count(*)::int as n from llm_calls')
  const data = rows.slice(0, query.page_size)
  return { data, total: count[0]!.n, next: rows.length > query.page_size ? data.at(-1)!.id : null }
}
