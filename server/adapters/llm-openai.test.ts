import { afterAll, expect, test } from 'vitest'
import { startLlmSim } from '#sim/llm.ts'
import type { LlmRequest } from '../ports/llm.ts'
import { createOpenAiLlm } from './llm-openai.ts'

const sim = await startLlmSim()
afterAll(() => sim.close())
const llm = createOpenAiLlm({ firstWaitMs: 20 })
const data = {
  week: [{ day: '2026-12-01', weekday: 'Tuesday' }],
  limits: { messages_per_segment_and_week: 1, texts_per_segment_and_week: 0, channels: ['email'] },
  segments: [
    {
      id: 's1',
      label: 'x',
      best_days: ['2026-12-01'],
      hours: { email: { start: '10:00', end: '20:00' }, sms: null },
      estimates: [{ offer: 'o1', channel: 'email', reach: 5, margin_cents: 3 }],
    },
  ],
  offers: [{ id: 'o1', forbidden_in_states: [] }],
  fixed: [],
}
const ask = (model: string, part: Partial<LlmRequest> = {}, baseUrl = sim.url) =>
  llm.ask(
    { baseUrl, apiKey: 'sk-test', model, allowPrivate: true },
    {
      messages: [
        { role: 'system', content: 'Plan.' },
        { role: 'user', content: `<data>\n${JSON.stringify(data)}\n</data>` },
      ],
      schema: { name: 'weekly_plan', schema: { type: 'object' } },
      maxOutputTokens: 1000,
      timeoutMs: 10_000,
      signal: new AbortController().signal,
      ...part,
    },
  )

test('an answer is streamed, counted, and asked for by its schema', async () => {
  const seen: number[] = []
  const answer = await ask('good', { onText: (text) => seen.push(text.length) })
  expect(answer).toMatchObject({ kind: 'answered', model: 'good' })
  expect(answer.kind === 'answered' && JSON.parse(answer.text).entries).toHaveLength(1)
  expect(answer.kind === 'answered' && answer.usage?.inputTokens).toBeGreaterThan(10)
  expect(seen.length).toBeGreaterThan(1)
  expect(sim.captured.at(-1)).toMatchObject({
    authorization: 'Bearer sk-test',
    body: {
      stream: true,
      max_completion_tokens: 1000,
      response_format: { type: 'json_schema', json_schema: { strict: true, name: 'weekly_plan' } },
    },
  })
})

test('every way to fail has its own outcome, and none throws', async () => {
  expect(await ask('refusing')).toMatchObject({ kind: 'refused' })
  expect(await ask('filtered')).toMatchObject({ kind: 'refused' })
  expect(await ask('truncated')).toMatchObject({ kind: 'truncated' })
  expect(await ask('endless')).toMatchObject({ kind: 'truncated', detail: expect.stringContaining('no end') })
  expect(await ask('nobody')).toMatchObject({ kind: 'failed', detail: expect.stringContaining('no model “nobody”') })
  expect(await ask('redirecting')).toMatchObject({ kind: 'failed' })
  expect(await ask('good', {}, 'http://127.0.0.1:1/v1')).toMatchObject({
    kind: 'failed',
    detail: expect.stringContaining('could not be reached'),
  })
  expect(await ask('good', {}, 'http://169.254.169.254/v1')).toMatchObject({
    kind: 'failed',
    detail: expect.stringContaining('must not be asked'),
  })
})

test('a wrong key is told without the key', async () => {
  const locked = await startLlmSim({ key: 'another' })
  const answer = await ask('good', {}, locked.url)
  await locked.close()
  expect(answer).toMatchObject({ kind: 'failed', detail: expect.stringContaining('refused the key') })
  expect(JSON.stringify(answer)).not.toContain('sk-test')
  expect(locked.captured).toHaveLength(1)
})

test('busy is tried again, down is tried three times, a broken line as well', async () => {
  const count = (model: string): number => sim.captured.filter((c) => c.model === model).length
  expect(await ask('busy')).toMatchObject({ kind: 'answered' })
  expect(count('busy')).toBe(3)
  expect(await ask('down')).toMatchObject({ kind: 'failed', detail: expect.stringContaining('500') })
  expect(count('down')).toBe(3)
  expect(await ask('broken')).toMatchObject({ kind: 'failed' })
  expect(count('broken')).toBe(3)
})

test('a server that knows neither schema nor the new names is asked in its own words, and remembered', async () => {
  const before = sim.captured.length
  expect(await ask('old')).toMatchObject({ kind: 'answered' })
  const first = sim.captured.length - before
  expect(first).toBe(4)
  expect(await ask('old')).toMatchObject({ kind: 'answered' })
  expect(sim.captured.length - before - first).toBe(1)
  expect(sim.captured.at(-1)!.body).toMatchObject({ max_tokens: 1000, response_format: { type: 'json_object' } })
})

test('one deadline holds for everything, and stopping stops at once', async () => {
  const started = performance.now()
  expect(await ask('silent', { timeoutMs: 300 })).toMatchObject({ kind: 'timeout' })
  expect(await ask('slow', { timeoutMs: 300 })).toMatchObject({ kind: 'timeout' })
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 200)
  expect(await ask('slow', { signal: stop.signal })).toMatchObject({ kind: 'cancelled' })
  expect(performance.now() - started).toBeLessThan(5000)
})
