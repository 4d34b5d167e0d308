import { beforeAll, expect, test } from 'vitest'
import { scoring } from '#contract/scoring.ts'
import { freshDatabase, type FreshDatabase } from '#test/db.ts'
import { findAction, listActions } from './queries.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.pool.query(
    `with c as (insert into customers (email, name) select 'c' || n || '@shop.test', 'C ' || n from generate_series(1, 60) as n returning id, name),
     o as (insert into offers (key, title, kind) values ('picks', 'Weekend picks', 'content') returning *)
     insert into actions (customer_id, segment, priority_score, reason, offer_id, offer, status, send_window)
     select c.id, case when c.name < 'C 3' then 'Promising' else 'Lost' end, (length(c.name) * 10)::real / 7, 'because', o.id,
       to_jsonb(o) - 'is_active' - 'is_demo' - 'created_at' - 'updated_at' - 'version' - 'archived_at', 'proposed', '{"start":"10:00","end":"20:00"}' from c, o`,
  )
})

const list = async (query: object) =>
  scoring.list.reply.parse(await listActions(database.pool, scoring.list.query.parse(query)))

test('pages and cursor walk through the same actions, equal scores included', async () => {
  const byPage = [
    ...(await list({ page_size: 25 })).data,
    ...(await list({ page_size: 25, page: 2 })).data,
    ...(await list({ page_size: 25, page: 3 })).data,
  ]
  const byCursor = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await list({ page_size: 25, ...(cursor ? { cursor } : {}) })
    byCursor.push(...page.data)
    cursor = page.next_cursor
  }
  expect(byCursor.map((a) => a.id)).toEqual(byPage.map((a) => a.id))
  expect(new Set(byPage.map((a) => a.id)).size).toBe(60)
  expect(byPage[0]).toMatchObject({
    customer_name: expect.any(String),
    offer_text: 'Weekend picks',
    status: 'proposed',
    campaign_id: null,
  })
})

test('filters narrow the list and its total', async () => {
  const promising = await list({ segment: 'Promising' })
  expect(promising.total).toBe(promising.data.length)
  expect(promising.data.every((a) => a.segment === 'Promising')).toBe(true)
  expect((await list({ segment: 'Promising,Lost', status: 'proposed' })).total).toBe(60)
  expect((await list({ status: 'sent' })).total).toBe(0)
  expect((await list({ customer_id: promising.data[0]!.customer_id })).total).toBe(1)
})

test('an unknown sort, status or cursor is refused with the field', async () => {
  await expect(list({ sort: 'id; drop table actions' })).rejects.toMatchObject({ code: 'input.invalid' })
  await expect(list({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'input.invalid' })
  await expect(list({ status: 'perhaps' })).rejects.toThrow('proposed')
  expect((await list({ sort: 'segment,-created_at' })).data[0]!.segment).toBe('Lost')
})

test('one action comes with the figures behind its reason', async () => {
  const { data } = await list({ page_size: 1 })
  expect(scoring.get.reply.parse(await findAction(database.pool, data[0]!.id))).toMatchObject({
    id: data[0]!.id,
    terms: {},
  })
  expect(await findAction(database.pool, '0198c0de-0000-7000-8000-000000000000')).toBeNull()
})
