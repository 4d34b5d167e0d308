import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Customer, CustomerRow } from '#contract/knowledge.ts'
import { testApp } from '#test/app.ts'

const now = new Date('2026-11-23T18:00:00Z')
const { ctx, as } = await testApp({ clock: () => now })
const manager = as('manager')
const user = as('user')

interface Page {
  data: CustomerRow[]
  total: number
  total_is_exact: boolean
  next_cursor: string | null
}
async function list(query: Record<string, string | number>, role = manager): Promise<Page> {
  const answer = await role({
    method: 'GET',
    url: `/api/v1/customers?${new URLSearchParams(Object.entries(query).map(([k, v]): [string, string] => [k, String(v)])).toString()}`,
  })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}

const segments = ['champions', 'loyal', 'at_risk', null]
let people: CustomerRow[] = []

beforeAll(async () => {
  await ctx.pool.query(`
    insert into customers (external_id, email, phone, name, state, tags, age_status, email_consent, sms_consent)
    select 'C' || i, case when i % 7 > 0 then 'user' || i || '@example' || i % 3 || '.com' end, case when i % 7 = 0 or i % 5 = 0 then '+1212736' || (5000 + i) end,
      case when i % 11 > 0 then (array['Ann', 'Bob', 'Zoë', 'O''Neil', '100%', 'a_b', 'back\\slash'])[1 + i % 7] || ' ' || i % 30 end,
      (array['NY', 'TX', 'CA', null])[1 + i % 4], case when i % 3 = 0 then '{vip,wine}'::text[] else '{wine}' end,
      (array['dob_verified', 'attested', 'unknown', 'under_age'])[1 + i % 4], (array['granted', 'denied', 'unknown'])[1 + i % 3], (array['granted', 'unknown'])[1 + i % 2]
    from generate_series(1, 300) as i`)
  await ctx.pool.query(
    `
    insert into customer_scores (customer_id, model_version, as_of, rfm_segment, churn_risk, clv_cents, total_spent_cents, purchase_frequency, is_night_buyer, primary_category, last_purchase_at)
    select c.id, 'v1', $1, (array['champions', 'loyal', 'at_risk'])[1 + n % 3], (array['low', 'medium', 'high', 'new'])[1 + n % 4],
      case when n % 9 > 0 then n % 20 * 1000 end, n * 100, n % 6, n % 4 = 0, (array['Bourbon', 'Wine'])[1 + n % 2], $1::timestamptz - make_interval(days => n)
    from customers as c cross join lateral (select substr(c.external_id, 2)::int as n) as x where n % 10 > 0`,
    [now],
  )
  people = (await list({ page_size: 200, page: 1 })).data.concat((await list({ page_size: 200, page: 2 })).data)
})

/** What the server should answer, done by hand over all rows. */
function naive(
  filter: (c: CustomerRow) => boolean,
  keys: [(c: CustomerRow) => string | number | null, boolean][],
): string[] {
  const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)
  const first = keys[0]?.[1] ?? false
  return people
    .filter(filter)
    .sort((a, b) => {
      for (const [key, descending] of keys) {
        const [x, y] = [key(a), key(b)]
        if (x === y) continue
        if (x === null) return 1
        if (y === null) return -1
        return descending ? compare(y, x) : compare(x, y)
      }
      return first ? compare(b.id, a.id) : compare(a.id, b.id)
    })
    .map((c) => c.id)
}

const filters: [Record<string, string>, (c: CustomerRow) => boolean][] = [
  [{}, () => true],
  [{ rfm_segment: 'champions,loyal' }, (c) => c.rfm_segment === 'champions' || c.rfm_segment === 'loyal'],
  [{ churn_risk: 'high' }, (c) => c.churn_risk === 'high'],
  [
    { primary_category: 'Wine', state: 'ny,TX' },
    (c) => c.primary_category === 'Wine' && (c.state === 'NY' || c.state === 'TX'),
  ],
  [
    { age_status: 'dob_verified', email_consent: 'granted' },
    (c) => c.age_status === 'dob_verified' && c.email_consent === 'granted',
  ],
  [{ sms_consent: 'granted', is_night_buyer: 'true' }, (c) => c.sms_consent === 'granted' && c.is_night_buyer === true],
  [
    { bought_within_days: '30' },
    (c) => c.last_purchase_at !== null && new Date(c.last_purchase_at).getTime() >= now.getTime() - 30 * 86_400_000,
  ],
  [
    { not_bought_for_days: '100' },
    (c) => c.last_purchase_at === null || new Date(c.last_purchase_at).getTime() < now.getTime() - 100 * 86_400_000,
  ],
  [
    { clv_min_cents: '5000', clv_max_cents: '12000' },
    (c) => c.clv_score_cents !== null && c.clv_score_cents >= 5000 && c.clv_score_cents <= 12000,
  ],
  [{ tags: 'vip,wine' }, (c) => c.tags.includes('vip')],
  [{ q: 'zoë' }, (c) => c.name?.toLowerCase().includes('zoë') === true],
  [{ q: '100%' }, (c) => c.name?.startsWith('100%') === true],
  [{ q: 'a_b' }, (c) => c.name?.startsWith('a_b') === true],
  [{ q: 'slash' }, (c) => c.name?.includes('slash') === true],
  [{ q: 'user12@' }, (c) => c.email?.includes('user12@') === true],
  [{ q: '(212) 736-5005' }, (c) => c.phone === '+12127365005'],
  [{ q: 'c29' }, (c) => c.external_id?.startsWith('C29') === true],
]
const sorts: [string, [(c: CustomerRow) => string | number | null, boolean][]][] = [
  [
    '-clv_score,purchase_frequency',
    [
      [(c) => c.clv_score_cents, true],
      [(c) => c.purchase_frequency, false],
    ],
  ],
  [
    'clv_score,-total_spent',
    [
      [(c) => c.clv_score_cents, false],
      [(c) => c.total_spent_cents, true],
    ],
  ],
  ['-last_purchase_at', [[(c) => c.last_purchase_at, true]]],
  [
    'churn_risk,-created_at',
    [
      [(c) => (c.churn_risk === null ? null : ['low', 'new', 'medium', 'high'].indexOf(c.churn_risk)), false],
      [(c) => c.created_at, true],
    ],
  ],
]

describe('the list', () => {
  test('300 customers, counted exactly', async () => {
    expect(people).toHaveLength(300)
    expect(await list({ page_size: 1 })).toMatchObject({ total: 300, total_is_exact: true })
  })
  test.each(filters)('filter %j finds what a naive search finds', async (filter, keep) => {
    const found = await list({ ...filter, page_size: 200, sort: '-total_spent' })
    const expected = naive(keep, [[(c) => c.total_spent_cents, true]])
    expect(found.total).toBe(expected.length)
    expect(found.data.map((c) => c.id)).toEqual(expected.slice(0, 200))
    if (Object.keys(filter).length > 0) expect(expected.length).toBeGreaterThan(0)
  })
  test.each(sorts)(
    'sort %s: pages and cursor walk the same order, with nothing skipped or repeated',
    async (sort, keys) => {
      const expected = naive(() => true, keys)
      const walked: string[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Page = await list({ sort, page_size: 37, ...(cursor ? { cursor } : {}) })
        walked.push(...page.data.map((c) => c.id))
        cursor = page.next_cursor
      }
      expect(walked).toEqual(expected)
      expect((await list({ sort, page_size: 50, page: 3 })).data.map((c) => c.id)).toEqual(expected.slice(100, 150))
    },
  )
  test('any mix of filters equals the naive search', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(filters.length - 1), { maxLength: 3 }),
        fc.constantFrom(...sorts),
        async (chosen, [sort, keys]) => {
          const query = Object.assign({}, ...chosen.map((i) => filters[i]?.[0])) as Record<string, string>
          // a later filter of the same name replaces the earlier one
          const active = chosen.filter((i, at) =>
            Object.keys(filters[i]?.[0] ?? {}).every(
              (k) => !chosen.slice(at + 1).some((j) => k in (filters[j]?.[0] ?? {})),
            ),
          )
          fc.pre(active.length === chosen.length)
          const found = await list({ ...query, sort, page_size: 200 })
          expect(found.data.map((c) => c.id)).toEqual(
            naive((c) => chosen.every((i) => filters[i]?.[1](c)), keys).slice(0, 200),
          )
        },
      ),
      { numRuns: 25 },
    )
  })
  test('hostile text in a filter is data', async () => {
    for (const text of [
      "'; drop table customers; --",
      "' or 1=1 --",
      '%',
      '_',
      '\\',
      '\u0000',
      '$1',
      '{a}',
      '"',
      '🍷'.repeat(30),
    ]) {
      for (const field of ['q', 'rfm_segment', 'state', 'tags', 'primary_category']) {
        const answer = await manager({ method: 'GET', url: `/api/v1/customers?${field}=${encodeURIComponent(text)}` })
        expect([200, 400]).toContain(answer.statusCode)
        if (field !== 'q' && answer.statusCode === 200) expect((answer.json() as Page).data).toEqual([])
      }
    }
    expect((await list({})).total).toBe(300)
  })
  test('an unknown sort, a forged cursor and unknown fields are refused', async () => {
    const cursor = (await list({ page_size: 1 })).next_cursor ?? ''
    for (const query of [
      'sort=password_hash',
      'sort=__proto__',
      'cursor=abc',
      `cursor=${cursor}&sort=-clv_score`,
      `cursor=${cursor.slice(0, -4)}AAAA`,
      'page_size=5000',
      'nonsense=1',
    ]) {
      expect((await manager({ method: 'GET', url: `/api/v1/customers?${query}` })).statusCode, query).toBe(400)
    }
  })
  test('role user sees masked addresses and cannot guess them letter by letter', async () => {
    const page = await list({ page_size: 200 }, user)
    expect(
      page.data.every(
        (c) =>
          c.is_masked &&
          (c.email === null || /^.\*\*\*@.\*\*\*\.com$/.test(c.email)) &&
          (c.phone === null || /^\+1•••\d{4}$/.test(c.phone)),
      ),
    ).toBe(true)
    expect((await list({ q: 'user12' }, user)).total).toBe(0)
    expect((await list({ q: 'USER12@example0.com' }, user)).total).toBe(1)
    const id = page.data.find((c) => c.email)?.id ?? ''
    const one = (await user({ method: 'GET', url: `/api/v1/customers/${id}` })).json<Customer>()
    expect(JSON.stringify(one)).not.toMatch(/user\d+@/)
    expect([one.birth_date, one.address, one.raw_data]).toEqual([null, null, null])
  })
  test('segments add up', async () => {
    const { data, customers, unscored } = (await user({ method: 'GET', url: '/api/v1/customers/segments' })).json<{
      data: {
        rfm_segment: string
        customers: number
        share: number
        total_spent_cents: number
        churn: Record<string, number>
      }[]
      customers: number
      unscored: number
    }>()
    expect([customers, unscored]).toEqual([300, people.filter((c) => c.rfm_segment === null).length])
    for (const segment of segments.filter(Boolean)) {
      const members = people.filter((c) => c.rfm_segment === segment)
      expect(data.find((s) => s.rfm_segment === segment)).toMatchObject({
        customers: members.length,
        total_spent_cents: members.reduce((sum, c) => sum + (c.total_spent_cents ?? 0), 0),
        churn: { high: members.filter((c) => c.churn_risk === 'high').length },
      })
    }
  })
})

describe('one customer', () => {
  const create = (payload: object, role = manager) => role({ method: 'POST', url: '/api/v1/customers', payload })
  test('is created, changed with its etag, deleted and brought back, each in the audit trail', async () => {
    const made = await create({
      email: 'New@Example.com',
      phone: '(212) 736-9999',
      name: 'New Person',
      birth_date: '1980-01-01',
      state: 'Texas',
      consents: [{ channel: 'sms', status: 'granted', source: 'till' }],
    })
    expect(made.statusCode, made.body).toBe(201)
    const customer = made.json<Customer>()
    expect(customer).toMatchObject({
      email: 'new@example.com',
      phone: '+12127369999',
      state: 'TX',
      age_status: 'dob_verified',
      sms_consent: 'granted',
      first_name: 'New',
    })
    expect(customer.consents).toMatchObject([{ channel: 'sms', status: 'granted', source: 'till' }])
    expect(customer.contactability).toMatchObject([
      // Nobody has asked about e-mail yet, and silence is not a yes.
      { channel: 'email', can_contact: false, reasons: [{ rule_id: 'person-consent-email' }] },
      { channel: 'sms', can_contact: true, reasons: [] },
    ])
    const url = `/api/v1/customers/${customer.id}`
    const changed = await manager({
      method: 'PATCH',
      url,
      payload: { name: 'Other Name' },
      headers: { 'if-match': customer.etag },
    })
    expect(changed.json<Customer>().name).toBe('Other Name')
    expect(
      (
        await manager({
          method: 'PATCH',
          url,
          payload: { name: 'Lost Update' },
          headers: { 'if-match': customer.etag },
        })
      ).statusCode,
    ).toBe(412)
    expect((await manager({ method: 'DELETE', url })).statusCode).toBe(204)
    expect((await list({ q: 'new@example.com' })).total).toBe(0)
    expect((await manager({ method: 'POST', url: `${url}/restore` })).json<Customer>().deleted_at).toBeNull()
    const { rows } = await ctx.pool.query<{ action: string; after: object | null }>(
      'select action, after from audit_log where entity_id = $1 order by id',
      [customer.id],
    )
    expect(rows.map((r) => r.action)).toEqual([
      'customer.created',
      'customer.updated',
      'customer.deleted',
      'customer.restored',
    ])
    expect(JSON.stringify(rows)).not.toMatch(/example\.com|7369999|Other Name/)
  })
  test('a no closes the address, and the shop cannot take it back', async () => {
    const { id, email } = (await create({ email: 'leaver@example.com' })).json<Customer>()
    const url = `/api/v1/customers/${id}`
    const left = (
      await manager({
        method: 'PATCH',
        url,
        payload: { consents: [{ channel: 'email', status: 'denied', source: 'phone call' }] },
      })
    ).json<Customer>()
    expect(left).toMatchObject({ email, email_consent: 'denied' })
    expect(left.contactability[0]?.reasons.map((r) => r.rule_id)).toEqual([
      'person-suppressed',
      'person-consent-email',
      'person-age-unknown',
    ])
    expect(
      (
        await manager({
          method: 'PATCH',
          url,
          payload: { consents: [{ channel: 'email', status: 'granted', source: 'we want to' }] },
        })
      ).json<{ code: string }>().code,
    ).toBe('consent.suppressed')
  })
  test('bad fields are named, taken ones conflict, foreign fields are refused, role user may not write', async () => {
    expect(
      (await create({ email: 'nope', state: 'Ontario' }))
        .json<{ errors: { path: string }[] }>()
        .errors.map((e) => e.path),
    ).toEqual(['email', 'state'])
    expect((await create({ name: 'Nobody' })).statusCode).toBe(400)
    expect((await create({ email: 'new@example.com' })).json()).toMatchObject({
      status: 409,
      facts: { field: 'email' },
    })
    for (const field of ['id', 'email_consent', 'deleted_at', 'is_demo', 'role', 'raw_data', 'updated_at'])
      expect((await create({ email: 'x1@example.com', [field]: 'x' })).statusCode, field).toBe(400)
    expect((await create({ email: 'x2@example.com' }, user)).statusCode).toBe(403)
    expect(
      (await manager({ method: 'GET', url: '/api/v1/customers/01900000-0000-7000-8000-000000000000' })).statusCode,
    ).toBe(404)
    expect((await manager({ method: 'GET', url: '/api/v1/customers/nope' })).statusCode).toBe(400)
  })
  test('history is one line of orders, sends and events, in pages', async () => {
    const id = people[0]?.id ?? ''
    await ctx.pool.query(
      `insert into products (sku, name, department, category, price_cents) values ('p', 'Old Oak', 'spirits', 'Bourbon', 2000)`,
    )
    await ctx.pool.query(
      `
      with o as (insert into orders (external_id, customer_id, ordered_at, total_cents) select 'o' || i, $1, $2::timestamptz - make_interval(hours => i * 2), 1000 + i from generate_series(1, 12) as i returning id)
      insert into order_items (order_id, product_id, quantity, total_cents) select o.id, p.id, 1.5, 900 from o, products as p`,
      [id, now],
    )
    await ctx.pool.query(
      `insert into sends (customer_id, channel, recipient, due_at, window_end, status, sent_at) select $1, 'email', 'x', $2, $2, 'sent', $2::timestamptz - make_interval(hours => i * 3) from generate_series(1, 8) as i`,
      [id, now],
    )
    await ctx.pool.query(
      `insert into analytics_events (event_type, customer_id, occurred_at) select 'open', $1, $2::timestamptz - make_interval(hours => i * 3) from generate_series(1, 8) as i`,
      [id, now],
    )
    const seen: { id: string; at: string; kind: string; items: unknown[] }[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const answer = await user({
        method: 'GET',
        url: `/api/v1/customers/${id}/history?page_size=5${cursor ? `&cursor=${cursor}` : ''}`,
      })
      expect(answer.statusCode, answer.body).toBe(200)
      const page = answer.json<{ data: typeof seen; next_cursor: string | null }>()
      seen.push(...page.data)
      cursor = page.next_cursor
    }
    expect(seen).toHaveLength(28)
    expect(new Set(seen.map((e) => e.id)).size).toBe(28)
    expect(seen.map((e) => e.at)).toEqual(
      seen
        .map((e) => e.at)
        .toSorted()
        .toReversed(),
    )
    expect(seen.find((e) => e.kind === 'order')?.items).toMatchObject([
      { name: 'Old Oak', quantity: 1.5, total_cents: 900 },
    ])
  })
})

test('products and segments are listed; members stand by value', async () => {
  const products = (await user({ method: 'GET', url: '/api/v1/products?q=oak&department=spirits&sort=-price' })).json<{
    data: { sku: string }[]
    total: number
  }>()
  expect([products.total, products.data[0]?.sku]).toEqual([1, 'p'])
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into segments (key, name, kind, rules, customer_count) values ('test_seg', 'Test', 'rule', '{}', 300) returning id`,
  )
  const id = rows[0]?.id ?? ''
  await ctx.pool.query(
    'insert into segment_members (segment_id, customer_id) select $1, c.id from customers as c where c.external_id is not null',
    [id],
  )
  expect(
    (await user({ method: 'GET', url: '/api/v1/segments?q=test' }))
      .json<{ data: { key: string }[] }>()
      .data.map((s) => s.key),
  ).toEqual(['test_seg'])
  expect((await user({ method: 'GET', url: `/api/v1/segments/${id}` })).json()).toMatchObject({
    key: 'test_seg',
    optimal_channels: ['email'],
  })
  const walked: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page = (
      await user({
        method: 'GET',
        url: `/api/v1/segments/${id}/customers?page_size=70${cursor ? `&cursor=${cursor}` : ''}`,
      })
    ).json<Page>()
    walked.push(...page.data.map((c) => c.id))
    cursor = page.next_cursor
  }
  expect(walked).toEqual(naive(() => true, [[(c) => c.clv_score_cents, true]]))
})
