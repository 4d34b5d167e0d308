import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { createExporter, type Exporter, type FinishedSpan } from './otlp.ts'

export type Attributes = Record<string, string | number | boolean>

export interface Span {
  set(attributes: Attributes): void
  fail(error: unknown): void
}

export interface SpanOptions {
  /** server: somebody calls us; client: we call somebody; internal: neither */
  kind?: 'server' | 'client' | 'internal'
  attributes?: Attributes
  /** W3C traceparent of the caller */
  traceparent?: string | undefined
}

/** Spans of requests, jobs, duties, attempts and statements (OpenTelemetry). Without a collector every call is free. */
export interface Tracer {
  readonly isOn: boolean
  span<T>(name: string, options: SpanOptions, run: (span: Span) => T): T
  /** a span that begins now and ends by `end`; `within` runs what belongs to it */
  begin(name: string, options: SpanOptions): OpenSpan
  /** trace and span of the running work, for log lines */
  current(): { trace_id: string; span_id: string } | null
  /** records the statements of a pool as children of the running span */
  watch(pool: Pool): void
  close(): Promise<void>
}

export interface OpenSpan extends Span {
  within<T>(run: () => T): T
  end(): void
}

const nothing: OpenSpan = {
  set: () => undefined,
  fail: () => undefined,
  within: (run) => run(),
  end: () => undefined,
}

export const noTracer: Tracer = {
  isOn: false,
  span: (_name, _options, run) => run(nothing),
  begin: () => nothing,
  current: () => null,
  watch: () => undefined,
  close: () => Promise.resolve(),
}

interface Live {
  traceId: string
  spanId: string
  isSampled: boolean
}

export interface TracingOptions {
  /** base address of an OTLP/HTTP collector, like http://localhost:4318 */
  endpoint: string
  headers: Record<string, string>
  service: string
  version: string
  /** share of new traces that are recorded, 0..1; a caller's decision is kept */
  ratio: number
  onDropped?: (spans: number) => void
}

export function createTracer(options: TracingOptions): Tracer {
  return tracerOver(createExporter(options), options.ratio)
}

function tracerOver(exporter: Exporter, ratio: number): Tracer {
  const storage = new AsyncLocalStorage<Live>()

  function begin(name: string, { kind = 'internal', attributes = {}, traceparent }: SpanOptions): OpenSpan {
    const parent = readTraceparent(traceparent) ?? storage.getStore() ?? null
    const live: Live = {
      traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      isSampled: parent ? parent.isSampled : Math.random() < ratio,
    }
    const within = <T>(run: () => T): T => storage.run(live, run)
    if (!live.isSampled) return { ...nothing, within }
    const span: FinishedSpan = {
      name,
      kind,
      attributes: { ...attributes },
      traceId: live.traceId,
      spanId: live.spanId,
      parentId: parent?.spanId ?? null,
      startMs: Date.now(),
      durationMs: 0,
      error: null,
    }
    const started = performance.now()
    let isOver = false
    return {
      within,
      set: (more) => void Object.assign(span.attributes, more),
      fail(error) {
        // The type only: messages of drivers quote values.
        span.error = error instanceof Error ? error.name : 'Error'
      },
      end() {
        if (isOver) return
        isOver = true
        span.durationMs = performance.now() - started
        exporter.add(span)
      },
    }
  }

  function span<T>(name: string, options: SpanOptions, run: (span: Span) => T): T {
    const open = begin(name, options)
    let result: T
    try {
      result = open.within(() => run(open))
    } catch (error) {
      open.fail(error)
      open.end()
      throw error
    }
    if (!(result instanceof Promise)) {
      open.end()
      return result
    }
    return result.then(
      (value: unknown) => {
        open.end()
        return value
      },
      (error: unknown) => {
        open.fail(error)
        open.end()
        throw error
      },
    ) as T
  }

  return {
    isOn: true,
    span,
    begin,
    current() {
      const live = storage.getStore()
      return live ? { trace_id: live.traceId, span_id: live.spanId } : null
    },
    watch(pool) {
      pool.on('connect', (client) =>
        watchClient(
          client,
          (statement) => begin(nameOf(statement), statementOptions(statement)),
          () => storage.getStore()?.isSampled ?? false,
        ),
      )
    },
    close: () => exporter.close(),
  }
}

/** `00-<trace>-<span>-<flags>` (W3C Trace Context); null for anything else. */
export function readTraceparent(value: string | undefined): Live | null {
  const found = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(value ?? '')
  if (!found || /^0+$/.test(found[1]!) || /^0+$/.test(found[2]!)) return null
  return { traceId: found[1]!, spanId: found[2]!, isSampled: (Number.parseInt(found[3]!, 16) & 1) === 1 }
}

const nameOf = (text: string): string =>
  `postgres ${/^\s*(?:with\b|[a-z]+)/i.exec(text)?.[0].trim().toLowerCase() ?? 'statement'}`
// Values are parameters everywhere, so the text of a statement names nobody.
const statementOptions = (text: string): SpanOptions => ({
  kind: 'client',
  attributes: { 'db.system.name': 'postgresql', 'db.query.text': text.replace(/\s+/g, ' ').trim().slice(0, 500) },
})

type Query = (...args: unknown[]) => unknown

function watchClient(client: PoolClient, begin: (statement: string) => OpenSpan, isWatched: () => boolean): void {
  const own = client as unknown as { query: Query }
  const query = own.query.bind(client) as Query
  own.query = (...args) => {
    const [first] = args
    const text = typeof first === 'string' ? first : (first as { text?: unknown } | null)?.text
    if (typeof text !== 'string' || !isWatched()) return query(...args)
    const span = begin(text)
    const last = args.at(-1)
    if (typeof last === 'function') {
      const callback = last as Query
      args[args.length - 1] = (error: unknown, result: unknown) => {
        if (error) span.fail(error)
        span.end()
        callback(error, result)
      }
      return query(...args)
    }
    const result = query(...args)
    if (result instanceof Promise)
      result.then(
        () => span.end(),
        (error: unknown) => {
          span.fail(error)
          span.end()
        },
      )
    return result
  }
}
