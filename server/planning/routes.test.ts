import { cliActor } from '../audit.ts'
import { startCampaign } from './materialise.ts'
import { expect, test } from 'vitest'
import { runJob } from '../background.ts'
import { planJob } from './generate.ts'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-25T16:00:00Z') })
const manager = as('manager')

async function seed(): Promise<void> {
  await ctx.pool.query(
    `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Elm', 'Elm LLC', '1 Elm', 'Dallas', 'TX', '75201', 'America/Chicago')`,
  )
  await ctx.pool.query(
    `insert into message_templates (key, name, channel, category, subject_template, body_html_template, body_text_template) values ('discovery', 'D', 'email', 'discovery', 's', 'h', 't')`,
  )
  await ctx.pool.query(
    `insert into segments (key, name, kind, rules, recommended_offers) values ('regulars', 'Regulars', 'rfm', '{}', '["content"]')`,
  )
  await ctx.pool.query(
    `insert into customers (email, name, age_status, email_consent, state, time_zones) select 'c' || g || '@example.com', 'Customer ' || g, 'dob_verified', 'granted', 'TX', '{America/Chicago}' from generate_series(1, 40) as g`,
  )
  await ctx.pool.query(
    `insert into segment_members (segment_id, customer_id) select g.id, c.id from customers as c cross join segments as g`,
  )
  await ctx.pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents) select 'o' || c.id || w, c.id, timestamptz '2026-11-20 22:00Z' - w * interval '7 days', 5000 from customers as c cross join generate_series(0, 6) as w`,
  )
}

test('the shop has offers to plan with', async () => {
  await seed()
  for (const payload of [
    { key: 'ten', title: 'Ten off', kind: 'percent_off', value: 10 },
    { key: 'picks', title: 'Weekend picks', kind: 'content' },
  ])
    expect((await manager({ method: 'POST', url: '/api/v1/offers', payload })).statusCode).toBe(201)
})

test('a week goes from generated to started over the API, with If-Match on every edit', async () => {
  const job = await manager({
    method: 'POST',
    url: '/api/v1/campaigns/generate',
    payload: { week_start: '2026-12-02' },
  })
  expect(job.statusCode).toBe(202)
  await runJob(ctx, job.json().id, { plan: planJob }, new AbortController().signal)
  const done = (await manager({ method: 'GET', url: `/api/v1/jobs/${job.json().id}` })).json()
  expect(done).toMatchObject({ status: 'succeeded' })
  const url = `/api/v1/campaigns/${done.result.campaign_id}`
  const got = await manager({ method: 'GET', url })
  expect(got.headers['etag']).toBe('"1"')
  expect(got.json()).toMatchObject({ status: 'draft', start_date: '2026-11-30', plan_version: 1 })
  const entry = got.json().weekly_plan.entries[0]

  const operations = [{ op: 'lock', entry_id: entry.id, locked: true }]
  expect((await manager({ method: 'PATCH', url: `${url}/plan`, payload: { operations } })).json().code).toBe(
    'edit.no_version',
  )
  const edited = await manager({
    method: 'PATCH',
    url: `${url}/plan`,
    payload: { operations },
    headers: { 'if-match': '"1"' },
  })
  expect(edited.json()).toMatchObject({ changes: [], campaign: { plan_version: 2 } })
  expect(
    (await manager({ method: 'PATCH', url: `${url}/plan`, payload: { operations }, headers: { 'if-match': '"1"' } }))
      .statusCode,
  ).toBe(412)

  expect((await as('user')({ method: 'POST', url: `${url}/approve` })).statusCode).toBe(403)
  expect((await manager({ method: 'POST', url: `${url}/start` })).statusCode).toBe(409)
  expect((await manager({ method: 'POST', url: `${url}/approve` })).json()).toMatchObject({
    status: 'approved',
    approved_by_name: 'manager',
  })
  const started = (await manager({ method: 'POST', url: `${url}/start` })).json()
  expect(started.status).toBe('active')
  expect(started.total_sends).toBeGreaterThan(0)
  const people = (await manager({ method: 'GET', url: `${url}/recipients?page_size=10` })).json()
  expect(people).toMatchObject({ is_final: true })
  expect(people.data).toHaveLength(10)
  expect(
    (await manager({ method: 'POST', url: `${url}/pause`, payload: { reason: 'Stocktaking' } })).json(),
  ).toMatchObject({ status: 'paused', pause_reason: 'Stocktaking' })
  expect((await manager({ method: 'POST', url: `${url}/resume` })).json().status).toBe('active')
  expect((await manager({ method: 'DELETE', url })).statusCode).toBe(409)
  expect((await manager({ method: 'POST', url: `${url}/cancel`, payload: {} })).json().status).toBe('cancelled')
  const list = (await manager({ method: 'GET', url: '/api/v1/campaigns?status=cancelled' })).json()
  expect(list).toMatchObject({ total: 1, data: [{ id: done.result.campaign_id }] })
  expect(list.data[0].planned_reach).toBeGreaterThan(0)
})

test('a week can be planned by hand and removed before it starts', async () => {
  const made = await manager({
    method: 'POST',
    url: '/api/v1/campaigns',
    payload: { name: 'By hand', start_date: '2026-12-09', holdout_share: 0 },
  })
  expect(made.statusCode).toBe(201)
  const url = `/api/v1/campaigns/${made.json().id}`
  expect((await manager({ method: 'POST', url: `${url}/approve` })).json().code).toBe('plan.empty')
  const offer = (await manager({ method: 'GET', url: '/api/v1/offers?kind=content' })).json().data[0]
  const added = await manager({
    method: 'PATCH',
    url: `${url}/plan`,
    headers: { 'if-match': '1' },
    payload: {
      operations: [{ op: 'add', segment: 'regulars', day: '2026-12-10', channel: 'email', offer_id: offer.id }],
    },
  })
  expect(added.json().campaign.weekly_plan.entries[0]).toMatchObject({ reach: 40, held_out: 0 })
  const half = await manager({ method: 'PATCH', url, payload: { holdout_share: 0.5 } })
  expect(half.json().weekly_plan.entries[0].held_out).toBeGreaterThan(5)
  expect((await manager({ method: 'DELETE', url })).statusCode).toBe(204)
  expect((await manager({ method: 'GET', url })).statusCode).toBe(404)
})

test('a plan is made for chosen segments and a chosen holdout, and keeps both when it is planned again', async () => {
  await ctx.pool.query(
    `with made as (insert into segments (key, name, kind, rules, recommended_offers) values ('others', 'Others', 'rfm', '{}', '["content"]') returning id)
     insert into segment_members (segment_id, customer_id) select made.id, c.id from made cross join customers as c`,
  )
  const generate = async (
    payload: object,
  ): Promise<{ status: string; error: string; result: { campaign_id: string } }> => {
    const job = await manager({ method: 'POST', url: '/api/v1/campaigns/generate', payload })
    expect(job.statusCode).toBe(202)
    await runJob(ctx, job.json().id, { plan: planJob }, new AbortController().signal)
    return (await manager({ method: 'GET', url: `/api/v1/jobs/${job.json().id}` })).json()
  }
  const week = { week_start: '2027-01-11' }
  const made = await generate({ ...week, segments: ['others'], holdout_share: 0.25 })
  const id = made.result.campaign_id
  const shown = async () => (await manager({ method: 'GET', url: `/api/v1/campaigns/${id}` })).json()
  expect(await shown()).toMatchObject({
    name: 'Week of Jan 11, 2027',
    target_segments: ['others'],
    holdout_share: 0.25,
    plan_version: 1,
  })
  await generate({ ...week, campaign_id: id })
  expect(await shown()).toMatchObject({ target_segments: ['others'], holdout_share: 0.25, plan_version: 2 })
  const refused = await generate({ ...week, segments: ['nobody'] })
  expect(refused.status).toBe('failed')
  expect(refused.error).toContain('no active segment nobody')
})

test('a campaign started now does not wait for its planned day', async () => {
  const job = await manager({
    method: 'POST',
    url: '/api/v1/campaigns/generate',
    payload: { week_start: '2027-02-01' },
  })
  await runJob(ctx, job.json().id, { plan: planJob }, new AbortController().signal)
  const { result } = (await manager({ method: 'GET', url: `/api/v1/jobs/${job.json().id}` })).json()
  const url = `/api/v1/campaigns/${result.campaign_id}`
  await manager({ method: 'POST', url: `${url}/approve` })
  expect((await manager({ method: 'POST', url: `${url}/start`, payload: { now: 'yes' } })).statusCode).toBe(400)
  // A mail server would send from a domain that does not exist: the shop has no sender yet.
  ctx.config.smtpUrl = 'smtp://127.0.0.1:1'
  const refused = await manager({ method: 'POST', url: `${url}/start`, payload: { now: true } })
  expect(refused.json()).toMatchObject({ code: 'shop.no_sender' })
  ctx.config.smtpUrl = null
  const started = await manager({ method: 'POST', url: `${url}/start`, payload: { now: true } })
  expect(started.json()).toMatchObject({ status: 'active' })
  const { rows } = await ctx.pool.query<{ sends: number; late: number }>(
    `select count(*) as sends, count(*) filter (where s.due_at > $2::timestamptz + interval '1 hour') as late from sends as s where s.campaign_id = $1 and s.status = 'pending'`,
    [result.campaign_id, ctx.clock()],
  )
  expect(rows[0]!.sends).toBeGreaterThan(0)
  expect(rows[0]!.late).toBe(0)
})

test('above the number of the settings, who approved a campaign cannot start it; somebody else can', async () => {
  const limits = (four_eyes_above: number | null) =>
    as('admin')({ method: 'PATCH', url: '/api/v1/settings/limits', payload: { four_eyes_above } })
  const job = await manager({
    method: 'POST',
    url: '/api/v1/campaigns/generate',
    payload: { week_start: '2027-02-15' },
  })
  await runJob(ctx, job.json().id, { plan: planJob }, new AbortController().signal)
  const { result } = (await manager({ method: 'GET', url: `/api/v1/jobs/${job.json().id}` })).json()
  const url = `/api/v1/campaigns/${result.campaign_id}`
  expect((await manager({ method: 'POST', url: `${url}/approve` })).statusCode).toBe(200)
  expect((await limits(10)).json()).toMatchObject({ four_eyes_above: 10 })
  const refused = await manager({ method: 'POST', url: `${url}/start`, payload: {} })
  expect(refused.json()).toMatchObject({
    status: 400,
    code: 'plan.four_eyes',
    detail: expect.stringContaining('somebody else than who approved it'),
    facts: { above: 10 },
  })
  // Nobody signed in is nobody who can be told apart.
  await expect(startCampaign(ctx, cliActor, result.campaign_id)).rejects.toThrow('needs two people')
  expect((await ctx.pool.query('select 1 from sends where campaign_id = $1', [result.campaign_id])).rowCount).toBe(0)
  const started = await as('admin')({ method: 'POST', url: `${url}/start`, payload: {} })
  expect(started.json()).toMatchObject({ status: 'active' })
  await limits(null)
})
