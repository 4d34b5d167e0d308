import { readFileSync } from 'node:fs'
import { globSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { ingest } from '#contract/ingest.ts'
import type { Order, OrderDetail } from '#contract/orders.ts'
import { isOwnEvent } from '#core/knowledge/behaviour.ts'
import { addressHash } from '#server/suppression.ts'
import { testApp } from '#test/app.ts'

const now = new Date('2026-11-23T18:00:00Z')
const { ctx, app, as } = await testApp({ clock: () => now })
const made = await as('admin')({
  method: 'POST',
  url: '/api/v1/api-keys',
  payload: { name: 'Till', scopes: ['orders:write', 'orders:read', 'events:write', 'customers:write'] },
})
const { secret, id: keyId } = made.json<{ secret: string; id: string }>()

type Orders = z.output<typeof ingest.orders.reply>
type Events = z.output<typeof ingest.events.reply>
type Customers = z.output<typeof ingest.customers.reply>
const send = async <T>(url: string, payload: object, headers: Record<string, string> = {}): Promise<T> => {
  const answer = await app.inject({
    method: 'POST',
    url: `/api/v1/${url}`,
    payload,
    headers: { authorization: `Bearer ${secret}`, ...headers },
  })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const get = async <T>(url: string): Promise<T> =>
  (await app.inject({ url: `/api/v1/${url}`, headers: { authorization: `Bearer ${secret}` } })).json()
const one = async <T extends object>(sql: string, values: unknown[] = []): Promise<T> =>
  (await ctx.pool.query<T>(sql, values)).rows[0]!

const bourbon = { sku: 'BB-750', name: 'Blanton’s Bourbon', category: 'Bourbon', quantity: 2, unit_price_cents: 6999 }
const order = (external: string, more: object = {}) => ({
  external_id: external,
  ordered_at: '2026-11-20T17:45:00-06:00',
  customer: { email: 'ann@example.com', name: 'Ann Lee' },
  items: [bourbon],
  ...more,
})

test('the good orders of a batch go in, each bad one is named with its path and reason', async () => {
  const answer = await send<Orders>('orders', {
    orders: [
      order('A-1'),
      { ...order('A-2'), ordered_at: 'yesterday' },
      order('A-3', { customer: { name: 'Nobody' } }),
      order('A-4', { customer: { email: 'not an address' } }),
      order('A-5', { items: [{ sku: 'X' }] }),
      'nonsense',
      order('A-7', { surprise: 1 }),
      order('A-8', { currency: 'CAD' }),
      order('A-9', { ordered_at: '2027-11-20T17:45:00Z' }),
      order('A-10', {
        customer: { phone: '(217) 555-0101' },
        items: [{ name: 'House red', total_cents: 1299 }],
        store: 'Nowhere',
      }),
    ],
  })
  expect(answer).toMatchObject({ received: 10, created: 2, refused: 8, customers_created: 2, products_created: 2 })
  expect(answer.outcomes.map((o) => o.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  const errors = answer.outcomes.map((o) => o.errors[0]?.path)
  expect(errors).toEqual([
    undefined,
    'orders.1.ordered_at',
    'orders.2.customer',
    'orders.3.customer.email',
    'orders.4.items.0',
    'orders.5',
    'orders.6',
    'orders.7.currency',
    'orders.8.ordered_at',
    undefined,
  ])
  for (const { outcome, errors: said } of answer.outcomes)
    for (const { message } of outcome === 'refused' ? said : []) expect(message.length).toBeGreaterThan(5)
  const stored = await get<OrderDetail>(`orders/${answer.outcomes[0]!.order_id}`)
  expect(stored).toMatchObject({
    external_id: 'A-1',
    customer_name: 'Ann Lee',
    ordered_at: '2026-11-20T23:45:00.000Z',
    total_cents: 13998,
    items: [{ sku: 'BB-750', department: 'spirits', category: 'Bourbon', quantity: 2, total_cents: 13998 }],
  })
})

test('an order sent again changes nothing; changed, it is replaced whole', async () => {
  const two = { orders: [order('B-1', { items: [bourbon, { sku: 'W-1', name: 'Merlot', total_cents: 1500 }] })] }
  expect(await send<Orders>('orders', two)).toMatchObject({ created: 1, products_created: 1 })
  expect(await send<Orders>('orders', two)).toMatchObject({ created: 0, changed: 0, same: 1 })
  const less = await send<Orders>('orders', { orders: [order('B-1', { items: [{ ...bourbon, quantity: 1 }] })] })
  expect(less).toMatchObject({ changed: 1 })
  const id = less.outcomes[0]!.order_id
  expect(await get<OrderDetail>(`orders/${id}`)).toMatchObject({
    total_cents: 6999,
    items: [{ sku: 'BB-750', quantity: 1 }],
  })
  // Without items only the head is told: what is stored stays.
  await send<Orders>('orders', {
    orders: [{ ...order('B-1'), items: undefined, total_cents: 7500, coupon_code: 'FALL' }],
  })
  expect(await get<OrderDetail>(`orders/${id}`)).toMatchObject({
    total_cents: 7500,
    coupon_code: 'FALL',
    items: [{ sku: 'BB-750' }],
  })
})

test('of an order that a batch has twice the last one counts', async () => {
  const answer = await send<Orders>('orders', {
    orders: [order('C-1'), order('C-1', { items: [{ sku: 'BB-750', total_cents: 100 }] })],
  })
  expect(answer.outcomes.map((o) => o.outcome)).toEqual(['duplicate', 'created'])
  expect(await one(`select total_cents from orders where external_id = 'C-1'`)).toEqual({ total_cents: 100 })
})

test('unknown customers and products are refused where the caller asks for it', async () => {
  const strangers = await send<Orders>('orders', {
    create_customers: false,
    orders: [order('D-1', { customer: { email: 'stranger@example.com' } }), order('D-2')],
  })
  expect(strangers.outcomes).toMatchObject([
    {
      outcome: 'refused',
      errors: [{ path: 'orders.0.customer', message: expect.stringContaining('create_customers') }],
    },
    { outcome: 'created' },
  ])
  const things = await send<Orders>('orders', {
    unknown_products: 'refuse',
    orders: [order('D-3', { items: [bourbon, { sku: 'NEW-1', total_cents: 100 }] }), order('D-4')],
  })
  expect(things.outcomes).toMatchObject([
    { outcome: 'refused', errors: [{ path: 'orders.0.items.1.sku', message: expect.stringContaining('catalog') }] },
    { outcome: 'created' },
  ])
  const { rows } = await ctx.pool.query(`select external_id from orders where external_id in ('D-1', 'D-3')`)
  expect(rows).toEqual([])
})

test('a reference that means two customers is refused', async () => {
  await ctx.pool.query(
    `insert into customers (email) values ('x@example.com'); insert into customers (phone) values ('+12175550102')`,
  )
  const answer = await send<Orders>('orders', {
    orders: [order('E-1', { customer: { email: 'x@example.com', phone: '+12175550102' } })],
  })
  expect(answer.outcomes[0]).toMatchObject({
    outcome: 'refused',
    errors: [
      {
        path: 'orders.0.customer',
        message: 'Customer number, email and phone of this order belong to different customers.',
      },
    ],
  })
})

test('a retry under its Idempotency-Key is answered again and done once', async () => {
  const body = { orders: [order('F-1')] }
  const first = await send<Orders>('orders', body, { 'idempotency-key': 'f1' })
  const again = await send<Orders>('orders', body, { 'idempotency-key': 'f1' })
  expect(again).toEqual(first)
  expect(first.created).toBe(1)
})

test('a thousand orders are one batch; many batches start one run that follows', async () => {
  const batch = (from: number) => ({
    orders: Array.from({ length: 1000 }, (_, i) =>
      order(`G-${from + i}`, {
        customer: { external_id: `G${(from + i) % 700}`, email: `g${(from + i) % 700}@example.com` },
        items: Array.from({ length: 3 }, (_x, n) => ({
          sku: `G-${(i + n) % 50}`,
          name: `Bottle ${(i + n) % 50}`,
          total_cents: 1000 + n,
        })),
      }),
    ),
  })
  const started = performance.now()
  expect(await send<Orders>('orders', batch(0))).toMatchObject({ created: 1000, customers_created: 700, refused: 0 })
  const firstMs = performance.now() - started
  expect(firstMs).toBeLessThan(10_000)
  // Figures for docs/benchmarks.md: TEST_FIGURES=1.
  if (process.env['TEST_FIGURES'])
    process.stdout.write(`1,000 new orders with 3,000 items: ${Math.round(firstMs)} ms\n`)
  expect(await send<Orders>('orders', batch(0))).toMatchObject({ same: 1000, created: 0, changed: 0 })
  await Promise.all([send<Orders>('orders', batch(1000)), send<Orders>('orders', batch(1500))])
  expect(await one(`select count(*) as n from orders where external_id like 'G-%'`)).toEqual({ n: 2500 })
  expect(await one(`select count(*) as n from jobs where kind = 'follow_orders' and status = 'queued'`)).toEqual({
    n: 1,
  })
  const tooMany = await app.inject({
    method: 'POST',
    url: '/api/v1/orders',
    payload: { orders: [...batch(0).orders, order('one more')] },
    headers: { authorization: `Bearer ${secret}` },
  })
  expect(tooMany.statusCode).toBe(400)
  expect(tooMany.json()).toMatchObject({ errors: [{ path: 'orders', message: 'Send at most 1000 at once.' }] })
}, 60_000)

test('orders are listed by customer, store and time, page after page without gaps', async () => {
  const { id } = await one<{ id: string }>(`select id from customers where external_id = 'G7'`)
  const page = await get<{ data: Order[]; total: number; next_cursor: string | null }>(
    `orders?customer_id=${id}&page_size=2`,
  )
  expect(page.total).toBeGreaterThan(2)
  expect(page.data[0]).toMatchObject({ customer_id: id, items: 3, currency: 'USD' })
  const all: string[] = []
  let cursor: string | null = ''
  do {
    const next: { data: Order[]; next_cursor: string | null } = await get(
      `orders?external_id=&page_size=200&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z${cursor ? `&cursor=${cursor}` : ''}`.replace(
        'external_id=&',
        '',
      ),
    )
    all.push(...next.data.map((o) => o.id))
    cursor = next.next_cursor
  } while (cursor)
  const { n } = await one<{ n: number }>('select count(*) as n from orders')
  expect(new Set(all).size).toBe(n)
  expect(all).toHaveLength(n)
  expect(await get(`orders?from=2026-11-21T00:00:00Z`)).toMatchObject({ total: 0, data: [] })
  expect(await get(`orders?external_id=A-1`)).toMatchObject({ total: 1, data: [{ external_id: 'A-1' }] })
})

test('every batch is in the audit trail under its key', async () => {
  const { rows } = await ctx.pool.query<{ after: object }>(
    `select after from audit_log where action = 'orders.ingested' and actor_kind = 'api_key' and actor_id = $1 order by id`,
    [keyId],
  )
  expect(rows[0]?.after).toMatchObject({ orders: 2, orders_new: 2 })
})

const event = (id: string, more: object = {}) => ({
  id,
  type: 'product_view',
  at: '2026-11-22T09:30:00Z',
  customer: { email: 'ann@example.com' },
  properties: { sku: 'BB-750' },
  ...more,
})

test('events count once each, in the rollup at once, and those of ours cannot be made up', async () => {
  const batch = {
    events: [
      event('e1'),
      event('e2', { type: 'cart_abandoned', value_cents: 13998 }),
      event('e1'),
      event('e3', { type: 'open' }),
      event('e4', { customer: { email: 'ghost@example.com' } }),
      event('e5', { at: '2027-12-01T00:00:00Z' }),
      event('e6', { properties: { 'Bad Name': 1 } }),
      event('e7', { type: 'tasting_booked' }),
    ],
  }
  const first = await send<Events>('events', batch)
  expect(first.outcomes.map((o) => o.outcome)).toEqual([
    'created',
    'created',
    'duplicate',
    'refused',
    'refused',
    'refused',
    'refused',
    'created',
  ])
  expect(first.outcomes.map((o) => o.errors[0]?.path)).toEqual([
    undefined,
    undefined,
    undefined,
    'events.3.type',
    'events.4.customer',
    'events.5.at',
    'events.6.properties.Bad Name',
    undefined,
  ])
  expect(await send<Events>('events', batch)).toMatchObject({ created: 0, duplicate: 4, refused: 4 })
  const { rows: events } = await ctx.pool.query(
    `select e.event_type, count(*)::int as n, coalesce(sum(e.value_cents), 0)::int as cents from analytics_events as e where e.event_type not in ('purchase') group by 1 order by 1`,
  )
  const { rows: rollup } = await ctx.pool.query(
    `select r.event_type, sum(r.events)::int as n, sum(r.value_cents)::int as cents from rollup_hourly as r where r.event_type not in ('purchase') group by 1 order by 1`,
  )
  expect(events).toEqual(rollup)
  expect(events).toContainEqual({ event_type: 'cart_abandoned', n: 1, cents: 13998 })
  const { id } = await one<{ id: string }>(`select id from customers where email = 'ann@example.com'`)
  const history = await as('user')({ url: `/api/v1/customers/${id}/history?kind=event` })
  expect(history.statusCode, history.body).toBe(200)
  expect(history.json<{ data: { title: string }[] }>().data.map((d) => d.title)).toContain('tasting_booked')
})

test('the same events at once are counted once', async () => {
  const batch = { events: Array.from({ length: 50 }, (_, i) => event(`c${i}`)) }
  const answers = await Promise.all(Array.from({ length: 6 }, () => send<Events>('events', batch)))
  expect(answers.reduce((sum, a) => sum + a.created, 0)).toBe(50)
  expect(answers.reduce((sum, a) => sum + a.duplicate, 0)).toBe(250)
})

test('every type of event that our own code writes is closed to programs', () => {
  const root = path.resolve(import.meta.dirname, '../..')
  const types = new Set<string>()
  for (const file of globSync('**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })) {
    const text = readFileSync(path.join(root, file), 'utf8')
    if (!/appendEvents|analytics_events|NewEvent/.test(text)) continue
    for (const [, type] of text.matchAll(/\btype: '([a-z_]+)'/g)) types.add(type!)
    for (const [, list] of text.matchAll(/event_type (?:not )?in \(([^)]+)\)/g))
      for (const [, type] of list!.matchAll(/'([a-z_]+)'/g)) types.add(type!)
  }
  for (const other of ['text', 'bigint', 'uuid', 'timestamptz', 'citext', 'float8', 'object', 'string', 'real'])
    types.delete(other)
  expect(types.size).toBeGreaterThan(8)
  expect([...types].filter((type) => !isOwnEvent(type))).toEqual([])
})

test('customers in a batch: found by any key, proof for each channel, a yes never undoes a no', async () => {
  await ctx.pool.query(`insert into customers (email, email_consent) values ('no@example.com', 'denied')`)
  await ctx.pool.query(`insert into suppressions (channel, address_hash, reason) values ('email', $1, 'unsubscribe')`, [
    addressHash(ctx.config, 'email', 'left@example.com'),
  ])
  const yes = { status: 'granted', source: 'till 2', given_at: '2026-11-01T12:00:00Z' }
  const batch = {
    customers: [
      {
        external_id: 'L-1',
        email: 'Bea@Example.com',
        phone: '(217) 555-0177',
        name: 'Doe, Bea',
        birth_date: '1980-05-31',
        state: 'Illinois',
        zip: '62701',
        tags: ['VIP', 'wine; red'],
        email_consent: yes,
        sms_consent: { ...yes, source: 'web form', given_at: '2026-11-02T12:00:00Z', text_version: 'v3' },
      },
      { email: 'no@example.com', name: 'No', email_consent: yes },
      { email: 'left@example.com', email_consent: yes },
      { email: 'unproven@example.com', email_consent: { status: 'granted' } },
      { email: 'far@example.com', state: 'Atlantis' },
      { name: 'Nobody' },
      { external_id: 'L-8', phone: '(217) 555-0177' },
    ],
  }
  const first = await send<Customers>('customers/batch', batch)
  expect(first.outcomes.map((o) => o.outcome)).toEqual([
    'created',
    'changed',
    'created',
    'refused',
    'refused',
    'refused',
    'refused',
  ])
  expect(first.outcomes.map((o) => o.errors[0]?.path)).toEqual([
    undefined,
    undefined,
    undefined,
    'customers.3.email_consent',
    'customers.4.state',
    'customers.5',
    'customers.6.phone',
  ])
  expect(first.outcomes.map((o) => o.notes[0]?.path)).toEqual([
    undefined,
    'customers.1.email_consent',
    'customers.2.email_consent',
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  expect(
    await one(
      `select email, phone, name, first_name, age_status, state, tags, email_consent, sms_consent from customers where external_id = 'L-1'`,
    ),
  ).toEqual({
    email: 'bea@example.com',
    phone: '+12175550177',
    name: 'Bea Doe',
    first_name: 'Bea',
    age_status: 'dob_verified',
    state: 'IL',
    tags: ['vip', 'wine  red'].map((t) => t.replace('  ', ' ')),
    email_consent: 'granted',
    sms_consent: 'granted',
  })
  const { rows: proofs } = await ctx.pool.query(
    `select k.channel, k.source, k.text_version, k.given_at from consents as k join customers as c on c.id = k.customer_id where c.external_id = 'L-1' order by 1`,
  )
  expect(proofs).toEqual([
    { channel: 'email', source: 'till 2', text_version: null, given_at: new Date('2026-11-01T12:00:00Z') },
    { channel: 'sms', source: 'web form', text_version: 'v3', given_at: new Date('2026-11-02T12:00:00Z') },
  ])
  expect(await one(`select email_consent from customers where email = 'no@example.com'`)).toEqual({
    email_consent: 'denied',
  })
  expect(await one(`select email_consent from customers where email = 'left@example.com'`)).toEqual({
    email_consent: 'unknown',
  })
  expect(await send<Customers>('customers/batch', batch)).toMatchObject({ created: 0, changed: 0, same: 3, refused: 4 })
  // Said again later: a no closes, and its proof is kept.
  const no = await send<Customers>('customers/batch', {
    customers: [{ external_id: 'L-1', email_consent: { status: 'denied', source: 'phone call' } }],
  })
  expect(no.outcomes[0]).toMatchObject({ outcome: 'changed' })
  expect(await one(`select email_consent, sms_consent from customers where external_id = 'L-1'`)).toEqual({
    email_consent: 'denied',
    sms_consent: 'granted',
  })
})
