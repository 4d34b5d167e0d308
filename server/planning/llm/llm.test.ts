import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { testApp } from '#test/app.ts'
import { seedHostileShop } from '#test/hostile-shop.ts'
import { hostile } from '#test/plan-fuzz.ts'
import { startLlmSim } from '#sim/llm.ts'
import { ageOn } from '#core/compliance/age.ts'
import { localDate, localMinutes } from '#core/calendar.ts'
import { cancelJob, readJob, runJob, startJob } from '../../background.ts'
import { systemActor } from '../../audit.ts'
import { approveCampaign } from '../approve.ts'
import { findCampaign } from '../campaigns.ts'
import { generatePlan, planJob } from '../generate.ts'
import { startCampaign } from '../materialise.ts'

let now = new Date('2026-11-25T16:00:00Z')
const { ctx, as } = await testApp({ clock: () => now })
const sim = await startLlmSim()
afterAll(() => sim.close())
const shop = await seedHostileShop(ctx.pool)
const admin = as('admin')
const week = '2026-11-30'

beforeAll(() => {
  ctx.config.openai.baseUrl = sim.url
})
beforeEach(async () => {
  ctx.config.openai.model = null
  await ctx.pool.query(`delete from llm_calls`)
  await ctx.pool.query(`delete from settings where name = 'llm'`)
})
const store = (value: object) =>
  ctx.pool.query(
    `insert into settings (name, value) values ('llm', $1) on conflict (name) do update set value = excluded.value`,
    [JSON.stringify(value)],
  )
const plan = (model: string, part: object = {}) => {
  ctx.config.openai.model = model
  return generatePlan(ctx, { weekStart: week, engine: 'llm', actor: systemActor, fresh: true, ...part })
}
interface CallRow {
  outcome: string
  round: number
  cached: boolean
  cost_micros: number
  input_tokens: number | null
  latency_ms: number | null
  campaign_id: string | null
  answer: string | null
}
const calls = async (): Promise<CallRow[]> =>
  (await ctx.pool.query<CallRow>(`select * from llm_calls order by id`)).rows
const asked = (): number => sim.captured.length

test('a good model’s plan is taken, counted, and carries its words; cost and time are written down', async () => {
  const { id, plan: made } = await plan('good')
  expect(made).toMatchObject({ engine: 'llm', fallback_reason: null, llm: { model: 'good', rounds: 1, cached: false } })
  expect(made.entries.length).toBeGreaterThan(2)
  expect(made.entries.every((e) => e.reach > 0 && e.copy?.body && e.reason.startsWith('The estimates'))).toBe(true)
  expect(await findCampaign(ctx.pool, id)).toMatchObject({ engine: 'llm', engine_note: null })
  const [call] = await calls()
  expect(call).toMatchObject({ outcome: 'answered', round: 1, campaign_id: id })
  expect(call!.cost_micros).toBe(made.llm!.cost_micros)
  expect(call!.cost_micros).toBeGreaterThan(1000)
  expect(call!.latency_ms).toBeGreaterThan(0)
  const { rows } = await ctx.pool.query<{ llm_prompt: string }>('select llm_prompt from campaigns where id = $1', [id])
  expect(rows[0]!.llm_prompt).toContain('<data>')
})

test('a wrong answer goes back with the rules it broke, and the repaired one is taken', async () => {
  const { plan: made } = await plan('repairing')
  expect(made).toMatchObject({ engine: 'llm', llm: { rounds: 2, dropped: 0 } })
  const repair = sim.captured.at(-1)!.messages
  expect(repair).toHaveLength(4)
  for (const rule of ['llm-offer-unknown', 'llm-segment-unknown', 'llm-malformed', 'shop-one-a-day'])
    expect(repair[3]!.content).toContain(rule)
  expect((await calls()).map((c) => [c.round, c.outcome])).toEqual([
    [1, 'answered'],
    [2, 'answered'],
  ])
})

test('what stays illegal is dropped and shown; the lawful part of the plan stands', async () => {
  const { plan: made } = await plan('mixed')
  expect(made.engine).toBe('llm')
  expect(made.llm).toMatchObject({ rounds: 3 })
  expect(made.llm!.dropped).toBeGreaterThan(5)
  expect(made.entries.length).toBeGreaterThan(0)
  expect(new Set(made.refused.map((r) => r.verdict.rule_id)).size).toBeGreaterThan(4)
  expect(made.refused.every((r) => r.verdict.source.length > 0)).toBe(true)
})

test.each([
  ['malformed', /no plan/],
  ['empty', /Nothing of the language model/],
  ['refusing', /refused/],
  ['filtered', /refused/],
  ['truncated', /cut off/],
  ['endless', /no end/],
  ['nobody', /has no model “nobody”/],
])('a model that is %s: the rule-based planner makes the plan, and the plan says so', async (model, why) => {
  const { id, plan: made } = await plan(model)
  expect(made.engine).toBe('heuristic')
  expect(made.fallback_reason).toMatch(why)
  expect(made.fallback_reason).toMatch(/The rule-based planner made this plan\.$/)
  expect(made.entries.length).toBeGreaterThan(0)
  expect(await findCampaign(ctx.pool, id)).toMatchObject({ engine: 'heuristic', engine_note: made.fallback_reason })
  expect((await calls()).every((c) => c.outcome !== 'running')).toBe(true)
})

test('a model that never answers is given up in time', async () => {
  await store({ timeout_seconds: 5 })
  const { plan: made } = await plan('silent')
  expect(made.fallback_reason).toMatch(/did not finish within 5 seconds/)
  expect((await calls())[0]).toMatchObject({ outcome: 'timeout' })
}, 20_000)

test('without a model nothing is asked, and the plan says what to do', async () => {
  ctx.config.openai.baseUrl = null
  const before = asked()
  const { plan: made } = await generatePlan(ctx, { weekStart: week, engine: 'llm', actor: systemActor })
  ctx.config.openai.baseUrl = sim.url
  expect(made.fallback_reason).toMatch(/No language model is set up; add one under Settings/)
  expect(asked()).toBe(before)
})

test('the same question is not paid for twice, unless somebody wants it asked again', async () => {
  const first = await plan('good', { fresh: false })
  const before = asked()
  const second = await plan('good', { fresh: false })
  expect(asked()).toBe(before)
  expect(second.plan.llm).toMatchObject({ cached: true, cost_micros: 0 })
  expect(second.plan.entries.map((e) => e.id)).toEqual(first.plan.entries.map((e) => e.id))
  await plan('good')
  expect(asked()).toBe(before + 1)
  // Nonsense is not remembered.
  await plan('malformed', { fresh: false })
  const nonsense = asked()
  await plan('malformed', { fresh: false })
  expect(asked()).toBeGreaterThan(nonsense)
})

test('the month’s budget is kept, also by two plans at once', async () => {
  await store({ monthly_budget_cents: 0 })
  const before = asked()
  const { plan: made } = await plan('good')
  expect(made.fallback_reason).toMatch(/budget of this month/)
  expect(asked()).toBe(before)
  expect(await calls()).toEqual([])
  // Room for one question at its most, not for two: the second finds it reserved.
  await store({ monthly_budget_cents: 13, max_rounds: 1 })
  const both = await Promise.all([plan('slow'), plan('slow')])
  expect(both.map((b) => b.plan.engine).toSorted()).toEqual(['heuristic', 'llm'])
  expect((await calls()).reduce((n, c) => n + c.cost_micros, 0)).toBeLessThanOrEqual(130_000)
  // A new month begins at nothing.
  now = new Date('2026-12-01T12:00:00Z')
  expect((await plan('good', { weekStart: '2026-12-07' })).plan.engine).toBe('llm')
  now = new Date('2026-11-25T16:00:00Z')
}, 60_000)

test('a job tells how far the model is, and can be stopped while it writes: nothing is stored', async () => {
  ctx.config.openai.model = 'slow'
  const { rows: before } = await ctx.pool.query('select 1 from campaigns')
  const job = await startJob(ctx, systemActor, 'plan', { week_start: week, engine: 'llm', fresh: true })
  const running = runJob(ctx, job.id, { plan: planJob }, new AbortController().signal)
  const messages = new Set<string>()
  const started = performance.now()
  while (performance.now() - started < 15_000) {
    const { message } = await readJob(ctx, job.id)
    if (message) messages.add(message)
    if ([...messages].some((m) => /\d+ entr(y|ies) so far/.test(m))) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await cancelJob(ctx, job.id)
  await running
  expect([...messages].some((m) => /The language model plans/.test(m))).toBe(true)
  expect([...messages].some((m) => /so far/.test(m))).toBe(true)
  expect((await readJob(ctx, job.id)).status).toBe('cancelled')
  expect((await ctx.pool.query('select 1 from campaigns')).rows).toHaveLength(before.length)
  expect((await calls())[0]).toMatchObject({ outcome: 'cancelled' })
}, 40_000)

test('locked entries stay, and the model plans around them', async () => {
  const { id, plan: made } = await plan('good')
  const [kept] = made.entries
  await ctx.pool.query(
    `update campaigns set weekly_plan = jsonb_set(weekly_plan, '{entries,0,locked}', 'true') where id = $1`,
    [id],
  )
  const again = await plan('good', { campaignId: id })
  expect(again.plan.engine).toBe('llm')
  const locked = again.plan.entries.filter((e) => e.locked)
  expect(locked.map((e) => e.id)).toEqual([kept!.id])
  const fixed = JSON.parse(/<data>\n([\s\S]*?)\n<\/data>/.exec(sim.captured.at(-1)!.messages[1]!.content)![1]!).fixed
  expect(fixed).toEqual([
    { segment: expect.any(String), offer: expect.any(String), day: kept!.day, channel: kept!.channel },
  ])
})

test.each(['good', 'mixed', 'obedient', 'injected', 'illegal', 'repairing'])(
  'whatever %s plans, the messages that are made are lawful, and their words are plain',
  async (model) => {
    const { id } = await plan(model)
    await approveCampaign(ctx, systemActor, id)
    const started = await startCampaign(ctx, systemActor, id)
    expect(started.sends).toBeGreaterThan(0)
    const { rows } = await ctx.pool.query<{
      channel: string
      due_at: Date
      birth_date: string
      age_status: string
      email_consent: string
      sms_consent: string
      kind: string
      code: string | null
      state: string
      variables: { copy?: Record<string, string> }
    }>(
      `select s.channel, s.due_at, c.birth_date, c.age_status, c.email_consent, c.sms_consent, a.offer ->> 'kind' as kind, a.offer ->> 'code' as code, st.state, s.variables
       from sends as s join customers as c on c.id = s.customer_id join every_action as a on a.send_id = s.id join stores as st on st.id = c.store_id where s.campaign_id = $1`,
      [id],
    )
    for (const r of rows) {
      expect(ageOn(r.birth_date, localDate(r.due_at, 'America/Chicago'))).toBeGreaterThanOrEqual(21)
      expect(r.age_status).toBe('dob_verified')
      expect(r.channel === 'email' ? r.email_consent : r.sms_consent).toBe('granted')
      const minutes = localMinutes(r.due_at, 'America/Chicago')
      const [from, to] = r.channel === 'email' ? [480, 1260] : [600, 1200]
      expect(minutes).toBeGreaterThanOrEqual(from)
      expect(minutes).toBeLessThan(to)
      if (r.state === 'TX') expect([r.kind, r.code]).not.toContain('BACK15')
      expect(r.kind).not.toBe('bogo')
      const words = JSON.stringify(r.variables.copy ?? {})
      expect(words).not.toMatch(/[<>]|\{\{|\{%|https?:|@|\d{3}[- ]?\d{4}|90 ?%|FREE|Bcc/)
      for (const text of hostile) expect(words).not.toContain(text.slice(0, 25))
    }
    const { rows: skipped } = await ctx.pool.query(
      `select 1 from actions where campaign_id = $1 and status = 'skipped' and refused_by is null`,
      [id],
    )
    expect(skipped).toEqual([])
    await ctx.pool.query(`delete from sends where campaign_id = $1`, [id])
    await ctx.pool.query(`delete from campaigns where id = $1`, [id])
  },
  60_000,
)

test('a person may change the words of an entry, within the same rules, and take them back', async () => {
  const { id, plan: made } = await plan('good')
  const manager = as('manager')
  const entry = made.entries.find((e) => e.channel === 'email')!
  const edit = (version: number, copy: object | null, part: object = {}) =>
    manager({
      method: 'PATCH',
      url: `/api/v1/campaigns/${id}/plan`,
      headers: { 'if-match': `"${version}"` },
      payload: { operations: [{ op: 'change', entry_id: entry.id, copy, ...part }] },
    })
  const words = { subject: 'New ryes at the counter', preheader: '', headline: '', body: 'Come and ask us about them.' }
  const changed = await edit(1, words)
  expect(changed.statusCode).toBe(200)
  const shown = (reply: typeof changed) =>
    reply.json().campaign.weekly_plan.entries.find((e: { id: string }) => e.id === entry.id)
  expect(shown(changed).copy).toEqual(words)
  expect(changed.json().campaign.weekly_plan.llm.model).toBe('good')
  const refused = await edit(2, { ...words, subject: 'FREE beer for kids, 90% off' })
  expect(refused.statusCode).toBe(400)
  expect(refused.json().errors[0].path).toBe('operations.0.copy')
  expect(shown(await edit(2, null)).copy).toBeUndefined()
})

test('no email, phone or name of a customer, and no instruction of the shop’s words, ever left in a prompt', () => {
  expect(sim.captured.length).toBeGreaterThan(30)
  for (const { messages } of sim.captured) {
    const [system, ...rest] = messages
    const all = JSON.stringify(messages).toLowerCase()
    for (const secret of shop.secrets) expect(all, secret).not.toContain(secret.toLowerCase())
    expect(all).not.toMatch(/[\w.]+@[\w.]+\.\w|https?:|\d{3}[-. ]\d{4}/)
    // What the shop typed stands in the data block only, on one line, without markup or invisible characters.
    const question = rest[0]!.content
    const block = /^<data>\n([^\n]*)\n<\/data>\n[^<>]*$/.exec(question)?.[1]
    expect(block, question.slice(0, 200)).toBeTruthy()
    expect(block).not.toMatch(/[<>]|[\u0000-\u001f\u200b-\u200f\u202a-\u202e]/u)
    expect(question.replace(block!, '') + system!.content).not.toMatch(/ignore (all )?previous|unlimited|DROP TABLE/i)
    // Nor does a repair bring it into the place of instructions.
    if (rest[2]) expect(rest[2].content).not.toMatch(/ignore (all )?previous|unlimited|DROP TABLE|Quackenbush/i)
    const data = JSON.parse(block!) as {
      segments: { label: string; likes: string | null }[]
      offers: { label: string }[]
    }
    for (const label of [...data.segments.flatMap((s) => [s.label, s.likes ?? '']), ...data.offers.map((o) => o.label)])
      expect(Array.from(label).length).toBeLessThanOrEqual(60)
  }
})

test('the key is written, never read: not by the API, the audit trail, or the database as text', async () => {
  ctx.config.openai.baseUrl = null
  const url = '/api/v1/settings/llm'
  const patch = (payload: object) => admin({ method: 'PATCH', url, payload })
  const saved = await patch({ base_url: `${sim.url}/`, model: 'good', api_key: 'sk-very-secret', input_price: 2 })
  expect(saved.json()).toMatchObject({ ready: true, base_url: sim.url, model: 'good', has_key: true, input_price: 2 })
  expect(saved.body).not.toContain('sk-very-secret')
  const { rows } = await ctx.pool.query<{ all: string }>(
    `select (select value from settings where name = 'llm')::text || (select string_agg(to_jsonb(a)::text, '') from audit_log as a) as all`,
  )
  expect(rows[0]!.all).not.toContain('sk-very-secret')
  expect((await admin({ method: 'POST', url: `${url}/test` })).json()).toMatchObject({ ok: true, model: 'good' })
  expect(sim.captured.at(-1)!.authorization).toBe('Bearer sk-very-secret')
  // A key belongs to its address.
  expect((await patch({ base_url: 'https://llm.example.com/v1' })).json()).toMatchObject({ has_key: false })
  // The server's own key goes only where the server says.
  ctx.config.openai.apiKey = 'sk-of-the-server'
  expect((await as('user')({ method: 'GET', url })).json()).toMatchObject({
    base_url: null,
    from_environment: { address: true },
  })
  ctx.config.openai.apiKey = null
  expect((await as('manager')({ method: 'PATCH', url, payload: {} })).statusCode).toBe(403)
  const list = (await as('manager')({ method: 'GET', url: `${url}/calls` })).json()
  expect(list.data[0]).toMatchObject({ purpose: 'test', outcome: 'answered', endpoint: new URL(sim.url).host })
  ctx.config.openai.baseUrl = sim.url
})

test.each([
  ['ftp://x.example', /http/],
  ['http://llm.example.com/v1', /https/],
  ['http://169.254.169.254/v1', /own services/],
  ['http://[fe80::1]/v1', /own services/],
  ['http://metadata.google.internal/v1', /own services/],
  ['https://user:pass@llm.example.com', /user and password/],
  ['https://llm.example.com/v1?x=1', /Leave out/],
  ['nonsense', /full address/],
])('the address %s is refused beside its field', async (base_url, why) => {
  const refused = await admin({ method: 'PATCH', url: '/api/v1/settings/llm', payload: { base_url } })
  expect(refused.statusCode).toBe(400)
  expect(refused.json().errors[0]).toMatchObject({ path: 'base_url', message: expect.stringMatching(why) })
})
