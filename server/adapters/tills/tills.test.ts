import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import type { TillFact } from '#core/knowledge/till.ts'
import type { Reading } from '#server/ports/till.ts'
import type { SimLine } from '#sim/tills/hook.ts'
import { shopifyCustomer, shopifyHook, shopifyOrder, shopifyRefund } from '#sim/tills/shopify.ts'
import { wooCustomer, wooHook, wooOrder, wooPing } from '#sim/tills/woo.ts'
import { shopify } from './shopify.ts'
import { isSigned } from './signature.ts'
import { woocommerce } from './woocommerce.ts'

const now = new Date('2026-11-23T18:00:00Z')
const reading: Reading = {
  prefix: 'shopify',
  currency: 'USD',
  settings: { orderNumber: 'id', consentFields: { email: '_newsletter', sms: null } },
  rules: { now, timeZone: 'America/Chicago', dateOrder: 'mdy', country: 'US' },
}
const read = (till: typeof shopify, topic: string, payload: object, more: Partial<Reading> = {}): TillFact =>
  till.read(topic, Buffer.from(JSON.stringify(payload)), now, { ...reading, ...more })
const lines: SimLine[] = [
  { id: 11, sku: 'BB-750', title: 'Blanton’s Bourbon', cents: 6999, quantity: 2, discountCents: 1000 },
  { id: 12, sku: '', title: 'House Merlot', cents: 1299, quantity: 1 },
]

// HMAC-SHA256 in base64 as others have published it.
const published = [
  // SQLPage, tests of sqlpage.hmac: a Shopify webhook
  {
    secret: 'test-webhook-secret',
    body: '{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}',
    signature: 'QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw=',
  },
  // RFC 4231 §4.3, test case 2
  {
    secret: 'Jefe',
    body: 'what do ya want for nothing?',
    signature: Buffer.from('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'hex').toString(
      'base64',
    ),
  },
]

test('signatures that others published are good, and every changed bit of them or of the body is not', () => {
  for (const { secret, body, signature } of published) {
    const bytes = Buffer.from(body)
    expect(isSigned(bytes, signature, [secret])).toBe(true)
    expect(isSigned(bytes, signature, ['another', secret])).toBe(true)
    expect(isSigned(bytes, signature, ['another'])).toBe(false)
    expect(isSigned(bytes, signature, [])).toBe(false)
    for (let i = 0; i < bytes.length * 8; i++) {
      const bad = Buffer.from(bytes)
      bad[i >> 3]! ^= 1 << (i & 7)
      expect(isSigned(bad, signature, [secret])).toBe(false)
    }
    const mac = Buffer.from(signature, 'base64')
    for (let i = 0; i < mac.length * 8; i++) {
      const bad = Buffer.from(mac)
      bad[i >> 3]! ^= 1 << (i & 7)
      expect(isSigned(bytes, bad.toString('base64'), [secret])).toBe(false)
    }
    // Other spellings of the same bytes, cut or grown signatures, hex, nothing.
    const spellings = [
      ` ${signature}`,
      `${signature} `,
      signature.replace('=', ''),
      `${signature}AA`,
      mac.toString('hex'),
      mac.toString('base64url'),
      '',
      undefined,
    ]
    for (const spelling of spellings.filter((s) => s !== signature))
      expect(isSigned(bytes, spelling, [secret])).toBe(false)
  }
})

test('an empty secret signs nothing, though WooCommerce could', () => {
  // WooCommerce's own test (tests/legacy/unit-tests/webhooks/crud.php) signs "secret" with no secret at all.
  const signature = 'GBDo00G55h6IiV+6CxqivQPLbI//KzaOZm747971tPs='
  expect(createHmac('sha256', '').update('secret').digest('base64')).toBe(signature)
  expect(isSigned(Buffer.from('secret'), signature, [''])).toBe(false)
})

test('a delivery is known by the id of its till; WooCommerce gives four orders of one second the same one', () => {
  const open = (hook: { headers: Record<string, string>; body: string; kind: string }) =>
    (hook.kind === 'shopify' ? shopify : woocommerce).open(hook.headers, Buffer.from(hook.body), ['s3cret-s3cret'])
  const keyOf = (hook: Parameters<typeof open>[0]): string => {
    const opened = open(hook)
    return opened.kind === 'delivery' ? opened.delivery.key : opened.kind
  }
  const a = shopifyHook('s3cret-s3cret', 'orders/create', { id: 1 }, { id: 'b54557e4' })
  expect(open(a)).toMatchObject({ delivery: { topic: 'orders/create', sentAt: new Date('2026-11-20T12:00:00Z') } })
  expect(keyOf(shopifyHook('s3cret-s3cret', 'orders/create', { id: 1 }, { id: 'b54557e4' }))).toBe(keyOf(a))
  expect(keyOf(shopifyHook('s3cret-s3cret', 'orders/create', { id: 1 }, { id: 'other' }))).not.toBe(keyOf(a))
  expect(keyOf(shopifyHook('wrong secret', 'orders/create', { id: 1 }, { id: 'b54557e4' }))).toBe('refused')
  const { 'x-shopify-webhook-id': _, ...without } = a.headers
  expect(keyOf({ ...a, headers: without })).toBe('refused')
  const orders = [1, 2, 3, 4].map((id) => wooHook('s3cret-s3cret', 'order.created', { id }, { deliveryId: '27fcde6d' }))
  expect(new Set(orders.map(keyOf)).size).toBe(4)
  expect(keyOf(wooHook('s3cret-s3cret', 'order.created', { id: 1 }, { deliveryId: '27fcde6d' }))).toBe(
    keyOf(orders[0]!),
  )
  expect(keyOf(wooPing())).toBe('ping')
  // A ping opens nothing else.
  expect(keyOf({ ...wooPing(), body: 'webhook_id=7&id=1' })).toBe('refused')
  expect(keyOf({ ...wooPing(), headers: { 'x-wc-webhook-topic': 'order.created' } })).toBe('refused')
})

test('a Shopify order: goods after discounts without tax and shipping, whose it is, where they live', () => {
  const fact = read(
    shopify,
    'orders/paid',
    shopifyOrder(1, { lines, customer: shopifyCustomer(1), updated: '2026-11-11T09:00:00-06:00' }),
  )
  expect(fact).toMatchObject({
    kind: 'order',
    id: '5000000000001',
    at: new Date('2026-11-11T15:00:00Z'),
    state: {
      standing: 'sale',
      orderedAt: new Date('2026-11-10T23:45:00Z'),
      totalCents: 14297,
      lines: [
        {
          line: '11',
          orderId: 'shopify:5000000000001',
          sku: 'BB-750',
          department: 'spirits',
          quantity: 2,
          lineTotalCents: 12998,
          lineDiscountCents: 1000,
          couponCode: 'FALL10',
        },
        { line: '12', sku: 'shopify:4000000000012', department: 'wine', quantity: 1, lineTotalCents: 1299 },
      ],
    },
    person: {
      tillId: '7000000000001',
      consents: [],
      row: {
        values: {
          email: 'buyer1@example.com',
          first_name: 'Pat',
          state: 'IL',
          zip: '62701',
          address: '1 Oak Street, Apt 2',
        },
      },
    },
  })
  // Nothing personal is in what is kept of an order.
  expect(JSON.stringify((fact as { state: object }).state)).not.toMatch(/buyer1|Pat|Oak Street/)
  const named = read(
    shopify,
    'orders/paid',
    shopifyOrder(1, { lines, customer: null, updated: '2026-11-11T09:00:00Z' }),
    {
      settings: { ...reading.settings, orderNumber: 'number' },
    },
  )
  expect(named).toMatchObject({ person: null, state: { lines: [{ orderId: '#1001' }, {}] } })
})

test('what a Shopify order is worth follows what was given back', () => {
  const refund = shopifyRefund(1, 900, [{ line: lines[0]!, quantity: 1 }])
  expect(read(shopify, 'refunds/create', refund)).toEqual({
    kind: 'refund',
    orderId: '5000000000001',
    refund: { id: '900', cents: 6499, lines: [{ line: '11', quantity: 1, cents: 6499 }] },
  })
  const after = shopifyOrder(1, {
    lines: [{ ...lines[0]!, left: 1 }, lines[1]!],
    updated: '2026-11-15T10:00:00Z',
    refunds: [refund],
    financial: 'partially_refunded',
  })
  expect(read(shopify, 'orders/updated', after)).toMatchObject({
    state: { standing: 'sale', totalCents: 7798, refunds: ['900'], lines: [{ quantity: 1, lineTotalCents: 6499 }, {}] },
  })
  // Goodwill without a returned bottle.
  const goodwill = {
    ...refund,
    refund_line_items: [],
    order_adjustments: [{ kind: 'refund_discrepancy', amount: '-5.00' }],
  }
  expect(read(shopify, 'refunds/create', goodwill)).toMatchObject({ refund: { cents: 500, lines: [] } })
  const standing = (financial: string, cancelled: string | null = null): unknown =>
    (
      read(
        shopify,
        'orders/updated',
        shopifyOrder(1, { lines, updated: '2026-11-15T10:00:00Z', financial, cancelled }),
      ) as { state: { standing: string } }
    ).state.standing
  expect(
    ['paid', 'authorized', 'partially_paid', 'pending', 'voided', 'refunded', 'expired'].map((f) => standing(f)),
  ).toEqual(['sale', 'sale', 'sale', 'waiting', 'gone', 'gone', 'gone'])
  expect(standing('paid', '2026-11-15T10:00:00Z')).toBe('gone')
})

test('Shopify says what consent is; a yes without its date is no proof, and nobody is subscribed by silence', () => {
  const consents = (email: object, sms: object | null = null): unknown => {
    const fact = read(shopify, 'customers/update', {
      ...shopifyCustomer(1),
      email_marketing_consent: email,
      sms_marketing_consent: sms,
    })
    return fact.kind === 'customer' ? fact.person.consents : fact
  }
  const at = '2026-11-05T08:00:00-06:00'
  expect(consents({ state: 'subscribed', opt_in_level: 'confirmed_opt_in', consent_updated_at: at })).toEqual([
    {
      channel: 'email',
      status: 'granted',
      source: 'shopify: subscribed, confirmed_opt_in',
      at: new Date(at),
      textVersion: null,
    },
  ])
  expect(
    consents(
      { state: 'unsubscribed', opt_in_level: 'single_opt_in', consent_updated_at: at },
      { state: 'SUBSCRIBED', opt_in_level: 'single_opt_in', consent_updated_at: at, consent_collected_from: 'SHOPIFY' },
    ),
  ).toMatchObject([
    { channel: 'email', status: 'denied' },
    { channel: 'sms', status: 'granted', source: 'shopify: subscribed, single_opt_in, collected by shopify' },
  ])
  for (const state of ['not_subscribed', 'pending', 'redacted', 'invalid', '', null, 7])
    expect(consents({ state, opt_in_level: 'single_opt_in', consent_updated_at: at })).toEqual([])
  expect(consents({ state: 'subscribed', opt_in_level: 'single_opt_in', consent_updated_at: null })).toEqual([])
  expect(
    read(shopify, 'customers_email_marketing_consent/update', {
      customer_id: 7,
      email_address: 'a@example.com',
      email_marketing_consent: { state: 'unsubscribed', opt_in_level: null, consent_updated_at: at },
    }),
  ).toMatchObject({
    kind: 'customer',
    profile: false,
    person: { tillId: '7', consents: [{ channel: 'email', status: 'denied' }] },
  })
  expect(
    read(shopify, 'customers_marketing_consent/update', {
      id: 7,
      phone: '+12175550101',
      sms_marketing_consent: {
        state: 'subscribed',
        opt_in_level: 'single_opt_in',
        consent_updated_at: at,
        consent_collected_from: 'OTHER',
      },
    }),
  ).toMatchObject({ profile: false, person: { tillId: '7', consents: [{ channel: 'sms', status: 'granted' }] } })
})

test('numbers of eighteen digits are not rounded', () => {
  const body = Buffer.from('{"id":820982911946154508,"order_id":820982911946154509,"refund_line_items":[]}')
  expect(shopify.read('refunds/create', body, now, reading)).toMatchObject({
    orderId: '820982911946154509',
    refund: { id: '820982911946154508' },
  })
})

test('what is no order of this shop is said in words', () => {
  const order = shopifyOrder(1, { lines, updated: '2026-11-15T10:00:00Z' })
  expect(read(shopify, 'orders/create', { ...order, test: true })).toEqual({ kind: 'ignored', why: 'A test order.' })
  expect(read(shopify, 'orders/create', { ...order, currency: 'CAD' })).toMatchObject({
    kind: 'refused',
    reasons: [{ column: 'currency', reason: 'The order is in CAD; this shop counts in USD.' }],
  })
  expect(read(shopify, 'orders/create', { ...order, id: null })).toMatchObject({
    kind: 'refused',
    reasons: [{ column: 'id' }],
  })
  expect(read(shopify, 'orders/create', { ...order, current_subtotal_price: 'a lot' })).toMatchObject({
    kind: 'refused',
    reasons: [{ column: 'current_subtotal_price', reason: 'This is not an amount of money.' }],
  })
  expect(read(shopify, 'orders/create', { ...order, processed_at: 'soon' })).toMatchObject({
    kind: 'refused',
    reasons: [{ column: 'created_at' }],
  })
  expect(read(shopify, 'products/update', { id: 1 })).toMatchObject({ kind: 'ignored' })
  expect(read(shopify, 'customers/redact', { customer: { id: 5 } })).toMatchObject({ kind: 'refused' })
  expect(() => shopify.read('orders/create', Buffer.from('[]'), now, reading)).toThrow('not an object')
})

const woo = (topic: string, payload: object): TillFact => read(woocommerce, topic, payload, { prefix: 'woocommerce' })

test('a WooCommerce order: guests, addresses, coupons, and refunds as a share of the goods', () => {
  const order = { lines, modified: '2026-11-11T15:00:00' }
  expect(woo('order.created', wooOrder(31, { ...order, customer: 0 }))).toMatchObject({
    kind: 'order',
    id: '31',
    at: new Date('2026-11-11T15:00:00Z'),
    state: {
      standing: 'sale',
      orderedAt: new Date('2026-11-10T17:45:00Z'),
      totalCents: 14297,
      lines: [
        {
          orderId: 'woocommerce:31',
          sku: 'BB-750',
          quantity: 2,
          lineTotalCents: 12998,
          lineDiscountCents: 1000,
          couponCode: 'fall10',
        },
        { sku: 'woocommerce:112', lineTotalCents: 1299 },
      ],
    },
    person: { tillId: null, row: { values: { email: 'woo31@example.com', state: 'IL', zip: '61602' } } },
  })
  // Half of 154.41 with tax came back: half of the goods.
  expect(woo('order.updated', wooOrder(31, { ...order, refunds: [7720] }))).toMatchObject({
    state: { standing: 'sale', totalCents: 7149 },
  })
  expect(woo('order.updated', wooOrder(31, { ...order, refunds: [7720, 7721] }))).toMatchObject({
    state: { standing: 'gone' },
  })
  const standing = (status: string): unknown =>
    (woo('order.updated', wooOrder(31, { ...order, status })) as { state: { standing: string } }).state.standing
  expect(
    ['processing', 'completed', 'pending', 'on-hold', 'checkout-draft', 'cancelled', 'failed', 'refunded', 'trash'].map(
      standing,
    ),
  ).toEqual(['sale', 'sale', 'waiting', 'waiting', 'waiting', 'gone', 'gone', 'gone', 'gone'])
  expect(woo('order.deleted', { id: 31 })).toEqual({
    kind: 'order_gone',
    id: '31',
    at: now,
    why: 'It was deleted in the shop.',
  })
  expect(woo('order.restored', wooOrder(31, order))).toMatchObject({ kind: 'order', at: now })
})

test('a ticked box of a WooCommerce checkout is a yes with its order as proof, an empty one says nothing', () => {
  const consents = (value: string): unknown =>
    (
      woo(
        'order.created',
        wooOrder(31, { lines, modified: '2026-11-11T15:00:00', meta: [{ key: '_newsletter', value }] }),
      ) as { person: { consents: unknown } }
    ).person.consents
  expect(consents('1')).toEqual([
    {
      channel: 'email',
      status: 'granted',
      source: 'woocommerce: checkout of order 31, field _newsletter',
      at: new Date('2026-11-10T17:45:00Z'),
      textVersion: null,
    },
  ])
  for (const value of ['0', '', 'no', 'maybe']) expect(consents(value)).toEqual([])
})

test('WooCommerce customers are customers, its staff are not', () => {
  expect(woo('customer.created', wooCustomer(25))).toMatchObject({
    kind: 'customer',
    profile: true,
    at: new Date('2026-11-01T10:00:00Z'),
    person: { tillId: '25', row: { values: { email: 'woo25@example.com', city: 'Peoria' } } },
  })
  expect(woo('customer.updated', wooCustomer(1, { role: 'shop_manager' }))).toMatchObject({ kind: 'ignored' })
  expect(woo('customer.deleted', { id: 25 })).toEqual({ kind: 'customer_gone', id: '25', at: now })
  expect(woo('product.updated', { id: 25 })).toMatchObject({ kind: 'ignored' })
})
