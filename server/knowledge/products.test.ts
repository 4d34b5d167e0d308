import { beforeAll, describe, expect, test } from 'vitest'
import type { Product, ProductDetail } from '#contract/products.ts'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const manager = as('manager')
const user = as('user')
const oak = {
  sku: 'S1',
  name: 'Old Oak Bourbon',
  brand: 'Old Oak',
  department: 'spirits',
  category: 'Bourbon',
  size_ml: 750,
  price_cents: 4000,
  unit_cost_cents: 3000,
  stock: 12,
}
const create = (body: object) => manager({ method: 'POST', url: '/api/v1/products', payload: body })
async function page(query: string): Promise<{ data: Product[]; total: number; next_cursor: string | null }> {
  const answer = await user({ method: 'GET', url: `/api/v1/products?${query}` })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const skus = async (query: string): Promise<string[]> => (await page(query)).data.map((p) => p.sku)

beforeAll(async () => {
  for (const more of [
    {},
    { sku: 'S2', name: 'Rye 12', brand: null, category: 'Rye', price_cents: 5000, unit_cost_cents: null, stock: 0 },
    {
      sku: 'W1',
      name: 'Rioja',
      brand: 'Mesa',
      department: 'wine',
      category: 'Red Wine',
      price_cents: 1500,
      unit_cost_cents: 900,
      stock: 3,
    },
    {
      sku: 'G1',
      name: 'Gift card',
      brand: null,
      department: 'other',
      category: 'Gifts',
      price_cents: 0,
      unit_cost_cents: null,
      stock: null,
    },
  ])
    expect((await create({ ...oak, ...more })).statusCode).toBe(201)
})

describe('the catalog', () => {
  test('is searched, filtered and sorted on the server, empty values last', async () => {
    expect(await skus('sort=-price')).toEqual(['S2', 'S1', 'W1', 'G1'])
    expect(await skus('sort=-margin,name')).toEqual(['W1', 'S1', 'G1', 'S2'])
    expect(await skus('q=oak')).toEqual(['S1'])
    expect(await skus('department=wine,other&sort=sku')).toEqual(['G1', 'W1'])
    expect(await skus('stock=out')).toEqual(['S2'])
    expect(await skus('stock=low')).toEqual(['W1'])
    expect(await skus('stock=uncounted')).toEqual(['G1'])
    expect(await skus('has_cost=false&sort=sku')).toEqual(['G1', 'S2'])
    expect((await page('brand=Mesa')).data).toMatchObject([{ sku: 'W1', margin_share: 0.4 }])
    expect((await user({ method: 'GET', url: '/api/v1/products?sort=password' })).statusCode).toBe(400)
  })
  test.each(['name', '-margin', 'cost,sku', '-stock'])(
    'read in pages by cursor, order %s, it is whole',
    async (sort) => {
      const whole = await skus(`sort=${sort}`)
      const found: string[] = []
      let cursor: string | null = ''
      for (let i = 0; cursor !== null && i < 10; i++) {
        const part: Awaited<ReturnType<typeof page>> = await page(
          `sort=${sort}&page_size=1${cursor === '' ? '' : `&cursor=${cursor}`}`,
        )
        found.push(...part.data.map((p) => p.sku))
        cursor = part.next_cursor
      }
      expect(found).toEqual(whole)
    },
  )
  test('says what its filters offer', async () => {
    expect((await user({ method: 'GET', url: '/api/v1/products/facets' })).json()).toEqual({
      categories: ['Bourbon', 'Gifts', 'Red Wine', 'Rye'].map((value) => ({ value, products: 1 })),
      brands: ['Mesa', 'Old Oak'].map((value) => ({ value, products: 1 })),
    })
  })
})

describe('a product', () => {
  const read = async (sku: string): Promise<ProductDetail> => {
    const { data } = await page(`q=${sku}`)
    return (await user({ method: 'GET', url: `/api/v1/products/${data[0]!.id}` })).json()
  }
  test('shows what it sold in 90 days and which offers name it', async () => {
    const { id } = await read('S1')
    await ctx.pool.query(
      `with c as (insert into customers (email) values ('a@x.test') returning id),
       o as (insert into orders (external_id, customer_id, ordered_at, total_cents) select v.nr, c.id, v.at::timestamptz, 4000 from c, (values ('O1', '2026-11-20'), ('O2', '2026-01-20')) as v(nr, at) returning id)
       insert into order_items (order_id, product_id, quantity, total_cents) select o.id, $1, 2, 8000 from o`,
      [id],
    )
    await ctx.pool.query(
      `insert into offers (key, title, kind, product_ids) values ('oak', 'Oak week', 'content', $1)`,
      [[id]],
    )
    expect(await read('S1')).toMatchObject({
      units_90_days: 2,
      revenue_90_days_cents: 8000,
      last_sold_at: '2026-11-20T00:00:00.000Z',
      offers: [{ title: 'Oak week', is_active: true }],
    })
  })
  test('is changed by managers; who was slower is told, the change is in the audit trail', async () => {
    const before = await read('S1')
    const url = `/api/v1/products/${before.id}`
    const change = (payload: object, etag: string) =>
      manager({ method: 'PATCH', url, payload, headers: { 'if-match': etag } })
    const first = await change({ price_cents: 4200, stock: 10 }, before.etag)
    expect(first.json()).toMatchObject({ price_cents: 4200, stock: 10, name: 'Old Oak Bourbon' })
    const late = await change({ price_cents: 4100 }, before.etag)
    expect([late.statusCode, late.json<{ code: string }>().code]).toEqual([412, 'edit.stale'])
    expect((await change({ price_cents: 4100 }, String(first.headers['etag']))).statusCode).toBe(200)
    expect((await user({ method: 'PATCH', url, payload: { stock: 1 } })).statusCode).toBe(403)
    const { rows } = await ctx.pool.query(
      `select before, after from audit_log where entity = 'product' and action = 'product.updated' order by id`,
    )
    expect(rows[0]).toEqual({ before: { price_cents: 4000, stock: 12 }, after: { price_cents: 4200, stock: 10 } })
  })
  test('bad input is refused with its field, a taken number with the cure', async () => {
    const bad = await create({ ...oak, sku: '', price_cents: -1, department: 'guns' })
    expect(
      bad
        .json<{ errors: { path: string }[] }>()
        .errors.map((e) => e.path)
        .toSorted(),
    ).toEqual(['department', 'price_cents', 'sku'])
    const taken = await create(oak)
    expect([taken.statusCode, taken.json<{ detail: string }>().detail]).toEqual([
      409,
      'Another product has this number already. Open that one, or correct the number.',
    ])
    const { id } = await read('S1')
    expect((await manager({ method: 'PATCH', url: `/api/v1/products/${id}`, payload: {} })).statusCode).toBe(400)
  })
  test('that is no longer sold stays in past orders and can come back', async () => {
    const { id } = await read('W1')
    for (let twice = 0; twice < 2; twice++)
      expect((await manager({ method: 'DELETE', url: `/api/v1/products/${id}` })).statusCode).toBe(204)
    expect(await skus('is_active=true&sort=sku')).toEqual(['G1', 'S1', 'S2'])
    expect(await skus('is_active=false')).toEqual(['W1'])
    expect((await manager({ method: 'POST', url: `/api/v1/products/${id}/restore` })).json()).toMatchObject({
      is_active: true,
    })
    const { rows } = await ctx.pool.query(`select action from audit_log where entity_id = $1 order by id`, [id])
    expect(rows.map((r: { action: string }) => r.action)).toEqual([
      'product.created',
      'product.removed',
      'product.restored',
    ])
    expect((await manager({ method: 'DELETE', url: `/api/v1/products/${crypto.randomUUID()}` })).statusCode).toBe(404)
  })
})
