import { beforeAll, expect, test } from 'vitest'
import type { Role } from '#contract/accounts.ts'
import type { Ctx } from '#server/context.ts'
import { simCampaign } from '#sim/campaign.ts'
import { testApp } from '#test/app.ts'
import { readStores } from '../delivery/stores.ts'
import { seedTemplates } from '../delivery/templates.ts'

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
