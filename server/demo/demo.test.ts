import { expect, test } from 'vitest'
import { testContext } from '#test/context.ts'
import { withTx } from '#db/pool.ts'
import { loadDemo } from './load.ts'
import { removeDemo } from './remove.ts'

const clock = (): Date => new Date('2026-11-23T15:00:00Z')
const ctx = await testContext({ clock })
const one = async <T extends object>(sql: string): Promise<T> => (await ctx.pool.query<T>(sql)).rows[0]!

// Who is held out of the past campaigns is drawn with this shop's own secret, so their few extra orders may differ.
const facts = `select
  (select count(*) from customers) as customers, (select count(*) from products) as products, (select count(*) from orders as o where o.external_id like 'demo-o-%') as orders,
  (select md5(string_agg(c.email::text || coalesce(c.phone, '') || c.name, ',' order by c.email)) from customers as c) as people,
  (select md5(string_agg(o.external_id || o.ordered_at || o.total_cents, ',' order by o.external_id)) from orders as o where o.external_id like 'demo-o-%') as sales`

test('the demo is the same shop every time, believable, and gone without a trace when it is removed', async () => {
  const tables = (
    await ctx.pool.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('migrations', 'audit_log', 'users', 'message_templates', 'segments', 'jobs')`,
    )
  ).rows.map((t) => t.name)
  const counts = async (): Promise<Record<string, number>> => {
    const found: Record<string, number> = {}
    // The trail keeps that there was a demo; nothing can take a line out of it.
    for (const name of tables.filter((t) => t !== 'row_changes'))
      found[name] = (await one<{ n: number }>(`select count(*) as n from "${name.replaceAll('"', '')}"`)).n
    return found
  }
  const empty = await counts()
  await loadDemo(ctx, { customers: 800 })
  const shop = await one<Record<string, unknown>>(facts)
  expect(shop).toMatchObject({ customers: 800 })
  expect(shop['products']).toBeGreaterThan(350)

  const rhythm = await one<{ weekend: number; night: number; holiday: number; ordinary: number; months: number }>(
    `select avg((extract(isodow from local) in (5, 6))::int)::float8 as weekend, avg((extract(hour from local) >= 20)::int)::float8 as night,
       count(*) filter (where local::date between '2025-12-17' and '2025-12-24')::int as holiday, count(*) filter (where local::date between '2026-01-14' and '2026-01-21')::int as ordinary,
       count(distinct date_trunc('month', local))::int as months
     from (select ordered_at at time zone 'America/Chicago' as local from orders) as o`,
  )
  expect(rhythm.weekend).toBeGreaterThan(0.35)
  expect(rhythm.night).toBeGreaterThan(0.05)
  expect(rhythm.holiday).toBeGreaterThan(rhythm.ordinary * 1.2)
  expect(rhythm.months).toBeGreaterThanOrEqual(18)
  const kinds = await one<{ segments: number; nights: number; past: number; refused: number; early: number }>(
    `select (select count(distinct rfm_segment) from customer_scores)::int as segments, (select count(*) from customer_scores where is_night_buyer)::int as nights,
       (select count(*) from campaigns where status = 'completed' and conversions > 0 and opens > 0)::int as past,
       (select jsonb_array_length(weekly_plan -> 'refused') from campaigns where status = 'draft') as refused,
       (select count(*) from sends where created_at > coalesce(sent_at, created_at))::int as early`,
  )
  expect(kinds.segments).toBeGreaterThanOrEqual(8)
  expect(kinds.nights).toBeGreaterThan(10)
  expect(kinds.past).toBe(2)
  // An offer that one of its states forbids is shown as refused, with the rule.
  expect(kinds.refused).toBeGreaterThan(0)
  // Nothing was sent before it was made.
  expect(kinds.early).toBe(0)

  await withTx(ctx.pool, (tx) => removeDemo(tx))
  expect(await counts()).toEqual(empty)
  expect(await one(`select sum(customer_count)::int as members from segments`)).toEqual({ members: 0 })
  // The one user stays, or nobody could enter; but it is known that everybody knows the password.
  expect((await ctx.pool.query('select role, has_public_password from users')).rows).toEqual([
    { role: 'admin', has_public_password: true },
  ])

  await ctx.pool.query('delete from users')
  await loadDemo(ctx, { customers: 800 })
  expect(await one(facts)).toEqual(shop)
}, 90_000)
