import { afterAll, expect, test } from 'vitest'
import type { Hook, Integration } from '#contract/integrations.ts'
import { addressHash } from '#server/suppression.ts'
import { post, type SimHook, type SimLine } from '#sim/tills/hook.ts'
import { shopifyCustomer, shopifyHook, shopifyOrder } from '#sim/tills/shopify.ts'
import { chance, shopifyStory, shuffled } from '#sim/tills/story.ts'
import { wooCustomer, wooHook, wooOrder, wooPing } from '#sim/tills/woo.ts'
import { testApp } from '#test/app.ts'
import { mostRefusals } from './hooks.ts'
import { writeNote } from './inbox.ts'
import { forgetTill } from './known-tills.ts'
import { forgetHooks, processHooks } from './process.ts'

const now = new Date('2026-11-23T18:00:00Z')
const { ctx, app, as } = await testApp({ clock: () => now })
const admin = as('admin')
type Connected = Integration & { secret: string | null }

const connect = async (payload: object): Promise<Connected> => {
  const answer = await admin({ method: 'POST', url: '/api/v1/integrations', payload })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json()
}
const change = async (id: string, payload: object): Promise<Connected> => {
  const answer = await admin({ method: 'PATCH', url: `/api/v1/integrations/${id}`, payload })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const hit = async (id: string, hook: SimHook): Promise<number> =>
  (await app.inject({ method: 'POST', url: `/hooks/${hook.kind}/${id}`, headers: hook.headers, payload: hook.body }))
    .statusCode
const log = async (id: string, status = ''): Promise<Hook[]> =>
  (await admin({ url: `/api/v1/integrations/${id}/hooks?page_size=200${status ? `&status=${status}` : ''}` })).json<{
    data: Hook[]
  }>().data
const one = async <T extends object>(sql: string, values: unknown[] = []): Promise<T> =>
  (await ctx.pool.query<T>(sql, values)).rows[0]!
const orders = async (prefix: string): Promise<Map<string, number>> =>
  new Map(
    (
      await ctx.pool.query<{ external_id: string; total_cents: number }>(
        'select o.external_id, o.total_cents from orders as o where starts_with(o.external_id, $1)',
        [`${prefix}:`],
      )
    ).rows.map((r) => [r.external_id, r.total_cents]),
  )

const secret = 'shpss_a_secret_of_the_app'
const shop = await connect({ kind: 'shopify', name: 'Corner Cellars online', secret })
const web = await connect({
  kind: 'woocommerce',
  name: 'Wine club',
  settings: { order_number: 'id', consent_fields: { email: '_newsletter' } },
})
let delivery = 0
const send = (topic: string, payload: object, more: { id?: string; at?: string } = {}): Promise<number> =>
  hit(shop.id, shopifyHook(secret, topic, payload, { id: `d${++delivery}`, ...more }))
const sendWoo = (topic: string, payload: object): Promise<number> =>
  hit(web.id, wooHook(web.secret!, topic, payload, { deliveryId: `w${++delivery}` }))
const lines: SimLine[] = [
  { id: 11, sku: 'BB-750', title: 'Blanton’s Bourbon', cents: 6999, quantity: 2 },
  { id: 12, sku: 'ML-1', title: 'House Merlot', cents: 1299, quantity: 1 },
]

test('a till is connected by an admin: where to post, what to subscribe to, a secret shown once', async () => {
  expect(shop).toMatchObject({
    url: `http://shop.test/hooks/shopify/${shop.id}`,
    has_secret: true,
    secret: null,
    prefix: 'shopify',
    secret_from: 'them',
  })
  expect(shop.topics).toContain('orders/paid')
  expect(web.secret).toMatch(/^[0-9a-f]{64}$/)
  const seen = await as('manager')({ url: '/api/v1/integrations' })
  expect(seen.statusCode).toBe(200)
  for (const hidden of [secret, web.secret!]) {
    expect(seen.body).not.toContain(hidden)
    const { rows } = await ctx.pool.query<{ row: string }>(
      'select to_jsonb(i)::text as row from integrations as i union all select to_jsonb(a)::text from audit_log as a',
    )
    expect(rows.length).toBeGreaterThan(3)
    expect(rows.map((r) => r.row).join()).not.toContain(hidden)
  }
  expect((await as('user')({ url: '/api/v1/integrations' })).statusCode).toBe(403)
  expect(
    (await as('manager')({ method: 'PATCH', url: `/api/v1/integrations/${shop.id}`, payload: { name: 'x' } }))
      .statusCode,
  ).toBe(403)
  const bad = await admin({
    method: 'POST',
    url: '/api/v1/integrations',
    payload: { kind: 'etsy', name: '', secret: 'short' },
  })
  expect(bad.json<{ errors: { path: string }[] }>().errors.map((e) => e.path)).toEqual(['kind', 'name', 'secret'])
})

test('only what the till signed comes in; the rest leaves nothing but a count', async () => {
  const hook = shopifyHook(secret, 'orders/paid', shopifyOrder(900, { lines, updated: '2026-11-11T09:00:00Z' }), {
    id: 'door',
  })
  const tries: [SimHook, number][] = [
    [{ ...hook, body: hook.body.replace('"USD"', '"EUR"') }, 401],
    [{ ...hook, headers: { ...hook.headers, 'x-shopify-hmac-sha256': 'AAAA' } }, 401],
    [shopifyHook('another secret', 'orders/paid', { id: 1 }, { id: 'x' }), 401],
    [{ ...hook, headers: { 'content-type': 'application/json' } }, 401],
    [{ ...hook, kind: 'woocommerce' }, 404],
  ]
  for (const [bad, status] of tries) expect(await hit(shop.id, bad)).toBe(status)
  expect(await hit('0199f5ce-0000-7000-8000-000000000000', hook)).toBe(404)
  expect(await hit('nonsense', hook)).toBe(404)
  expect((await ctx.pool.query('select from till_hooks')).rowCount).toBe(0)
  await writeNote(ctx, shop.id)
  expect(
    await one('select hooks_refused, last_refused_at is not null as noted from integrations where id = $1', [shop.id]),
  ).toEqual({
    hooks_refused: 4,
    noted: true,
  })
  // The bytes count, not the JSON: blanks that nobody sees would change the signature.
  expect(await hit(shop.id, { ...hook, body: `${hook.body} ` })).toBe(401)
})

test('WooCommerce asks once whether somebody is there, and is told yes', async () => {
  expect(await hit(web.id, wooPing())).toBe(200)
  await writeNote(ctx, web.id)
  expect(await one('select last_ping_at is not null as pinged from integrations where id = $1', [web.id])).toEqual({
    pinged: true,
  })
  expect((await ctx.pool.query('select from till_hooks')).rowCount).toBe(0)
})

test('an order becomes a customer with an address, an order with items, and no second one when it is repeated', async () => {
  const customer = shopifyCustomer(1)
  const order = shopifyOrder(1, { lines, customer, updated: '2026-11-11T09:00:00-06:00' })
  for (let i = 0; i < 3; i++) expect(await send('orders/paid', order, { id: 'same' })).toBe(200)
  expect(await send('orders/updated', order)).toBe(200)
  expect(await processHooks(ctx)).toBe(2)
  expect(await processHooks(ctx)).toBe(0)
  expect(
    await one(
      `select external_id, email, phone, name, state, zip, tags from customers where external_id = 'shopify:7000000000001'`,
    ),
  ).toEqual({
    external_id: 'shopify:7000000000001',
    email: 'buyer1@example.com',
    phone: '+12175551001',
    name: 'Pat Buyer1',
    state: 'IL',
    zip: '62701',
    tags: [],
  })
  expect(
    await one(
      `select o.total_cents, o.ordered_at, (select json_agg(json_build_object('sku', p.sku, 'n', i.quantity, 'cents', i.total_cents) order by p.sku) from order_items as i
         join products as p on p.id = i.product_id where i.order_id = o.id) as items from orders as o where o.external_id = 'shopify:5000000000001'`,
    ),
  ).toEqual({
    total_cents: 15297,
    ordered_at: new Date('2026-11-10T23:45:00Z'),
    items: [
      { sku: 'BB-750', n: 2, cents: 13998 },
      { sku: 'ML-1', n: 1, cents: 1299 },
    ],
  })
  const [second, first] = await log(shop.id)
  expect(first).toMatchObject({
    topic: 'orders/paid',
    subject: 'order 5000000000001',
    status: 'done',
    outcome: 'Order stored.',
  })
  expect(second).toMatchObject({ topic: 'orders/updated', status: 'done' })
  expect(await one(`select count(*) as n from jobs where kind = 'follow_orders' and status = 'queued'`)).toEqual({
    n: 1,
  })
  expect(await one('select hooks_received from integrations where id = $1', [shop.id])).toEqual({ hooks_received: 2 })
})

test('a cancelled order is no purchase: it leaves, and an event says so', async () => {
  const customer = shopifyCustomer(1)
  const cancelled = '2026-11-12T09:00:00-06:00'
  await send(
    'orders/cancelled',
    shopifyOrder(1, { lines, customer, updated: cancelled, cancelled, financial: 'refunded' }),
  )
  // A late repeat of the time before does not bring it back.
  await send('orders/updated', shopifyOrder(1, { lines, customer, updated: '2026-11-11T10:00:00-06:00' }))
  await processHooks(ctx)
  expect(await one(`select count(*) as n from orders where external_id = 'shopify:5000000000001'`)).toEqual({ n: 0 })
  expect(await one(`select value_cents from analytics_events where event_type = 'order_cancelled'`)).toEqual({
    value_cents: -15297,
  })
  expect(
    await one(
      `select sum(events)::int as n, sum(value_cents)::int as cents from rollup_hourly where event_type = 'order_cancelled'`,
    ),
  ).toEqual({
    n: 1,
    cents: -15297,
  })
})

test('consent comes with its proof; nobody who said no or left is subscribed again', async () => {
  await ctx.pool.query(
    `insert into customers (email, email_consent) values ('buyer11@example.com', 'denied'), ('buyer12@example.com', 'unknown')`,
  )
  await ctx.pool.query(`insert into suppressions (channel, address_hash, reason) values ('email', $1, 'unsubscribe')`, [
    addressHash(ctx.config, 'email', 'buyer12@example.com'),
  ])
  const at = '2026-11-05T08:00:00-06:00'
  const yes = { state: 'subscribed', opt_in_level: 'single_opt_in', consent_updated_at: at }
  for (const n of [10, 11, 12])
    await send(
      'customers/create',
      shopifyCustomer(n, { email: yes, sms: { ...yes, consent_collected_from: 'SHOPIFY' } }),
    )
  await processHooks(ctx)
  const consent = (n: number): Promise<object> =>
    one('select email_consent, sms_consent from customers where email = $1', [`buyer${n}@example.com`])
  expect(await consent(10)).toEqual({ email_consent: 'granted', sms_consent: 'granted' })
  expect(await consent(11)).toEqual({ email_consent: 'denied', sms_consent: 'granted' })
  expect(await consent(12)).toEqual({ email_consent: 'unknown', sms_consent: 'granted' })
  const proof = `select k.channel, k.status, k.source, k.given_at from consents as k join customers as c on c.id = k.customer_id where c.email = $1 order by k.given_at, k.channel`
  expect((await ctx.pool.query(proof, ['buyer10@example.com'])).rows).toEqual([
    { channel: 'email', status: 'granted', source: 'shopify: subscribed, single_opt_in', given_at: new Date(at) },
    {
      channel: 'sms',
      status: 'granted',
      source: 'shopify: subscribed, single_opt_in, collected by shopify',
      given_at: new Date(at),
    },
  ])
  // The same said with every change of the customer is one statement; a no is one more, and final.
  await send('customers/update', shopifyCustomer(10, { email: yes, updated: '2026-11-06T10:00:00-06:00' }))
  await send('customers_email_marketing_consent/update', {
    customer_id: 7000000000010,
    email_address: 'buyer10@example.com',
    email_marketing_consent: {
      state: 'unsubscribed',
      opt_in_level: 'single_opt_in',
      consent_updated_at: '2026-11-07T08:00:00-06:00',
    },
  })
  await send(
    'customers/update',
    shopifyCustomer(10, {
      email: { ...yes, consent_updated_at: '2026-11-08T08:00:00-06:00' },
      updated: '2026-11-08T10:00:00-06:00',
    }),
  )
  await processHooks(ctx)
  expect(await consent(10)).toEqual({ email_consent: 'denied', sms_consent: 'granted' })
  expect((await ctx.pool.query(proof, ['buyer10@example.com'])).rows.map((r: { status: string }) => r.status)).toEqual([
    'granted',
    'granted',
    'denied',
    'granted',
  ])
})

test('a no of long ago that the till repeats does not undo a yes given since in the shop', async () => {
  const no = { state: 'unsubscribed', opt_in_level: 'single_opt_in', consent_updated_at: '2024-01-05T08:00:00-06:00' }
  await ctx.pool.query(`insert into customers (email, email_consent) values ('buyer14@example.com', 'granted')`)
  await ctx.pool.query(
    `insert into consents (customer_id, channel, status, source, given_at) select c.id, 'email', 'granted', 'till 2', '2026-10-01' from customers as c where c.email = 'buyer14@example.com'`,
  )
  await send('customers/update', shopifyCustomer(14, { email: no }))
  await processHooks(ctx)
  expect(await one(`select email_consent, external_id from customers where email = 'buyer14@example.com'`)).toEqual({
    email_consent: 'granted',
    external_id: 'shopify:7000000000014',
  })
  await send(
    'customers/update',
    shopifyCustomer(14, {
      email: { ...no, consent_updated_at: '2026-11-01T08:00:00-06:00' },
      updated: '2026-11-01T08:00:00-06:00',
    }),
  )
  await processHooks(ctx)
  expect(await one(`select email_consent from customers where email = 'buyer14@example.com'`)).toEqual({
    email_consent: 'denied',
  })
})

test('a customer we know keeps their number; a new address follows them, one of somebody else is left there', async () => {
  await ctx.pool.query(
    `insert into customers (external_id, email, name, state) values ('LOYAL-20', 'buyer20@example.com', 'Patricia', 'WI'), (null, 'taken@example.com', 'Other', null)`,
  )
  const customer = shopifyCustomer(20)
  // An order fills gaps only; the profile of the till overrides.
  await send('orders/paid', shopifyOrder(20, { lines, customer, updated: '2026-11-11T09:00:00Z' }))
  await processHooks(ctx)
  const state = (): Promise<object> =>
    one(`select email, phone, name, state from customers where external_id = 'LOYAL-20'`)
  expect(await state()).toEqual({ email: 'buyer20@example.com', phone: '+12175551020', name: 'Patricia', state: 'WI' })
  await send('customers/update', { ...customer, email: 'moved@example.com', updated_at: '2026-11-12T09:00:00Z' })
  await processHooks(ctx)
  expect(await state()).toEqual({ email: 'moved@example.com', phone: '+12175551020', name: 'Pat Buyer20', state: 'IL' })
  await send('customers/update', { ...customer, email: 'taken@example.com', updated_at: '2026-11-13T09:00:00Z' })
  // An older state that comes late changes nothing.
  await send('customers/update', { ...customer, first_name: 'Old', updated_at: '2026-11-11T09:00:00Z' })
  await processHooks(ctx)
  expect(await state()).toMatchObject({ email: 'moved@example.com', name: 'Pat Buyer20' })
  const [old, taken] = await log(shop.id)
  expect(taken!.outcome).toContain('belongs to another customer')
  expect(old!.status).toBe('done')
  expect(
    await one(
      `select count(*) as n from orders as o join customers as c on c.id = o.customer_id where c.external_id = 'LOYAL-20'`,
    ),
  ).toEqual({ n: 1 })
})

test('two tills never mistake each other’s numbers, and one person of both is one customer', async () => {
  await sendWoo('customer.created', wooCustomer(25, { email: 'moved@example.com' }))
  await sendWoo('order.created', wooOrder(1, { lines, modified: '2026-11-11T15:00:00', customer: 25 }))
  await sendWoo(
    'order.created',
    wooOrder(2, { lines, modified: '2026-11-11T15:00:00', customer: 0, meta: [{ key: '_newsletter', value: 'yes' }] }),
  )
  await processHooks(ctx)
  expect(await orders('woocommerce')).toEqual(
    new Map([
      ['woocommerce:1', 15297],
      ['woocommerce:2', 15297],
    ]),
  )
  const { rows } = await ctx.pool.query(
    `select o.external_id, c.external_id as customer, c.email_consent from orders as o join customers as c on c.id = o.customer_id where starts_with(o.external_id, 'woocommerce:') order by 1`,
  )
  expect(rows).toEqual([
    { external_id: 'woocommerce:1', customer: 'LOYAL-20', email_consent: 'unknown' },
    { external_id: 'woocommerce:2', customer: null, email_consent: 'granted' },
  ])
})

test('who is deleted at one till stays while another knows them, else leaves softly', async () => {
  await send('customers/create', shopifyCustomer(30))
  await processHooks(ctx)
  await send('customers/delete', { id: 7000000000030 })
  await send('customers/delete', { id: 7000000000020 })
  // Late repeats do not bring anybody back; a late order still has its buyer.
  await send('customers/update', shopifyCustomer(30, { updated: '2026-11-20T09:00:00Z' }))
  await send('orders/paid', shopifyOrder(30, { lines, customer: shopifyCustomer(30), updated: '2026-11-20T09:00:00Z' }))
  await send('customers/delete', { id: 7000000000031 })
  await processHooks(ctx)
  await send('orders/paid', shopifyOrder(31, { lines, customer: shopifyCustomer(31), updated: '2026-11-20T09:00:00Z' }))
  await processHooks(ctx)
  const deleted = (number: string): Promise<object> =>
    one('select deleted_at is not null as gone from customers where external_id = $1', [number])
  expect(await deleted('shopify:7000000000030')).toEqual({ gone: true })
  expect(await deleted('LOYAL-20')).toEqual({ gone: false })
  expect(await deleted('shopify:7000000000031')).toEqual({ gone: true })
  const stored = await orders('shopify')
  expect([stored.get('shopify:5000000000030'), stored.get('shopify:5000000000031')]).toEqual([15297, 15297])
  expect(
    await one(`select count(*) as n from audit_log where action = 'customer.deleted' and actor_kind = 'system'`),
  ).toEqual({ n: 2 })
})

test('of two customers that were merged the till means the one that was kept', async () => {
  await ctx.pool.query(
    `insert into customers (external_id, email, name) values ('KEPT-36', 'kept36@example.com', 'Kept')`,
  )
  await send('customers/create', shopifyCustomer(36))
  await processHooks(ctx)
  const { id: kept } = await one<{ id: string }>(`select id from customers where external_id = 'KEPT-36'`)
  const { id: other } = await one<{ id: string }>(`select id from customers where email = 'buyer36@example.com'`)
  const merged = await admin({ method: 'POST', url: `/api/v1/customers/${kept}/merge`, payload: { other_id: other } })
  expect(merged.statusCode, merged.body).toBeLessThan(300)
  await send('orders/paid', shopifyOrder(36, { lines, customer: shopifyCustomer(36), updated: '2026-11-20T09:00:00Z' }))
  await send('customers/update', shopifyCustomer(36, { updated: '2026-11-20T09:00:00Z' }))
  await sendWoo(
    'order.created',
    wooOrder(36, { lines, modified: '2026-11-11T15:00:00', customer: 0, billing: { email: 'buyer36@example.com' } }),
  )
  await processHooks(ctx)
  const { rows } = await ctx.pool.query(
    `select o.customer_id from orders as o where o.external_id in ('shopify:5000000000036', 'woocommerce:36')`,
  )
  expect(rows).toEqual([{ customer_id: kept }, { customer_id: kept }])
  expect((await log(shop.id, 'parked')).filter((h) => h.subject?.endsWith('36'))).toEqual([])
  // What they say in the shop counts for the one they are now.
  await send('customers_email_marketing_consent/update', {
    customer_id: 7000000000036,
    email_address: 'buyer36@example.com',
    email_marketing_consent: { state: 'unsubscribed', opt_in_level: null, consent_updated_at: '2026-11-21T09:00:00Z' },
  })
  await processHooks(ctx)
  expect(await one('select email_consent from customers where id = $1', [kept])).toEqual({ email_consent: 'denied' })
})

test('whom somebody erased here no hook brings back', async () => {
  await send('customers/create', shopifyCustomer(35))
  await send('orders/paid', shopifyOrder(35, { lines, customer: shopifyCustomer(35), updated: '2026-11-11T09:00:00Z' }))
  await processHooks(ctx)
  const { id } = await one<{ id: string }>(
    `update customers set external_id = null, email = null, phone = null, name = null, first_name = null, address = null, city = null, zip = null,
       email_consent = 'denied', deleted_at = now() where external_id = 'shopify:7000000000035' returning id`,
  )
  const yes = { state: 'subscribed', opt_in_level: 'single_opt_in', consent_updated_at: '2026-11-12T08:00:00-06:00' }
  await send('customers/update', shopifyCustomer(35, { email: yes, updated: '2026-11-12T09:00:00Z' }))
  await send(
    'orders/updated',
    shopifyOrder(35, { lines, customer: shopifyCustomer(35), updated: '2026-11-12T09:00:00Z', tags: 'shipped' }),
  )
  await processHooks(ctx)
  expect(await one('select external_id, email, phone, name, email_consent from customers where id = $1', [id])).toEqual(
    {
      external_id: null,
      email: null,
      phone: null,
      name: null,
      email_consent: 'denied',
    },
  )
  expect(await one(`select count(*) as n from customers where email = 'buyer35@example.com'`)).toEqual({ n: 0 })
  const [order, customer] = await log(shop.id)
  expect(order).toMatchObject({ status: 'ignored', outcome: expect.stringContaining('erased') })
  expect(customer).toMatchObject({ status: 'done', outcome: expect.stringContaining('deleted here') })
})

test('what cannot be used is parked with its reason beside good ones, and played again when a person mended it', async () => {
  const good = shopifyOrder(40, { lines, customer: shopifyCustomer(40), updated: '2026-11-11T09:00:00Z' })
  await hit(shop.id, shopifyHook(secret, 'orders/paid', '{"id": 41, "line_items"', { id: 'cut' }))
  await send('orders/paid', { ...good, id: 5000000000042, currency: 'CAD' })
  await send('orders/paid', good)
  await send('app/uninstalled', { id: 1 })
  await send('orders/create', { ...good, id: 5000000000043, test: true })
  await processHooks(ctx)
  const [tested, app_, stored, foreign, cut] = await log(shop.id)
  expect(cut).toMatchObject({ status: 'parked', error: 'The content is not the JSON of an object.', can_replay: true })
  expect(foreign).toMatchObject({ status: 'parked', error: 'currency: The order is in CAD; this shop counts in USD.' })
  expect(stored).toMatchObject({ status: 'done', outcome: 'Order stored.' })
  expect(app_).toMatchObject({ status: 'ignored' })
  expect(tested).toMatchObject({ status: 'ignored', outcome: 'A test order.' })
  expect((await admin({ url: `/api/v1/integrations/${shop.id}` })).json()).toMatchObject({
    hooks_parked: 2,
    hooks_waiting: 0,
  })
  const replay = (hook: string) =>
    admin({ method: 'POST', url: `/api/v1/integrations/${shop.id}/hooks/${hook}/replay` })
  expect((await replay(cut!.id)).json()).toMatchObject({ status: 'received' })
  await processHooks(ctx)
  expect((await log(shop.id, 'parked')).map((h) => h.id)).toEqual([foreign!.id, cut!.id])
  // The shop turns out to count in Canadian dollars.
  await ctx.pool
    .query(`insert into settings (name, value) values ('shop', '{"name":"S","from_name":"S","from_email":"s@example.com","currency":"CAD"}')
    on conflict (name) do update set value = excluded.value`)
  const all = await admin({ method: 'POST', url: `/api/v1/integrations/${shop.id}/replay` })
  expect(all.json()).toEqual({ replayed: 2 })
  await processHooks(ctx)
  expect((await log(shop.id)).find((h) => h.id === foreign!.id)).toMatchObject({
    status: 'done',
    outcome: 'Order stored.',
  })
  await ctx.pool.query(`delete from settings where name = 'shop'`)
  expect((await as('manager')({ method: 'POST', url: `/api/v1/integrations/${shop.id}/replay` })).statusCode).toBe(403)
  expect((await replay('0199f5ce-0000-7000-8000-000000000000')).statusCode).toBe(404)
})

test('one hook that breaks the work does not stop the others; it is tried again and then parked', async () => {
  await ctx.pool.query(
    `create function break_it() returns trigger language plpgsql as $$ begin raise 'planted'; end $$`,
  )
  await ctx.pool.query(
    `create trigger break_it before insert on orders for each row when (new.external_id = 'shopify:5000000000055') execute function break_it()`,
  )
  for (let n = 50; n < 60; n++)
    await send('orders/paid', shopifyOrder(n, { lines, customer: shopifyCustomer(n), updated: '2026-11-11T09:00:00Z' }))
  expect(await processHooks(ctx)).toBe(10)
  const stored = await orders('shopify')
  for (let n = 50; n < 60; n++) expect(stored.has(`shopify:${5000000000000 + n}`)).toBe(n !== 55)
  const bad = (): Promise<{ status: string; attempts: number; error: string | null }> =>
    one(
      `select h.status, h.attempts, h.error from till_hooks as h where h.subject = 'order 5000000000055' or h.error like 'Something broke%'`,
    )
  expect(await bad()).toMatchObject({ status: 'received', attempts: 1 })
  // Not before its time.
  expect(await processHooks(ctx)).toBe(0)
  for (let i = 0; i < 4; i++) {
    await ctx.pool.query(`update till_hooks set next_try_at = now() where status = 'received'`)
    await processHooks(ctx)
  }
  expect(await bad()).toMatchObject({
    status: 'parked',
    attempts: 5,
    error: expect.stringContaining('broke on our side'),
  })
  await ctx.pool.query('drop trigger break_it on orders')
  await admin({ method: 'POST', url: `/api/v1/integrations/${shop.id}/replay` })
  await processHooks(ctx)
  expect((await orders('shopify')).has('shopify:5000000000055')).toBe(true)
})

test('while a secret is changed both are good; the old one ends by itself or at once', async () => {
  const order = (n: number, key: string): SimHook =>
    shopifyHook(key, 'orders/paid', { id: n, test: true }, { id: `rotate-${n}-${key}` })
  const next = await change(shop.id, { secret: 'shpss_the_next_secret' })
  expect(next).toMatchObject({ secret: null, old_secret_until: '2026-11-26T18:00:00.000Z' })
  expect(await hit(shop.id, order(1, secret))).toBe(200)
  expect(await hit(shop.id, order(2, 'shpss_the_next_secret'))).toBe(200)
  expect(await change(shop.id, { end_old_secret: true })).toMatchObject({ old_secret_until: null })
  expect(await hit(shop.id, order(3, secret))).toBe(401)
  expect(await hit(shop.id, order(4, 'shpss_the_next_secret'))).toBe(200)
  await change(shop.id, { secret })
  await ctx.pool.query(`update integrations set old_secret_until = $2::timestamptz - interval '1 s' where id = $1`, [
    shop.id,
    now,
  ])
  forgetTill(ctx, shop.id)
  expect(await hit(shop.id, order(5, 'shpss_the_next_secret'))).toBe(401)
  expect(await hit(shop.id, order(6, secret))).toBe(200)
  // Where the secret is ours, a new one is made and shown once.
  const made = await change(web.id, { new_secret: true })
  expect(made.secret).toMatch(/^[0-9a-f]{64}$/)
  expect(made.secret).not.toBe(web.secret)
  expect(await hit(web.id, wooHook(made.secret!, 'order.created', { id: 0 }, { deliveryId: 'r1' }))).toBe(200)
  await processHooks(ctx)
  await ctx.pool.query(`delete from till_hooks where status = 'parked'`)
})

test('a paused till loses nothing: what comes waits', async () => {
  await change(shop.id, { status: 'paused' })
  expect(
    await send(
      'orders/paid',
      shopifyOrder(60, { lines, customer: shopifyCustomer(60), updated: '2026-11-11T09:00:00Z' }),
    ),
  ).toBe(200)
  expect(await processHooks(ctx)).toBe(0)
  await change(shop.id, { status: 'active' })
  expect(await processHooks(ctx)).toBe(1)
  expect((await orders('shopify')).has('shopify:5000000000060')).toBe(true)
})

test('a sale to nobody is no order, and said so; orders of one till count for its store', async () => {
  const { id: storeId } = await one<{ id: string }>(
    `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Online', 'Corner LLC', '1 Oak', 'Springfield', 'IL', '62701', 'America/Chicago') returning id`,
  )
  expect((await change(shop.id, { store_id: storeId })).store_id).toBe(storeId)
  await send(
    'orders/paid',
    shopifyOrder(70, { lines, customer: null, updated: '2026-11-11T09:00:00Z', email: '', contact_email: null }),
  )
  await send(
    'orders/paid',
    shopifyOrder(71, { lines, customer: shopifyCustomer(71), updated: '2026-11-11T09:00:00Z', location_id: 655441491 }),
  )
  await processHooks(ctx)
  const [kept, nobody] = await log(shop.id)
  expect(nobody).toMatchObject({ status: 'ignored', outcome: expect.stringContaining('nobody') })
  expect(kept).toMatchObject({ status: 'done' })
  expect(
    await one(
      `select o.store_id, c.store_id as home from orders as o join customers as c on c.id = o.customer_id where o.external_id = 'shopify:5000000000071'`,
    ),
  ).toEqual({
    store_id: storeId,
    home: storeId,
  })
})

test('neither the log nor the records of orders hold a name or an address', async () => {
  const { rows } = await ctx.pool.query<{ row: string }>(
    `select concat_ws(' ', h.topic, h.subject, h.outcome, h.error) as row from till_hooks as h union all select r.state::text from till_records as r`,
  )
  expect(rows.length).toBeGreaterThan(50)
  expect(rows.map((r) => r.row).join('\n')).not.toMatch(/@example|Buyer|Oak Street|Elm Street|\+1217/)
})

test('what was posted is forgotten: content after a week, the line after 90 days', async () => {
  await ctx.pool.query(
    `update till_hooks set processed_at = now() - interval '8 days' where subject = 'order 5000000000071'`,
  )
  await ctx.pool.query(
    `update till_hooks set processed_at = now() - interval '91 days' where subject = 'order 5000000000060'`,
  )
  await forgetHooks(ctx)
  const all = await log(shop.id)
  const old = all.find((h) => h.subject === 'order 5000000000071')!
  expect(old).toMatchObject({ status: 'done', can_replay: false })
  expect(all.some((h) => h.subject === 'order 5000000000060')).toBe(false)
  const again = await admin({ method: 'POST', url: `/api/v1/integrations/${shop.id}/hooks/${old.id}/replay` })
  expect(again.json()).toMatchObject({ code: 'hook.gone' })
})

test('hooks in any order, repeated, in batches of any size, by two workers at once: the same orders', async () => {
  for (const seed of [3, 4]) {
    // The people of the stories are the same; each story begins with strangers.
    await ctx.pool.query(`delete from customers where email ~ '^buyer[0-9]+@'`)
    await ctx.pool.query('delete from suppressions')
    const till = await connect({ kind: 'shopify', name: `Story ${seed}`, secret })
    const story = shopifyStory(secret, 80, seed)
    const next = chance(seed)
    const mixed = shuffled([...story.hooks, ...story.hooks.filter(() => next() < 0.3)], next)
    while (mixed.length > 0) {
      for (const hook of mixed.splice(0, 1 + Math.floor(next() * 90))) expect(await hit(till.id, hook)).toBe(200)
      await Promise.all([processHooks(ctx), processHooks(ctx)])
      await ctx.pool.query(`update till_hooks set next_try_at = now() where status = 'received'`)
    }
    for (let i = 0; i < 6 && (await processHooks(ctx)) > 0; i++)
      await ctx.pool.query(`update till_hooks set next_try_at = now() where status = 'received'`)
    const found = new Map([...(await orders(till.prefix))].map(([k, v]) => [k.replace(till.prefix, 'shopify'), v]))
    expect(found).toEqual(story.orders)
    const { rows: said } = await ctx.pool.query<{ email: string; email_consent: string }>(
      `select c.email, c.email_consent from customers as c where c.email ~ '^buyer[0-9]+@' and c.email_consent <> 'unknown'`,
    )
    expect(new Map(said.map((c) => [c.email, c.email_consent]))).toEqual(story.consents)
    expect(
      await one('select count(*) as n from till_hooks where integration_id = $1 and status not in ($2)', [
        till.id,
        'done',
      ]),
    ).toEqual({ n: 0 })
    expect((await admin({ method: 'DELETE', url: `/api/v1/integrations/${till.id}` })).statusCode).toBe(204)
  }
}, 120_000)

test('a burst of 5,000 hooks: nothing is lost after a 200, copies and order do not matter', async () => {
  const till = await connect({ kind: 'shopify', name: 'Burst', secret })
  const story = shopifyStory(secret, 1900, 9)
  const next = chance(9)
  const copies = story.hooks.filter(() => next() < 0.1)
  const hooks = shuffled([...story.hooks, ...copies], next)
  expect(story.hooks.length).toBeGreaterThan(5000)
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  afterAll(() => app.server.closeAllConnections())
  const url = `${address}/hooks/shopify/${till.id}`
  const times: number[] = []
  const answered = new Map<string, number>()
  let at = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      while (at < hooks.length) {
        const hook = hooks[at++]!
        const begun = performance.now()
        const status = await post(url, hook)
        times.push(performance.now() - begun)
        if (status === 200) answered.set(hook.headers['x-shopify-webhook-id']!, status)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  times.sort((a, b) => a - b)
  const p99 = times[Math.floor(times.length * 0.99)]!
  expect(answered.size).toBe(story.hooks.length)
  const { rows } = await ctx.pool.query<{ event_key: string }>(
    'select event_key from till_hooks where integration_id = $1',
    [till.id],
  )
  expect(new Set(rows.map((r) => r.event_key.split(' ')[0])).size).toBe(answered.size)
  expect(rows).toHaveLength(answered.size)
  const began = performance.now()
  for (let i = 0; i < 8; i++) {
    await processHooks(ctx)
    await ctx.pool.query(`update till_hooks set next_try_at = now() where status = 'received'`)
  }
  const workSeconds = (performance.now() - began) / 1000
  const found = new Map([...(await orders(till.prefix))].map(([k, v]) => [k.replace(till.prefix, 'shopify'), v]))
  expect(found).toEqual(story.orders)
  expect(
    await one(`select count(*) as n from till_hooks where integration_id = $1 and status <> 'done'`, [till.id]),
  ).toEqual({ n: 0 })
  // Figures for docs/benchmarks.md: TEST_FIGURES=1.
  if (process.env['TEST_FIGURES'])
    process.stdout.write(
      `${hooks.length} hooks in ${seconds.toFixed(1)} s (${Math.round(hooks.length / seconds)}/s, p99 ${p99.toFixed(0)} ms), worked on in ${workSeconds.toFixed(1)} s\n`,
    )
}, 180_000)

test('a stranger who guesses is shut out before anything is looked up', async () => {
  const bad = shopifyHook('guess', 'orders/paid', { id: 1 }, { id: 'guess' })
  const codes = new Set<number>()
  for (let i = 0; i < mostRefusals + 5; i++) codes.add(await hit(shop.id, bad))
  expect([...codes]).toEqual([401, 429])
})
