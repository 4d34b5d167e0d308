import { beforeAll, expect, test } from 'vitest'
import { ageOn } from '#core/compliance/age.ts'
import { isDiscount } from '#core/planning/offer.ts'
import { localDate, localMinutes, minutesOf } from '#core/calendar.ts'
import { systemActor } from '../audit.ts'
import { addressHash } from '../suppression.ts'
import { approveCampaign } from './approve.ts'
import { findCampaign, planOf } from './campaigns.ts'
import { editPlan } from './edit.ts'
import { generatePlan } from './generate.ts'
import { startCampaign } from './materialise.ts'
import { listRecipients } from './recipients.ts'
import { cancelCampaign, pauseCampaign, resumeCampaign } from './run.ts'
import { testContext } from '#test/context.ts'

let now = new Date('2026-11-25T16:00:00Z')
const ctx = await testContext({ clock: () => now })
const week = '2026-11-30'

/** 600 customers in two segments and two stores (Illinois, Texas): some young, some silent, some suppressed. */
beforeAll(async () => {
  await ctx.pool.query(
    `insert into settings (name, value) values ('shop', '{"name":"Test Cellars","time_zone":"America/Chicago","from_name":"Test","from_email":"t@example.com"}')`,
  )
  await ctx.pool.query(`insert into stores (name, legal_name, address, city, state, zip, time_zone) values
    ('Oak', 'Test LLC', '1 Oak', 'Springfield', 'IL', '62701', 'America/Chicago'), ('Elm', 'Test LLC', '1 Elm', 'Dallas', 'TX', '75201', 'America/Chicago')`)
  await ctx.pool.query(
    `insert into products (sku, name, department, category, price_cents, unit_cost_cents) values ('b1', 'Old Barn Bourbon', 'spirits', 'Bourbon', 3000, 2100), ('w1', 'Hill Red', 'wine', 'Red Blend', 1500, 1000)`,
  )
  await ctx.pool.query(`insert into offers (key, title, kind, value, redeemable_as_coupon, code) values
    ('picks', 'Weekend picks', 'content', null, false, null), ('first', 'First look', 'early_access', null, false, null), ('back15', 'Come back, 15 % off', 'percent_off', 15, true, 'BACK15')`)
  await ctx.pool
    .query(`insert into message_templates (key, name, channel, category, subject_template, body_html_template, body_text_template) values
    ('win_back', 'Win back', 'email', 'win_back', 's', 'h', 't'), ('discovery', 'Discovery', 'email', 'discovery', 's', 'h', 't'), ('sms_again', 'Again', 'sms', 'replenishment', null, null, 't')`)
  await ctx.pool.query(`insert into segments (key, name, kind, rules, recommended_offers, optimal_channels) values
    ('regulars', 'Regulars', 'rfm', '{}', '["content", "early_access"]', '{email,sms}'), ('gone', 'Gone quiet', 'rfm', '{}', '["percent_off"]', '{email}')`)
  await ctx.pool.query(
    `insert into customers (external_id, email, phone, name, first_name, birth_date, age_status, email_consent, sms_consent, state, zip, time_zones, store_id)
     select 'c' || g, 'c' || g || '@example.com', case when g % 3 = 0 then '+1312555' || lpad(g::text, 4, '0') end, 'Customer ' || g, 'C' || g,
       case when g % 10 < 6 then date '1975-03-01' + g when g % 10 = 6 then date '2008-01-01' end,
       case when g % 10 < 6 then 'dob_verified' when g % 10 = 6 then 'under_age' when g % 10 < 9 then 'attested' else 'unknown' end,
       case when g % 7 = 0 then 'denied' when g % 11 = 0 then 'unknown' else 'granted' end, case when g % 2 = 0 then 'granted' else 'unknown' end,
       case when g % 4 = 0 then 'TX' else 'IL' end, case when g % 4 = 0 then '75201' else '62701' end, '{America/Chicago}',
       (select s.id from stores as s where s.state = case when g % 4 = 0 then 'TX' else 'IL' end)
     from generate_series(1, 600) as g`,
  )
  await ctx.pool.query(
    `insert into segment_members (segment_id, customer_id) select g.id, c.id from customers as c join segments as g on g.key = case when c.external_id < 'c4' then 'regulars' else 'gone' end`,
  )
  await ctx.pool.query(
    `insert into customer_scores (customer_id, model_version, as_of, rfm_segment, churn_probability, first_purchase_at, due_ratio, avg_purchase_hour, primary_category)
     select c.id, 't', now(), g.key, case g.key when 'gone' then 0.95 else 0.2 end, '2025-01-01', case g.key when 'gone' then 7 else 1 end, 17, 'Bourbon' from customers as c join segment_members as m on m.customer_id = c.id join segments as g on g.id = m.segment_id`,
  )
  await ctx.pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents) select 'o' || c.external_id || w, c.id, timestamptz '2026-11-24 22:00Z' - w * interval '7 days', 4500
     from customers as c join segment_members as m on m.customer_id = c.id join segments as g on g.id = m.segment_id and g.key = 'regulars' cross join generate_series(0, 6, 2) as w`,
  )
  for (let i = 1; i <= 600; i += 13)
    await ctx.pool.query(
      `insert into suppressions (channel, address_hash, reason) values ('email', $1, 'unsubscribe')`,
      [addressHash(ctx.config, 'email', `c${i}@example.com`)],
    )
})

interface SentRow {
  customer_id: string
  external_id: string
  channel: 'email' | 'sms'
  due_at: Date
  window_end: Date
  birth_date: string | null
  age_status: string
  email_consent: string
  sms_consent: string
  state: string
  kind: 'content'
  code: string | null
  held: boolean
}

const sendsOf = async (id: string): Promise<SentRow[]> =>
  (
    await ctx.pool.query<SentRow>(
      `select s.customer_id, c.external_id, s.channel, s.due_at, s.window_end, c.birth_date, c.age_status, c.email_consent, c.sms_consent, c.state, a.offer ->> 'kind' as kind, a.offer ->> 'code' as code,
       exists (select 1 from every_action as h where h.campaign_id = s.campaign_id and h.customer_id = s.customer_id and h.status = 'holdout') as held
     from sends as s join customers as c on c.id = s.customer_id join every_action as a on a.send_id = s.id where s.campaign_id = $1 order by s.id`,
      [id],
    )
  ).rows

test('a week is planned, approved and started; counts add up and nobody gets what they must not', async () => {
  const { id, plan } = await generatePlan(ctx, { weekStart: week, engine: 'heuristic', actor: systemActor })
  expect(plan.entries.length).toBeGreaterThan(2)
  expect(plan.reach[0]).toMatchObject({ left: 600 })
  expect(plan.reach.map((s) => s.label)).toEqual(
    expect.arrayContaining([
      'have not agreed to messages',
      'are under 21 or of unknown age',
      'asked not to be written to, or bounced',
      'are held out, to measure what the plan earns',
    ]),
  )
  for (const e of plan.entries)
    expect(e.reach + e.held_out + e.kept_back.reduce((n, k) => n + k.count, 0)).toBe(e.matched)

  await expect(startCampaign(ctx, systemActor, id)).rejects.toThrow(/Approve it first/)
  await approveCampaign(ctx, systemActor, id)
  const [a, b] = await Promise.all([startCampaign(ctx, systemActor, id), startCampaign(ctx, systemActor, id)])
  const c = await startCampaign(ctx, systemActor, id)
  expect(b).toEqual(a)
  expect(c).toEqual(a)
  expect(a.actions).toBe(a.sends + a.skipped + a.holdout)
  expect(a.sends).toBe(plan.entries.reduce((n, e) => n + e.reach, 0))
  expect(a.holdout).toBe(plan.entries.reduce((n, e) => n + e.held_out, 0))
  expect(a.actions).toBe(plan.entries.reduce((n, e) => n + e.matched, 0))
  expect(new Set((await sendsOf(id)).map((s) => s.customer_id)).size).toBe(plan.reach.at(-1)!.left)
  const { rows: reasons } = await ctx.pool.query<{ entry: string; reason: string }>(
    'select distinct a.plan_entry_id as entry, a.reason from every_action as a where a.campaign_id = $1',
    [id],
  )
  for (const { entry, reason } of reasons) expect(reason).toBe(plan.entries.find((e) => e.id === entry)!.reason)
  expect(reasons.length).toBe(plan.entries.length)
  // A message is its own action, says what its entry says, and to the person it is for.
  const { rows: pairs } = await ctx.pool.query<{ n: number; alike: number; templates: (string | null)[] }>(
    `select count(*)::int as n, count(*) filter (where a.id = s.id and s.action_id is null and a.customer_id = s.customer_id and a.campaign_id = s.campaign_id and a.channels[1] = s.channel
       and a.template_id is not distinct from s.template_id and s.variables ->> 'first_name' = c.first_name and s.recipient = case s.channel when 'email' then c.email::text else c.phone end)::int as alike,
       array_agg(distinct s.template_id) as templates
     from every_action as a left join sends as s on s.id = a.send_id left join customers as c on c.id = a.customer_id where a.campaign_id = $1 and a.status = 'pending'`,
    [id],
  )
  expect(pairs[0]).toMatchObject({ n: a.sends, alike: a.sends })
  expect(new Set(pairs[0]!.templates)).toEqual(new Set(plan.entries.map((e) => e.template_id)))

  const { rows: suppressed } = await ctx.pool.query<{ hash: string }>(
    `select encode(address_hash, 'hex') as hash from suppressions`,
  )
  const closed = new Set(suppressed.map((s) => s.hash))
  for (const s of await sendsOf(id)) {
    const day = localDate(s.due_at, 'America/Chicago')
    expect(s.channel === 'email' ? s.email_consent : s.sms_consent).toBe('granted')
    expect(s.channel === 'sms' ? ['dob_verified'] : ['dob_verified', 'attested']).toContain(s.age_status)
    if (s.birth_date) expect(ageOn(s.birth_date, day)).toBeGreaterThanOrEqual(21)
    if (s.channel === 'email')
      expect(closed.has(addressHash(ctx.config, 'email', `${s.external_id}@example.com`).toString('hex'))).toBe(false)
    if (s.state === 'TX') expect(isDiscount(s) && s.code !== null).toBe(false)
    expect(s.held).toBe(false)
    expect(s.due_at < s.window_end).toBe(true)
    expect(localMinutes(s.due_at, 'America/Chicago')).toBeGreaterThanOrEqual(minutesOf('10:00'))
    expect(localMinutes(s.due_at, 'America/Chicago')).toBeLessThan(minutesOf('20:00'))
  }
  const { rows: refused } = await ctx.pool.query<{ rule: string }>(
    `select distinct refused_by as rule from actions where campaign_id = $1 and status = 'skipped'`,
    [id],
  )
  expect(plan.entries.some((e) => e.offer.code)).toBe(true)
  expect(refused.map((r) => r.rule)).toContain('us-tx-coupon-prohibited')

  const { rows: trail } = await ctx.pool.query<{ action: string }>(
    'select action from audit_log where entity_id = $1 order by id',
    [id],
  )
  expect(trail.map((t) => t.action)).toEqual(['campaign.generated', 'campaign.approved', 'campaign.started'])
})

test('a second campaign of the same week finds everybody at the weekly limit', async () => {
  const before = (await ctx.pool.query<{ n: number }>(`select count(*) as n from sends`)).rows[0]!.n
  const { plan } = await generatePlan(ctx, {
    weekStart: week,
    engine: 'heuristic',
    actor: systemActor,
    name: 'Once more',
  })
  expect(before).toBeGreaterThan(0)
  const capped =
    plan.reach.find((s) => s.label === 'have had enough messages this week') ??
    plan.refused.find((r) => r.verdict.rule_id.startsWith('cap-'))
  expect(capped).toBeDefined()
})

test('pause, resume and cancel move the campaign and take its waiting messages along', async () => {
  const { rows } = await ctx.pool.query<{ id: string }>(`select id from campaigns where status = 'active'`)
  const id = rows[0]!.id
  await pauseCampaign(ctx, systemActor, id, 'Shelf is empty')
  expect(await findCampaign(ctx.pool, id)).toMatchObject({ status: 'paused', pause_reason: 'Shelf is empty' })
  await resumeCampaign(ctx, systemActor, id)
  await cancelCampaign(ctx, systemActor, id)
  await cancelCampaign(ctx, systemActor, id)
  const { rows: left } = await ctx.pool.query<{ status: string }>(
    'select distinct status from sends where campaign_id = $1',
    [id],
  )
  expect(left).toEqual([{ status: 'cancelled' }])
  await expect(resumeCampaign(ctx, systemActor, id)).rejects.toThrow(/cancelled/)
})

test('an edit is checked, counted anew, needs the right version and takes an approval back', async () => {
  const { id, plan, plan_version } = await generatePlan(ctx, {
    weekStart: '2026-12-07',
    engine: 'llm',
    actor: systemActor,
  })
  expect(plan.fallback_reason).toMatch(/No language model is set up/)
  await approveCampaign(ctx, systemActor, id)
  const [first, second] = plan.entries
  const changes = await editPlan(ctx, systemActor, id, plan_version, [
    { op: 'change', entry_id: first!.id, window: { start: '06:00', end: '12:00' } },
    { op: 'lock', entry_id: first!.id, locked: true },
    { op: 'move', entry_id: second!.id, day: '2026-12-20' },
  ])
  expect(changes.map((c) => [c.entry_id, c.what]).toSorted()).toEqual(
    [
      [first!.id, 'changed'],
      [second!.id, 'dropped'],
    ].toSorted(),
  )
  const edited = await findCampaign(ctx.pool, id)
  expect(edited).toMatchObject({ status: 'draft', plan_version: plan_version + 1, approved_at: null })
  const kept = planOf(edited).entries.find((e) => e.id === first!.id)!
  expect(kept).toMatchObject({ locked: true, window: { start: '08:00', end: '12:00' } })
  expect(kept.reach).toBe(first!.reach)
  await expect(editPlan(ctx, systemActor, id, plan_version, [{ op: 'remove', entry_id: first!.id }])).rejects.toThrow(
    /changed the plan/,
  )

  const { rows: offers } = await ctx.pool.query<{ id: string }>(`select id from offers where key = 'back15'`)
  const added = await editPlan(ctx, systemActor, id, plan_version + 1, [
    { op: 'add', segment: 'gone', day: '2026-12-13', channel: 'email', offer_id: offers[0]!.id },
  ])
  const now3 = planOf(await findCampaign(ctx.pool, id))
  const entry = now3.entries.find((e) => e.day === '2026-12-13' && e.segment === 'gone')
  expect(added.every((c) => c.what === 'dropped')).toBe(true)
  expect(entry?.verdicts.some((v) => v.rule_id === 'us-tx-coupon-prohibited' && v.outcome === 'warn')).toBe(true)
  expect(entry?.kept_back.find((k) => k.rule_id === 'us-tx-coupon-prohibited')?.count).toBeGreaterThan(0)

  const again = await generatePlan(ctx, {
    weekStart: '2026-12-07',
    engine: 'heuristic',
    actor: systemActor,
    campaignId: id,
  })
  expect(again.id).toBe(id)
  expect(again.plan.entries.some((e) => e.id === first!.id && e.locked)).toBe(true)
})

test('who gets it and who does not can be asked before and after the start, with the same answer', async () => {
  const { id, plan } = await generatePlan(ctx, { weekStart: '2026-12-14', engine: 'heuristic', actor: systemActor })
  const entry = plan.entries[0]!
  const walk = async (): Promise<string[]> => {
    const seen: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = await listRecipients(ctx, id, { entry: entry.id, page_size: 40, cursor })
      seen.push(...page.data.map((r) => `${r.customer_id} ${r.status} ${r.refused_by}`))
      if (!page.next_cursor) return seen.toSorted()
      cursor = page.next_cursor
    }
  }
  const before = await walk()
  expect(before).toHaveLength(entry.matched)
  expect(before.filter((r) => r.includes(' pending '))).toHaveLength(entry.reach)
  await approveCampaign(ctx, systemActor, id)
  await startCampaign(ctx, systemActor, id)
  expect(await walk()).toEqual(before)
})

test('a plan for chosen customers reaches only them, and starting it now does not wait for planned days', async () => {
  now = new Date('2027-01-18T18:00:00Z')
  const { rows } = await ctx.pool.query<{ id: string }>(
    `select id from customers where age_status = 'dob_verified' and email_consent = 'granted' order by id limit 50`,
  )
  const ids = rows.map((r) => r.id)
  const { id, plan } = await generatePlan(ctx, {
    weekStart: '2027-01-25',
    engine: 'heuristic',
    actor: systemActor,
    customerIds: ids,
  })
  expect(plan.reach[0]!.left).toBe(50)
  await approveCampaign(ctx, systemActor, id)
  const started = await startCampaign(ctx, systemActor, id, { now: true })
  expect(started.sends).toBeGreaterThan(20)
  const sends = await sendsOf(id)
  expect(sends.every((s) => s.due_at.getTime() === now.getTime() && ids.includes(s.customer_id))).toBe(true)
  expect(new Set(sends.map((s) => s.customer_id)).size).toBe(sends.length)
})

test('a playbook that asks for peace is kept across campaigns, as far back as it says', async () => {
  now = new Date('2027-03-17T18:00:00Z')
  await ctx.pool.query(`update segments set cool_down_days = 60 where key = 'gone'`)
  const { rows } = await ctx.pool.query<{ customer_id: string }>(
    `select m.customer_id from segment_members as m join segments as g on g.id = m.segment_id join customers as c on c.id = m.customer_id
     where g.key = 'gone' and c.email_consent = 'granted' and c.age_status = 'dob_verified' order by 1 limit 40`,
  )
  const ids = rows.map((r) => r.customer_id)
  // Half of them were written to 30 days ago, the other half 90 days ago.
  await ctx.pool.query('delete from sends where customer_id = any($1)', [ids])
  await ctx.pool.query(
    `insert into sends (id, customer_id, channel, recipient, due_at, window_end, status, sent_at)
     select uuidv7_at(t.at), t.id, 'email', 'x', t.at, t.at + interval '1 hour', 'sent', t.at
     from (select id, timestamptz '2027-03-22' - case when n <= 20 then interval '30 days' else interval '90 days' end as at from unnest($1::uuid[]) with ordinality as u(id, n)) as t`,
    [ids],
  )
  const { id, plan } = await generatePlan(ctx, {
    weekStart: '2027-03-22',
    engine: 'heuristic',
    actor: systemActor,
    customerIds: ids,
  })
  const entries = plan.entries.filter((e) => e.segment === 'gone')
  const rested = entries
    .flatMap((e) => e.kept_back)
    .reduce((n, k) => n + (k.rule_id === 'playbook-cool-down' ? k.count : 0), 0)
  const { data } = await listRecipients(ctx, id, { page_size: 500 })
  const people = (of: (r: (typeof data)[number]) => boolean): string[] => data.filter(of).map((r) => r.customer_id)
  const resting = people((r) => r.refused_by === 'playbook-cool-down')
  const reached = people((r) => r.status !== 'skipped')
  expect(resting).toHaveLength(rested)
  expect([resting.length, reached.length].every((n) => n > 10)).toBe(true)
  expect(resting.every((one) => ids.indexOf(one) < 20)).toBe(true)
  expect(reached.every((one) => ids.indexOf(one) >= 20)).toBe(true)
  expect(plan.reach.map((s) => s.label)).toContain('are left in peace by the playbook of their segment')
  await ctx.pool.query(`update segments set cool_down_days = 0 where key = 'gone'`)
})

test('who belongs to no store is planned for by the law of the nearest', async () => {
  now = new Date('2027-05-12T18:00:00Z')
  const { rows } = await ctx.pool.query<{ id: string }>(
    `update customers set store_id = null, state = case when hashtext(external_id) % 2 = 0 then 'TX' else 'IL' end, zip = case when hashtext(external_id) % 2 = 0 then '75001' else '60601' end
     where id in (select m.customer_id from segment_members as m join segments as g on g.id = m.segment_id and g.key = 'gone') and email_consent = 'granted' and age_status = 'dob_verified'
     returning id`,
  )
  const { id } = await generatePlan(ctx, {
    weekStart: '2027-05-17',
    engine: 'heuristic',
    actor: systemActor,
    customerIds: rows.map((r) => r.id),
  })
  const { rows: offers } = await ctx.pool.query<{ id: string }>(`select id from offers where key = 'back15'`)
  const { plan_version } = await findCampaign(ctx.pool, id)
  await editPlan(ctx, systemActor, id, plan_version, [
    ...planOf(await findCampaign(ctx.pool, id)).entries.map((e) => ({ op: 'remove' as const, entry_id: e.id })),
    { op: 'add', segment: 'gone', day: '2027-05-19', channel: 'email', offer_id: offers[0]!.id },
  ])
  const states = async (query: { status?: 'pending' | 'holdout'; refused_by?: string }): Promise<string[]> => {
    const page = await listRecipients(ctx, id, { ...query, page_size: 500 })
    const { rows: found } = await ctx.pool.query<{ state: string }>(
      'select distinct state from customers where id = any($1)',
      [page.data.map((r) => r.customer_id)],
    )
    return found.map((f) => f.state)
  }
  // Texas forbids coupons, Illinois does not: nobody of theirs belongs to a store, their ZIP decides.
  expect(await states({ refused_by: 'us-tx-coupon-prohibited' })).toEqual(['TX'])
  expect(await states({ status: 'pending' })).toEqual(['IL'])
})
