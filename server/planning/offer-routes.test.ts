import { expect, test } from 'vitest'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-25T16:00:00Z') })
const [manager, user] = [as('manager'), as('user')]
const url = '/api/v1/offers'

await ctx.pool.query(`insert into stores (name, legal_name, address, city, state, zip, time_zone) values
  ('Elm', 'Elm LLC', '1 Elm', 'Dallas', 'TX', '75201', 'America/Chicago'), ('Oak', 'Oak LLC', '1 Oak', 'Chicago', 'IL', '60601', 'America/Chicago')`)
const { rows: products } = await ctx.pool.query<{ id: string; sku: string }>(
  `insert into products (sku, name, department, category, price_cents, unit_cost_cents, stock) values
     ('b1', 'Old Barn Bourbon', 'spirits', 'Bourbon', 3000, 2100, 12), ('b2', 'Thin Margin Bourbon', 'spirits', 'Bourbon', 2000, 1900, 0), ('w1', 'Hill Red', 'wine', 'Red Blend', 1500, null, null)
   returning id, sku`,
)
const create = (payload: object) => manager({ method: 'POST', url, payload })
const patch = (id: string, payload: object, headers: Record<string, string> = {}) =>
  manager({ method: 'PATCH', url: `${url}/${id}`, payload, headers })

test('an offer is stored with its law per store, margin and stock computed', async () => {
  const made = await create({
    key: 'bourbon_ten',
    title: '10% off bourbon',
    kind: 'percent_off',
    value: 10,
    category: 'Bourbon',
    code: 'TEN',
    redeemable_as_coupon: true,
  })
  expect(made.statusCode).toBe(201)
  const offer = made.json()
  expect(offer.stores.map((s: { state: string; allowed: boolean }) => [s.state, s.allowed])).toEqual([
    ['TX', false],
    // The bottle with the thinnest margin decides: $18.00 is below its cost of $19.00.
    ['IL', false],
  ])
  expect(offer.stores[0].verdicts[0]).toMatchObject({
    rule_id: 'us-tx-coupon-prohibited',
    outcome: 'deny',
    confidence: 'high',
  })
  expect(offer.stores[1].verdicts[0]).toMatchObject({
    rule_id: 'us-il-below-cost-prohibited',
    cure: 'Keep the price at or above $19.00.',
  })
  expect(offer).toMatchObject({
    price_from: 'products',
    economics: { regular_price_cents: 2000, lowest_price_cents: 1800, unit_cost_cents: 1900, margin_after_cents: -100 },
    stock: { products: 2, in_stock: 1, units: 12 },
    in_campaigns: 0,
    version: 1,
    text: '10% off Bourbon',
  })
  expect(made.headers['etag']).toBe('"1"')
})

test('cost and price of its own stand before the catalogue’s, and a range without cost is not known', async () => {
  const own = (
    await create({
      key: 'own',
      title: 'Own',
      kind: 'price_point',
      value: 2500,
      unit_cost_cents: 2000,
      regular_price_cents: 3000,
    })
  ).json()
  expect(own).toMatchObject({ price_from: 'offer', economics: { margin_before_cents: 1000, margin_after_cents: 500 } })
  const wine = (await create({ key: 'wine', title: 'Wine', kind: 'percent_off', value: 5, department: 'wine' })).json()
  expect(wine).toMatchObject({
    price_from: 'unknown',
    economics: { margin_after_cents: null },
    stock: { products: 1, in_stock: 1, units: null },
  })
  expect(wine.stores[1].verdicts[0]).toMatchObject({ rule_id: 'us-il-below-cost-prohibited', outcome: 'warn' })
})

test('a preview judges what is not stored', async () => {
  const answer = await user({
    method: 'POST',
    url: `${url}/preview`,
    payload: { key: 'x', title: 'FREE case for kids', kind: 'bogo', min_quantity: 2, department: 'spirits' },
  })
  expect(answer.json()).toMatchObject({ text: 'Buy 2, get one free: spirits', stock: { products: 2 } })
  expect(answer.json().stores.every((s: { allowed: boolean }) => !s.allowed)).toBe(true)
  expect(answer.json().copy.map((v: { rule_id: string }) => v.rule_id)).toContain('us-content-lint:appeal_to_minors')
  expect((await user({ method: 'GET', url: `${url}?q=case` })).json().total).toBe(0)
})

test.each([
  ['value', { kind: 'percent_off' }],
  ['value', { kind: 'percent_off', value: 120 }],
  ['value', { kind: 'content', value: 5 }],
  ['value', { kind: 'amount_off', value: 5.5 }],
  ['value', { kind: 'amount_off', value: 900, min_spend_cents: 500 }],
  ['value', { kind: 'price_point', value: 900, regular_price_cents: 500 }],
  ['min_quantity', { kind: 'bogo' }],
  ['min_quantity', { kind: 'multi_buy', value: 10, min_quantity: 1 }],
  ['valid_to', { kind: 'content', valid_from: '2026-12-02', valid_to: '2026-12-01' }],
  ['code', { kind: 'percent_off', value: 5, code: 'a b' }],
  ['product_ids', { kind: 'content', product_ids: ['01900000-0000-7000-8000-000000000099'] }],
  ['kind', { kind: 'lottery' }],
  ['key', { kind: 'content', key: 'No Spaces' }],
])('a wrong %s is refused beside its field', async (path, part) => {
  const refused = await create({ key: 'bad', title: 'Bad', ...part })
  expect(refused.statusCode).toBe(400)
  expect(refused.json().errors[0].path).toBe(path)
})

test('two people do not overwrite each other, and every change is audited with before and after', async () => {
  const made = (await create({ key: 'edited', title: 'Old words', kind: 'content' })).json()
  const headers = { 'if-match': made.etag }
  const [a, b] = await Promise.all([
    patch(made.id, { title: 'New words' }, headers),
    patch(made.id, { title: 'Other words' }, headers),
  ])
  expect([a.statusCode, b.statusCode].toSorted()).toEqual([200, 412])
  expect((await patch(made.id, { code: 'X1', kind: 'content' })).json().errors[0].path).toBe('code')
  expect((await user({ method: 'PATCH', url: `${url}/${made.id}`, payload: {} })).statusCode).toBe(403)
  const { rows } = await ctx.pool.query<{ before: { title: string }; after: { title: string } }>(
    `select before, after from audit_log where action = 'offer.updated' and entity_id = $1`,
    [made.id],
  )
  expect(rows).toHaveLength(1)
  expect(rows[0]!.before.title).toBe('Old words')
  expect(rows[0]!.after.title).toMatch(/New|Other/)
})

test('an archived offer leaves lists and plans, and comes back whole', async () => {
  const made = (
    await create({ key: 'away', title: 'Put away', kind: 'content', product_ids: [products[0]!.id] })
  ).json()
  const move = (verb: string) => manager({ method: 'POST', url: `${url}/${made.id}/${verb}` })
  expect((await move('archive')).json()).toMatchObject({
    is_active: false,
    archived_at: '2026-11-25T16:00:00.000Z',
    version: 2,
  })
  expect((await move('archive')).json().version).toBe(2)
  const keys = async (query: string) =>
    (await user({ method: 'GET', url: `${url}?${query}` })).json().data.map((o: { key: string }) => o.key)
  expect(await keys('')).not.toContain('away')
  expect(await keys('archived=true')).toEqual(['away'])
  expect((await patch(made.id, { is_active: true })).statusCode).toBe(409)
  expect((await move('restore')).json()).toMatchObject({
    is_active: true,
    archived_at: null,
    product_ids: [products[0]!.id],
  })
  expect(await keys('kind=content&q=put')).toEqual(['away'])
})

test('a list is paged both ways', async () => {
  const first = (await user({ method: 'GET', url: `${url}?page_size=2` })).json()
  expect(first.data).toHaveLength(2)
  const next = (await user({ method: 'GET', url: `${url}?page_size=2&cursor=${first.next_cursor}` })).json()
  const second = (await user({ method: 'GET', url: `${url}?page_size=2&page=2` })).json()
  expect(next.data).toEqual(second.data)
  expect(first.total).toBeGreaterThan(3)
  expect((await user({ method: 'GET', url: `${url}/01900000-0000-7000-8000-000000000099` })).statusCode).toBe(404)
})
