import { lenientFields, type TillConsent, type TillFact, type TillPerson } from '#core/knowledge/till.ts'
import { shareOf, type Standing } from '#core/knowledge/till-order.ts'
import type { Reading, Till } from '../../ports/till.ts'
import { readTillOrder, type TillLine } from './order.ts'
import { readPayload, type Payload } from './payload.ts'
import { headerOf, isSigned } from './signature.ts'

const topics = [
  'orders/create',
  'orders/updated',
  'orders/paid',
  'orders/cancelled',
  'orders/delete',
  'refunds/create',
  'customers/create',
  'customers/update',
  'customers/delete',
  'customers_email_marketing_consent/update',
  'customers_marketing_consent/update',
] as const

/** Shopify's webhooks (shopify.dev/docs/apps/build/webhooks): base64 HMAC-SHA256 of the raw body, one id per delivery. */
export const shopify: Till = {
  kind: 'shopify',
  label: 'Shopify',
  topics,
  ownsSecret: true,

  open(headers, body, secrets) {
    if (!isSigned(body, headerOf(headers, 'x-shopify-hmac-sha256'), secrets))
      return { kind: 'refused', why: 'The signature does not fit.' }
    const topic = headerOf(headers, 'x-shopify-topic')?.toLowerCase() ?? ''
    // Repeats of a delivery keep its id. A delivery is of one topic; two subscriptions to one address are two deliveries.
    const id = headerOf(headers, 'x-shopify-webhook-id') ?? headerOf(headers, 'x-shopify-event-id')
    if (topic === '' || !id) return { kind: 'refused', why: 'The topic or the id of the webhook is missing.' }
    const sent = Date.parse(headerOf(headers, 'x-shopify-triggered-at') ?? '')
    return {
      kind: 'delivery',
      delivery: {
        topic: topic.slice(0, 100),
        key: `${id.slice(0, 150)} ${topic.slice(0, 100)}`,
        sentAt: Number.isNaN(sent) ? null : new Date(sent),
      },
    }
  },

  read(topic, body, at, reading) {
    const payload = readPayload(body)
    const fact = readTopic(topic, payload, at, reading)
    return payload.reasons.length > 0 ? { kind: 'refused', reasons: payload.reasons } : fact
  },
}

function readTopic(topic: string, payload: Payload, at: Date, reading: Reading): TillFact {
  switch (topic) {
    case 'orders/create':
    case 'orders/updated':
    case 'orders/paid':
    case 'orders/cancelled':
    case 'orders/edited':
    case 'orders/fulfilled':
    case 'orders/partially_fulfilled':
      return readOrder(payload, at, reading)
    case 'orders/delete':
      return withId(payload, 'id', (id) => ({ kind: 'order_gone', id, at, why: 'It was deleted in the shop.' }))
    case 'refunds/create':
      return readRefund(payload)
    case 'customers/create':
    case 'customers/update':
    case 'customers/enable':
    case 'customers/disable':
      return withId(payload, 'id', (id) => ({
        kind: 'customer',
        at: payload.instant('updated_at') ?? at,
        person: personOf(payload, id, reading),
        profile: true,
      }))
    case 'customers/delete':
      return withId(payload, 'id', (id) => ({ kind: 'customer_gone', id, at }))
    case 'customers_email_marketing_consent/update':
      return withId(payload, 'customer_id', (id) => ({
        kind: 'customer',
        at,
        profile: false,
        person: {
          tillId: id,
          row: rowOf({ email: payload.text('email_address') }, { email: 'email_address' }),
          consents: consentOf(payload, 'email', 'email_marketing_consent', at, reading),
        },
      }))
    case 'customers_marketing_consent/update':
      return withId(payload, 'id', (id) => ({
        kind: 'customer',
        at,
        profile: false,
        person: {
          tillId: id,
          row: rowOf({ phone: payload.text('phone') }, {}),
          consents: consentOf(payload, 'sms', 'sms_marketing_consent', at, reading),
        },
      }))
    case 'customers/redact':
    case 'customers/data_request':
      return {
        kind: 'refused',
        reasons: [
          {
            column: 'customer.id',
            reason: `Shopify passes on a privacy request for customer ${payload.id('customer.id') ?? 'unknown'}; a person must answer it.`,
          },
        ],
      }
    default:
      return { kind: 'ignored', why: 'Nothing is done with this topic; you can unsubscribe it.' }
  }
}

function withId(payload: Payload, path: string, then: (id: string) => TillFact): TillFact {
  const id = payload.id(path)
  return id === null
    ? { kind: 'refused', reasons: [{ column: payload.at(path), reason: 'The number is missing.' }] }
    : then(id)
}

function readOrder(payload: Payload, at: Date, reading: Reading): TillFact {
  const id = payload.id('id')
  if (id === null)
    return { kind: 'refused', reasons: [{ column: 'id', reason: 'The number of the order is missing.' }] }
  if (payload.flag('test') === true) return { kind: 'ignored', why: 'A test order.' }
  const currency = payload.text('currency')
  if (currency !== undefined && currency !== reading.currency)
    return {
      kind: 'refused',
      reasons: [
        { column: 'currency', reason: `The order is in ${currency}; this shop counts in ${reading.currency}.` },
      ],
    }
  const lines = payload.list('line_items').flatMap((item) => lineOf(item, reading))
  const adjusted = payload
    .list('refunds')
    .flatMap((refund) => refund.list('order_adjustments'))
    .reduce((sum, a) => sum + discrepancy(a), 0)
  const goods =
    payload.cents('current_subtotal_price') ?? payload.cents('subtotal_price') ?? lines.reduce((s, l) => s + l.cents, 0)
  const read = readTillOrder(
    {
      number: reading.settings.orderNumber === 'number' ? (payload.text('name') ?? id) : `${reading.prefix}:${id}`,
      orderedAt: payload.text('processed_at') ?? payload.text('created_at') ?? '',
      store: payload.id('location_id') ?? undefined,
      coupon: payload.list('discount_codes')[0]?.text('code'),
      discountCents: payload.cents('current_total_discounts') ?? payload.cents('total_discounts') ?? 0,
      totalCents: Math.max(0, goods - adjusted),
      refunds: payload.list('refunds').flatMap((refund) => refund.id('id') ?? []),
      ...(payload.list('line_items').length > 0 && lines.length === 0
        ? { standing: 'gone' as const, why: 'Everything was given back.' }
        : standingOf(payload)),
      lines,
      paths: { order_id: 'id', ordered_at: 'created_at', total: 'current_subtotal_price', discount: 'total_discounts' },
    },
    reading,
  )
  if ('reasons' in read) return { kind: 'refused', reasons: read.reasons }
  return {
    kind: 'order',
    id,
    at: payload.instant('updated_at') ?? at,
    state: read.state,
    person: buyerOf(payload, reading),
  }
}

function standingOf(payload: Payload): { standing: Standing; why: string | null } {
  if (payload.has('cancelled_at')) return { standing: 'gone', why: 'It was cancelled in the shop.' }
  switch (payload.text('financial_status')) {
    case 'voided':
    case 'expired':
      return { standing: 'gone', why: 'Its payment came to nothing.' }
    case 'refunded':
      return { standing: 'gone', why: 'All of it was refunded.' }
    case 'pending':
      return { standing: 'waiting', why: 'It waits for its payment.' }
    default:
      return { standing: 'sale', why: null }
  }
}

function lineOf(item: Payload, reading: Reading): TillLine[] {
  const ordered = item.number('quantity') ?? 0
  const left = item.number('current_quantity') ?? ordered
  if (left <= 0) return []
  const allocated = item.list('discount_allocations').reduce((sum, d) => sum + (d.cents('amount') ?? 0), 0)
  const discount = item.has('discount_allocations') ? allocated : (item.cents('total_discount') ?? 0)
  const full = Math.round((item.cents('price') ?? 0) * ordered) - discount
  const variant = item.id('variant_id')
  const title = item.text('title') ?? item.text('name')
  const variantTitle = item.text('variant_title')
  return [
    {
      id: item.id('id') ?? item.at('id'),
      path: item.at('price').replace(/\.price$/, ''),
      sku: item.text('sku') ?? (variant ? `${reading.prefix}:${variant}` : undefined),
      name: title && variantTitle && variantTitle !== 'Default Title' ? `${title} ${variantTitle}` : title,
      brand: item.text('vendor'),
      quantity: left,
      cents: shareOf(full, left, ordered),
      discountCents: shareOf(discount, left, ordered),
    },
  ]
}

/** Money given back that belongs to no line. */
function discrepancy(adjustment: Payload): number {
  return adjustment.text('kind') === 'refund_discrepancy' ? -(adjustment.cents('amount') ?? 0) : 0
}

function readRefund(payload: Payload): TillFact {
  const id = payload.id('id')
  const orderId = payload.id('order_id')
  if (id === null || orderId === null)
    return { kind: 'refused', reasons: [{ column: id === null ? 'id' : 'order_id', reason: 'The number is missing.' }] }
  const lines = payload.list('refund_line_items').map((line) => ({
    line: line.id('line_item_id') ?? line.id('line_item.id') ?? '',
    quantity: line.number('quantity') ?? 0,
    cents: line.cents('subtotal') ?? 0,
  }))
  const rest = payload.list('order_adjustments').reduce((sum, a) => sum + discrepancy(a), 0)
  return { kind: 'refund', orderId, refund: { id, cents: lines.reduce((sum, l) => sum + l.cents, rest), lines } }
}

/** The customer of an order, or the guest behind its addresses; null at a till where nobody asked. */
function buyerOf(payload: Payload, reading: Reading): TillPerson | null {
  const [customer] = payload.has('customer') ? [part(payload, 'customer')] : []
  const id = customer?.id('id') ?? null
  const email = customer?.text('email') ?? payload.text('email') ?? payload.text('contact_email')
  const phone = customer?.text('phone') ?? payload.text('phone')
  if (id === null && email === undefined && phone === undefined) return null
  const address = ['customer.default_address', 'billing_address', 'shipping_address'].find((a) => payload.has(a))
  return {
    tillId: id,
    row: rowOf(
      {
        email,
        phone,
        first_name: customer?.text('first_name') ?? payload.text('billing_address.first_name'),
        last_name: customer?.text('last_name') ?? payload.text('billing_address.last_name'),
        ...(address ? placeOf(part(payload, address)) : {}),
      },
      { email: 'customer.email', phone: 'customer.phone' },
    ),
    consents: customer
      ? (['email', 'sms'] as const).flatMap((channel) =>
          consentOf(customer, channel, `${channel}_marketing_consent`, null, reading),
        )
      : [],
  }
}

function personOf(payload: Payload, id: string, reading: Reading): TillPerson {
  return {
    tillId: id,
    row: rowOf(
      {
        email: payload.text('email'),
        phone: payload.text('phone'),
        first_name: payload.text('first_name'),
        last_name: payload.text('last_name'),
        tags: payload.text('tags'),
        ...(payload.has('default_address') ? placeOf(part(payload, 'default_address')) : {}),
      },
      {},
    ),
    consents: (['email', 'sms'] as const).flatMap((channel) =>
      consentOf(payload, channel, `${channel}_marketing_consent`, null, reading),
    ),
  }
}

/** A payload seen from one of its parts. */
function part(payload: Payload, path: string): Payload {
  const under =
    <T>(read: (path: string) => T) =>
    (field: string): T =>
      read(`${path}.${field}`)
  return {
    reasons: payload.reasons,
    at: under(payload.at),
    id: under(payload.id),
    text: under(payload.text),
    list: under(payload.list),
    has: under(payload.has),
    flag: under(payload.flag),
    cents: under(payload.cents),
    number: under(payload.number),
    instant: (field, zone) => payload.instant(`${path}.${field}`, zone),
  }
}

function placeOf(address: Payload): Record<string, string | undefined> {
  const inUs = (address.text('country_code') ?? 'US') === 'US'
  return {
    address: [address.text('address1'), address.text('address2')].filter(Boolean).join(', ') || undefined,
    city: address.text('city'),
    // The law knows US states; a Canadian province is no state of theirs.
    state: inUs ? (address.text('province_code') ?? address.text('province')) : undefined,
    zip: inUs ? address.text('zip') : undefined,
  }
}

const rowOf = (values: Record<string, string | undefined>, paths: Record<string, string>): TillPerson['row'] => ({
  values,
  paths,
  lenient: lenientFields,
})

/**
 * Shopify's states: `subscribed` is a yes, `unsubscribed` a no. `not_subscribed` was never asked, `pending` has not
 * confirmed, `invalid` and `redacted` say nothing of the person. A yes without its date is no proof.
 */
function consentOf(
  holder: Payload,
  channel: 'email' | 'sms',
  path: string,
  fallbackAt: Date | null,
  reading: Reading,
): TillConsent[] {
  const state = holder.text(`${path}.state`)?.toLowerCase()
  if (state !== 'subscribed' && state !== 'unsubscribed') return []
  const at = holder.instant(`${path}.consent_updated_at`)
  if (state === 'subscribed' && !at) return []
  const level = holder.text(`${path}.opt_in_level`)?.toLowerCase()
  const from = holder.text(`${path}.consent_collected_from`)?.toLowerCase()
  const when = at ?? fallbackAt ?? holder.instant('updated_at') ?? reading.rules.now
  return [
    {
      channel,
      status: state === 'subscribed' ? 'granted' : 'denied',
      source: [`${reading.prefix}: ${state}`, level, from && `collected by ${from}`]
        .filter(Boolean)
        .join(', ')
        .slice(0, 200),
      at: when,
      textVersion: null,
    },
  ]
}
