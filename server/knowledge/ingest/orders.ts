import type { PoolClient } from 'pg'
import type { z } from 'zod'
import { OrderInput, type ingest } from '#contract/ingest.ts'
import { readOrderRow, type OrderLine } from '#core/knowledge/import-order.ts'
import { centsText, readNamed } from '#core/knowledge/named-row.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { mergeOrders, orderStaging } from '../import/merge-orders.ts'
import { followOrders, inTurn, parseBatch, readShop, saidOf, stage, textOf, type Remark, type Shop } from './batch.ts'
import { dropMissingItems, orderOutcomes, refuseUnknownProducts } from './whole-orders.ts'

type Body = z.output<typeof ingest.orders.body>
type Answer = z.input<typeof ingest.orders.reply>
type Outcome = Answer['outcomes'][number]

interface Given {
  index: number
  order: OrderInput
  lines: OrderLine[]
  notes: Remark[]
}

/** Orders of a program: read by the rules of an import, merged as one set in one transaction, answered one by one. */
export async function ingestOrders(ctx: Ctx, actor: Actor, body: Body): Promise<Answer> {
  const shop = await readShop(ctx)
  const outcomes = new Map<number, Outcome>()
  const put = (index: number, outcome: Partial<Outcome> & Pick<Outcome, 'outcome'>): void => {
    const external = textOf(body.orders[index], 'external_id')
    outcomes.set(index, { index, external_id: external, order_id: null, errors: [], notes: [], ...outcome })
  }
  const { good, bad } = parseBatch('orders', body.orders, OrderInput)
  for (const { index, errors } of bad) put(index, { outcome: 'refused', errors })
  const latest = new Map<string, Given>()
  for (const { index, item } of good) {
    const read = readOrder(item, `orders.${index}`, shop)
    if ('errors' in read) {
      put(index, { outcome: 'refused', errors: read.errors })
      continue
    }
    const earlier = latest.get(item.external_id)
    if (earlier)
      put(earlier.index, {
        outcome: 'duplicate',
        notes: [
          { path: `orders.${earlier.index}`, message: `The batch has this order again at ${index}; that one counts.` },
        ],
      })
    latest.set(item.external_id, { index, order: item, ...read })
  }
  let created = { customers: 0, products: 0 }
  if (latest.size > 0) {
    const merged = await inTurn(ctx, (tx) => merge(tx, actor, shop, [...latest.values()], body))
    created = merged.created
    for (const { index, ...outcome } of merged.outcomes) put(index, outcome)
  }
  const all = [...outcomes.values()].sort((a, b) => a.index - b.index)
  const number = (outcome: Outcome['outcome']): number => all.filter((o) => o.outcome === outcome).length
  if (number('created') + number('changed') > 0) await followOrders(ctx)
  return {
    received: body.orders.length,
    created: number('created'),
    changed: number('changed'),
    same: number('same'),
    duplicate: number('duplicate'),
    refused: number('refused'),
    customers_created: created.customers,
    products_created: created.products,
    outcomes: all,
  }
}

async function merge(
  tx: PoolClient,
  actor: Actor,
  shop: Shop,
  given: readonly Given[],
  options: Pick<Body, 'create_customers' | 'unknown_products'>,
): Promise<{
  outcomes: (Partial<Outcome> & Pick<Outcome, 'index' | 'outcome'>)[]
  created: { customers: number; products: number }
}> {
  const places: { given: Given; item: number }[] = []
  const rows = given.flatMap((g) =>
    g.lines.map((facts, item) => ({ line: places.push({ given: g, item }) - 1, facts })),
  )
  await stage(tx, orderStaging(shop.zonesOf), rows)
  if (options.unknown_products === 'refuse') await refuseUnknownProducts(tx)
  const counts = await mergeOrders(tx, {
    importId: null,
    isDemo: false,
    createCustomers: options.create_customers,
    currency: shop.currency,
  })
  await dropMissingItems(
    tx,
    given.filter((g) => g.order.items !== undefined).map((g) => g.order.external_id),
  )
  const stored = await orderOutcomes(tx)
  const errors = new Map<Given, Remark[]>()
  for (const refused of await saidOf(tx, 'rejected')) {
    const place = places[refused.line]!
    const { index, order } = place.given
    const path = pathOf(refused.column_name, index, order.items ? place.item : null)
    const said = errors.get(place.given) ?? []
    const message = cureOf(refused.reason)
    if (!said.some((s) => s.path === path && s.message === message))
      errors.set(place.given, [...said, { path, message }])
  }
  await audit(tx, actor, {
    action: 'orders.ingested',
    entity: 'orders',
    after: { orders: given.length, refused: errors.size, ...counts.also },
  })
  return {
    created: { customers: counts.also['customers_created'] ?? 0, products: counts.also['products_created'] ?? 0 },
    outcomes: given.map((g) => {
      const refused = errors.get(g)
      if (refused) return { index: g.index, outcome: 'refused', errors: refused }
      const order = stored.get(g.order.external_id)
      if (!order) throw new Error('an order of a batch has neither a row nor a reason')
      return { index: g.index, outcome: order.outcome, order_id: order.id, notes: g.notes }
    }),
  }
}

// The words of a file import, in the words of this endpoint.
function cureOf(reason: string): string {
  return reason
    .replace(
      /Import the customers first, or switch on "create unknown customers"\.$/,
      'Send the customers first, or set create_customers to true.',
    )
    .replace(/of this row/g, 'of this order')
}

const customerFields: Record<string, string> = { customer_id: 'external_id', customer_name: 'name' }
function pathOf(field: string, index: number, item: number | null): string {
  const order = `orders.${index}`
  if (field in customerFields || field === 'email' || field === 'phone') return `${order}.customer`
  return item === null ? order : `${order}.items.${item}.${field}`
}

/** One order as lines of an import, or what is wrong with it. */
function readOrder(
  order: OrderInput,
  path: string,
  shop: Shop,
): { lines: OrderLine[]; notes: Remark[] } | { errors: Remark[] } {
  if (order.currency !== undefined && order.currency !== shop.currency)
    return {
      errors: [{ path: `${path}.currency`, message: `This shop counts in ${shop.currency}; send amounts in it.` }],
    }
  const { customer } = order
  const head = {
    order_id: order.external_id,
    ordered_at: order.ordered_at,
    customer_id: customer.external_id,
    email: customer.email,
    phone: customer.phone,
    customer_name: customer.name,
    store: order.store,
    coupon_code: order.coupon_code,
    total: centsText(order.total_cents),
    discount: centsText(order.discount_cents),
  }
  const paths = {
    order_id: `${path}.external_id`,
    ordered_at: `${path}.ordered_at`,
    customer_id: `${path}.customer.external_id`,
    email: `${path}.customer.email`,
    phone: `${path}.customer.phone`,
    customer_name: `${path}.customer.name`,
    store: `${path}.store`,
    coupon_code: `${path}.coupon_code`,
    total: `${path}.total_cents`,
    discount: `${path}.discount_cents`,
  }
  const lines: OrderLine[] = []
  const notes: Remark[] = []
  const errors: Remark[] = []
  const items = order.items ?? []
  for (const [i, item] of (items.length > 0 ? items : [null]).entries()) {
    const at = `${path}.items.${i}`
    const result = readNamed(
      readOrderRow,
      {
        values: item
          ? {
              ...head,
              sku: item.sku,
              product_name: item.name,
              brand: item.brand,
              category: item.category,
              department: item.department,
              quantity: String(item.quantity),
              line_total: centsText(item.total_cents),
              unit_price: centsText(item.unit_price_cents),
              line_discount: centsText(item.discount_cents),
            }
          : head,
        paths: {
          ...paths,
          sku: `${at}.sku`,
          product_name: `${at}.name`,
          brand: `${at}.brand`,
          category: `${at}.category`,
          department: `${at}.department`,
          quantity: `${at}.quantity`,
          line_total: `${at}.total_cents`,
          unit_price: `${at}.unit_price_cents`,
          line_discount: `${at}.discount_cents`,
        },
      },
      shop.rules,
    )
    for (const { column, reason } of result.reasons ?? [])
      if (!errors.some((e) => e.path === column)) errors.push({ path: column, message: reason })
    if (result.facts) lines.push(result.facts)
    for (const { column, reason } of result.notes ?? []) notes.push({ path: column, message: reason })
  }
  if (errors.length > 0) return { errors }
  // Stated here, so that items of an earlier state do not count into it.
  const sum = lines.reduce((total, line) => total + (line.lineTotalCents ?? 0), 0)
  return { lines: lines.map((line) => ({ ...line, totalCents: line.totalCents ?? sum })), notes }
}
