import { dollars, sign, type SimHook, type SimLine } from './hook.ts'

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
