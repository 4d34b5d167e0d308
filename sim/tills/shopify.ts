import { dollars, sign, type SimHook, type SimLine } from './hook.ts'

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
const money = (cents: number): object => ({
  shop_money: { amount: dollars(cents), currency_code: 'USD' },
  presentment_money: { amount: dollars(cents), currency_code: 'USD' },
})
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
