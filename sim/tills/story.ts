import type { SimHook, SimLine } from './hook.ts'
import { shopifyCustomer, shopifyHook, shopifyOrder, shopifyRefund } from './shopify.ts'

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
