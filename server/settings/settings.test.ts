import { beforeAll, expect, test } from 'vitest'
import type { Role } from '#contract/accounts.ts'
import type { Ctx } from '#server/context.ts'
import { simCampaign } from '#sim/campaign.ts'
import { testApp } from '#test/app.ts'
import { readStores } from '../delivery/stores.ts'
import { seedTemplates } from '../delivery/templates.ts'
import { loadStores } from '../stores.ts'

let ctx: Ctx
let as: Awaited<ReturnType<typeof testApp>>['as']
beforeAll(async () => {
  ;({ ctx, as } = await testApp({ clock: () => new Date('2026-11-18T17:00:00Z') }))
  await seedTemplates(ctx)
})
const call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object, role: Role = 'admin') =>
  as(role)({ method, url: `/api/v1${url}`, ...(payload ? { payload } : {}) })
const oak = {
  name: 'Oak Street Wines',
  legal_name: 'Oak LLC',
  address: '1 Oak St',
  city: 'Chicago',
  state: 'IL',
  zip: '60601',
  time_zone: 'America/Chicago',
}

test('a store is added, changed and refused with the field that is wrong; only an admin may', async () => {
  const made = await call('POST', '/stores', oak)
  expect(made.statusCode, made.body).toBe(201)
  const { id } = made.json()
  const paths = async (change: object) =>
    (await call('PATCH', `/stores/${id}`, change)).json().errors.map((e: { path: string }) => e.path)
  expect(await paths({ zip: 'nine', state: 'Illinois', website: 'javascript:alert(1)' })).toEqual([
    'state',
    'zip',
    'website',
  ])
  expect(await paths({ time_zone: 'Chicago' })).toEqual(['time_zone'])
  expect((await call('PATCH', `/stores/${id}`, { name: 'X' }, 'manager')).statusCode).toBe(403)
  const shop = { from_email: 'hello@oak.test', website: null }
  expect((await readStores(ctx.pool, shop)).find(id)?.url).toBe('https://oak.test/')
  await call('PATCH', `/stores/${id}`, { website: 'https://oak.example.com/wine' })
  expect((await readStores(ctx.pool, { ...shop, website: 'https://all.test/' })).find(id)?.url).toBe(
    'https://oak.example.com/wine',
  )
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(*) as n from audit_log where entity = 'store' and entity_id = $1 and actor_kind = 'user'`,
    [id],
  )
  expect(rows[0]!.n).toBe(2)
})

test('hours of a store: kept as given, refused with the day that cannot be, known to the planner', async () => {
  const day = [{ start: '10:00', end: '21:00' }]
  const week = [day, day, day, day, day, day, [] as typeof day]
  const made = await call('POST', '/stores', {
    ...oak,
    name: 'Hours',
    external_id: 'T-7',
    opening_hours: week,
    sale_hours: { spirits: week },
  })
  expect(made.statusCode, made.body).toBe(201)
  const { id } = made.json()
  expect(made.json()).toMatchObject({ external_id: 'T-7', opening_hours: week, sale_hours: { spirits: week } })
  const late = week.with(5, [{ start: '10:00', end: '02:00' }])
  const refused = await call('PATCH', `/stores/${id}`, { opening_hours: late, sale_hours: { beer: late } })
  expect(refused.json().errors).toMatchObject([
    { path: 'opening_hours.5', message: expect.stringMatching(/^Saturday: .*after midnight belongs to the next day/) },
    { path: 'sale_hours.beer.5' },
  ])
  expect((await call('PATCH', `/stores/${id}`, { opening_hours: [day] })).statusCode).toBe(400)
  expect((await call('PATCH', `/stores/${id}`, { phone: null })).json()).toMatchObject({ opening_hours: week })
  const taken = await call('POST', '/stores', { ...oak, name: 'Twin', external_id: 'T-7' })
  expect(taken.json().errors).toMatchObject([{ path: 'external_id' }])
  expect((await loadStores(ctx.pool)).find((s) => s.id === id)).toMatchObject({ opening_hours: week, zip: '60601' })
  await call('DELETE', `/stores/${id}`)
})

test('who belongs to no store is counted with the nearest', async () => {
  const far = (await call('POST', '/stores', { ...oak, name: 'Far', state: 'TX', zip: '75201' })).json()
  await ctx.pool.query(
    `insert into customers (email, state, zip) values ('n1@x.test', 'TX', '75001'), ('n2@x.test', null, '75999'), ('n3@x.test', 'IL', '60614'), ('n4@x.test', null, null)`,
  )
  const { data } = (await call('GET', '/stores/nearest', undefined, 'user')).json<{
    data: { store_id: string; customers: number }[]
  }>()
  expect(data.map((d) => [d.store_id === far.id, d.customers])).toEqual([
    [false, 2],
    [true, 2],
  ])
  const { rows } = await ctx.pool.query<{ id: string }>(`select id from customers where email = 'n1@x.test'`)
  expect((await call('GET', `/customers/${rows[0]!.id}`)).json()).toMatchObject({
    store_name: null,
    nearest_store: { id: far.id, name: 'Far' },
  })
  await ctx.pool.query(`delete from customers where email like 'n_@x.test'`)
  await call('DELETE', `/stores/${far.id}`)
})

test('a store is removed when its customers have a place and no message under its address is on its way', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 2, ctx.clock())
  const [first] = (await call('GET', '/stores')).json().data
  const other = (await call('POST', '/stores', { ...oak, name: 'Elm', state: 'NY' })).json()
  await ctx.pool.query('update customers set store_id = $1', [first.id])
  await ctx.pool.query(`update sends set variables = variables || jsonb_build_object('store_id', $1::text)`, [first.id])
  const remove = (query = '') => call('DELETE', `/stores/${first.id}${query}`)
  expect((await remove()).json().errors).toMatchObject([{ path: 'move_to' }])
  expect((await remove(`?move_to=${first.id}`)).statusCode).toBe(400)
  expect((await remove(`?move_to=${other.id}`)).json()).toMatchObject({ code: 'conflict', facts: { due: 2 } })
  await ctx.pool.query(`update sends set status = 'cancelled' where campaign_id = $1`, [campaignId])
  expect((await call('DELETE', `/stores/${first.id}?move_to=${other.id}`, undefined, 'manager')).statusCode).toBe(403)
  expect((await remove(`?move_to=${other.id}`)).json()).toEqual({ moved_customers: 2 })
  const { data } = (await call('GET', '/stores')).json()
  expect(data).toMatchObject([{ id: other.id, customers: 2 }])
  expect((await remove()).statusCode).toBe(404)
})

test('the shop profile takes a website and the size of a small basket', async () => {
  expect((await call('GET', '/settings/shop')).json()).toMatchObject({ low_basket_cents: 5000, website: null })
  const change = await call('PATCH', '/settings/shop', { low_basket_cents: 3500, website: 'https://shop.test/' })
  expect(change.json()).toMatchObject({ low_basket_cents: 3500, website: 'https://shop.test/' })
  const bad = await call('PATCH', '/settings/shop', { low_basket_cents: 3.5, website: 'shop' })
  expect(
    bad
      .json()
      .errors.map((e: { path: string }) => e.path)
      .sort(),
  ).toEqual(['low_basket_cents', 'website'])
})
