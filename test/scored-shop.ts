import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { localDate } from '#core/calendar.ts'
import { copyIn, withTx } from '#db/pool.ts'
import { createLog } from '#server/log.ts'
import type { FreshDatabase } from './db.ts'

export const zone = 'America/Chicago'
export const asOf = new Date('2026-03-02T05:30:00Z')
export const config = { secret: 'a secret that only tests use, 32+ characters' }
export const contextOf = (database: FreshDatabase) => ({
  pool: database.pool,
  directUrl: database.url,
  log: createLog('silent'),
  clock: () => asOf,
  config: config as never,
})

export interface Order {
  customer: number
  at: Date
  cents: number
  discount: number
}

/** 260 people with rhythms from weekly to once, some refunds, some without a time of day, some only in the future. */
export function makeOrders(people: number): Order[] {
  const generator = xoroshiro128plus(7)
  const chance = (): number => uniformFloat64(generator)
  const orders: Order[] = []
  for (let customer = 0; customer < people; customer++) {
    const gap = 6 + 60 * chance() ** 2
    const count = customer % 4 === 0 ? 1 : 1 + Math.floor(chance() * 24)
    let at = asOf.getTime() - count * gap * 86_400_000 - chance() * 200 * 86_400_000
    for (let i = 0; i < count; i++) {
      const date = new Date(at)
      // midnight in Chicago (CST or CDT): a date without a time
      if (customer % 10 === 3) date.setTime(Date.parse(`${localDate(date, zone)}T06:00:00Z`))
      orders.push({ customer, at: date, cents: Math.round(1500 + chance() * 9000), discount: chance() < 0.2 ? 300 : 0 })
      if (chance() < 0.05) orders.push({ customer, at: new Date(at + 3_600_000), cents: -1200, discount: 0 })
      if (chance() < 0.1) orders.push({ customer, at: new Date(at + 7_200_000), cents: 900, discount: 0 })
      at += gap * (0.3 + 1.4 * chance()) * 86_400_000
    }
  }
  return orders
}

export const idOf = (n: number): string => `0198c0de-0000-7000-8000-${String(n).padStart(12, '0')}`

export async function fillShop(database: FreshDatabase, people: number, orders: Order[]): Promise<void> {
  await withTx(database.pool, async (tx) => {
    await tx.query(`insert into settings (name, value) values ('shop', $1)`, [
      JSON.stringify({ name: 'Shop', time_zone: zone, margin_pct: 26, from_name: 'Shop', from_email: 'hi@shop.test' }),
    ])
    await tx.query(
      `insert into stores (id, name, legal_name, address, city, state, zip, time_zone) values ($1, 'West', 'West LLC', '1 Main', 'Reno', 'NV', '89501', 'America/Los_Angeles')`,
      [idOf(900_000)],
    )
    await copyIn(
      tx,
      'customers',
      ['id', 'email', 'phone', 'name', 'age_status', 'email_consent', 'sms_consent', 'store_id'],
      Array.from({ length: people }, (_, n) => [
        idOf(n),
        `c${n}@shop.test`,
        `+1555${String(1_000_000 + n)}`,
        `C ${n}`,
        n === 5 ? 'under_age' : 'dob_verified',
        n % 9 === 0 ? 'denied' : 'granted',
        n % 3 === 0 ? 'granted' : 'unknown',
        n % 5 === 0 ? idOf(900_000) : null,
      ]),
    )
    await tx.query(
      `insert into products (id, sku, name, brand, department, category, price_cents) select v.id::uuid, v.sku, v.sku, v.brand, v.department, v.category, 2500
      from (values ($1, 'b', 'Old Hollow', 'spirits', 'Bourbon'), ($2, 'w', 'Vale', 'wine', 'Chardonnay'), ($3, 'l', 'Reel', 'beer', 'Lager')) as v(id, sku, brand, department, category)`,
      [idOf(800_001), idOf(800_002), idOf(800_003)],
    )
    await copyIn(
      tx,
      'orders',
      ['id', 'external_id', 'customer_id', 'ordered_at', 'total_cents', 'discount_cents'],
      orders.map((o, i) => [idOf(100_000 + i), `o${i}`, idOf(o.customer), o.at, o.cents, o.discount]),
    )
    await copyIn(
      tx,
      'order_items',
      ['order_id', 'product_id', 'quantity', 'total_cents'],
      orders.map((o, i) => [
        idOf(100_000 + i),
        idOf(800_001 + ((o.customer + (i % 4 === 0 ? 1 : 0)) % 3)),
        o.cents < 0 ? -1 : 1,
        o.cents,
      ]),
    )
    await tx.query(`insert into offers (key, title, kind, value, category, department) values ('picks', 'Weekend picks', 'content', null, null, null),
      ('bourbon', 'Bourbon guide', 'content', null, 'Bourbon', 'spirits'), ('ten', 'Ten off', 'percent_off', 10, null, null), ('first', 'New first', 'early_access', null, null, null)`)
  })
}
