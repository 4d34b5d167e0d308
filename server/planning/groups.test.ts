import { beforeAll, expect, test } from 'vitest'
import { addDays } from '#core/calendar.ts'
import { collectEvidence } from '#core/planning/evidence.ts'
import { withTx } from '#db/pool.ts'
import { systemActor } from '../audit.ts'
import { eraseCustomers } from '../erasure.ts'
import { approveCampaign } from './approve.ts'
import { streamAudience, type AudienceMember } from './audience.ts'
import { streamWhole } from './audience-whole.ts'
import { audienceOf } from './gate-query.ts'
import { generatePlan } from './generate.ts'
import { startCampaign } from './materialise.ts'
import { loadPlannerFacts } from './planner-facts.ts'
import { readSample, sampleAhead } from './sample.ts'
import { countResults, findResults } from './results.ts'
import { testContext } from '#test/context.ts'

let now = new Date('2026-11-25T16:00:00Z')
const ctx = await testContext({ clock: () => now })
const week = '2026-11-30'
const sql = async <T extends object>(text: string, args: unknown[] = []): Promise<T[]> =>
  (await ctx.pool.query<T>(text, args)).rows

/** 3000 customers in every state of rhythm, reading and pressure, those on the edges included. */
beforeAll(async () => {
  await sql(`insert into settings (name, value) values ('shop', '{"name":"Test Cellars","time_zone":"America/Chicago","from_name":"Test","from_email":"t@example.com"}')`)
  await sql(`insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Oak', 'Test LLC', '1 Oak', 'Springfield', 'IL', '62701', 'America/Chicago')`)
  await sql(`insert into offers (key, title, kind, value) values ('picks', 'Weekend picks', 'content', null), ('ten', '10 % off', 'percent_off', 10)`)
  await sql(`insert into message_templates (key, name, channel, category, subject_template, body_html_template, body_text_template) values
    ('discovery', 'Discovery', 'email', 'discovery', 's', 'h', 't'), ('sms_again', 'Again', 'sms', 'replenishment', null, null, 't')`)
  await sql(`insert into segments (key, name, kind, rules, recommended_offers, optimal_channels) values
    ('all', 'All', 'rfm', '{}', '["content"]', '{email,sms}'), ('some', 'Some', 'rfm', '{}', '["percent_off"]', '{email}')`)
  await sql(`insert into customers (external_id, email, phone, birth_date, age_status, email_consent, sms_consent, state, time_zones, store_id)
    select 'c' || g, 'c' || g || '@example.com', case when g % 3 = 0 then '+1312555' || lpad(g::text, 4, '0') end, case when g % 11 = 0 then date '2010-01-01' when g % 2 = 0 then date '1980-02-29' end,
      case when g % 2 = 0 then 'dob_verified' else 'attested' end, 'granted', case when g % 4 < 2 then 'granted' else 'denied' end, 'IL', '{America/Chicago}', (select id from stores)
    from generate_series(1, 3000) as g`)
  await sql(`insert into segment_members (segment_id, customer_id) select g.id, c.id from customers as c join segments as g on g.key = 'all' or c.external_id like '%7'`)
  // Ratios of exactly 0.5, 2.5 and 5 among them; some people without a purchase, some without any score.
  await sql(`insert into customer_scores (customer_id, model_version, as_of, rfm_segment, first_purchase_at, last_purchase_at, expected_gap_days, due_ratio, is_night_buyer, price_sensitivity)
    select c.id, 't', now(), 'all', '2025-01-01', case when g % 13 > 0 then $1::timestamptz - make_interval(hours => 12 * (g % 120)) end, case when g % 17 > 0 then 10 end, case when g % 19 > 0 then (g % 60) / 10.0 end, g % 5 = 0, (g % 8) / 16.0
    from (select id, substr(external_id, 2)::int as g from customers) as c where g % 23 > 0`, [now])
  await sql(`insert into customer_reading (customer_id, delivered, opened, clicked) select c.id, 5 + g % 40, (5 + g % 40) * (g % 7) / 7, (g % 40) / 9 from (select id, substr(external_id, 2)::int as g from customers) as c where g % 3 > 0`)
  await sql(`insert into sends (id, customer_id, channel, recipient, due_at, window_end, status, sent_at)
    select uuidv7_at(at), c.id, 'email', 'x', at, at, case when n = 2 then 'skipped' else 'sent' end, at from (select id, substr(external_id, 2)::int as g from customers) as c
    cross join generate_series(1, 4) as n cross join lateral (select $1::timestamptz - make_interval(days => g % 9 * n) as at) as t where g % 5 >= n`, [now])
  // Of 6000 orders three in ten at a reduced price: half as many again as a shop of which nothing is known.
  await sql(`insert into model_versions (version, as_of, model, fit) values ('t', now(), '{"base":{"discounted":0.3}}', '{"data":{"orders":6000}}')`)
}) // prettier-ignore

test('customers are read against the shop’s own habits, not against those of shops at large', async () => {
  const { habits } = await loadPlannerFacts(ctx, week)
  const [read] = await sql<{ opened: number; clicked: number }>('select sum(opened)::int as opened, sum(clicked)::int as clicked from customer_reading')
  expect(habits!.clickRate).toBeCloseTo((read!.clicked + 20) / (read!.opened + 200), 10)
  expect(habits!.clickRate).toBeGreaterThan(0.15)
  expect(habits!.reducedShare).toBeCloseTo((0.3 * 6000 + 0.2 * 200) / 6200, 10)
  const savers = async (): Promise<number> => (await loadPlannerFacts(ctx, week)).segments.find((s) => s.key === 'all')!.groups!.reduce((n, g) => n + (g.key.includes('.saver') ? g.size : 0), 0)
  const own = await savers()
  const [all] = await sql<{ n: number }>('select count(*)::int as n from customer_scores where price_sensitivity >= 1.25 * $1::float8', [habits!.reducedShare])
  expect(own).toBe(all!.n)
  // Where everything is reduced nobody stands out; without a model the usual share is the guess.
  await sql(`update model_versions set model = '{"base":{"discounted":0.9}}'`)
  expect(await savers()).toBe(0)
  await sql(`update model_versions set model = '{"base":{"discounted":0.3}}', version = 'u'`)
  expect(await savers()).toBe(own)
}, 20_000) // prettier-ignore

test('counted in SQL and read customer by customer, the groups are the same', async () => {
  const facts = await loadPlannerFacts(ctx, week)
  const counts = new Map<string, number>()
  const query = await audienceOf(ctx.pool, { id: '01900000-0000-7000-8000-000000000001', customer_ids: null }, facts, [], now)
  for await (const chunk of streamAudience(ctx.pool, ctx.config, { ...query, segments: ['all', 'some'] }))
    for (const { customer } of chunk)
      for (const s of customer.segments) counts.set(`${s} ${customer.group}`, (counts.get(`${s} ${customer.group}`) ?? 0) + 1)
  const told = new Map(facts.segments.flatMap((s) => s.groups!.map((g) => [`${s.key} ${g.key}`, g.size])))
  expect(told).toEqual(counts)
  expect(told.size).toBeGreaterThan(60)
  const all = facts.segments.find((s) => s.key === 'all')!
  expect(all.size).toBe(3000)
  expect(all.groups!.filter((g) => g.key.endsWith('.text')).every((g) => g.reachable.sms > 0)).toBe(true)
  expect(all.groups!.filter((g) => !g.key.endsWith('.text')).every((g) => g.reachable.sms === 0)).toBe(true)
}) // prettier-ignore

test('of a large shop a share stands for all, scaled up', async () => {
  const size = async () => (await loadPlannerFacts(ctx, week)).segments.find((s) => s.key === 'all')!
  const exact = await size()
  // As many as a third would be chosen of.
  await sql(`update pg_class set reltuples = 300000 where oid = 'customers'::regclass`)
  const share = await size()
  await sql('analyze customers')
  expect(share).not.toEqual(exact)
  for (const [some, all] of [[share.size, exact.size], [share.reachable.email, exact.reachable.email], [share.reachable.sms, exact.reachable.sms]] as const)
    expect(Math.abs(some / all - 1)).toBeLessThan(0.25)
  expect((await size()).size).toBe(exact.size)
}, 20_000) // prettier-ignore

test('members of each segment stand for all, whatever is planned for it', async () => {
  const id = '01900000-0000-7000-8000-000000000001'
  const facts = await loadPlannerFacts(ctx, week)
  const sizes = facts.segments.filter((s) => s.key === 'all' || s.key === 'some')
  const members = await readSample(ctx, facts, id, sizes)
  const told = (key: string): number => members.reduce((n, m) => n + (m.customer.segments.includes(key) ? m.weight : 0), 0)
  const [all, some] = ['all', 'some'].map((key) => sizes.find((s) => s.key === key)!.size) as [number, number]
  expect(members.length).toBeLessThan(all)
  expect(Math.abs(told('all') / all - 1)).toBeLessThan(0.15)
  // So few that everybody is looked at.
  expect(some).toBeLessThan(1100)
  expect(told('some')).toBeCloseTo(some, 6)
  expect(await sampleAhead(ctx, id, week, {}, null)).toBeNull()
  await sql(`update segments set customer_count = 150001 where key = 'all'`)
  const ahead = (await sampleAhead(ctx, id, week, {}, ['all', 'some']))!
  await sql(`update segments set customer_count = 0 where key = 'all'`)
  expect(new Set(ahead.map((m) => m.id)).size).toBe(ahead.length)
  expect(ahead.filter((m) => m.customer.segments.includes('some')).length).toBe(some)
}, 20_000) // prettier-ignore

test('read with one statement, everybody is the same as asked for in chunks', async () => {
  const facts = await loadPlannerFacts(ctx, week)
  await sql(`insert into customer_preferences (customer_id, topics_off, every_days) select c.id, '{events}', case when c.external_id like '%2' then 28 end from customers as c where c.external_id like '%2' or c.external_id like '%9'`)
  // More than fit into one number.
  const otherKeys = Array.from({ length: 60 }, (_, i) => `nobody ${i}`)
  const query = { ...(await audienceOf(ctx.pool, { id: '01900000-0000-7000-8000-000000000001', customer_ids: null }, facts, [], now)), segments: ['all', ...otherKeys, 'some'], coolDownDays: 20 }
  const read = async (chunks: AsyncIterable<AudienceMember[]>): Promise<Map<string, object>> => {
    const found = new Map<string, object>()
    // Earlier messages count by the last one only: where the whole tells of the last mail and the last text, it tells more.
    const near = addDays(week, -8)
    for await (const chunk of chunks)
      for (const { name: _, ...m } of chunk) {
        const contacts = m.customer.contacts.map((c) => `${c.at.toISOString()} ${c.channel}`).toSorted()
        const last = contacts.filter((c) => c < near).at(-1)
        found.set(m.id, { ...m, customer: { ...m.customer, segments: m.customer.segments.toSorted(), contacts: [...contacts.filter((c) => c >= near), last] } })
      }
    return found
  }
  const chunked = await read(streamAudience(ctx.pool, ctx.config, query))
  const whole = await withTx(ctx.pool, (tx) => read(streamWhole(tx, ctx.config, query)))
  expect(chunked.size).toBe(3000)
  expect([...chunked.values()].filter((m) => JSON.stringify(m).includes(' email')).length).toBeGreaterThan(500)
  expect(new Map([...whole].toSorted())).toEqual(new Map([...chunked].toSorted()))
  await sql('delete from customer_preferences')
}, 30_000) // prettier-ignore

test('what a plan brought is counted beside its holdout, day by day, once and again after four weeks', async () => {
  const { id } = await generatePlan(ctx, { weekStart: week, engine: 'heuristic', actor: systemActor, holdoutShare: 0.3 })
  await approveCampaign(ctx, systemActor, id)
  await startCampaign(ctx, systemActor, id)
  const made = await sql<{ day: string; id: string; customer_id: string; status: string; customer_group: string | null }>(
    `select scheduled_date as day, id, customer_id, status, customer_group from every_action where campaign_id = $1 and status in ('pending', 'holdout')`, [id])
  expect(made.length).toBeGreaterThan(500)
  expect(made.every((a) => a.customer_group !== null)).toBe(true)
  const day = made[0]!.day
  // Sent at noon of its day; everybody buys on the third day and again on the twentieth, every third of the sent opens.
  await sql(`update sends set status = 'delivered', sent_at = due_at, opened_at = case when substr(recipient, 2, 1) in ('1', '2') then due_at end where campaign_id = $1`, [id])
  await sql(`insert into orders (external_id, customer_id, ordered_at, total_cents, discount_cents)
    select 'r' || a.id || n, a.customer_id, (a.scheduled_date + n)::timestamp at time zone 'America/Chicago' + interval '23 hours', 5000, 100
    from every_action as a cross join (values (2), (6), (7), (20), (27), (28)) as t(n) where a.campaign_id = $1 and a.status in ('sent', 'holdout') and a.scheduled_date = $2`, [id, day])
  await sql(`insert into analytics_events (event_type, customer_id, send_id, channel, occurred_at) select 'unsubscribe', s.customer_id, s.id, s.channel, s.sent_at from sends as s where s.campaign_id = $1 order by s.id limit 3`, [id])
  const ofDay = made.filter((a) => a.day === day)
  const totals = async () => (await sql<Record<string, number>>(
    `select outcome, sum(n)::int as n, sum(opens)::int as opens, sum(orders)::int as orders, sum(spent_cents)::int as spent, sum(discount_cents)::int as discount, sum(later_n)::int as later_n, sum(later_orders)::int as later_orders
     from plan_results where day = $1 group by 1 order by 1`, [day]))
  const n = (status: string): number => ofDay.filter((a) => a.status === status).length

  now = new Date(`${addDays(day, 7)}T20:00:00Z`)
  await countResults(ctx)
  expect(await totals()).toEqual([])
  now = new Date(`${addDays(day, 8)}T20:00:00Z`)
  await Promise.all([countResults(ctx), countResults(ctx)])
  const first = await totals()
  const opened = (await sql<{ n: number }>(`select count(*) as n from sends as s join every_action as a on a.send_id = s.id where a.campaign_id = $1 and a.scheduled_date = $2 and s.opened_at is not null`, [id, day]))[0]!.n
  expect(first).toEqual([
    { outcome: 'held', n: n('holdout'), opens: 0, orders: 2 * n('holdout'), spent: 10_000 * n('holdout'), discount: 200 * n('holdout'), later_n: 0, later_orders: 0 },
    { outcome: 'sent', n: n('pending'), opens: opened, orders: 2 * n('pending'), spent: 10_000 * n('pending'), discount: 200 * n('pending'), later_n: 0, later_orders: 0 },
  ])
  const reading = (): Promise<{ n: number }[]> => sql(`select sum(delivered)::int as n from customer_reading`)
  const [read] = await reading()
  now = new Date(`${addDays(day, 40)}T20:00:00Z`)
  await countResults(ctx)
  expect(await totals()).toEqual([
    { ...first[0], later_n: n('holdout'), later_orders: 3 * n('holdout') },
    { ...first[1], later_n: n('pending'), later_orders: 3 * n('pending') },
  ])
  const emails = (await sql<{ n: number }>(`select count(*) as n from sends as s join every_action as a on a.send_id = s.id where a.campaign_id = $1 and a.scheduled_date > $2 and s.channel = 'email'`, [id, day]))[0]!.n
  expect((await reading())[0]!.n).toBe(read!.n + emails)
  expect((await sql<{ n: number }>(`select sum(leaves)::int as n from plan_results`))[0]!.n).toBe(3)

  const evidence = collectEvidence(await findResults(ctx.pool, addDays(day, 40)))
  expect(evidence.sent.length).toBeGreaterThan(20)
  expect(evidence.base.reduce((sum, c) => sum + c.orders, 0)).toBeGreaterThan(0)
  // The next plan goes by them and says so.
  const next = await generatePlan(ctx, { weekStart: addDays(day, 42), engine: 'heuristic', actor: systemActor })
  expect(next.plan.entries[0]!.reason).toContain('measured against customers held out')
  expect(next.plan.entries.some((e) => e.audience && (e.rejected?.length ?? 0) > 0)).toBe(true)

  now = new Date(`${addDays(day, 380)}T20:00:00Z`)
  await countResults(ctx)
  const left = (await reading())[0]!.n
  expect(left).toBeLessThan(read!.n)
  await countResults(ctx)
  expect((await reading())[0]!.n).toBe(left)
}, 60_000) // prettier-ignore

test('somebody whose messages have no address any more can be erased, and what is known of their reading goes with them', async () => {
  const [one] = await sql<{ id: string }>(
    'select r.customer_id as id from customer_reading as r join sends as s on s.customer_id = r.customer_id limit 1',
  )
  await withTx(ctx.pool, (tx) => eraseCustomers(ctx, tx, [one!.id]))
  expect(await sql('select 1 from customer_reading where customer_id = $1', [one!.id])).toEqual([])
})
