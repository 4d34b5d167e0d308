import { hostname } from 'node:os'
import type { Attributes } from './tracing.ts'

/** A span that is over. Times in milliseconds; `startMs` since 1970. */
export interface FinishedSpan {
  name: string
  kind: 'server' | 'client' | 'internal'
  attributes: Attributes
  traceId: string
  spanId: string
  parentId: string | null
  startMs: number
  durationMs: number
  /** name of the error it ended with */
  error: string | null
}

export interface Exporter {
  add(span: FinishedSpan): void
  close(): Promise<void>
}

const mostWaiting = 4_096
const mostPerPost = 512
const everyMs = 2_000
const timeoutMs = 5_000
// SpanKind of opentelemetry-proto v1 (trace.proto).
const kinds = { internal: 1, server: 2, client: 3 } as const

/**
 * Posts spans in OTLP/HTTP's JSON form to `<endpoint>/v1/traces`, in the background and in batches. The SDK would bring
 * forty packages for this one request. A collector that is away costs spans, never time: what does not fit is dropped and counted.
 */
export function createExporter(options: {
  endpoint: string
  headers: Record<string, string>
  service: string
  version: string
  onDropped?: (spans: number) => void
}): Exporter {
  const address = `${options.endpoint.replace(/\/$/, '')}/v1/traces`
  const resource = attributes({
    'service.name': options.service,
    'service.version': options.version,
    'host.name': hostname(),
    'process.pid': process.pid,
  })
  let waiting: FinishedSpan[] = []
  let posting: Promise<void> | null = null
  const drop = (count: number): void => options.onDropped?.(count)

  async function post(spans: readonly FinishedSpan[]): Promise<void> {
    const body = {
      resourceSpans: [
        {
          resource: { attributes: resource },
          scopeSpans: [{ scope: { name: 'liquor-agent' }, spans: spans.map(shown) }],
        },
      ],
    }
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const answer = await fetch(address, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...options.headers },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(timeoutMs),
          redirect: 'error',
        })
        await answer.body?.cancel()
        if (answer.ok) return
        // The specification allows another try for these only.
        if (![429, 502, 503, 504].includes(answer.status)) break
      } catch {
        // Nobody there, or too slow: the same as 503.
      }
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 300))
    }
    drop(spans.length)
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) await post(waiting.splice(0, mostPerPost))
  }
  const flush = (): Promise<void> => (posting ??= drain().finally(() => (posting = null)))
  const timer = setInterval(() => void flush(), everyMs)
  timer.unref()

  return {
    add(span) {
      if (waiting.length >= mostWaiting) return drop(1)
      waiting.push(span)
      if (waiting.length >= mostPerPost) void flush()
    },
    async close() {
      clearInterval(timer)
      await flush()
      await flush()
      waiting = []
    },
  }
}

function shown(span: FinishedSpan): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentId ? { parentSpanId: span.parentId } : {}),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.startMs + span.durationMs),
    attributes: attributes(span.attributes),
    status: span.error ? { code: 2, message: span.error } : {},
  }
}

// Milliseconds times a million are beyond what a number holds exactly.
const nanos = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n)

function attributes(given: Attributes): object[] {
  return Object.entries(given).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value },
  }))
}
