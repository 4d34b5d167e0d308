import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import type { Ctx } from '#server/context.ts'
import { runImport } from '#server/knowledge/import/run.ts'
import { testApp } from '#test/app.ts'
import { testContext } from '#test/context.ts'
import { leaveTraces, person, traces } from '#test/known-person.ts'
import { writeAnonymous } from './anonymous.ts'

const now = new Date('2026-11-23T18:00:00Z')
const testing = await testApp({ clock: () => now })
const { ctx } = testing
const folder = mkdtempSync(path.join(tmpdir(), 'lma-anonymous-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const counts = async (of: Ctx): Promise<object> =>
  (
    await of.pool.query<object>(
      `select (select count(*) from customers) as customers, (select count(*) from orders) as orders, (select count(*) from order_items) as items,
         (select count(*) from customers where email_consent = 'granted') as yes, (select count(*) from customers where state = 'NY') as ny`,
    )
  ).rows[0]!

test('an anonymous copy is a shop like ours with nobody of ours in it, and imports elsewhere', async () => {
  await leaveTraces(testing)
  await ctx.pool.query(
    `insert into products (sku, name, brand, department, category, price_cents) select 'S' || i, 'Rye ' || i, 'Oak', 'spirits', 'Whiskey', 1000 * i from generate_series(1, 5) as i`,
  )
  await ctx.pool.query(
    `insert into customers (external_id, email, phone, name, address, city, zip, state, tags, birth_date, age_status, email_consent)
     select 'REAL-' || i, 'real' || i || '@shop-of-old.example', '+1217555' || lpad(i::text, 4, '0'), 'Real Person' || i, i || ' Real Street', 'Realtown', '6' || lpad(i::text, 4, '0'),
       case when i = 300 then 'AK' else (array['NY', 'TX'])[1 + i % 2] end, case when i <= 3 then '{only three}' when i % 4 = 0 then '{wine club}' else '{}' end::text[], date '1950-03-07' + i * 31, 'attested', (array['granted', 'denied', 'unknown'])[1 + i % 3]
     from generate_series(1, 300) as i`,
  )
  await ctx.pool.query(
    `with made as (
       insert into orders (external_id, customer_id, ordered_at, total_cents) select c.external_id || '-' || n, c.id, $1::timestamptz - make_interval(days => 20 * n + length(c.name)), case c.external_id when 'REAL-7' then 900000 else 1234 * n end
       from customers as c, generate_series(1, 4) as n where c.external_id like 'REAL-%' returning id, total_cents
     ) insert into order_items (order_id, product_id, quantity, total_cents) select m.id, (select p.id from products as p where p.sku = 'S' || (1 + m.total_cents % 5)), 2, m.total_cents from made as m`,
    [now],
  )
  const made = await writeAnonymous(ctx, systemActor, path.join(folder, 'copy'))
  // Who spends like nobody else is known by it; the others, and who was merged, are one each.
  expect(made).toEqual({ customers: 300, orders: 1199, products: 5, left_out: 1 })
  const file = (name: string): string => path.join(folder, 'copy', `${name}.csv`)
  expect(statSync(file('customers')).mode & 0o077).toBe(0)
  const files = ['customers', 'orders', 'products'].map((n) => readFileSync(file(n), 'utf8'))
  const text = files.join('\n')
  for (const word of [
    ...traces,
    person.name,
    'REAL-',
    'shop-of-old',
    'Real Person',
    'Real Street',
    'Realtown',
    '1217555',
    'only three',
    'AK,',
    '900000',
  ])
    expect(text.toLowerCase().includes(word.toLowerCase()), word).toBe(false)
  const { rows: ids } = await ctx.pool.query<{ id: string }>('select id from customers union select id from orders')
  expect(ids.filter(({ id }) => text.includes(id))).toEqual([])
  expect(text).toContain('wine club')
  // No receipt is found again by its moment, nor a person by their birth day.
  const { rows: moments } = await ctx.pool.query<{ at: string }>(
    `select to_char(ordered_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from orders`,
  )
  expect(moments.filter(({ at }) => files[1]!.includes(at)).length).toBeLessThan(10)

  const other = await testContext({ clock: () => now })
  for (const kind of ['products', 'customers', 'orders'] as const) {
    const result = await runImport(other, { kind, source: kind, actor: systemActor, path: file(kind) })
    expect(result, JSON.stringify(result.summary)).toMatchObject({ rows_rejected: 0 })
  }
  const [ours, theirs] = [await counts(ctx), await counts(other)] as Record<string, number>[]
  expect(theirs!['customers']).toBe(made.customers)
  expect(theirs!['orders']).toBe(made.orders)
  for (const figure of ['customers', 'orders', 'items', 'yes', 'ny'])
    expect(Math.abs(theirs![figure]! - ours![figure]!), figure).toBeLessThanOrEqual(12)
  const gaps = async (of: Ctx): Promise<number> =>
    (
      await of.pool.query<{ days: number }>(
        `select (avg(extract(epoch from o.gap)) / 86400)::float8 as days from (select ordered_at - lag(ordered_at) over (partition by customer_id order by ordered_at) as gap from orders) as o`,
      )
    ).rows[0]!.days
  expect(await gaps(other)).toBeCloseTo(await gaps(ctx), 0)

  await expect(writeAnonymous(ctx, systemActor, path.join(folder, 'copy'))).rejects.toMatchObject({ code: 'EEXIST' })
  expect((await ctx.pool.query(`select from audit_log where action = 'shop.anonymous_copy'`)).rowCount).toBe(1)
}, 60_000)
