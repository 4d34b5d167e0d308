import { readAnswer } from '#core/planning/llm/answer.ts'
import type { Talk } from '#core/planning/llm/talk.ts'
import type { StoredLlm } from '#contract/llm.ts'
import type { Ctx } from '../../context.ts'
import type { LlmEndpoint, LlmOutcome, LlmUsage } from '../../ports/llm.ts'
import {
  costMicros,
  finishCall,
  findAnswer,
  markMalformed,
  questionHash,
  recordCached,
  reserveCall,
  tokensOf,
} from './calls.ts'

export interface Asking {
  ctx: Ctx
  endpoint: LlmEndpoint
  settings: StoredLlm
  jobId: string | null
  /** ask again even where an answer is known */
  fresh: boolean
  signal: AbortSignal
  /** entries written so far, while the answer comes in */
  onEntries: (entries: number) => void
}

export interface Asked {
  outcome: LlmOutcome | { kind: 'over_budget'; detail: string }
  callId: string | null
  cached: boolean
  usage: LlmUsage
  costMicros: number
  latencyMs: number
}

/** Asks the present question of a talk: from memory where it was asked before, within the month's budget, written down. */
export async function askModel(talk: Talk, asking: Asking): Promise<Asked> {
  const { ctx, endpoint, settings } = asking
  const question = {
    messages: talk.messages,
    schema: { name: 'weekly_plan', schema: talk.schema },
    maxOutputTokens: outputLimit(talk.facts.segments.length),
  }
  const call = {
    purpose: 'weekly_plan',
    jobId: asking.jobId,
    endpoint,
    hash: questionHash(endpoint, question),
    round: talk.round,
  }
  const nothing = { usage: { inputTokens: 0, outputTokens: 0 }, costMicros: 0, latencyMs: 0 }
  const known = asking.fresh ? null : await findAnswer(ctx.pool, call.hash, ctx.clock())
  if (known !== null)
    return {
      outcome: { kind: 'answered', text: known, usage: null, model: endpoint.model },
      callId: await recordCached(ctx, call),
      cached: true,
      ...nothing,
    }
  const letters = talk.messages.reduce((n, m) => n + m.content.length, 0) + JSON.stringify(talk.schema).length
  const most = costMicros(settings, { inputTokens: tokensOf(letters), outputTokens: question.maxOutputTokens })
  const callId = await reserveCall(ctx, call, most, settings.monthly_budget_cents)
  if (callId === null)
    return {
      outcome: {
        kind: 'over_budget',
        detail:
          'The budget of this month for the language model does not hold another question. Raise it under Settings, Language model.',
      },
      callId: null,
      cached: false,
      ...nothing,
    }
  const started = performance.now()
  const outcome = await ctx.llm.ask(endpoint, {
    ...question,
    timeoutMs: settings.timeout_seconds * 1000,
    signal: asking.signal,
    onText: (text) => asking.onEntries(text.split('"segment"').length - 1),
  })
  const latencyMs = Math.round(performance.now() - started)
  const usage = usageOf(outcome, letters)
  const cost = costMicros(settings, usage)
  await finishCall(ctx, callId, outcome, { usage, costMicros: cost, latencyMs })
  if (outcome.kind === 'answered') {
    const read = readAnswer(outcome.text)
    if (read.entries.length === 0) await markMalformed(ctx, callId, read.faults[0]?.message ?? 'The plan is empty.')
  }
  return { outcome, callId, cached: false, usage, costMicros: cost, latencyMs }
}

/** Room for two entries with words per segment. */
const outputLimit = (segments: number): number => Math.min(32_000, Math.max(4000, 2000 + segments * 700))

/** As the server counted, else from the letters; a request that failed before an answer is not charged. */
function usageOf(outcome: LlmOutcome, letters: number): LlmUsage {
  if ('usage' in outcome && outcome.usage) return outcome.usage
  if (outcome.kind === 'failed') return { inputTokens: 0, outputTokens: 0 }
  return { inputTokens: tokensOf(letters), outputTokens: 'text' in outcome ? tokensOf(outcome.text.length) : 0 }
}
