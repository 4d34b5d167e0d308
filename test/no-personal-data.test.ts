import { afterAll, expect, test } from 'vitest'
import { startLlmSim } from '#sim/llm.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { systemActor } from '#server/audit.ts'
import { dispatchOnce } from '#server/dispatch/dispatcher.ts'
import { createLog } from '#server/log.ts'
import { generatePlan } from '#server/planning/generate.ts'
import { scoreCustomers } from '#server/scoring/score.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { testApp } from './app.ts'
import { fuzzCallers } from './fuzz/callers.ts'
import { fuzz, idsIn } from './fuzz/run.ts'
import { former, leaveTraces, person, traces } from './known-person.ts'
import { startSpanCollector } from './span-collector.ts'

const lines: string[] = []
const collector = await startSpanCollector()
const llm = await startLlmSim()
// A server that quotes the address in its refusal, as many do.
const sink = await startSmtpSink({
  keep: true,
  faults: { rcptReply: (to) => (to.includes('zelda') ? `550 5.1.1 <${to}>: Zelda Quimby is unknown` : null) },
})
afterAll(async () => {
  collector.close()
  await Promise.all([llm.close(), sink.close()])
})

test('no address, number, name, password or token of anybody is in a log line, a span, a wake-up of a job or a prompt', async () => {
  const now = new Date('2026-11-23T18:00:00Z')
  const testing = await testApp({
    clock: () => now,
    log: createLog('trace', { to: { write: (line) => void lines.push(line) } }),
    // From the first connection on: only those opened later than the tracer are watched.
    config: {
      tracing: {
        endpoint: collector.url,
        headers: {},
        service: 'test',
        ratio: 1,
      },
    },
  })
  const { ctx, app, as } = testing
  ctx.config.openai.baseUrl = llm.url
  ctx.config.openai.model = 'good'
  ctx.config.smtpUrl = `smtp://127.0.0.1:${sink.port}`
  await ctx.pool.query(
    `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
  )
  await seedTemplates(ctx)
  const known = await leaveTraces(testing)

  // Everyday life with this person, things that go wrong included.
  const admin = as('admin')
  const secrets = ['wrong-password-of-zelda', 'sk-seeded-key-12345', 'seeded-mail-password']
  for (const email of [person.email, 'admin@shop.test'])
    await app.inject({ method: 'POST', url: '/api/v1/auth/login', payload: { email, password: secrets[0] } })
  await admin({ method: 'PATCH', url: '/api/v1/settings/llm', payload: { api_key: secrets[1] } })
  await admin({
    method: 'POST',
    url: '/api/v1/settings/channels/providers',
    payload: {
      kind: 'smtp',
      config: { host: '127.0.0.1', port: sink.port, user: 'u' },
      secrets: { password: secrets[2] },
    },
  })
  for (const q of ['quimby', person.email, person.phone])
    await admin({ method: 'GET', url: `/api/v1/customers?q=${encodeURIComponent(q)}` })
  await admin({ method: 'POST', url: '/api/v1/customers', payload: { email: person.email, name: 7 } })
  await admin({ method: 'POST', url: '/api/v1/customers', payload: { email: person.email, name: person.name } })
  await admin({ method: 'GET', url: `/api/v1/customers/${known.id}` })
  await admin({ method: 'POST', url: `/api/v1/customers/${known.id}/personal-data` })
  await app.inject({ method: 'POST', url: '/hooks/providers/mailgun/x', payload: { recipient: person.email } })
  await ctx.pool.query(
    `insert into offers (key, title, kind, department, funded_by) values ('weekend', 'What to open this weekend', 'content', null, 'store'), ('first_look', 'First look', 'early_access', 'wine', 'store')`,
  )
  await scoreCustomers(ctx, { asOf: now })
  const plan = await generatePlan(ctx, { weekStart: '2026-11-30', engine: 'llm', actor: systemActor, fresh: true })
  expect(plan.id).toBeTruthy()
  await ctx.pool.query(
    `update sends set due_at = $1::timestamptz - interval '1 minute', window_end = $1::timestamptz + interval '3 hours' where status = 'pending'`,
    [now],
  )
  await dispatchOnce(ctx, { patienceMs: 0 })
  await fuzz(app, { seed: 5, count: 300, known: { ids: await idsIn(ctx.pool) }, callers: await fuzzCallers(ctx) })
  await ctx.tracer.close()

  const { rows: wakeUps } = await ctx.pool.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where n.nspname = 'jobs' and c.relkind in ('r', 'p')`,
  )
  let queue = ''
  for (const { name } of wakeUps)
    queue += (await ctx.pool.query<{ row: string }>(`select t::text as row from ${name} as t`)).rows
      .map((r) => r.row)
      .join('\n')
  const places: Record<string, string> = {
    log: lines.join(''),
    spans: collector.posts.join('\n'),
    queue,
    prompts: JSON.stringify(llm.captured.map(({ messages, body }) => [messages, body])),
  }
  // Each of them really has something to look through.
  expect(lines.length).toBeGreaterThan(300)
  expect(places['spans']!.length).toBeGreaterThan(20_000)
  const { rows: people } = await ctx.pool.query<{ email: string | null; phone: string | null }>(
    'select email, phone from customers',
  )
  const { rows: users } = await ctx.pool.query<{ email: string }>(
    `select email from users where email like '%@shop.test'`,
  )
  const words = [
    ...traces,
    ...secrets,
    person.name,
    former.phone,
    'a long test password',
    ...people.flatMap((p) => [p.email, p.phone]),
    ...users.map((u) => u.email),
  ].filter((w): w is string => w !== null)
  const hits = Object.entries(places).flatMap(([place, text]) => {
    const low = text.toLowerCase()
    return words
      .filter((w) => low.includes(w.toLowerCase()))
      .map((w) => {
        const at = low.indexOf(w.toLowerCase())
        return `${place}: ${w}: …${text.slice(Math.max(0, at - 120), at + 60)}…`
      })
  })
  // Access tokens and API keys, whatever their value; the line it stands in, without the token itself.
  const token = /\beyJ[\w-]{20,}\.[\w-]+\.[\w-]+|\blma_\w{8}_[\w-]{20,}/g
  for (const [place, text] of Object.entries(places))
    for (const line of text.split('\n').filter((l) => l.search(token) >= 0))
      hits.push(`${place}: ${line.replaceAll(token, '<token>').slice(0, 400)}`)
  expect(hits).toEqual([])
  process.stdout.write(
    `personal data: ${words.length} words in ${lines.length} log lines, ${collector.posts.length} batches of spans, ${llm.captured.length} prompts, ${wakeUps.length} tables of the queue: ${hits.length} hits\n`,
  )
}, 120_000)
