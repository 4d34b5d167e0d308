import { expect, test } from 'vitest'
import { testApp } from './app.ts'
import { former, leaveTraces, person, type Known } from './known-person.ts'

const app = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const { ctx, as } = app
await ctx.pool.query(
  `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
)
const known = await leaveTraces(app)
// A duplicate to be found.
await ctx.pool.query(
  `insert into customers (email, phone, name, zip) values ('zelda.q@elsewhere.example.org', '+12127369933', 'Zelda Quimby', '99777')`,
)

/** What role user may not see, however it is written. Names they see: they work with people. */
const secret = [
  person.email,
  former.email,
  'zq1971',
  'zelda.q@',
  '12127369',
  '736-99',
  '736.99',
  'marmalade',
  '1971-02-13',
  '203.0.113.77',
  'Quimby Browser',
]
const leaks = (text: string): string[] =>
  [text, decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25')), ...fromBase64(text)].flatMap((t) =>
    secret.filter((s) => t.toLowerCase().includes(s.toLowerCase())),
  )
/** A cursor is base64, and not a secret. */
const fromBase64 = (text: string): string[] =>
  [...text.matchAll(/[A-Za-z0-9_-]{40,}/g)].map(([word]) => Buffer.from(word, 'base64url').toString('utf8'))

const idFor: [RegExp, (k: Known) => string][] = [
  [/^.api.v1.customers/, (k) => k.id],
  [/sends/, (k) => k.sendId],
  [/campaigns/, (k) => k.campaignId],
  [/^.api.v1.segments/, (k) => k.segmentId],
  [/imports/, (k) => k.importId],
  [/sandbox|mailbox/, (k) => k.sandboxId],
  [/exports/, (k) => k.exportId],
]
const routes = Object.entries((app.app.swagger() as { paths: Record<string, Record<string, unknown>> }).paths)
  .filter(([, methods]) => 'get' in methods)
  .map(([url]) => url)

test('role user sees no address, birth date or street on any route that reads, and managers see them', async () => {
  const answered: string[] = []
  let told = 0
  for (const route of routes) {
    const id = idFor.find(([pattern]) => pattern.test(route))?.[1](known) ?? known.id
    const url = route.replace(/\{\w+\}/g, id)
    const answer = await as('user')({ method: 'GET', url })
    expect(answer.statusCode, `${route}: ${answer.body.slice(0, 200)}`).toBeLessThan(500)
    if (answer.statusCode === 200) answered.push(route)
    expect(leaks(answer.body), `${route} shows role user`).toEqual([])
    told += leaks((await as('manager')({ method: 'GET', url })).body).length
  }
  // Otherwise there was nothing to hide.
  expect(told).toBeGreaterThan(15)
  for (const route of [
    '/api/v1/customers',
    '/api/v1/customers/{id}',
    '/api/v1/customers/{id}/history',
    '/api/v1/customers/{id}/consents',
    '/api/v1/customers/{id}/duplicates',
    '/api/v1/suppressions',
    '/api/v1/sends',
    '/api/v1/sends/{id}',
    '/api/v1/sends/{id}/events',
    '/api/v1/sandbox/messages',
    '/api/v1/sandbox/messages/{id}',
    '/api/v1/segments/{id}/customers',
    '/api/v1/imports/{id}',
    '/api/v1/views',
    '/api/v1/exports',
    '/api/v1/tags',
  ])
    expect(answered).toContain(route)
})

test('nor through an order, a cursor, a search letter by letter, or a lookup', async () => {
  const user = as('user')
  const get = (url: string) => user({ method: 'GET', url: `/api/v1${url}` })
  for (const sort of ['email', '-email', 'name,-email', ' email '])
    expect((await get(`/customers?sort=${encodeURIComponent(sort)}`)).statusCode, sort).toBe(400)
  for (const sort of ['name', '-clv_score', 'created_at']) {
    const page = await get(`/customers?page_size=1&sort=${sort}`)
    expect(page.statusCode).toBe(200)
    expect(leaks(page.body)).toEqual([])
  }
  const total = async (url: string): Promise<number> => (await get(url)).json<{ total: number }>().total
  expect(await total('/customers?q=zelda.quimby%2B')).toBe(0)
  expect(await total('/customers?q=736991')).toBe(0)
  expect(await total(`/customers?q=${encodeURIComponent(person.email)}`)).toBe(1)
  expect(await total('/sandbox/messages?q=zq197')).toBe(0)
  expect(
    (await as('manager')({ method: 'GET', url: '/api/v1/sandbox/messages?q=zq197' })).json<{ total: number }>().total,
  ).toBe(1)
  const found = await user({ method: 'POST', url: '/api/v1/suppressions/lookup', payload: { address: person.email } })
  expect(found.json<{ data: unknown[] }>().data).toHaveLength(1)
  expect(leaks(found.body)).toEqual([])
})
