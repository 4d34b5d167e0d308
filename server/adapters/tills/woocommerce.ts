import { createHash } from 'node:crypto'
import { lenientFields, type TillConsent, type TillFact, type TillPerson } from '#core/knowledge/till.ts'
import type { Standing } from '#core/knowledge/till-order.ts'
import { readFlag } from '#core/knowledge/read-value.ts'
import type { Reading, Till } from '../../ports/till.ts'
import { readTillOrder, type TillLine } from './order.ts'
import { readPayload, type Payload } from './payload.ts'
import { headerOf, isSigned } from './signature.ts'

const topics = [
  'order.created',
  'order.updated',
  'order.deleted',
  'order.restored',
  'customer.created',
  'customer.updated',
  'customer.deleted',
] as const

/** WooCommerce's webhooks (woocommerce.github.io/woocommerce-rest-api-docs, includes/class-wc-webhook.php): base64 HMAC-SHA256 of the raw body. */
export const woocommerce: Till = {
  kind: 'woocommerce',
  label: 'WooCommerce',
  topics,
  ownsSecret: false,

  open(headers, body, secrets) {
    const topic = headerOf(headers, 'x-wc-webhook-topic')?.toLowerCase()
    // Saving a webhook posts `webhook_id=7` as a form, unsigned; anything but a 200 and it is not saved.
    if (topic === undefined && /^webhook_id=\d{1,20}$/.test(body.toString('latin1').slice(0, 40)))
      return { kind: 'ping' }
    if (!isSigned(body, headerOf(headers, 'x-wc-webhook-signature'), secrets))
      return { kind: 'refused', why: 'The signature does not fit.' }
    if (!topic) return { kind: 'refused', why: 'The topic of the webhook is missing.' }
    // The delivery id is made of the webhook and the second: four orders of one second share it, so the body counts too.
    const key = createHash('sha256')
      .update(`${topic}\n${headerOf(headers, 'x-wc-webhook-delivery-id') ?? ''}\n`)
      .update(body)
      .digest('base64url')
    return { kind: 'delivery', delivery: { topic: topic.slice(0, 100), key, sentAt: null } }
  },

  read(topic, body, at, reading) {
    const payload = readPayload(body)
    const fact = readTopic(topic, payload, at, reading)
    return payload.reasons.length > 0 ? { kind: 'refused', reasons: payload.reasons } : fact
  },
}

function readTopic(topic: string, payload: Payload, at: Date, reading: Reading): TillFact {
  const id = payload.id('id')
  const known = (topics as readonly string[]).includes(topic)
  if (!known) return { kind: 'ignored', why: 'Nothing is done with this topic; you can switch it off.' }
  if (id === null) return { kind: 'refused', reasons: [{ column: 'id', reason: 'The number is missing.' }] }
  switch (topic) {
    case 'order.created':
    case 'order.updated':
      return readOrder(payload, id, payload.instant('date_modified_gmt', 'Z') ?? at, reading)
    case 'order.restored': {
      // It comes back with the date it was last edited, which may lie before its deletion.
      const modified = payload.instant('date_modified_gmt', 'Z') ?? at
      return readOrder(payload, id, modified > at ? modified : at, reading)
    }
    case 'order.deleted':
      return { kind: 'order_gone', id, at, why: 'It was deleted in the shop.' }
    case 'customer.deleted':
      return { kind: 'customer_gone', id, at }
    default: {
      const role = payload.text('role')
      if (role !== undefined && !['customer', 'subscriber'].includes(role))
        return { kind: 'ignored', why: `An account of the shop itself (${role.slice(0, 40)}), not a customer.` }
      return {
        kind: 'customer',
        at: payload.instant('date_modified_gmt', 'Z') ?? payload.instant('date_created_gmt', 'Z') ?? at,
        profile: true,
        person: { tillId: id, row: billingRow(payload, payload.text('email')), consents: [] },
      }
    }
  }
}

function readOrder(payload: Payload, id: string, at: Date, reading: Reading): TillFact {
  const currency = payload.text('currency')
  if (currency !== undefined && currency !== reading.currency)
    return {
      kind: 'refused',
      reasons: [
        { column: 'currency', reason: `The order is in ${currency}; this shop counts in ${reading.currency}.` },
      ],
    }
  const lines = payload.list('line_items').flatMap((item) => lineOf(item, reading))
  const goods = lines.reduce((sum, line) => sum + line.cents, 0)
  const refunds = payload.list('refunds')
  const paid = payload.cents('total') ?? 0
  const back = refunds.reduce((sum, refund) => sum + Math.abs(refund.cents('total') ?? 0), 0)
  // Refunds are told as sums with tax and shipping; of the goods the same share came back.
  const left = paid > 0 ? Math.max(0, 1 - back / paid) : 1
  const created = payload.text('date_created_gmt')
  const read = readTillOrder(
    {
      number: reading.settings.orderNumber === 'number' ? (payload.text('number') ?? id) : `${reading.prefix}:${id}`,
      orderedAt: created && !/(Z|[+-]\d\d:?\d\d)$/.test(created) ? `${created}Z` : (created ?? ''),
      store: undefined,
      coupon: payload.list('coupon_lines')[0]?.text('code'),
      discountCents: payload.cents('discount_total') ?? 0,
      totalCents: Math.round(goods * left),
      refunds: refunds.flatMap((refund) => refund.id('id') ?? []),
      ...standingOf(payload.text('status') ?? '', left),
      lines,
      paths: { order_id: 'id', ordered_at: 'date_created_gmt', total: 'total', discount: 'discount_total' },
    },
    reading,
  )
  if ('reasons' in read) return { kind: 'refused', reasons: read.reasons }
  return { kind: 'order', id, at, state: read.state, person: buyerOf(payload, id, reading) }
}

function standingOf(status: string, left: number): { standing: Standing; why: string | null } {
  switch (status.replace(/^wc-/, '')) {
    case 'pending':
    case 'on-hold':
    case 'checkout-draft':
    case 'auto-draft':
      return { standing: 'waiting', why: 'It waits for its payment.' }
    case 'cancelled':
    case 'failed':
    case 'trash':
      return { standing: 'gone', why: 'It was cancelled in the shop.' }
    case 'refunded':
      return { standing: 'gone', why: 'All of it was refunded.' }
    default:
      return left > 0 ? { standing: 'sale', why: null } : { standing: 'gone', why: 'All of it was refunded.' }
  }
}

function lineOf(item: Payload, reading: Reading): TillLine[] {
  const quantity = item.number('quantity') ?? 0
  if (quantity <= 0) return []
  const total = item.cents('total') ?? 0
  const product = item.id('variation_id') ?? item.id('product_id')
  return [
    {
      id: item.id('id') ?? item.at('id'),
      path: item.at('total').replace(/\.total$/, ''),
      sku: item.text('sku') ?? (product ? `${reading.prefix}:${product}` : undefined),
      name: item.text('name'),
      quantity,
      cents: total,
      discountCents: Math.max(0, (item.cents('subtotal') ?? total) - total),
    },
  ]
}

function buyerOf(payload: Payload, orderId: string, reading: Reading): TillPerson | null {
  const tillId = payload.id('customer_id')
  const email = payload.text('billing.email')
  const phone = payload.text('billing.phone')
  if (tillId === null && email === undefined && phone === undefined) return null
  return { tillId, row: billingRow(payload, email), consents: consentsOf(payload, orderId, reading) }
}

function billingRow(payload: Payload, email: string | undefined): TillPerson['row'] {
  const inUs = (payload.text('billing.country') ?? 'US') === 'US'
  return {
    values: {
      email: email ?? payload.text('billing.email'),
      phone: payload.text('billing.phone'),
      first_name: payload.text('first_name') ?? payload.text('billing.first_name'),
      last_name: payload.text('last_name') ?? payload.text('billing.last_name'),
      address:
        [payload.text('billing.address_1'), payload.text('billing.address_2')].filter(Boolean).join(', ') || undefined,
      city: payload.text('billing.city'),
      state: inUs ? payload.text('billing.state') : undefined,
      zip: inUs ? payload.text('billing.postcode') : undefined,
    },
    paths: {
      email: email === undefined ? 'billing.email' : 'email',
      phone: 'billing.phone',
      first_name: 'billing.first_name',
      last_name: 'billing.last_name',
      address: 'billing.address_1',
      city: 'billing.city',
      state: 'billing.state',
      zip: 'billing.postcode',
    },
    lenient: lenientFields,
  }
}

/**
 * WooCommerce has no consents of its own; a checkbox of the checkout is kept in a field of the order, which the shop
 * names in the settings. A ticked box is a yes given with that order; an empty one is no statement.
 */
function consentsOf(payload: Payload, orderId: string, reading: Reading): TillConsent[] {
  const at = payload.instant('date_created_gmt', 'Z')
  if (!at) return []
  return (['email', 'sms'] as const).flatMap((channel): TillConsent[] => {
    const field = reading.settings.consentFields[channel]
    const value =
      field === null
        ? undefined
        : payload
            .list('meta_data')
            .find((m) => m.text('key') === field)
            ?.text('value')
    if (value === undefined || readFlag(value).value !== true) return []
    return [
      {
        channel,
        status: 'granted',
        source: `${reading.prefix}: checkout of order ${orderId}, field ${field}`.slice(0, 200),
        at,
        textVersion: null,
      },
    ]
  })
}
