import type { PlannerFacts } from '#core/planning/facts.ts'
import type { LlmTrace, PlanEntry, Refusal } from '#core/planning/plan.ts'
import { hear, startTalk, type Step } from '#core/planning/llm/talk.ts'
import type { Ctx } from '../../context.ts'
import { llmEndpoint, readLlm } from '../../llm-settings.ts'
import { askModel, type Asked } from './ask.ts'
import { findPrivateNames } from './private-names.ts'

export interface LlmPlanInput {
  locked: readonly PlanEntry[]
  jobId: string | null
  fresh: boolean
  signal: AbortSignal
  onProgress: (message: string) => Promise<void>
}

export interface LlmPlan {
  /** null: the reason says why the rule-based planner must do it */
  entries: PlanEntry[] | null
  reason: string | null
  refused: Refusal[]
  trace: LlmTrace | null
  callIds: string[]
  /** the first question, without answers: what left the shop */
  prompt: string | null
}

const nothing: LlmPlan = { entries: null, reason: null, refused: [], trace: null, callIds: [], prompt: null }
/**
 * A week by the language model: aggregates go out, an answer comes back, and what the checker finds goes back for repair,
 * a bounded number of times. What stays illegal is dropped and told. Whatever goes wrong is a reason, not an error; only a
 * cancelled job throws.
 */
export async function planWithModel(ctx: Ctx, facts: PlannerFacts, input: LlmPlanInput): Promise<LlmPlan> {
  const settings = await readLlm(ctx.pool)
  const found = endpointOf(ctx, settings)
  if ('reason' in found) return { ...nothing, reason: found.reason }
  const { endpoint } = found
  const names = await findPrivateNames(ctx.pool, facts)
  let step: Step = {
    ask: startTalk(facts, { locked: input.locked, maxRounds: settings.max_rounds, privateNames: names }),
  }
  const prompt = step.ask.messages.map((m) => m.content).join('\n\n')
  const asked: Asked[] = []
  const progress = createProgress(input, asked)
  try {
    while ('ask' in step) {
      progress.round(step.ask.round, step.ask.maxRounds)
      const answer: Asked = await askModel(step.ask, {
        ctx,
        endpoint,
        settings,
        jobId: input.jobId,
        fresh: input.fresh,
        signal: input.signal,
        onEntries: progress.entries,
      })
      asked.push(answer)
      input.signal.throwIfAborted()
      if (answer.outcome.kind === 'answered') {
        step = hear(step.ask, answer.outcome.text)
        continue
      }
      const best = step.ask.best
      const why = answer.outcome.detail
      // A repair that failed does not take away what was legal before it.
      if (best && hasOwn(best.entries, input.locked)) {
        ctx.log.warn(
          { outcome: answer.outcome.kind, round: step.ask.round },
          'repair of the plan failed, its legal part is kept',
        )
        step = { done: best }
      } else return { ...given(ctx, asked, prompt, endpoint.model, 0), reason: why }
    }
  } finally {
    progress.stop()
  }
  const { done } = step
  const result = given(ctx, asked, prompt, endpoint.model, done.dropped)
  if (!hasOwn(done.entries, input.locked))
    return {
      ...result,
      refused: done.refused,
      reason: explainNothing(done.problems[0]?.rule_id),
    }
  return { ...result, entries: done.entries, refused: done.refused }
}

const hasOwn = (entries: readonly PlanEntry[], locked: readonly PlanEntry[]): boolean => entries.length > locked.length

function explainNothing(rule: string | undefined): string {
  return rule?.startsWith('llm-malformed')
    ? 'The language model answered with something that is no plan.'
    : 'Nothing of the language model’s plan was lawful and within the limits.'
}

function endpointOf(
  ctx: Ctx,
  settings: Awaited<ReturnType<typeof readLlm>>,
): { endpoint: NonNullable<ReturnType<typeof llmEndpoint>> } | { reason: string } {
  try {
    const endpoint = llmEndpoint(ctx.config, settings)
    return endpoint ? { endpoint } : { reason: 'No language model is set up; add one under Settings, Language model.' }
  } catch (error) {
    // The key was written with another LMA_SECRET.
    return { reason: (error as Error).message }
  }
}

function given(ctx: Ctx, asked: readonly Asked[], prompt: string, model: string, dropped: number): LlmPlan {
  const sum = (of: (a: Asked) => number): number => asked.reduce((n, a) => n + of(a), 0)
  const last = asked.findLast((a) => a.outcome.kind === 'answered')?.outcome
  const trace: LlmTrace = {
    model: last?.kind === 'answered' ? last.model : model,
    rounds: asked.length,
    cost_micros: sum((a) => a.costMicros),
    latency_ms: sum((a) => a.latencyMs),
    input_tokens: sum((a) => a.usage.inputTokens),
    output_tokens: sum((a) => a.usage.outputTokens),
    cached: asked.length > 0 && asked.every((a) => a.cached),
    dropped,
  }
  ctx.log.info({ ...trace, outcomes: asked.map((a) => a.outcome.kind) }, 'language model asked')
  return { ...nothing, trace, prompt, callIds: asked.flatMap((a) => a.callId ?? []) }
}

/** Tells every second how far the answer is: so people see it, and a cancelled job is noticed while the model writes. */
function createProgress(
  input: LlmPlanInput,
  asked: readonly Asked[],
): { round(n: number, of: number): void; entries(n: number): void; stop(): void } {
  const state = { round: 1, of: 1, entries: 0, since: performance.now() }
  const tell = (): void => {
    const seconds = Math.round((performance.now() - state.since) / 1000)
    const cost = asked.reduce((n, a) => n + a.costMicros, 0)
    const words = [
      state.round === 1
        ? 'The language model plans'
        : `The language model repairs its plan, round ${state.round} of ${state.of}`,
      state.entries > 0 ? `${state.entries} ${state.entries === 1 ? 'entry' : 'entries'} so far` : `${seconds} s`,
      ...(cost > 0 ? [`$${(cost / 1e6).toFixed(3)}`] : []),
    ]
    void input.onProgress(words.join(', ')).catch(() => undefined)
  }
  const timer = setInterval(tell, 1000)
  return {
    round(n, of) {
      Object.assign(state, { round: n, of, entries: 0, since: performance.now() })
      tell()
    },
    entries(n) {
      state.entries = n
    },
    stop: () => clearInterval(timer),
  }
}
