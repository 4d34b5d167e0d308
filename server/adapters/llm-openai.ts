import { setTimeout as sleep } from 'node:timers/promises'
import type OpenAI from 'openai'
import type { Llm, LlmEndpoint, LlmOutcome, LlmRequest, LlmUsage } from '../ports/llm.ts'
import { createNet, ForbiddenAddress, type Net, type Resolve } from './net.ts'

// An answer longer than this is no plan, whatever it says; reading on would only cost.
const mostCharacters = 400_000
const mostRetries = 2
const longestWaitMs = 20_000

/** What an endpoint was found not to understand; servers that speak the same language differ in these. */
interface Dialect {
  format: 'json_schema' | 'json_object' | 'none'
  limit: 'max_completion_tokens' | 'max_tokens'
  usage: boolean
}

/**
 * Any server that speaks OpenAI's chat completions: streamed, with the answer's schema where the server takes one. One
 * deadline over all tries, bounded retries with jitter, no redirects, nothing logged.
 */
export function createOpenAiLlm({
  firstWaitMs = 500,
  ...options
}: { firstWaitMs?: number; resolve?: Resolve } = {}): Llm {
  const nets = {
    open: createNet({ ...options, allowPrivate: true }),
    guarded: createNet({ ...options, allowPrivate: false }),
  }
  const dialects = new Map<string, Dialect>()

  return {
    async ask(endpoint, request) {
      const deadline = AbortSignal.timeout(request.timeoutMs)
      const signal = AbortSignal.any([deadline, request.signal])
      const key = `${endpoint.baseUrl ?? ''}|${endpoint.model}`
      let dialect: Dialect = dialects.get(key) ?? { format: 'json_schema', limit: 'max_completion_tokens', usage: true }
      let retries = 0
      for (;;) {
        try {
          return await stream(endpoint, nets[endpoint.allowPrivate ? 'open' : 'guarded'], request, dialect, signal)
        } catch (error) {
          if (request.signal.aborted) return { kind: 'cancelled', detail: 'The request was stopped.' }
          if (deadline.aborted)
            return {
              kind: 'timeout',
              detail: `The language model did not finish within ${Math.round(request.timeoutMs / 1000)} seconds.`,
            }
          const plainer = simpler(dialect, error)
          if (plainer) {
            dialects.set(key, (dialect = plainer))
            continue
          }
          const wait = retries < mostRetries ? waitMs(error, firstWaitMs * 2 ** retries) : null
          if (wait === null) return { kind: 'failed', detail: explain(error, endpoint) }
          retries++
          await sleep(wait, undefined, { signal }).catch(() => undefined)
        }
      }
    },
  }
}

async function clientFor(endpoint: LlmEndpoint, net: Net, timeoutMs: number): Promise<OpenAI> {
  // Loaded when first needed: the library takes longer to load than everything else together.
  const { OpenAI: Client } = await import('openai')
  return new Client({
    apiKey: endpoint.apiKey ?? 'none',
    baseURL: endpoint.baseUrl,
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    // Follows no redirect: it could carry key and prompt to a host nobody chose.
    fetch: (url, init) => net.fetch(url instanceof Request ? url.url : url, init),
  })
}

async function stream(
  endpoint: LlmEndpoint,
  net: Net,
  request: LlmRequest,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<LlmOutcome> {
  const client = await clientFor(endpoint, net, request.timeoutMs)
  const stop = new AbortController()
  const chunks = await client.chat.completions.create(
    {
      model: endpoint.model,
      messages: [...request.messages],
      stream: true,
      [dialect.limit]: request.maxOutputTokens,
      ...(dialect.usage ? { stream_options: { include_usage: true } } : {}),
      ...formatOf(dialect, request),
    },
    { signal: AbortSignal.any([signal, stop.signal]) },
  )
  let text = ''
  let refusal = ''
  let finish: string | null = null
  let usage: LlmUsage | null = null
  let model = endpoint.model
  for await (const chunk of chunks) {
    if (chunk.model) model = chunk.model
    if (chunk.usage) usage = { inputTokens: chunk.usage.prompt_tokens, outputTokens: chunk.usage.completion_tokens }
    const choice = chunk.choices?.[0]
    if (!choice) continue
    text += choice.delta?.content ?? ''
    refusal += choice.delta?.refusal ?? ''
    if (choice.finish_reason) finish = choice.finish_reason
    if (text.length > mostCharacters) {
      stop.abort()
      return { kind: 'truncated', detail: 'The answer of the language model had no end.', text, usage }
    }
    request.onText?.(text)
  }
  // The library ends the loop quietly when it is told to stop.
  signal.throwIfAborted()
  if (refusal || finish === 'content_filter')
    return { kind: 'refused', detail: 'The language model refused to answer.', usage }
  if (finish === 'length')
    return { kind: 'truncated', detail: 'The answer of the language model was cut off.', text, usage }
  if (finish === null && text === '') throw new Error('empty answer')
  return { kind: 'answered', text, usage, model }
}

function formatOf(
  { format }: Dialect,
  { schema }: LlmRequest,
): Pick<OpenAI.Chat.ChatCompletionCreateParams, 'response_format'> | object {
  if (format === 'json_schema')
    return {
      response_format: {
        type: 'json_schema',
        json_schema: { name: schema.name, strict: true, schema: schema.schema as Record<string, unknown> },
      },
    }
  return format === 'json_object' ? { response_format: { type: 'json_object' } } : {}
}

const statusOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined

/** A dialect without what the server just complained about; null when it complained about something else. */
function simpler(dialect: Dialect, error: unknown): Dialect | null {
  const status = statusOf(error)
  if (status !== 400 && status !== 422) return null
  const said = (error as Error).message.toLowerCase()
  if (dialect.limit === 'max_completion_tokens' && said.includes('max_completion_tokens'))
    return { ...dialect, limit: 'max_tokens' }
  if (dialect.usage && said.includes('stream_options')) return { ...dialect, usage: false }
  if (/response_format|json_schema|json_object|structured|schema/.test(said)) {
    if (dialect.format === 'json_schema') return { ...dialect, format: 'json_object' }
    if (dialect.format === 'json_object') return { ...dialect, format: 'none' }
  }
  return null
}

/** How long to wait before the next try, with jitter; null when trying again cannot help. */
function waitMs(error: unknown, usualMs: number): number | null {
  const status = statusOf(error)
  // Without a status there was no answer at all.
  const mayHelp = status === undefined || status === 408 || status === 409 || status === 429 || status >= 500
  if (!mayHelp || isForbidden(error)) return null
  const headers = (error as { headers?: Headers }).headers
  const asked = Number(headers?.get?.('retry-after'))
  if (asked > longestWaitMs / 1000) return null
  const base = asked > 0 ? asked * 1000 : usualMs
  return Math.min(longestWaitMs, base * (1 + Math.random() * 0.5))
}

/** One sentence with the cure; never the server's whole answer, which may hold the prompt. */
function explain(error: unknown, endpoint: LlmEndpoint): string {
  if (isForbidden(error))
    return 'The address of the language model leads to a place of this network that must not be asked. The operator can allow it by LMA_PRIVATE_ADDRESSES=model.'
  switch (statusOf(error)) {
    case 401:
    case 403:
      return 'The language model refused the key. Enter a valid one under Settings, Language model.'
    case 404:
      return `The endpoint has no model “${endpoint.model}”, or its address is wrong. Correct it under Settings, Language model.`
    case 429:
      return 'The language model has too much to do, or its quota is used up. Try again later.'
    case undefined:
      return 'The language model could not be reached. Check the address under Settings, Language model.'
    default:
      return `The language model answered with an error (${statusOf(error)}).`
  }
}

/** The library wraps what its fetch rejects with, and fetch what the socket met. */
function isForbidden(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof ForbiddenAddress) return true
  return false
}
