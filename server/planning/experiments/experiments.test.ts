import { beforeAll, expect, test } from 'vitest'
import type { Experiment, ExperimentResult, GlobalHoldout, TestPlan } from '#contract/experiments.ts'
import { bucket } from '#core/experiments/assign.ts'
import type { OutgoingMessage } from '#core/delivery/message.ts'
import type { Role } from '#contract/accounts.ts'
import { testApp } from '#test/app.ts'
import { systemActor } from '../../audit.ts'
import { createComposer, type SendToRender } from '../../composer.ts'
import type { Ctx } from '../../context.ts'
import { appendEvents } from '../../events.ts'
import { bearerOf } from '#test/sign-in.ts'
import { seedTemplates } from '../../delivery/templates.ts'
import { editPlan } from '../edit.ts'
import { approveCampaign } from '../approve.ts'
import { startCampaign } from '../materialise.ts'
import { decideAutomatically } from './decide.ts'

let now = new Date('2026-11-25T16:00:00Z')
let ctx: Ctx
let app: Awaited<ReturnType<typeof testApp>>['app']
/** With a token of this moment: the clock jumps weeks. */
const call = async (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object,
  role: Role = 'admin',
) => {
  const [user] = await rows<{ id: string }>('select id from users where email = $1', [`${role}@shop.test`])
  const token = await bearerOf(ctx, user!.id)
  return app.inject({
    method,
    url: `/api/v1${url}`,
    headers: { authorization: `Bearer ${token}` },
    ...(payload ? { payload } : {}),
  })
}
const ok = async <T>(answer: ReturnType<typeof call>): Promise<T> => {
  const reply = await answer
  expect(reply.statusCode, reply.body.slice(0, 600)).toBeLessThan(300)
  return reply.json<T>()
}
const rows = async <T extends object>(sql: string, values: unknown[] = []): Promise<T[]> =>
  (await ctx.pool.query<T>(sql, values)).rows

beforeAll(async () => {
  ;({ ctx, app } = await testApp({ clock: () => now }))
  await seedTemplates(ctx)
  await ctx.pool.query(
    `insert into settings (name, value) values ('shop', '{"name":"Test Cellars","time_zone":"America/Chicago","from_name":"Test","from_email":"t@shop.invalid"}') on conflict (name) do update set value = excluded.value`,
  )
  await ctx.pool.query(
    `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Oak', 'Test LLC', '1 Oak', 'Springfield', 'NY', '10001', 'America/New_York')`,
  )
  await ctx.pool.query(`insert into offers (key, title, kind, value, redeemable_as_coupon, code) values
    ('picks', 'Weekend picks', 'content', null, false, null), ('first', 'First look', 'early_access', null, false, null)`)
  await ctx.pool.query(
    `insert into segments (key, name, kind, rules, recommended_offers, optimal_channels) values ('regulars', 'Regulars', 'rfm', '{}', '["content"]', '{email,sms}')`,
  )
  await ctx.pool.query(
    `insert into customers (external_id, email, phone, name, first_name, birth_date, age_status, email_consent, sms_consent, state, zip, time_zones)
     select 'c' || g, 'c' || g || '@example.com', '+1518555' || lpad(g::text, 4, '0'), 'Customer ' || g, 'C' || g, date '1975-03-01', 'dob_verified', 'granted', case when g % 2 = 0 then 'granted' else 'unknown' end, 'NY', '10001', '{America/New_York}'
     from generate_series(1, 3000) as g`,
  )
  await ctx.pool.query(
    `insert into segment_members (segment_id, customer_id) select g.id, c.id from customers as c, segments as g`,
  )
})

const picks = async (): Promise<{ id: string }> =>
  (await rows<{ id: string }>(`select id from offers where key = 'picks'`))[0]!
/** A draft with one entry for everybody, on the first day of its week. */
async function draft(week: string, holdout = 0.1): Promise<string> {
  const made = await ok<{ id: string; plan_version: number }>(
    call('POST', '/campaigns', { name: `Week of ${week}`, start_date: week, holdout_share: holdout }),
  )
  await editPlan(ctx, systemActor, made.id, made.plan_version, [
    { op: 'add', segment: 'regulars', day: week, channel: 'email', offer_id: (await picks()).id },
  ])
  return made.id
}
const begin = async (id: string): Promise<void> => {
  await approveCampaign(ctx, systemActor, id)
  await startCampaign(ctx, systemActor, id)
}
const subjects = (a: string, b: string) => [
  { label: 'As planned', content: {} },
  { label: a, content: { subject: b } },
]

test('a test needs versions that differ in one thing, and a campaign takes one test', async () => {
  const id = await draft('2026-11-30')
  const bad = await call('POST', '/experiments', {
    campaign_id: id,
    dimension: 'subject',
    name: 'Subjects',
    variants: [
      { label: 'A', content: { subject: 'One' } },
      { label: 'B', content: { subject: 'One' } },
      { label: 'C', content: { channel: 'sms', subject: 'Hi {{ first_name' } },
    ],
  })
  expect(bad.json().errors.map((e: { path: string }) => e.path)).toEqual([
    'variants.1.content.subject',
    'variants.2.content.channel',
    'variants.2.content.subject',
  ])
  const offer = await call('POST', '/experiments', {
    campaign_id: id,
    dimension: 'offer',
    name: 'Offers',
    variants: [{ label: 'A' }, { label: 'B', content: { offer_id: crypto.randomUUID() } }],
  })
  expect(offer.json().errors).toMatchObject([{ path: 'variants.1.content.offer_id' }])
  const made = await ok<Experiment>(
    call('POST', '/experiments', {
      campaign_id: id,
      dimension: 'subject',
      name: 'Subjects',
      variants: subjects('Short', 'Picks for {{ first_name }}'),
    }),
  )
  expect(made).toMatchObject({
    status: 'draft',
    variants: [
      { key: 'A', words: 'As planned' },
      { key: 'B', words: 'Subject “Picks for {{ first_name }}”' },
    ],
  })
  const again = await call('POST', '/experiments', {
    campaign_id: id,
    dimension: 'subject',
    name: 'More',
    variants: subjects('X', 'Y'),
  })
  expect([again.statusCode, again.json().detail]).toEqual([409, expect.stringContaining('“Subjects” already')])
  expect(
    (
      await call(
        'POST',
        '/experiments',
        { campaign_id: id, dimension: 'subject', name: 'More', variants: subjects('X', 'Y') },
        'user',
      )
    ).statusCode,
  ).toBe(403)
  expect((await call('DELETE', `/experiments/${made.id}`)).statusCode).toBe(204)
  expect((await call('GET', `/experiments/${made.id}`)).statusCode).toBe(404)
})

test('who gets which version is drawn by salt: even, stable, and carried into the message', async () => {
  const id = await draft('2026-12-07')
  const made = await ok<Experiment>(
    call('POST', '/experiments', {
      campaign_id: id,
      dimension: 'subject',
      name: 'Subject with a name',
      variants: [
        { label: 'As planned', weight: 2, content: {} },
        { label: 'With a name', weight: 1, content: { subject: 'Picks for {{ first_name }}' } },
      ],
    }),
  )
  await begin(id)
  const drawn = await rows<{ customer_id: string; variant: string; status: string }>(
    'select customer_id, variant, status from every_action where campaign_id = $1',
    [id],
  )
  expect(drawn).toHaveLength(3000)
  const b = drawn.filter((d) => d.variant === 'B')
  expect(Math.abs(b.length - 1000)).toBeLessThan(110)
  const [{ salt }] = (await rows<{ salt: string }>('select salt from experiments where id = $1', [made.id])) as [
    { salt: string },
  ]
  for (const d of drawn) expect(d.variant).toBe(bucket(`arms:${salt}`, d.customer_id) < 2 / 3 ? 'A' : 'B')
  // Held out are drawn independently of the version.
  const held = b.filter((d) => d.status === 'holdout').length
  expect(Math.abs(held - b.length / 10)).toBeLessThan(35)

  const sends = await rows<SendToRender & { variant: string; first_name: string }>(
    `select s.id, s.campaign_id, s.recipient, s.template_id, variables_of(s) as variables, null as store_id, a.variant, c.first_name
     from sends as s join every_action as a on a.send_id = s.id join customers as c on c.id = s.customer_id where s.campaign_id = $1 order by s.id limit 40`,
    [id],
  )
  const messages = await createComposer(ctx).compose(sends)
  sends.forEach((s, i) => {
    const message = messages[i] as OutgoingMessage
    if (s.variant === 'B') expect(message.subject).toBe(`Picks for ${s.first_name}`)
    else expect(message.subject).not.toContain('Picks for')
  })
  expect(new Set(sends.map((s) => s.variant)).size).toBe(2)
})

test('a channel test passes the gate: no text without consent to texts', async () => {
  const id = await draft('2026-12-14')
  await ok(
    call('POST', '/experiments', {
      campaign_id: id,
      dimension: 'channel',
      name: 'Text or email',
      variants: [{ label: 'Email' }, { label: 'Text', content: { channel: 'sms' } }],
    }),
  )
  await begin(id)
  const texts = await rows<{ sms_consent: string; n: number }>(
    `select c.sms_consent, count(*) as n from sends as s join customers as c on c.id = s.customer_id where s.campaign_id = $1 and s.channel = 'sms' group by 1`,
    [id],
  )
  expect(texts.map((r) => r.sms_consent)).toEqual(['granted'])
  expect(texts[0]!.n).toBeGreaterThan(500)
  const counted = await rows<{ variant: string; n: number }>(
    'select variant, count(*) as n from every_action where campaign_id = $1 group by 1 order by 1',
    [id],
  )
  expect(counted.reduce((sum, r) => sum + r.n, 0)).toBe(3000)
})

/** Lets a share of each version's customers click, and marks the messages sent. */
async function clicksBy(campaignId: string, shares: Record<string, number>, leave = 0): Promise<void> {
  await ctx.pool.query(`update sends set status = 'sent', sent_at = $2 where campaign_id = $1 and status = 'pending'`, [
    campaignId,
    now,
  ])
  for (const [variant, share] of Object.entries(shares))
    await ctx.pool.query(
      `update sends as s set clicked_at = $3 from (select a.id, row_number() over (order by a.id) as n, count(*) over () as all from every_action as a where a.campaign_id = $1 and a.variant = $2 and a.status not in ('holdout', 'skipped')) as x
       where s.id = x.id and x.n <= x.all * $4::float8`,
      [campaignId, variant, now, share],
    )
  const gone = await rows<{ id: string; customer_id: string }>(
    `select s.id, s.customer_id from sends as s join every_action as a on a.send_id = s.id where s.campaign_id = $1 and a.variant = 'B' order by s.id limit $2`,
    [campaignId, leave],
  )
  await appendEvents(
    ctx.pool,
    gone.map((g) => ({
      type: 'unsubscribe',
      at: now,
      sendId: g.id,
      customerId: g.customer_id,
      campaignId,
      channel: 'email',
    })),
  )
}

test('the result says who is better; deciding keeps the figures and changes the messages that still wait', async () => {
  now = new Date('2026-12-18T16:00:00Z')
  const id = await draft('2026-12-21', 0)
  const made = await ok<Experiment>(
    call('POST', '/experiments', {
      campaign_id: id,
      dimension: 'subject',
      name: 'Decide',
      metric: 'clicks',
      variants: subjects('Short', 'Short'),
    }),
  )
  expect((await ok<ExperimentResult>(call('GET', `/experiments/${made.id}/results`))).outcome).toBe('waiting')
  expect((await call('POST', `/experiments/${made.id}/winner`, { variant: 'B' })).statusCode).toBe(409)
  await begin(id)
  expect((await call('PATCH', `/experiments/${made.id}`, { metric: 'orders' })).statusCode).toBe(409)
  now = new Date('2026-12-21T20:00:00Z')
  const early = await ok<ExperimentResult>(call('GET', `/experiments/${made.id}/results`))
  expect([early.outcome, early.verdict]).toEqual(['too_small', 'Too small to tell: nobody clicked yet.'])
  await clicksBy(id, { A: 0.05, B: 0.12 })
  // Two messages wait for another day.
  await ctx.pool.query(
    `update sends set status = 'pending', sent_at = null, clicked_at = null where id in (select s.id from sends as s join every_action as a on a.send_id = s.id where s.campaign_id = $1 and a.variant = 'A' order by s.id desc limit 2)`,
    [id],
  )
  const result = await ok<ExperimentResult>(call('GET', `/experiments/${made.id}/results`))
  expect(result).toMatchObject({ outcome: 'winner', winner: 'B', waiting_messages: 2, rollout_note: null })
  expect(result.next_shares!.find((s) => s.key === 'B')!.share_pct).toBe(90)
  const decided = await ok<ExperimentResult>(
    call('POST', `/experiments/${made.id}/winner`, { variant: 'B', reason: 'clear' }),
  )
  expect(decided.experiment).toMatchObject({
    status: 'finished',
    winner: 'B',
    decision: '“Short” was taken. 2 waiting messages were changed to it. clear',
  })
  expect(decided.arms).toEqual(result.arms)
  const waiting = await rows<{ subject: string }>(
    `select variables ->> '_subject' as subject from sends where campaign_id = $1 and status = 'pending'`,
    [id],
  )
  expect(waiting.map((w) => w.subject)).toEqual(['Short', 'Short'])
  expect((await call('POST', `/experiments/${made.id}/winner`, { variant: 'A' })).json().detail).toBe(
    'The test is decided already.',
  )
  // Later clicks do not change what was decided on.
  await clicksBy(id, { A: 0.5 })
  expect((await ok<ExperimentResult>(call('GET', `/experiments/${made.id}/results`))).arms).toEqual(result.arms)
})

test('a version that lost customers on the way shows no result and cannot be taken', async () => {
  now = new Date('2026-12-26T16:00:00Z')
  const id = await draft('2026-12-28', 0)
  const made = await ok<Experiment>(
    call('POST', '/experiments', {
      campaign_id: id,
      dimension: 'subject',
      name: 'Broken',
      metric: 'clicks',
      variants: subjects('Short', 'Short'),
    }),
  )
  await begin(id)
  now = new Date('2026-12-28T22:00:00Z')
  await clicksBy(id, { A: 0.05, B: 0.12 })
  await ctx.pool.query(
    `delete from sends where id in (select send_id from every_action where campaign_id = $1 and variant = 'B' and send_id is not null order by id limit 450)`,
    [id],
  )
  const result = await ok<ExperimentResult>(call('GET', `/experiments/${made.id}/results`))
  expect(result).toMatchObject({ outcome: 'broken', arms: [], winner: null, next_shares: null })
  expect((await call('POST', `/experiments/${made.id}/winner`, { variant: 'B' })).statusCode).toBe(409)
  await decideAutomatically(ctx)
  const needs = (await ok<{ needs_you: { kind: string; href: string }[] }>(call('GET', '/analytics/dashboard')))
    .needs_you
  expect(needs).toContainEqual(expect.objectContaining({ kind: 'test_broken', href: `/experiments/${made.id}` }))
  expect((await ok<ExperimentResult>(call('POST', `/experiments/${made.id}/stop`))).experiment.status).toBe('finished')
})

test('an automatic test takes a clear winner after two days, and not one that drives customers away', async () => {
  now = new Date('2027-01-01T16:00:00Z')
  for (const [week, leave, status] of [
    ['2027-01-04', 0, 'finished'],
    ['2027-01-11', 60, 'running'],
  ] as const) {
    now = new Date(`${week}T02:00:00Z`)
    const id = await draft(week, 0)
    const made = await ok<Experiment>(
      call('POST', '/experiments', {
        campaign_id: id,
        dimension: 'subject',
        name: `Auto ${leave}`,
        metric: 'clicks',
        rollout: 'auto',
        variants: subjects('Short', 'Short'),
      }),
    )
    await begin(id)
    now = new Date(now.getTime() + 86_400_000)
    await clicksBy(id, { A: 0.05, B: 0.14 }, leave)
    await decideAutomatically(ctx)
    expect((await ok<Experiment>(call('GET', `/experiments/${made.id}`))).status).toBe('running')
    now = new Date(now.getTime() + 1.5 * 86_400_000)
    await decideAutomatically(ctx)
    const after = await ok<ExperimentResult>(call('GET', `/experiments/${made.id}/results`))
    expect(after.experiment.status).toBe(status)
    if (leave) expect(after.guard).toMatch(/unsubscribed or complained/)
    else expect(after.experiment.decision).toMatch(/taken automatically/)
  }
})

test('shares that learn: the next week gives more to what did better, and nobody less than a tenth', async () => {
  const earlier = (await rows<{ id: string }>(`select id from experiments where name = 'Decide'`))[0]!.id
  now = new Date('2027-01-15T16:00:00Z')
  const id = await draft('2027-01-18', 0)
  const made = await ok<Experiment>(
    call('POST', '/experiments', {
      campaign_id: id,
      dimension: 'subject',
      name: 'Next week',
      metric: 'clicks',
      allocation: 'thompson',
      continues: earlier,
      variants: subjects('Short', 'Short'),
    }),
  )
  // By then version A was clicked by half of its customers.
  expect(made.variants.map((v) => Math.round(v.weight * 100))).toEqual([90, 10])
  const revenue = await call('POST', '/experiments', {
    campaign_id: id,
    dimension: 'subject',
    name: 'x',
    metric: 'revenue',
    allocation: 'thompson',
    variants: subjects('a', 'b'),
  })
  expect(revenue.json().errors).toMatchObject([{ path: 'allocation' }])
})

test('the planner tells weeks before the start', async () => {
  const plan = await ok<TestPlan>(call('GET', '/experiments/planner?metric=clicks&arms=2&effect=0.2'))
  expect(plan.per_week).toBeGreaterThan(1500)
  expect(plan.per_arm).toBeGreaterThan(500)
  expect(plan.sentence).toMatch(/customers/)
})

test('the shop-wide holdout is left out of every campaign of the year, and measured', async () => {
  await ok(call('PATCH', '/settings/analytics', { global_holdout_share: 0.1 }))
  now = new Date('2027-02-01T02:00:00Z')
  const [one, two] = [await draft('2027-02-01', 0), await draft('2027-02-08', 0)]
  await begin(one)
  await begin(two)
  const held = await rows<{ n: number; both: number; messages: number }>(
    `with h as (select a.customer_id, count(distinct a.campaign_id) as campaigns from actions as a where a.campaign_id in ($1, $2) and a.held_out_of_all group by 1)
     select count(*) as n, count(*) filter (where h.campaigns = 2) as both, (select count(*) from sends as s join h on h.customer_id = s.customer_id where s.campaign_id in ($1, $2)) as messages from h`,
    [one, two],
  )
  expect(Math.abs(held[0]!.n - 300)).toBeLessThan(60)
  expect(held[0]).toMatchObject({ both: held[0]!.n, messages: 0 })
  now = new Date('2027-02-20T02:00:00Z')
  await ctx.pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents)
     select 'h' || c.external_id, c.id, timestamptz '2027-02-10T20:00:00Z', 3000 + case when exists (select 1 from sends as s where s.customer_id = c.id and s.campaign_id = $1) then 900 else 0 end + (hashtext(c.external_id) & 511)
     from customers as c`,
    [one],
  )
  const result = await ok<GlobalHoldout>(call('GET', '/experiments/holdout'))
  expect(result).toMatchObject({ share: 0.1, year: 2027, held_out: held[0]!.n, outcome: 'more' })
  expect(Math.abs(result.per_customer_cents!.mid - 900)).toBeLessThan(60)
})
