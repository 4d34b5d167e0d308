import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CustomerFilter } from '#contract/knowledge.ts'
import type { Segment } from '#contract/segments.ts'
import type { Job } from '#contract/common.ts'
import { testApp } from '#test/app.ts'
import { resultOf } from '#test/jobs.ts'
import { customerFrom } from '../customer-rows.ts'
import { countUpTo, forgetCounts, noteMade, noteWrite, startCount } from '../list-counts.ts'
import { createParams } from '../keyset.ts'
import { customerWhere } from './customer-filter.ts'

const now = new Date('2026-11-23T18:00:00Z')
const { ctx, as } = await testApp({ clock: () => now })
const manager = as('manager')

await ctx.pool.query(
  `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s1', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
)
await ctx.pool.query(
  `insert into customers (external_id, email, phone, name, state, city, zip, tags, age_status, email_consent, sms_consent, store_id, is_demo, created_at, deleted_at)
   select 'C' || i, case when i % 4 > 0 then 'c' || i || '@example.com' end, case when i % 5 = 0 then '+1212736' || (5000 + i) end, 'Name ' || i % 40,
     (array['NY', 'TX', null])[1 + i % 3], (array['Albany', 'albany', 'Dallas', null])[1 + i % 4], (array['12201', '12209-1234', '75001', null])[1 + i % 4],
     (array['{}', '{vip}', '{vip,wine}', '{beer}'])[1 + i % 4]::text[], (array['dob_verified', 'attested', 'unknown', 'under_age'])[1 + i % 4],
     (array['granted', 'denied', 'unknown'])[1 + i % 3], (array['granted', 'unknown'])[1 + i % 2], case when i % 3 = 0 then st.id end, i % 7 = 0,
     $1::timestamptz - make_interval(days => i), case when i % 50 = 0 then $1::timestamptz end
   from generate_series(1, 300) as i, stores as st`,
  [now],
)
await ctx.pool.query(
  `insert into customer_scores (customer_id, model_version, as_of, rfm_segment, churn_risk, clv_cents, total_spent_cents, avg_order_value_cents, purchase_frequency,
     is_night_buyer, avg_purchase_hour, success_rate_pct, primary_category, secondary_category, favorite_brands, last_purchase_at)
   select c.id, 'v1', $1, (array['Loyal', 'Lost'])[1 + n % 2], (array['low', 'medium', 'high', 'new'])[1 + n % 4], case when n % 9 > 0 then n % 20 * 1000 end, n * 100,
     n % 30 * 100, n % 6, n % 4 = 0, n % 24 + 0.5, n % 100, (array['Bourbon', 'Wine'])[1 + n % 2], (array['Gin', null])[1 + n % 2],
     (array['{Elm}', '{Oak,Elm}', '{}'])[1 + n % 3]::text[], case when n % 8 > 0 then $1::timestamptz - make_interval(days => n) end
   from customers as c cross join lateral (select substr(c.external_id, 2)::int as n) as x where n % 10 > 0`,
  [now],
)
const store = (await ctx.pool.query<{ id: string }>('select id from stores')).rows[0]!.id
const nobody = '01900000-0000-7000-8000-000000000000'

/** Values to try for every filter of the contract; a filter without an entry here fails the first test. */
const samples: Record<string, (string | number | boolean)[]> = {
  q: ['name 7'],
  rfm_segment: ['Loyal', 'Loyal,Lost'],
  segment_id: [nobody],
  churn_risk: ['high', 'low,new'],
  primary_category: ['Bourbon'],
  secondary_category: ['Gin'],
  brand: ['Oak', 'Elm,Ash'],
  state: ['NY', 'ny,tx'],
  city: ['ALBANY'],
  zip: ['122'],
  age_status: ['under_age', 'attested,unknown'],
  email_consent: ['granted'],
  sms_consent: ['unknown'],
  has_email: [true, false],
  has_phone: [true, false],
  is_night_buyer: [true, false],
  bought_within_days: [1, 30, 31],
  not_bought_for_days: [1, 100],
  created_within_days: [5, 99],
  orders_min: [3],
  orders_max: [2, 0],
  clv_min_cents: [5000],
  clv_max_cents: [12000],
  spent_min_cents: [10_000],
  spent_max_cents: [9999],
  aov_min_cents: [1500],
  aov_max_cents: [700],
  hour_from: [21],
  hour_to: [2, 12],
  success_min_pct: [50],
  success_max_pct: [20],
  tags: ['vip', 'vip,wine'],
  any_tag: ['wine,beer'],
  without_tags: ['vip', 'beer,wine'],
  store_id: [store],
  import_id: [nobody],
  is_demo: [true, false],
  deleted: [true],
}

type Query = Record<string, string | number | boolean>
async function listed(query: Query): Promise<{ total: number; ids: string[] }> {
  const search = new URLSearchParams(Object.entries(query).map(([k, v]): [string, string] => [k, String(v)]))
  const ids: string[] = []
  for (let cursor = ''; ;) {
    const answer = await manager({
      method: 'GET',
      url: `/api/v1/customers?page_size=200&sort=created_at&${search.toString()}${cursor && `&cursor=${cursor}`}`,
    })
    expect(answer.statusCode, answer.body).toBe(200)
    const page = answer.json<{ total: number; data: { id: string }[]; next_cursor: string | null }>()
    ids.push(...page.data.map((c) => c.id))
    if (page.next_cursor === null) return { total: page.total, ids }
    cursor = page.next_cursor
  }
}
/** The filter as a segment: its members, or the sentences that refuse it. */
async function asSegment(filter: Query): Promise<{ members: string[] } | { refused: string[] }> {
  const answer = await manager({
    method: 'POST',
    url: '/api/v1/segments/from-filter',
    payload: { name: 'From the list', filter },
  })
  if (answer.statusCode === 400)
    return { refused: answer.json<{ errors: { path: string }[] }>().errors.map((e) => e.path.replace('filter.', '')) }
  expect(answer.statusCode, answer.body).toBe(201)
  const { id } = answer.json<Segment>()
  const { rows: jobs } = await ctx.pool.query<Pick<Job, 'id'>>(
    `select id from jobs where input ->> 'segment_id' = $1`,
    [id],
  )
  await resultOf(ctx, jobs[0]!)
  const { rows } = await ctx.pool.query<{ id: string }>(
    'select c.id from segment_members as m join customers as c on c.id = m.customer_id where m.segment_id = $1 order by c.created_at, c.id',
    [id],
  )
  return { members: rows.map((r) => r.id) }
}
const unsayable = ['q', 'segment_id', 'import_id', 'success_min_pct', 'success_max_pct', 'is_demo', 'deleted']

test('every filter of the list is tried below', () => {
  expect(Object.keys(samples).toSorted()).toEqual(Object.keys(CustomerFilter.shape).toSorted())
})

test.each(Object.keys(samples))(
  'filter %s narrows the list, and is a segment with the same customers or is refused',
  async (name) => {
    const all = await listed({})
    for (const value of samples[name]!) {
      const found = await listed({ [name]: value })
      expect(found.total, String(value)).toBeLessThan(all.total)
      if (value !== nobody) expect(found.total, String(value)).toBeGreaterThan(0)
      const segment = await asSegment({ [name]: value })
      if (unsayable.includes(name)) expect(segment).toEqual({ refused: [name] })
      else expect(segment, String(value)).toEqual({ members: found.ids })
    }
  },
)

test('any mix of filters is the same segment', async () => {
  const names = Object.keys(samples).filter((n) => !unsayable.includes(n))
  const pair = fc
    .constantFrom(...names)
    .chain((n) => fc.constantFrom(...samples[n]!).map((v): [string, Query[string]] => [n, v]))
  await fc.assert(
    fc.asyncProperty(fc.array(pair, { minLength: 1, maxLength: 4 }), async (pairs) => {
      const filter = Object.fromEntries(pairs)
      expect(await asSegment(filter)).toEqual({ members: (await listed(filter)).ids })
    }),
    { numRuns: 40 },
  )
}, 60_000)

test('days of a filter are days of the shop, so the list and the segment agree at midnight', async () => {
  // 03:30 UTC is still the evening before in New York.
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into customers (external_id, name, created_at) values ('night', 'Night', '2026-11-22T03:30:00Z') returning id`,
  )
  const within = async (days: number): Promise<boolean> =>
    (await listed({ created_within_days: days })).ids.includes(rows[0]!.id)
  expect([await within(1), await within(2)]).toEqual([false, true])
})

test('walked past or looked up in an index, a search finds the same people', async () => {
  const client = await ctx.pool.connect()
  try {
    // A table this small would be read as a whole, and no index be looked into.
    await client.query('begin; set local enable_seqscan = off')
    await client.query(
      `insert into customers (external_id, email, name) values ('X%', 'zoe_50%@shop.example', 'Zoë 100%'), ('x_1', null, 'Ipek O\\Neil'), ('Y1', 'Straße@Example.com', null), ('NAME', 'b@c.example', 'ÉCOLE  de Gin')`,
    )
    const found = async (q: string, role: 'user' | 'manager', findsMany: boolean): Promise<string[]> => {
      const params = createParams()
      const where = customerWhere({ q }, { role, findsMany, now, zone: 'UTC' }, params)
      const { rows } = await client.query<{ id: string }>(`select c.external_id as id from ${customerFrom} where ${where} order by 1`, params.values) // prettier-ignore
      return rows.map((r) => r.id)
    }
    let hits = 0
    for (const role of ['user', 'manager'] as const)
      for (const q of ['name', 'NAME 1', 'me 3', 'C1', 'c12', '@example', 'EXAMPLE.COM', '%', '_', '50%', 'x%', 'x_', '\\', 'o\\n', 'zoë', 'ZOË', 'ipek', 'IPEK', 'école', '  de', 'straße', 'STRASSE', '1212736', '(212) 736-5005', 'nobody', "'"]) {
        const [walked, indexed] = [await found(q, role, true), await found(q, role, false)]
        expect(walked, `${role} ${q}`).toEqual(indexed)
        hits += walked.length
      }
    expect(hits).toBeGreaterThan(500)
  } finally {
    await client.query('rollback')
    client.release()
  }
}) // prettier-ignore

test('who has written is shown no count from before; others may be, for some seconds', async () => {
  // Slow enough to be remembered.
  const count = async (id: string): Promise<number> =>
    (await countUpTo(ctx.pool, 'customers as c cross join pg_sleep(0.03)', 'c.deleted_at is null', [], { id })).total
  const before = await count('reader')
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into customers (external_id) values ('new') returning id`,
  )
  noteWrite({ id: 'writer' })
  expect(await count('reader')).toBe(before)
  expect(await count('writer')).toBe(before + 1)
  // A better count is kept for all.
  expect(await count('reader')).toBe(before + 1)
  await ctx.pool.query('delete from customers where id = $1', [rows[0]!.id])
  forgetCounts()
  expect(await count('reader')).toBe(before)
})

test('who made a customer is shown the count of before and theirs, without counting again', async () => {
  const startedBy = (id: string) =>
    startCount(ctx.pool, 'customers as c cross join pg_sleep(0.03)', `c.state = 'VT'`, [], { id }, 'c.id')
  const count = async (id: string): Promise<[string, number]> => {
    const { name, count } = await startedBy(id)
    return [name, (await count).total]
  }
  const make = async (state: string): Promise<string> => {
    const { rows } = await ctx.pool.query<{ id: string }>(
      `insert into customers (external_id, state) values ('made ' || gen_random_uuid(), $1) returning id`,
      [state],
    )
    return rows[0]!.id
  }
  await make('VT')
  const [first, before] = await count('reader')
  // A request of ten milliseconds that ends now began after the count then.
  await sleep(50)
  noteMade({ id: 'maker' }, await make('NH'), 10)
  expect(await count('maker')).toEqual([first, before])
  noteMade({ id: 'maker' }, await make('VT'), 10)
  expect(await count('maker')).toEqual([`${first}+1`, before + 1])
  expect(await count('reader')).toEqual([first, before])
  // It may have been in the count, or not: so it is counted.
  noteMade({ id: 'slow maker' }, await make('ME'), 5_000)
  const [second, now] = await count('slow maker')
  expect([second === first, now]).toEqual([false, before + 1])
  // Any other change may have taken somebody out of the list.
  noteWrite({ id: 'maker' })
  expect((await count('maker'))[0]).not.toBe(second)
  await ctx.pool.query(`delete from customers where external_id like 'made %'`)
  forgetCounts()
})
