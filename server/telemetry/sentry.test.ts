import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createLog } from '../log.ts'
import { createReporter, readDsn } from './sentry.ts'

test('an error line of the log arrives as an envelope, without the customer who was in it', async () => {
  const got: { url: string; auth: string; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      got.push({ url: request.url ?? '', auth: String(request.headers['x-sentry-auth']), body })
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const reporter = createReporter({
    dsn: `http://thekey@127.0.0.1:${port}/sub/42`,
    environment: 'test',
    release: '1.2.3',
  })!
  const log = createLog('error', { report: reporter.report, to: { write: () => undefined } })
  log.warn({ err: new Error('nothing to see') }, 'a warning')
  log.error(
    { err: new RangeError('bad row of anna@example.com, +15551234567'), job: 'j-1', row: { email: 'b@c.d' } },
    'job failed',
  )
  await reporter.close()
  expect(got).toHaveLength(1)
  expect(got[0]!.url).toBe('/sub/api/42/envelope/')
  expect(got[0]!.auth).toContain('sentry_key=thekey')
  const [head, item, event] = got[0]!.body.split('\n').map((line) => JSON.parse(line))
  expect(item).toEqual({ type: 'event' })
  expect(head.event_id).toBe(event.event_id)
  expect(event.exception.values[0]).toMatchObject({ type: 'RangeError', value: 'bad row of <email>, <phone>' })
  expect(event.exception.values[0].stacktrace.frames.at(-1)).toMatchObject({ in_app: true })
  expect(event.extra).toEqual({ line: 'job failed', job: 'j-1' })
  expect(event.release).toBe('liquor-agent@1.2.3')

  // A storm of errors is not passed on.
  for (let i = 0; i < 100; i++) log.error('again')
  await reporter.close()
  expect(got.length).toBeLessThanOrEqual(31)
  server.close()
})

test('a DSN that is none is refused', () => {
  expect(readDsn('https://key@o1.example.com/7')?.address).toBe('https://o1.example.com/api/7/envelope/')
  for (const bad of ['nonsense', 'https://o1.example.com/7', 'https://key@o1.example.com/x'])
    expect(readDsn(bad)).toBeNull()
})
