import { expect, test } from 'vitest'
import type { View } from '#contract/views.ts'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
type Role = 'admin' | 'manager' | 'user'
const url = '/api/v1/views'
await ctx.pool.query(
  `insert into customers (external_id, name, state, tags) select 'V' || i, 'View ' || i, (array['NY', 'TX'])[1 + i % 2], case when i % 5 = 0 then '{vip}'::text[] else '{}' end from generate_series(1, 50) as i`,
)
const save = (payload: object, role: Role = 'manager') => as(role)({ method: 'POST', url, payload })
const list = async (role: Role = 'manager'): Promise<View[]> =>
  (await as(role)({ method: 'GET', url })).json<{ data: View[] }>().data

test('a view keeps filters, order and columns, and counts whom it finds now', async () => {
  const answer = await save({
    name: 'New York VIPs',
    filters: { state: 'ny', tags: ['vip'], bought_within_days: 30, has_email: false },
    sort: '-clv_score,name',
    columns: ['name', 'state'],
  })
  expect(answer.statusCode, answer.body).toBe(201)
  const view = answer.json<View>()
  expect(view).toMatchObject({
    name: 'New York VIPs',
    is_own: true,
    is_shared: false,
    owner: 'manager',
    sort: '-clv_score,name',
    columns: ['name', 'state'],
    customers: 0,
  })
  expect(view.filters).toEqual({ state: ['ny'], tags: ['vip'], bought_within_days: 30, has_email: false })
  const changed = await as('manager')({
    method: 'PATCH',
    url: `${url}/${view.id}`,
    payload: { filters: { state: ['NY'], tags: ['vip'] }, columns: null },
  })
  expect(changed.json<View>()).toMatchObject({
    customers: 5,
    customers_is_exact: true,
    columns: null,
    sort: '-clv_score,name',
  })
  await ctx.pool.query(`update customers set tags = '{vip}' where external_id in ('V2', 'V4')`)
  expect((await list())[0]).toMatchObject({ customers: 7 })
  expect((await as('manager')({ method: 'DELETE', url: `${url}/${view.id}` })).statusCode).toBe(204)
  expect(await list()).toEqual([])
})

test('a view is its user’s; a shared one is everybody’s to see and the managers’ to change', async () => {
  const own = (await save({ name: 'Mine', filters: { state: ['TX'] } }, 'user')).json<View>()
  expect(await list()).toEqual([])
  expect(
    (await as('manager')({ method: 'PATCH', url: `${url}/${own.id}`, payload: { name: 'Yours' } })).statusCode,
  ).toBe(404)
  const shared = (await save({ name: 'Ours', filters: {}, is_shared: true })).json<View>()
  expect((await list('user')).map((v) => [v.name, v.is_own, v.is_shared])).toEqual([
    ['Mine', true, false],
    ['Ours', false, true],
  ])
  for (const method of ['PATCH', 'DELETE'] as const)
    expect(
      (
        await as('user')({
          method,
          url: `${url}/${shared.id}`,
          ...(method === 'PATCH' ? { payload: { name: 'x' } } : {}),
        })
      ).statusCode,
    ).toBe(404)
  expect(
    (await as('user')({ method: 'PATCH', url: `${url}/${own.id}`, payload: { is_shared: true } })).statusCode,
  ).toBe(403)
  expect(
    (await as('admin')({ method: 'PATCH', url: `${url}/${shared.id}`, payload: { name: 'All of us' } })).json<View>(),
  ).toMatchObject({ name: 'All of us', is_own: false })
  // A shared view outlives who made it.
  await ctx.pool.query(`update views set owner_id = null where id = $1`, [shared.id])
  expect((await list('user')).map((v) => [v.name, v.owner])).toContainEqual(['All of us', null])
})

test('bad views are refused with the place: filter, order, name, an address that everybody would see', async () => {
  const paths = async (payload: object) => {
    const answer = await save({ name: 'Bad', filters: {}, ...payload })
    expect(answer.statusCode, answer.body).toBe(400)
    return answer.json<{ errors: { path: string }[] }>().errors.map((e) => e.path)
  }
  expect(await paths({ filters: { colour: 'red' } })).toEqual(['filters'])
  expect(await paths({ filters: { orders_min: -1 } })).toEqual(['filters.orders_min'])
  expect(await paths({ sort: 'password_hash' })).toEqual(['query.sort'])
  expect(await paths({ name: ' ' })).toEqual(['name'])
  expect(await paths({ is_shared: true, filters: { q: 'maya@example.com' } })).toEqual(['filters.q'])
  expect(await paths({ is_shared: true, filters: { q: '(212) 736-5005' } })).toEqual(['filters.q'])
  await save({ name: 'Twice', filters: {} })
  expect(await paths({ name: 'TWICE' })).toEqual(['name'])
})

test('how a user likes tables is kept for them alone; two tables do not overwrite each other', async () => {
  const me = '/api/v1/users/me/preferences'
  const get = async (role: Role) => (await as(role)({ method: 'GET', url: me })).json<object>()
  const set = (payload: object, role: Role = 'user') => as(role)({ method: 'PATCH', url: me, payload })
  expect(await get('user')).toEqual({})
  await set({ density: 'compact', tables: { customers: { columns: ['name', 'email'] } } })
  await set({ tables: { sends: { columns: ['customer'] } } })
  expect(await get('user')).toEqual({
    density: 'compact',
    tables: { customers: { columns: ['name', 'email'] }, sends: { columns: ['customer'] } },
  })
  await set({ tables: { customers: { columns: ['name'] } } })
  expect(await get('user')).toMatchObject({
    density: 'compact',
    tables: { customers: { columns: ['name'] }, sends: { columns: ['customer'] } },
  })
  expect(await get('manager')).toEqual({})
  for (const bad of [
    { density: 'tiny' },
    { tables: { 'a b': {} } },
    { tables: { customers: { columns: 7 } } },
    { theme: 'pink' },
  ])
    expect((await set(bad)).statusCode).toBe(400)
})

test('half a surrogate pair in a text is refused, not an error of ours', async () => {
  const answer = await as('manager')({
    method: 'POST',
    url: '/api/v1/views',
    headers: { 'content-type': 'application/json' },
    payload: '{"name": "x", "filters": {"tags": ["a\\ud800"]}}',
  })
  expect(answer.json()).toMatchObject({ status: 400, code: 'input.invalid' })
})
