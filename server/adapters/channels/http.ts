import type { Outcome } from '../../ports/channel.ts'
import type { Net } from '../net.ts'

/** What a provider said over HTTP, or how far the request came. */
export type Answer =
  | { kind: 'answer'; status: number; headers: Headers; text: string; json: unknown }
  /** no connection was made: nothing can have been taken */
  | { kind: 'not_sent'; code: string }
  /** the request had left, or may have: the answer is lost */
  | { kind: 'lost'; code: string }

export interface Call {
  url: string
  method?: 'GET' | 'POST'
  headers: Record<string, string>
  body?: string | FormData | URLSearchParams | undefined
  signal: AbortSignal
  timeoutMs?: number
}

const defaultTimeoutMs = 30_000
/** Answers of providers are short; a longer one is not theirs. */
const mostBytes = 256 * 1024

// What the platform reports when the connection never stood: name, address, handshake. Everything later is "lost".
const neverConnected =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|EFORBIDDEN|ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|ERR_INVALID_URL)/

/** One HTTP request without retries and redirects. Never throws. */
export async function call(
  net: Net,
  { url, method = 'POST', headers, body, signal, timeoutMs = defaultTimeoutMs }: Call,
): Promise<Answer> {
  try {
    const response = await net.fetch(url, {
      method,
      headers: { 'user-agent': 'liquor-agent/0.1', accept: 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    const text = await readText(response)
    return { kind: 'answer', status: response.status, headers: response.headers, text, json: parse(text) }
  } catch (error) {
    const code = codeOf(error)
    return neverConnected.test(code) ? { kind: 'not_sent', code } : { kind: 'lost', code }
  }
}

/** The outcome where no answer came. */
export function withoutAnswer(answer: Exclude<Answer, { kind: 'answer' }>): Outcome {
  return answer.kind === 'not_sent'
    ? {
        kind: 'deferred',
        code: answer.code,
        detail: `the provider could not be reached (${answer.code})`,
        unreachable: true,
      }
    : { kind: 'unknown', detail: `the answer was lost on the way (${answer.code})` }
}

/**
 * The outcome of statuses that mean the same everywhere; null for what the adapter must read itself. 429 and 503 say
 * "not taken". After 500, 502 and 504 a provider may still have sent (Mailgun has been seen to), so those are unknown
 * where it can be asked later (`canAsk`), and tried again where it cannot.
 */
export function commonOutcome(answer: Extract<Answer, { kind: 'answer' }>, canAsk: boolean): Outcome | null {
  const { status, headers } = answer
  const code = `http.${status}`
  const retryAfterMs = retryAfter(headers)
  const wait = retryAfterMs === null ? {} : { retryAfterMs }
  if (status === 429)
    return { kind: 'deferred', code, detail: 'the provider wants us to slow down', throttled: true, ...wait }
  if (status === 503)
    return { kind: 'deferred', code, detail: 'the provider is not available now', unreachable: true, ...wait }
  if (status === 502 || status === 504 || (status === 500 && canAsk))
    return { kind: 'unknown', detail: `the provider broke while it had the message (${status})` }
  if (status >= 500)
    return { kind: 'deferred', code, detail: `the provider broke (${status})`, unreachable: true, ...wait }
  if (status === 401 || status === 403)
    return {
      kind: 'deferred',
      code,
      detail: `the provider does not let us in (${status}): ${shorten(answer.text)}. Check the key under Settings.`,
      unreachable: true,
      retryAfterMs: 30_000,
    }
  if (status === 408 || status === 425)
    return { kind: 'deferred', code, detail: `the provider says ${status}`, ...wait }
  if ((status >= 300 && status < 400) || status === 404 || status === 405)
    return {
      kind: 'deferred',
      code,
      detail: `there is nothing that takes messages at this address (${status}); check it under Settings`,
      unreachable: true,
      retryAfterMs: 30_000,
    }
  return null
}

/** A 2xx that is not in the provider's words: perhaps a proxy said it, perhaps the body was cut. */
export const unreadable: Outcome = { kind: 'unknown', detail: 'the provider’s answer could not be read' }

/** Retry-After in milliseconds, as seconds or as a date, at most an hour; null when there is none. */
export function retryAfter(headers: Headers, nowMs = Date.now()): number | null {
  const value = headers.get('retry-after')
  if (!value) return null
  const ms = /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs
  return Number.isFinite(ms) ? Math.min(3_600_000, Math.max(0, ms)) : null
}

/** A reply without addresses and numbers of people, cut to what a log line holds. */
export function shorten(text: string): string {
  return text
    .replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '<email>')
    .replace(/\+\d{7,15}/g, '<phone>')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
}

/** A field of an answer as text, by a path like `errors.0.message`; null when it is not there. */
export function pick(value: unknown, path: string): string | null {
  let here = value
  for (const name of path.split('.')) {
    if (typeof here !== 'object' || here === null) return null
    here = (here as Record<string, unknown>)[name]
  }
  return typeof here === 'string' || typeof here === 'number' ? String(here) : null
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(parts).toString('utf8')
    size += value.length
    if (size > mostBytes) {
      await reader.cancel().catch(() => undefined)
      return Buffer.concat(parts).toString('utf8')
    }
    parts.push(value)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

// fetch wraps the reason: TypeError("fetch failed") with cause, sometimes an AggregateError of all addresses tried.
function codeOf(error: unknown): string {
  for (let e = error as { code?: unknown; name?: string; cause?: unknown; errors?: unknown[] } | undefined; e;) {
    if (typeof e.code === 'string') return e.code
    const next = (e.cause ?? e.errors?.[0]) as typeof e | undefined
    if (!next) return e.name ?? 'error'
    e = next
  }
  return 'error'
}
