import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { freshDatabase } from '#test/db.ts'
import { testContext } from '#test/context.ts'
import { readConfig } from '../config.ts'
import { closeContext, createContext } from '../context.ts'
import { createApp } from '../http/app.ts'
import { createTracer, readTraceparent } from './tracing.ts'

interface SpanShown {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: { key: string; value: { stringValue?: string; intValue?: string } }[]
  status: { code?: number; message?: string }
}

/** A collector on the loopback that keeps what it gets. */
async function collector(): Promise<{
  url: string
  spans: SpanShown[]
  bodies: string[]
  headers: IncomingHttpHeaders[]
  answer: { status: number }
}> {
  const got = {
    spans: [] as SpanShown[],
    bodies: [] as string[],
    headers: [] as IncomingHttpHeaders[],
    answer: { status: 200 },
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      got.bodies.push(body)
      got.headers.push(request.headers)
      if (got.answer.status === 200 && request.url === '/v1/traces') {
        const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: SpanShown[] }[] }[] }
        got.spans.push(...resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)))
      }
      response.writeHead(got.answer.status).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...got }
}

test('a request continues the caller’s trace, its statements are children, and no value of it leaves', async () => {
  const { url, spans, bodies, headers } = await collector()
  const database = await freshDatabase()
  const config = readConfig({
    LMA_DATA: (await testContext()).config.dataDir,
    LMA_SECRET: 'a secret that only tests use, 32+ characters',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=abc%20d',
    LOG_LEVEL: 'silent',
  })
  const ctx = createContext(config, database.url, { poolSize: 4 })
  const app = await createApp(ctx)
  await app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { email: 'somebody@example.com', password: 'a password of hers' },
    headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  })
  await app.inject({
    url: '/health',
    headers: { traceparent: '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' },
  })
  await app.close()
  await closeContext(ctx)
  const request = spans.find((s) => s.kind === 2)!
  expect(request.name).toBe('POST /api/v1/auth/login')
  expect(request.traceId).toBe('0af7651916cd43dd8448eb211c80319c')
  expect(request.parentSpanId).toBe('b7ad6b7169203331')
  const statements = spans.filter((s) => s.kind === 3 && s.parentSpanId === request.spanId)
  expect(statements.length).toBeGreaterThan(0)
  expect(BigInt(request.endTimeUnixNano)).toBeGreaterThan(BigInt(request.startTimeUnixNano))
  // The caller of the second request does not record, so neither do we.
  expect(spans.filter((s) => s.traceId.startsWith('1af7'))).toEqual([])
  expect(headers[0]!['x-api-key']).toBe('abc d')
  expect(bodies.join('\n')).not.toMatch(/somebody@example\.com|a password of hers/)
})

test('a collector that is away costs spans, which are counted, never the work', async () => {
  const { url, answer, bodies } = await collector()
  answer.status = 503
  let dropped = 0
  const tracer = createTracer({
    endpoint: url,
    headers: {},
    service: 's',
    version: '1',
    ratio: 1,
    onDropped: (n) => (dropped += n),
  })
  await expect(tracer.span('work', {}, () => Promise.reject(new TypeError('secret text')))).rejects.toThrow(
    'secret text',
  )
  expect(tracer.span('more', {}, () => 41 + 1)).toBe(42)
  await tracer.close()
  expect(dropped).toBe(2)
  expect(bodies.join()).toContain('TypeError')
  expect(bodies.join()).not.toContain('secret text')
})

test('only well-formed traceparents are followed', () => {
  expect(readTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')?.isSampled).toBe(true)
  for (const bad of [
    undefined,
    '',
    '00-abc-def-01',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  ])
    expect(readTraceparent(bad)).toBeNull()
})
