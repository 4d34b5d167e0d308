import { beforeEach, describe, expect, test } from 'vitest'
import type { Customer, HistoryEntry } from '#contract/knowledge.ts'
import type { Duplicate, Merge } from '#contract/merges.ts'
import { runImport } from '#server/knowledge/import/run.ts'
import { testApp } from './app.ts'
import { systemActor } from '#server/audit.ts'
import { addressHash } from '#server/suppression.ts'
import { forgetUndo } from '#server/retention.ts'

let now = new Date('2026-11-23T18:00:00Z')
const { ctx, as } = await testApp({ clock: () => now })
const manager = as('manager')

interface Pair {
  mine: string
  other: string
}
let pair: Pair
let nth = 0

async function customer(fields: object): Promise<string> {
  const made = await manager({ method: 'POST', url: '/api/v1/customers', payload: fields })
  expect(made.statusCode, made.body).toBe(201)
  return made.json<Customer>().id
}
const read = async (id: string, role = manager): Promise<Customer> =>
  (await role({ method: 'GET', url: `/api/v1/customers/${id}` })).json()
const merge = (keep: object = {}, { mine, other } = pair) =>
  manager({ method: 'POST', url: `/api/v1/customers/${mine}/merge`, payload: { other_id: other, keep } })
async function merged(keep: object = {}, who = pair): Promise<{ merge: Merge; customer: Customer }> {
  const answer = await merge(keep, who)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const undo = (id: string) => manager({ method: 'POST', url: `/api/v1/merges/${id}/undo` })
async function count(sql: string, ...values: unknown[]): Promise<number> {
  return (await ctx.pool.query<{ n: number }>(`select count(*) as n from ${sql}`, values)).rows[0]!.n
}

/** Everything that belongs to the two, without times of writing: what a merge and its undo must give back. */
async function stateOf({ mine, other }: Pair): Promise<unknown> {
  const { rows } = await ctx.pool.query(
    `select c.id, c.external_id, c.email, c.phone, c.name, c.first_name, c.birth_date, c.age_status, c.email_consent, c.sms_consent, c.address, c.city, c.state, c.zip,
       c.time_zones, c.tags, c.store_id, c.created_at, c.deleted_at, c.merged_into,
       array(select o.external_id from orders as o where o.customer_id = c.id order by 1) as orders,
       array(select k.source from consents as k where k.customer_id = c.id order by 1) as consents,
       array(select s.id from sends as s where s.customer_id = c.id order by 1) as sends,
       array(select a.id from actions as a where a.customer_id = c.id order by 1) as actions,
       array(select v.order_id from conversions as v where v.customer_id = c.id order by 1) as conversions,
       array(select e.id from analytics_events as e where e.customer_id = c.id order by 1) as events,
       array(select x.channel || ':' || x.reason || ':' || encode(x.address_hash, 'hex') from suppressions as x where x.customer_id = c.id order by 1) as suppressions,
       array(select g.key from segment_members as m join segments as g on g.id = m.segment_id where m.customer_id = c.id order by 1) as segments,
       (select to_jsonb(s) from customer_scores as s where s.customer_id = c.id) as scores,
       (select jsonb_object_agg(g.key, g.customer_count) from segments as g) as counts
     from customers as c where c.id in ($1, $2) order by c.id`,
    [mine, other],
  )
  return rows
}

beforeEach(async () => {
  nth++
  const mine = await customer({
    external_id: `M${nth}`,
    email: `maya${nth}@example.com`,
    name: `Maya Ellison ${nth}`,
    zip: '12201',
    state: 'NY',
    tags: ['wine'],
    consents: [{ channel: 'email', status: 'granted', source: 'web form' }],
  })
  const other = await customer({
    external_id: `O${nth}`,
    email: `m.ellison${nth}@example.com`,
    phone: `+1212736${1000 + nth}`,
    name: `Maya J. Ellison ${nth}`,
    zip: '12201',
    birth_date: '1980-05-01',
    tags: ['vip'],
    consents: [
      { channel: 'email', status: 'granted', source: 'paper form' },
      { channel: 'sms', status: 'granted', source: 'paper form' },
    ],
  })
  pair = { mine, other }
  for (const [id, n, cents] of [
    [mine, 2, 1000],
    [other, 3, 5000],
  ] as const)
    await ctx.pool.query(
      `insert into orders (external_id, customer_id, ordered_at, total_cents) select $2 || '-' || i, $1, $3::timestamptz - make_interval(days => i), $4 from generate_series(1, $5) as i`,
      [id, `${nth}-${cents}`, now, cents, n],
    )
  await ctx.pool.query(
    `insert into customer_scores (customer_id, model_version, as_of, rfm_segment, purchase_frequency, total_spent_cents, avg_order_value_cents, first_purchase_at, last_purchase_at)
     select o.customer_id, 'v1', $3, 'Loyal', count(*), sum(o.total_cents), round(avg(o.total_cents)), min(o.ordered_at), max(o.ordered_at) from orders as o where o.customer_id in ($1, $2) group by 1`,
    [mine, other, now],
  )
  await ctx.pool.query(
    `with g as (insert into segments (key, name, kind, rules, customer_count) values ($3, 'Picked', 'snapshot', '{}', 1), ($4, 'Ruled', 'rule', '{}', 2) returning id, kind)
     insert into segment_members (segment_id, customer_id) select g.id, x from g cross join unnest(array[$1, $2]::uuid[]) as x where g.kind = 'rule' or x = $2`,
    [mine, other, `picked${nth}`, `ruled${nth}`],
  )
})

async function campaignWithBoth({ mine, other }: Pair): Promise<void> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into campaigns (name, status, start_date, end_date) values ('Week', 'active', '2026-11-23', '2026-11-29') returning id`,
  )
  for (const [customerId, day] of [
    [mine, '2026-11-24'],
    [other, '2026-11-24'],
    [other, '2026-11-25'],
  ])
    await ctx.pool.query(
      `with a as (insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer, scheduled_date, status) values ($1, $2, 's', 1, 'r', '{}', $3, 'pending') returning id)
       insert into sends (action_id, customer_id, campaign_id, channel, recipient, due_at, window_end) select a.id, $2, $1, 'email', $2 || '@x.com', $4, $4 from a`,
      [rows[0]!.id, customerId, day, now],
    )
  await ctx.pool.query(
    `insert into analytics_events (event_type, customer_id, occurred_at) select t, $1, $2 from unnest(array['open', 'click']) as t`,
    [other, now],
  )
  await ctx.pool.query(
    `insert into conversions (order_id, send_id, campaign_id, customer_id, value_cents, because)
     select o.id, (select s.id from sends as s where s.customer_id = $1 limit 1), $2, $1, 5000, 'click' from orders as o where o.customer_id = $1 limit 1`,
    [other, rows[0]!.id],
  )
}

describe('merging', () => {
  test('orders, messages, consents, events, tags and segments become one customer’s; nothing is lost or counted twice', async () => {
    await campaignWithBoth(pair)
    const { merge: done, customer: kept } = await merged({ name: 'other' })
    expect(kept).toMatchObject({
      email: `maya${nth}@example.com`,
      phone: `+1212736${1000 + nth}`,
      name: `Maya J. Ellison ${nth}`,
      birth_date: '1980-05-01',
      age_status: 'dob_verified',
      email_consent: 'granted',
      sms_consent: 'granted',
      tags: ['vip', 'wine'],
      purchase_frequency: 5,
      total_spent_cents: 17_000,
      avg_order_value_cents: 3400,
    })
    expect(kept.consents.map((k) => k.source).toSorted()).toEqual(['paper form', 'paper form', 'web form'])
    expect(kept.segments.map((s) => s.key)).toEqual([`picked${nth}`, `ruled${nth}`])
    expect(
      await ctx.pool
        .query(`select g.key, g.customer_count from segments as g where g.key in ($1, $2) order by 1`, [
          `picked${nth}`,
          `ruled${nth}`,
        ])
        .then((r) => r.rows),
    ).toEqual([
      { key: `picked${nth}`, customer_count: 1 },
      { key: `ruled${nth}`, customer_count: 1 },
    ])
    expect(done).toMatchObject({
      moved: { orders: 3, sends: 2, consents: 2, events: 2 },
      can_undo: true,
      undo_until: '2026-11-30T18:00:00.000Z',
    })
    // One of two messages for the same day is not sent twice to one person.
    expect(await count(`sends as s where s.status = 'cancelled' and s.refused_by = 'person-merged'`)).toBe(1)
    const history = (await manager({ method: 'GET', url: `/api/v1/customers/${pair.mine}/history` })).json<{
      data: HistoryEntry[]
    }>().data
    expect(history.filter((e) => e.kind === 'order')).toHaveLength(5)
    // The other one is in no list and leads here.
    const found = (await manager({ method: 'GET', url: `/api/v1/customers?q=m.ellison${nth}@example.com` })).json<{
      total: number
    }>()
    expect(found.total).toBe(0)
    expect(await read(pair.other)).toMatchObject({ merged_into: pair.mine })
    const gone = await manager({ method: 'POST', url: `/api/v1/customers/${pair.other}/restore` })
    expect(gone.json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining('merged into another one') as string,
    })
    expect(
      await count(
        `audit_log as l where l.action = 'customer.merged' and l.entity_id in ($1, $2)`,
        pair.mine,
        pair.other,
      ),
    ).toBe(2)
  })

  test('a no of either stands, on the address that is kept as well', async () => {
    await manager({
      method: 'POST',
      url: `/api/v1/customers/${pair.other}/consents`,
      payload: { channel: 'email', status: 'denied', source: 'phone call' },
    })
    const { customer: kept } = await merged()
    expect(kept.email_consent).toBe('denied')
    expect(kept.contactability[0]).toMatchObject({
      channel: 'email',
      can_contact: false,
      reasons: [{ rule_id: 'person-suppressed' }, { rule_id: 'person-consent-email' }],
    })
    expect(
      await count(
        'suppressions as s where s.address_hash = $1',
        addressHash(ctx.config, 'email', `maya${nth}@example.com`),
      ),
    ).toBe(1)
  })

  test('undo makes two customers of them again, each as it was', async () => {
    await ctx.pool.query(
      `insert into suppressions (channel, address_hash, customer_id, reason) values ('sms', $2, $1, 'manual')`,
      [pair.other, addressHash(ctx.config, 'sms', `+1212736${1000 + nth}`)],
    )
    const before = await stateOf(pair)
    const { merge: done } = await merged({ email: 'other', external_id: 'other', name: 'other', address: 'other' })
    expect(await read(pair.mine)).toMatchObject({ email: `m.ellison${nth}@example.com`, external_id: `O${nth}` })
    expect(await stateOf(pair)).not.toEqual(before)
    const answer = await undo(done.id)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json<Merge>()).toMatchObject({ can_undo: false, undone_at: now.toISOString() })
    expect(await stateOf(pair)).toEqual(before)
    expect((await undo(done.id)).json()).toMatchObject({ status: 409, detail: 'This merge was taken back already.' })
    expect(
      (await manager({ method: 'GET', url: `/api/v1/customers/${pair.mine}/merges` })).json<{ data: Merge[] }>().data,
    ).toMatchObject([{ id: done.id, can_undo: false }])
  })

  test('undo gives messages and events back too, and what came in since stays with the kept one', async () => {
    await campaignWithBoth(pair)
    const sends = await count('sends as s where s.customer_id = $1', pair.other)
    const { merge: done } = await merged()
    await ctx.pool.query(
      `insert into orders (external_id, customer_id, ordered_at, total_cents) values ($2, $1, $3, 700)`,
      [pair.mine, `later${nth}`, now],
    )
    await manager({ method: 'PATCH', url: `/api/v1/customers/${pair.mine}`, payload: { name: 'Maya Corrected' } })
    expect((await undo(done.id)).statusCode).toBe(200)
    expect(await count('sends as s where s.customer_id = $1', pair.other)).toBe(sends)
    expect(
      await count(`analytics_events as e where e.customer_id = $1 and e.event_type in ('open', 'click')`, pair.other),
    ).toBe(2)
    expect(await count('conversions as v where v.customer_id = $1', pair.other)).toBe(1)
    expect(await count('actions as a where a.customer_id = $1', pair.other)).toBe(2)
    expect(await read(pair.mine)).toMatchObject({
      name: 'Maya Corrected',
      tags: ['wine'],
      purchase_frequency: 3,
      total_spent_cents: 2700,
    })
    expect(await read(pair.other)).toMatchObject({ purchase_frequency: 3, total_spent_cents: 15_000, deleted_at: null })
  })

  test('two merges are taken back in any order, but a customer that was merged on must come back first', async () => {
    const third = await customer({ email: `third${nth}@example.com`, name: 'Maya E', tags: ['third'] })
    const first = await merged()
    const second = await merged({}, { mine: pair.mine, other: third })
    expect((await undo(first.merge.id)).statusCode).toBe(200)
    expect((await read(pair.mine)).tags).toEqual(['third', 'vip', 'wine'])
    expect((await undo(second.merge.id)).statusCode).toBe(200)
    expect((await read(third)).tags).toEqual(['third'])

    const inner = await merged()
    const outer = await merged({}, { mine: third, other: pair.mine })
    expect(await read(pair.other)).toMatchObject({ merged_into: third })
    expect((await undo(inner.merge.id)).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining('later merge') as string,
    })
    expect((await undo(outer.merge.id)).statusCode).toBe(200)
    expect(await read(pair.other)).toMatchObject({ merged_into: pair.mine })
    expect((await undo(inner.merge.id)).statusCode).toBe(200)
  })

  test('after seven days what was before is forgotten, and the keys still lead to the kept one', async () => {
    const { merge: done } = await merged()
    const then = now
    try {
      now = new Date(now.getTime() + 7 * 86_400_000 + 1)
      await forgetUndo(ctx)
    } finally {
      now = then
    }
    expect((await undo(done.id)).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining('seven days') as string,
    })
    const { rows } = await ctx.pool.query(
      `select c.name, c.birth_date, c.email, c.external_id from customers as c where c.id = $1`,
      [pair.other],
    )
    expect(rows).toEqual([
      { name: null, birth_date: null, email: `m.ellison${nth}@example.com`, external_id: `O${nth}` },
    ])
  })

  test('who may not be merged is refused with the reason', async () => {
    expect((await merge({}, { mine: pair.mine, other: pair.mine })).statusCode).toBe(400)
    expect((await merge({}, { mine: pair.mine, other: '01900000-0000-7000-8000-000000000000' })).statusCode).toBe(404)
    expect((await merge({ shoe_size: 'this' })).statusCode).toBe(400)
    expect(
      (
        await as('user')({
          method: 'POST',
          url: `/api/v1/customers/${pair.mine}/merge`,
          payload: { other_id: pair.other },
        })
      ).statusCode,
    ).toBe(403)
    await manager({ method: 'DELETE', url: `/api/v1/customers/${pair.other}` })
    expect((await merge()).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining('Restore it first') as string,
    })
  })

  test('two people who merge the same two in opposite directions at once make one customer, not none', async () => {
    const answers = await Promise.all([merge(), merge({}, { mine: pair.other, other: pair.mine })])
    expect(answers.map((a) => a.statusCode).toSorted()).toEqual([200, 409])
    expect(await count('customers as c where c.id in ($1, $2) and c.deleted_at is null', pair.mine, pair.other)).toBe(1)
    expect(
      await count(
        'orders as o join customers as c on c.id = o.customer_id and c.deleted_at is null where o.external_id like $1',
        `${nth}-%`,
      ),
    ).toBe(5)
  })
})

describe('files after a merge', () => {
  const file = async (kind: 'customers' | 'orders' | 'consents', csv: string) =>
    runImport(ctx, { kind, source: 'till.csv', stream: [csv] as never, actor: systemActor })

  test('the number, email and phone that were not kept still mean the kept customer, who keeps their own', async () => {
    const { customer: kept } = await merged()
    const rows = `customer_id,email,city,tags\nM${nth},maya${nth}@example.com,Albany,a\nO${nth},m.ellison${nth}@example.com,Albany,b\n`
    const result = await file('customers', rows)
    expect(result).toMatchObject({ rows_new: 0, rows_rejected: 0 })
    const after = await read(pair.mine)
    expect(after).toMatchObject({ external_id: kept.external_id, email: kept.email, city: 'Albany', deleted_at: null })
    expect(await file('customers', rows)).toMatchObject({ rows_new: 0, rows_changed: 0, rows_rejected: 0 })
    expect(await count('customers as c where c.external_id in ($1, $2)', `M${nth}`, `O${nth}`)).toBe(2)
  })

  test('orders of the other number come to the kept customer', async () => {
    await merged()
    const result = await file(
      'orders',
      `order_id,ordered_at,customer_id,total\nnew${nth},2026-11-22,O${nth},12.00\n${nth}-5000-1,2026-11-22,O${nth},50.00\n`,
    )
    expect(result, JSON.stringify(result.summary.reasons)).toMatchObject({ rows_rejected: 0 })
    expect(await count('orders as o where o.customer_id = $1', pair.mine)).toBe(6)
    expect(await count('orders as o where o.customer_id = $1', pair.other)).toBe(0)
  })

  test('a yes for an address that was not kept is no yes for the kept one; a no is a no', async () => {
    await ctx.pool.query(`update customers set email_consent = 'unknown' where id = $1`, [pair.mine])
    await merged()
    await file(
      'customers',
      `email,email_consent,consent_source,consent_date\nm.ellison${nth}@example.com,yes,shop form,2026-11-01\n`,
    )
    expect((await read(pair.mine)).email_consent).toBe('unknown')
    await file('customers', `email,email_consent,consent_source,consent_date\nm.ellison${nth}@example.com,no,,\n`)
    expect((await read(pair.mine)).email_consent).toBe('denied')
  })
})

describe('finding duplicates', () => {
  test('the likeliest come first with their reasons, masked for role user, without the deleted and the demo', async () => {
    const more = await customer({ email: `maya${nth}+news@example.com`, name: 'Somebody Else' })
    const phone = await customer({ phone: `+52212736${1000 + nth}`, name: 'Max' })
    const deleted = await customer({ email: `gone${nth}@example.com`, name: `Maya Ellison ${nth}`, zip: '12201' })
    await manager({ method: 'DELETE', url: `/api/v1/customers/${deleted}` })
    const ask = async (id: string, role = manager) =>
      (await role({ method: 'GET', url: `/api/v1/customers/${id}/duplicates` })).json<{ data: Duplicate[] }>().data
    const found = (await ask(pair.mine)).filter((d) => [pair.other, more, phone, deleted].includes(d.customer.id))
    expect(found.map((d) => [d.customer.id, d.reasons])).toEqual([
      [more, ['The same mailbox behind two addresses']],
      [pair.other, ['Same name and ZIP']],
    ])
    expect((await ask(pair.other)).find((d) => d.customer.id === phone)?.reasons).toEqual(['Same phone number'])
    expect(JSON.stringify(await ask(pair.mine, as('user')))).not.toMatch(/@example|\+1212736/)
    expect(
      (await manager({ method: 'GET', url: '/api/v1/customers/01900000-0000-7000-8000-000000000000/duplicates' }))
        .statusCode,
    ).toBe(404)
  })
})

test('the quieter wish of the two wins, sign-ups move along, and an undo gives both back', async () => {
  const who = {
    mine: await customer({ email: 'wish-a@example.com' }),
    other: await customer({ email: 'wish-b@example.com' }),
  }
  const wish = (id: string, topics: string[], days: number | null, until: string | null) =>
    ctx.pool.query(
      'insert into customer_preferences (customer_id, topics_off, every_days, paused_until) values ($1, $2, $3, $4)',
      [id, topics, days, until],
    )
  await wish(who.mine, ['wine'], 7, null)
  await wish(who.other, ['beer', 'wine'], null, '2027-01-01T00:00:00Z')
  await ctx.pool.query(
    `with f as (insert into signup_forms (key, name, headline) values ('merge', 'Merge', 'x') returning id)
     insert into signups (submission_id, form_id, channel, address, text_version, consent_text, via, status, customer_id)
     select gen_random_uuid(), f.id, 'email', 'wish-b@example.com', 'v1', 'yes', 'page', 'confirmed', $1 from f`,
    [who.other],
  )
  const signups = (id: string) => count('signups as g where g.customer_id = $1', id)
  const { merge: made } = await merged({}, who)
  expect((await read(who.mine)).wishes).toEqual({
    topics_off: ['beer', 'wine'],
    every_days: 7,
    paused_until: '2027-01-01T00:00:00.000Z',
  })
  expect(await signups(who.mine)).toBe(1)
  expect((await undo(made.id)).statusCode).toBeLessThan(300)
  expect((await read(who.mine)).wishes).toEqual({ topics_off: ['wine'], every_days: 7, paused_until: null })
  expect((await read(who.other)).wishes).toMatchObject({ topics_off: ['beer', 'wine'], every_days: null })
  expect([await signups(who.mine), await signups(who.other)]).toEqual([0, 1])
})
