import { beforeAll, describe, expect, test } from 'vitest'
import { daysBetween, localDate, localHour } from '#core/calendar.ts'
import { formatCents } from '#core/money.ts'
import { freshDatabase, type FreshDatabase } from '#test/db.ts'
import { asOf, contextOf, fillShop, idOf, makeOrders, zone } from '#test/scored-shop.ts'
import { reasonsOf } from '../score-reasons.ts'
import { generateActions } from './actions.ts'
import { readModel, type StoredModel } from './model-store.ts'
import { scoreCustomers } from './score.ts'

interface RawOrder {
  id: string
  at: Date
  cents: number
  discount: number
}
interface Raw {
  orders: RawOrder[]
  lines: { order: string; category: string; cents: number; at: Date }[]
  emails: { sent: Date; opened: Date | null }[]
  zone: string
}

const people = 260
let database: FreshDatabase
let model: StoredModel

beforeAll(async () => {
  database = await freshDatabase()
  await fillShop(database, people, makeOrders(people))
  // Five emails to every second customer; every third of those opened by night, every fifth by day.
  await database.pool.query(
    `insert into sends (customer_id, channel, recipient, due_at, window_end, status, sent_at, opened_at)
     select c.id, 'email', c.email, t.at, t.at, 'delivered', t.at,
       case when (hashtext(c.id::text) & 7) < 3 then t.at + interval '11 hours' when (hashtext(c.id::text) & 7) = 3 and n < 4 then t.at + interval '2 hours' end
     from customers as c cross join generate_series(1, 5) as n cross join lateral (select $1::timestamptz - make_interval(days => 6 + 13 * n, hours => 14) as at) as t
     where (hashtext(c.id::text) & 1) = 1 or (hashtext(c.id::text) & 7) = 2`,
    [asOf],
  )
  await scoreCustomers(contextOf(database), { asOf })
  model = (await readModel(database.pool))!
})

async function readRaw(customerId: string): Promise<Raw> {
  const { rows: orders } = await database.pool.query<RawOrder>(
    `select o.id, o.ordered_at as at, o.total_cents as cents, o.discount_cents as discount from orders as o where o.customer_id = $1 and o.ordered_at <= $2 order by o.ordered_at`,
    [customerId, asOf],
  )
  const { rows: lines } = await database.pool.query<Raw['lines'][number]>(
    `select o.id as order, p.category, i.total_cents as cents, o.ordered_at as at
     from order_items as i join orders as o on o.id = i.order_id join products as p on p.id = i.product_id where o.customer_id = $1 and o.ordered_at <= $2`,
    [customerId, asOf],
  )
  const { rows: emails } = await database.pool.query<Raw['emails'][number]>(
    `select s.sent_at as sent, s.opened_at as opened from sends as s where s.customer_id = $1 and s.channel = 'email' order by s.sent_at desc limit 4`,
    [customerId],
  )
  const { rows: stores } = await database.pool.query<{ time_zone: string }>(
    'select s.time_zone from customers as c join stores as s on s.id = c.store_id where c.id = $1',
    [customerId],
  )
  return { orders, lines, emails, zone: stores[0]?.time_zone ?? zone }
}

/** The usual gap as the model card describes it, from nothing but the days of the orders. */
function gapOf({ orders, zone: at }: Raw): number {
  const days = [...new Set(orders.filter((o) => o.cents >= 0).map((o) => localDate(o.at, at)))].sort()
  const logs = days.slice(1).map((day, i) => Math.log(daysBetween(days[i]!, day)))
  const { mu, within, between } = model.model.gaps
  const own = logs.length / within ** 2
  const sum = logs.reduce((total, log) => total + log, 0)
  return Math.max(1, Math.exp((sum / within ** 2 + mu / between ** 2) / (own + 1 / between ** 2)))
}

function categoriesOf(raw: Raw): string[] {
  const weights = new Map<string, number>()
  for (const line of raw.lines) {
    if (line.cents < 0) continue
    const age = (asOf.getTime() - line.at.getTime()) / 86_400_000
    weights.set(line.category, (weights.get(line.category) ?? 0) + 0.5 ** (age / 180))
  }
  const base = model.model.base.categories
  return [...weights]
    .map(([name, weight]) => ({ name, value: weight + 2 * (base[name] ?? 0) }))
    .sort((a, b) => b.value - a.value)
    .map((c) => c.name)
}

const departments: Record<string, string> = { Bourbon: 'spirits', Chardonnay: 'wine', Lager: 'beer' }

/** Takes a sentence apart and holds each of its claims against the raw rows; returns how many it checked. */
function checkReason(reason: string, raw: Raw): number {
  const bought = raw.orders.filter((o) => o.cents >= 0)
  const last = bought.at(-1)!.at
  let claims = 0
  const claim = (pattern: RegExp, check: (...parts: string[]) => void): void => {
    const found = pattern.exec(reason)
    if (!found) return
    claims++
    check(...found.slice(1))
  }
  const since = Math.round((asOf.getTime() - last.getTime()) / 86_400_000)
  claim(/^One order, (\d+) days? ago/, (days) => expect([bought.length, Number(days)]).toEqual([1, since]))
  claim(/buys about every (?:(\d+) days|day), last (\d+) days? ago/, (gap = '1', days) => {
    expect([Number(gap), Number(days)]).toEqual([Math.max(1, Math.round(gapOf(raw))), since])
    expect(bought.length).toBeGreaterThan(1)
  })
  claim(/^Due now: /, () => expect(since / gapOf(raw)).toBeGreaterThan(0.75))
  claim(/^Quiet for long: /, () => expect(since / gapOf(raw)).toBeGreaterThan(2.45))
  claim(/; likes ([A-Z]\w+), so/, (category) => expect(categoriesOf(raw).slice(0, 2)).toContain(category))
  claim(/; mostly buys (\w+);/, (category) => expect(categoriesOf(raw)[0]).toBe(category))
  claim(/; buys (\w+), so/, (department) =>
    expect(
      categoriesOf(raw)
        .slice(0, 2)
        .map((c) => departments[c]),
    ).toContain(department),
  )
  claim(/; opened (?:(\d) of )?the last (\d) emails(, mostly after 8 pm)?/, (opened, of, late) => {
    const seen = raw.emails.filter((e) => e.opened)
    expect([raw.emails.length, seen.length]).toEqual([Number(of), Number(opened ?? of)])
    const byNight = seen.filter((e) => localHour(e.opened!, zone) >= 20 || localHour(e.opened!, zone) < 4)
    expect(Boolean(late)).toBe(byNight.length * 2 > seen.length)
  })
  claim(/Usual basket (\S+);/, (basket) => {
    const total = raw.orders.reduce((sum, o) => sum + o.cents, 0)
    const mean = Math.round(Math.max(0, total) / bought.length)
    expect(basket).toBe(formatCents(Math.round(mean / 100) * 100, 'USD', true))
  })
  claim(/costs about (\S+) when used/, (cost) => expect(Number(cost!.slice(1))).toBeGreaterThan(0))
  return claims
}

test('ten sampled reasons of actions are true against the raw orders', async () => {
  const made = await generateActions(contextOf(database))
  expect(made.proposed).toBeGreaterThan(30)
  const { rows } = await database.pool.query<{
    customer_id: string
    reason: string
    scheduled_date: string
    expected: number
    priority_score: number
  }>(
    `select a.customer_id, a.reason, a.scheduled_date, (a.terms ->> 'margin_cents')::float8 as expected, a.priority_score
     from actions as a where a.status = 'proposed' order by a.priority_score desc, a.id`,
  )
  const opened = rows.filter((row) => row.reason.includes('opened'))
  const sample = [
    ...Array.from({ length: 7 }, (_, i) => rows[Math.floor((i * (rows.length - 1)) / 6)]!),
    ...Array.from({ length: 3 }, (_, i) => opened[Math.floor((i * (opened.length - 1)) / 2)]!),
  ]
  for (const { customer_id, reason, scheduled_date, expected, priority_score } of sample) {
    if (process.env['TEST_FIGURES']) process.stderr.write(`${reason}\n`)
    expect([reason, checkReason(reason, await readRaw(customer_id)) >= 3]).toEqual([reason, true])
    const today = localDate(asOf, zone)
    expect(daysBetween(today, scheduled_date)).toBeGreaterThanOrEqual(0)
    expect(daysBetween(today, scheduled_date)).toBeLessThan(7)
    // the score is the expected margin: 100 v / (v + 25)
    expect(priority_score).toBeCloseTo((100 * expected) / (expected + 25), 0)
  }
  // And a false one is found out.
  const raw = await readRaw(sample[0]!.customer_id)
  expect(() => checkReason(sample[0]!.reason.replace(/(\d+) days ago/, '9$1 days ago'), raw)).toThrow('to deeply equal')
})

describe('the reasons of scores', () => {
  test('are told from what is stored, and true as well', async () => {
    const ids = [3, 7, 22, 41, 58, 77, 101, 130, 199, 251].map(idOf)
    const reasons = await reasonsOf(database.pool, ids, 'USD')
    let checked = 0
    for (const [id, told] of reasons) {
      const raw = await readRaw(id)
      const bought = raw.orders.filter((o) => o.cents >= 0)
      const days = [...new Set(bought.map((o) => localDate(o.at, raw.zone)))].sort()
      const since = daysBetween(days.at(-1)!, localDate(asOf, raw.zone))
      const of = (term: string): string => told.find((r) => r.term === term)?.words ?? ''
      const ago = since === 0 ? 'today' : since === 1 ? 'yesterday' : `${since} days ago`
      const gap = Math.round(gapOf(raw))
      expect(of('rhythm')).toBe(
        days.length === 1 ? `One order, ${ago}` : `Buys about every ${gap === 1 ? 'day' : `${gap} days`}, last ${ago}`,
      )
      expect(of('taste')).toMatch(new RegExp(`^Mostly ${categoriesOf(raw)[0]}`))
      const discounted = bought.filter((o) => o.discount > 0).length
      if (discounted > 0)
        expect(of('price')).toBe(
          `${discounted} of ${bought.length} order${bought.length === 1 ? '' : 's'} with a discount`,
        )
      if (raw.emails.length > 0) expect(of('messages')).toMatch(/^Ordered within a week of \d of 5 messages$/)
      checked++
    }
    expect(checked).toBeGreaterThan(7)
  })
})
