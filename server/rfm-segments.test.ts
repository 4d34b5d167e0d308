import { beforeAll, expect, test } from 'vitest'
import { withTx } from '#db/pool.ts'
import { freshDatabase, type FreshDatabase } from '#test/db.ts'
import { asOf, contextOf, fillShop, idOf, makeOrders } from '#test/scored-shop.ts'
import { refreshRfmSegments } from './rfm-segments.ts'
import { scoreCustomers } from './scoring/score.ts'

/** Members written as a new table (what the first run of a large shop does) are those that moving each would give. */
let database: FreshDatabase
const people = 120
beforeAll(async () => {
  database = await freshDatabase()
  await fillShop(database, people, makeOrders(people))
  await scoreCustomers(contextOf(database), { asOf })
  await database.pool.query(
    `insert into segments (id, key, name, kind, rules) values ($1, 'regulars', 'Regulars', 'rule', '{}'::jsonb)`,
    [idOf(800_000)],
  )
  await database.pool.query(
    `insert into segment_members (segment_id, customer_id, entered_at) select $1, c.id, '2025-01-01' from customers as c order by c.id limit 30`,
    [idOf(800_000)],
  )
})

const members = async (): Promise<unknown[]> =>
  (
    await database.pool.query(
      `select m.segment_id, m.customer_id, case when g.kind = 'rfm' then null else m.entered_at end as entered
       from segment_members as m join segments as g on g.id = m.segment_id order by 1, 2`,
    )
  ).rows

const shape = async (): Promise<unknown[]> =>
  (
    await database.pool.query(
      `select pg_get_indexdef(i.indexrelid) as what from pg_index as i where i.indrelid = 'segment_members'::regclass
       union all select k.conname || ' ' || pg_get_constraintdef(k.oid) from pg_constraint as k where k.conrelid = 'segment_members'::regclass
       union all select c.relacl::text from pg_class as c where c.oid = 'segment_members'::regclass
       union all select a.attname || ' ' || a.attnum || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '') from pg_attribute as a
         left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attrelid = 'segment_members'::regclass and a.attnum > 0
       order by 1`,
    )
  ).rows

test('a new table of members holds what moving them one by one gives, and other segments as they were', async () => {
  const wanted = await members()
  await database.pool.query('grant select on segment_members to public')
  const before = await shape()
  // A third has left its segment behind, a third is in a wrong one.
  await database.pool.query(
    `delete from segment_members as m using segments as g where g.id = m.segment_id and g.kind = 'rfm' and hashtext(m.customer_id::text) % 3 = 0`,
  )
  await database.pool.query(
    `update segment_members as m set segment_id = (select o.id from segments as o where o.kind = 'rfm' and o.id <> m.segment_id order by o.id limit 1)
     from segments as g where g.id = m.segment_id and g.kind = 'rfm' and hashtext(m.customer_id::text) % 3 = 1`,
  )
  expect(await members()).not.toEqual(wanted)
  const oid = async (): Promise<unknown> =>
    (await database.pool.query(`select 'segment_members'::regclass::oid as oid`)).rows
  const old = await oid()
  const moved = await withTx(database.pool, (tx) => refreshRfmSegments(tx, asOf, 'customer_scores', 1))
  expect(await oid()).not.toEqual(old)
  expect(await members()).toEqual(wanted)
  expect(await shape()).toEqual(before)
  expect(moved.entered).toBeGreaterThan(10)
  expect(Object.values(moved.segments).reduce((sum, n) => sum + (n ?? 0), 0)).toBe(
    (await database.pool.query('select from customer_scores')).rowCount,
  )
  // Nothing to move: nothing is made anew.
  const settled = await oid()
  await withTx(database.pool, (tx) => refreshRfmSegments(tx, asOf, 'customer_scores', 1))
  expect(await oid()).toEqual(settled)
})
