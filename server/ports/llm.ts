/** A language model behind a chat interface. */
export interface LlmEndpoint {
  /** null: the provider of the client library */
  baseUrl: string | null
  apiKey: string | null
  model: string
  /** it may stand in the own network, too */
  allowPrivate: boolean
}

export interface LlmRequest {
  messages: readonly { role: 'system' | 'user' | 'assistant'; content: string }[]
  /** JSON schema the answer must have, and its name */
  schema: { name: string; schema: object }
  maxOutputTokens: number
  /** for the whole request, retries included */
  timeoutMs: number
  signal: AbortSignal
  /** the answer so far, while it is written */
  onText?: (text: string) => void
}

export interface LlmUsage {
  inputTokens: number
  outputTokens: number
}

/** What became of a request; `detail` is one sentence for a person, without key or prompt. */
export type LlmOutcome =
  | { kind: 'answered'; text: string; usage: LlmUsage | null; model: string }
  | { kind: 'refused'; detail: string; usage: LlmUsage | null }
  /** cut off by its length limit, or longer than anybody asked for */
  | { kind: 'truncated'; detail: string; text: string; usage: LlmUsage | null }
  | { kind: 'timeout'; detail: string }
  | { kind: 'failed'; detail: string }
  | { kind: 'cancelled'; detail: string }

export interface Llm {
  /** Never throws. */
  ask(endpoint: LlmEndpoint, request: LlmRequest): Promise<LlmOutcome>
}
