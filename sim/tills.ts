import { createHmac } from 'node:crypto'

/** A signed post as a till makes it. */
export interface SimHook {
  kind: 'shopify' | 'woocommerce'
  headers: Record<string, string>
  body: string
}

const sign = (secret: string, body: string): string => createHmac('sha256', secret).update(body).digest('base64')

/** `id` is the till's id of the delivery; repeats carry the same. */
export function shopifyHook(
  secret: string,
  topic: string,
  payload: object | string,
  { id, at = '2026-11-20T12:00:00Z' }: { id: string; at?: string },
): SimHook {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return {
    kind: 'shopify',
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Shopify-Captain-Hook',
      'x-shopify-topic': topic,
      'x-shopify-hmac-sha256': sign(secret, body),
      'x-shopify-shop-domain': 'corner-cellars.myshopify.com',
      'x-shopify-api-version': '2026-10',
      'x-shopify-webhook-id': id,
      'x-shopify-triggered-at': at,
    },
  }
}

export function wooHook(
  secret: string,
  topic: string,
  payload: object | string,
  { deliveryId, webhookId = 7 }: { deliveryId: string; webhookId?: number },
): SimHook {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const [resource = '', event = ''] = topic.split('.')
  return {
    kind: 'woocommerce',
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'WooCommerce/10.3.0 Hookshot (WordPress/6.9)',
      'x-wc-webhook-source': 'https://corner-cellars.test/',
      'x-wc-webhook-topic': topic,
      'x-wc-webhook-resource': resource,
      'x-wc-webhook-event': event,
      'x-wc-webhook-signature': sign(secret, body),
      'x-wc-webhook-id': String(webhookId),
      'x-wc-webhook-delivery-id': deliveryId,
    },
  }
}

/** What WooCommerce posts when a webhook is saved: a form, without signature or topic. */
export const wooPing = (webhookId = 7): SimHook => ({
  kind: 'woocommerce',
  body: `webhook_id=${webhookId}`,
  headers: {
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'WooCommerce/10.3.0 Hookshot (WordPress/6.9)',
  },
})

/** Posts to a running server; 0 when nobody answered. */
export async function post(url: string, hook: SimHook): Promise<number> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: hook.headers,
      body: hook.body,
      signal: AbortSignal.timeout(30_000),
    })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    return 0
  }
}

const dollars = (cents: number): string => (cents / 100).toFixed(2)
const money = (cents: number): object => ({
  shop_money: { amount: dollars(cents), currency_code: 'USD' },
  presentment_money: { amount: dollars(cents), currency_code: 'USD' },
})

export interface SimLine {
  id: number
  sku: string
  title: string
  cents: number
  quantity: number
  /** how many are left after returns */
  left?: number
  discountCents?: number
}

interface SimConsent {
  state: string
  opt_in_level: string | null
  consent_updated_at: string | null
}

/** A customer as Shopify's webhooks show one. */
export function shopifyCustomer(
  n: number,
  more: { updated?: string; email?: SimConsent; sms?: SimConsent & { consent_collected_from?: string } } & Record<
    string,
    unknown
  > = {},
): Record<string, unknown> {
  const { updated = '2026-11-01T10:00:00-06:00', email, sms, ...rest } = more
  return {
    id: 7_000_000_000_000 + n,
    created_at: '2026-10-01T09:00:00-05:00',
    updated_at: updated,
    first_name: 'Pat',
    last_name: `Buyer${n}`,
    orders_count: 1,
    state: 'disabled',
    total_spent: '0.00',
    last_order_id: null,
    note: null,
    verified_email: true,
    multipass_identifier: null,
    tax_exempt: false,
    tags: 'online, wine club',
    currency: 'USD',
    tax_exemptions: [],
    admin_graphql_api_id: `gid://shopify/Customer/${7_000_000_000_000 + n}`,
    email: `buyer${n}@example.com`,
    phone: `+1217555${String(1000 + (n % 9000))}`,
    email_marketing_consent: email ?? {
      state: 'not_subscribed',
      opt_in_level: 'single_opt_in',
      consent_updated_at: null,
    },
    sms_marketing_consent: sms ?? null,
    default_address: {
      id: 9_000_000_000_000 + n,
      customer_id: 7_000_000_000_000 + n,
      first_name: 'Pat',
      last_name: `Buyer${n}`,
      company: null,
      address1: `${n} Oak Street`,
      address2: 'Apt 2',
      city: 'Springfield',
      province: 'Illinois',
      country: 'United States',
      zip: '62701',
      phone: null,
      name: `Pat Buyer${n}`,
      province_code: 'IL',
      country_code: 'US',
      country_name: 'United States',
      default: true,
    },
    ...rest,
  }
}

/** An order as Shopify's webhooks show one: goods, shipping 10.00 and tax 8 %. */
export function shopifyOrder(
  n: number,
  more: {
    lines: readonly SimLine[]
    updated: string
    customer?: Record<string, unknown> | null
    financial?: string
    cancelled?: string | null
    refunds?: readonly object[]
  } & Record<string, unknown>,
): Record<string, unknown> {
  const { lines, updated, customer = null, financial = 'paid', cancelled = null, refunds = [], ...rest } = more
  const worth = (l: SimLine, quantity: number): number =>
    Math.round(((l.cents * l.quantity - (l.discountCents ?? 0)) * quantity) / l.quantity)
  const subtotal = lines.reduce((sum, l) => sum + worth(l, l.quantity), 0)
  const current = lines.reduce((sum, l) => sum + worth(l, l.left ?? l.quantity), 0)
  const discounts = lines.reduce((sum, l) => sum + (l.discountCents ?? 0), 0)
  const tax = Math.round(subtotal * 0.08)
  return {
    id: 5_000_000_000_000 + n,
    admin_graphql_api_id: `gid://shopify/Order/${5_000_000_000_000 + n}`,
    app_id: 580111,
    buyer_accepts_marketing: false,
    cancel_reason: cancelled ? 'customer' : null,
    cancelled_at: cancelled,
    confirmed: true,
    contact_email: customer?.['email'] ?? null,
    created_at: '2026-11-10T17:45:00-06:00',
    currency: 'USD',
    current_subtotal_price: dollars(current),
    current_total_discounts: dollars(discounts),
    current_total_price: dollars(current + tax + 1000),
    discount_codes: discounts > 0 ? [{ code: 'FALL10', amount: dollars(discounts), type: 'fixed_amount' }] : [],
    email: customer?.['email'] ?? '',
    financial_status: financial,
    fulfillment_status: null,
    location_id: null,
    name: `#${1000 + n}`,
    number: n,
    order_number: 1000 + n,
    phone: null,
    presentment_currency: 'USD',
    processed_at: '2026-11-10T17:45:00-06:00',
    source_name: 'web',
    subtotal_price: dollars(subtotal),
    tags: '',
    taxes_included: false,
    test: false,
    total_discounts: dollars(discounts),
    total_price: dollars(subtotal + tax + 1000),
    total_tax: dollars(tax),
    updated_at: updated,
    billing_address: customer?.['default_address'] ?? null,
    shipping_address: customer?.['default_address'] ?? null,
    customer,
    line_items: lines.map((l) => ({
      id: l.id,
      admin_graphql_api_id: `gid://shopify/LineItem/${l.id}`,
      current_quantity: l.left ?? l.quantity,
      discount_allocations: l.discountCents
        ? [{ amount: dollars(l.discountCents), amount_set: money(l.discountCents), discount_application_index: 0 }]
        : [],
      fulfillable_quantity: l.quantity,
      gift_card: false,
      grams: 1200,
      name: l.title,
      price: dollars(l.cents),
      price_set: money(l.cents),
      product_exists: true,
      product_id: 8_000_000_000_000 + l.id,
      quantity: l.quantity,
      requires_shipping: true,
      sku: l.sku,
      taxable: true,
      title: l.title,
      total_discount: '0.00',
      variant_id: 4_000_000_000_000 + l.id,
      variant_title: null,
      vendor: 'Corner Cellars',
    })),
    refunds,
    shipping_lines: [{ id: 1, title: 'Courier', price: '10.00' }],
    ...rest,
  }
}

/** A refund as `refunds/create` and the `refunds` of an order show it. */
export function shopifyRefund(
  orderN: number,
  id: number,
  back: readonly { line: SimLine; quantity: number }[],
): Record<string, unknown> {
  return {
    id,
    admin_graphql_api_id: `gid://shopify/Refund/${id}`,
    order_id: 5_000_000_000_000 + orderN,
    created_at: '2026-11-15T10:00:00-06:00',
    processed_at: '2026-11-15T10:00:00-06:00',
    note: 'corked',
    restock: false,
    refund_line_items: back.map(({ line, quantity }, i) => ({
      id: id * 10 + i,
      line_item_id: line.id,
      quantity,
      restock_type: 'no_restock',
      subtotal: Number(
        dollars(Math.round(((line.cents * line.quantity - (line.discountCents ?? 0)) * quantity) / line.quantity)),
      ),
      total_tax: 0,
      line_item: { id: line.id, sku: line.sku, quantity: line.quantity, price: dollars(line.cents) },
    })),
    transactions: [],
    order_adjustments: [],
  }
}

/** A customer as WooCommerce's webhooks show one (REST API v3). */
export function wooCustomer(n: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: n,
    date_created: '2026-10-01T04:00:00',
    date_created_gmt: '2026-10-01T09:00:00',
    date_modified: '2026-11-01T05:00:00',
    date_modified_gmt: '2026-11-01T10:00:00',
    email: `woo${n}@example.com`,
    first_name: 'Wim',
    last_name: `Woo${n}`,
    role: 'customer',
    username: `woo${n}`,
    billing: billing(n),
    shipping: billing(n),
    is_paying_customer: true,
    avatar_url: '',
    meta_data: [],
    ...more,
  }
}

const billing = (n: number): Record<string, string> => ({
  first_name: 'Wim',
  last_name: `Woo${n}`,
  company: '',
  address_1: `${n} Elm Street`,
  address_2: '',
  city: 'Peoria',
  state: 'IL',
  postcode: '61602',
  country: 'US',
  email: `woo${n}@example.com`,
  phone: `(309) 555-${String(1000 + (n % 9000))}`,
})

/** An order as WooCommerce's webhooks show one (REST API v3): goods, tax 8 %, no shipping. */
export function wooOrder(
  n: number,
  more: {
    lines: readonly SimLine[]
    modified: string
    customer?: number
    status?: string
    /** cents given back, with tax */
    refunds?: readonly number[]
    meta?: readonly { key: string; value: string }[]
  } & Record<string, unknown>,
): Record<string, unknown> {
  const { lines, modified, customer = n, status = 'completed', refunds = [], meta = [], ...rest } = more
  const worth = (l: SimLine): number => l.cents * l.quantity - (l.discountCents ?? 0)
  const goods = lines.reduce((sum, l) => sum + worth(l), 0)
  const discount = lines.reduce((sum, l) => sum + (l.discountCents ?? 0), 0)
  const tax = Math.round(goods * 0.08)
  return {
    id: n,
    parent_id: 0,
    number: String(n),
    order_key: `wc_order_${n}`,
    created_via: 'checkout',
    version: '10.3.0',
    status,
    currency: 'USD',
    date_created: '2026-11-10T11:45:00',
    date_created_gmt: '2026-11-10T17:45:00',
    date_modified: modified,
    date_modified_gmt: modified,
    discount_total: dollars(discount),
    discount_tax: '0.00',
    shipping_total: '0.00',
    shipping_tax: '0.00',
    cart_tax: dollars(tax),
    total: dollars(goods + tax),
    total_tax: dollars(tax),
    prices_include_tax: false,
    customer_id: customer,
    customer_ip_address: '203.0.113.7',
    customer_note: '',
    billing: billing(customer === 0 ? n : customer),
    shipping: billing(customer === 0 ? n : customer),
    payment_method: 'stripe',
    transaction_id: '',
    date_paid: null,
    cart_hash: '',
    meta_data: meta.map((m, i) => ({ id: i + 1, ...m })),
    line_items: lines.map((l) => ({
      id: l.id,
      name: l.title,
      product_id: 100 + l.id,
      variation_id: 0,
      quantity: l.quantity,
      tax_class: '',
      subtotal: dollars(l.cents * l.quantity),
      subtotal_tax: '0.00',
      total: dollars(worth(l)),
      total_tax: dollars(Math.round(worth(l) * 0.08)),
      taxes: [],
      meta_data: [],
      sku: l.sku,
      price: worth(l) / l.quantity / 100,
    })),
    tax_lines: [],
    shipping_lines: [],
    fee_lines: [],
    coupon_lines: discount > 0 ? [{ id: 1, code: 'fall10', discount: dollars(discount), discount_tax: '0' }] : [],
    refunds: refunds.map((cents, i) => ({ id: n * 10 + i, reason: '', total: `-${dollars(cents)}` })),
    ...rest,
  }
}

/** Numbers from a seed, the same in every run. */
export function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const list = [...items]
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[list[i], list[j]] = [list[j]!, list[i]!]
  }
  return list
}

export interface Story {
  hooks: SimHook[]
  /** email -> what they said last, and nobody says yes after a no */
  consents: Map<string, 'granted' | 'denied'>
  /** what must be there in the end: order number -> cents of goods */
  orders: Map<string, number>
}

const shelf = ['Blanton’s Bourbon', 'Pinot Noir', 'Pilsner 6-pack', 'London Dry Gin', 'Mezcal Joven', 'Prosecco']

/**
 * The life of a Shopify shop in the order in which it happened: customers appear, orders are placed, paid, partly
 * returned, cancelled. What must be there in the end is reckoned here, without the product's code.
 */
export function shopifyStory(secret: string, orderCount: number, seed = 1): Story {
  const next = chance(seed)
  const hooks: SimHook[] = []
  const orders = new Map<string, number>()
  const consents = new Map<string, 'granted' | 'denied'>()
  let delivery = 0
  const send = (topic: string, payload: object, at: string): void =>
    void hooks.push(shopifyHook(secret, topic, payload, { id: `story-${seed}-${++delivery}`, at }))
  const minute = (n: number): string => new Date(Date.UTC(2026, 10, 10, 12) + n * 60_000).toISOString()
  const people = Math.max(1, Math.floor(orderCount / 2))
  for (let n = 1; n <= orderCount; n++) {
    const customer = shopifyCustomer(1 + (n % people), { updated: minute(n) })
    if (n <= people) {
      const id = 1 + (n % people)
      const yes = { state: 'subscribed', opt_in_level: 'single_opt_in', consent_updated_at: minute(n) }
      const says = next() < 0.5
      send('customers/create', says ? { ...customer, email_marketing_consent: yes } : customer, minute(n))
      if (says) consents.set(`buyer${id}@example.com`, 'granted')
      if (says && next() < 0.4) {
        const no = { state: 'unsubscribed', opt_in_level: 'single_opt_in', consent_updated_at: minute(n + 50) }
        send(
          'customers/update',
          { ...customer, updated_at: minute(n + 50), email_marketing_consent: no },
          minute(n + 50),
        )
        consents.set(`buyer${id}@example.com`, 'denied')
      }
    }
    const lines = Array.from({ length: 1 + Math.floor(next() * 3) }, (_, i): SimLine => {
      const at = Math.floor(next() * shelf.length)
      return {
        id: n * 10 + i,
        sku: `SKU-${at}-${i}`,
        title: shelf[at]!,
        cents: 500 + Math.floor(next() * 9000),
        quantity: 1 + Math.floor(next() * 3),
      }
    })
    const total = lines.reduce((sum, l) => sum + l.cents * l.quantity, 0)
    const number = `shopify:${5_000_000_000_000 + n}`
    const pays = next() < 0.9
    send('orders/create', shopifyOrder(n, { lines, customer, updated: minute(n), financial: 'pending' }), minute(n))
    if (!pays) continue
    send('orders/paid', shopifyOrder(n, { lines, customer, updated: minute(n), financial: 'paid' }), minute(n))
    orders.set(number, total)
    const fate = next()
    if (fate < 0.1) {
      const cancelled = minute(n + 30)
      send(
        'orders/cancelled',
        shopifyOrder(n, { lines, customer, updated: cancelled, cancelled, financial: 'refunded' }),
        cancelled,
      )
      orders.delete(number)
    } else if (fate < 0.25) {
      const line = lines[0]!
      const refund = shopifyRefund(n, n * 100, [{ line, quantity: 1 }])
      const after = lines.map((l) => (l === line ? { ...l, left: l.quantity - 1 } : l))
      send('refunds/create', refund, minute(n + 40))
      // Not every shop subscribes to both; the last hook may be the refund.
      if (next() < 0.5)
        send(
          'orders/updated',
          shopifyOrder(n, {
            lines: after,
            customer,
            updated: minute(n + 40),
            refunds: [refund],
            financial: 'partially_refunded',
          }),
          minute(n + 40),
        )
      const left = total - line.cents
      if (left > 0) orders.set(number, left)
      else orders.delete(number)
    } else if (fate < 0.5) {
      send(
        'orders/updated',
        shopifyOrder(n, { lines, customer, updated: minute(n + 20), tags: 'shipped' }),
        minute(n + 20),
      )
    }
  }
  return { hooks, orders, consents }
}
