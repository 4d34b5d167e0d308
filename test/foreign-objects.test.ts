import { beforeAll, expect, test } from 'vitest'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { testApp } from './app.ts'
import { addressOf, contractRoutes } from './contract-routes.ts'
import { leaveTraces } from './known-person.ts'
import { bearerOf } from './sign-in.ts'

const testing = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const { ctx, app, as } = testing
const routes = (await contractRoutes()).filter((r) => r.path.includes('/:'))

/** Ids of real objects by the kind of thing they name. */
const objects: Record<string, string> = {}
beforeAll(async () => {
  await ctx.pool.query(
    `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
  )
  const known = await leaveTraces(testing)
  const one = async (table: string): Promise<string> =>
    (await ctx.pool.query<{ id: string }>(`select id from ${table} order by id limit 1`)).rows[0]!.id
  await ctx.pool.query(
    `insert into products (sku, name, department, category, price_cents) values ('p-1', 'Rye', 'spirits', 'Whiskey', 4000)`,
  )
  Object.assign(objects, {
    customer: known.id,
    send: known.sendId,
    campaign: known.campaignId,
    segment: known.segmentId,
    import: known.importId,
    merge: known.mergeId,
    view: known.viewId,
    export: known.exportId,
    sandbox: known.sandboxId,
    order: known.orderIds[0],
    product: await one('products'),
    store: await one('stores'),
    job: await one('jobs'),
    user: await one('users'),
    suppression: await one('suppressions'),
  })
})

/** Which objects an address takes, by its words; the rest of them must be strangers to it. */
const takes: readonly [RegExp, readonly string[]][] = [
  [/\/customers\/:id/, ['customer']],
  [/\/sends\/:id/, ['send']],
  [/\/campaigns\/:id/, ['campaign']],
  [/\/segments\/:id/, ['segment']],
  [/\/imports\/:id/, ['import']],
  [/\/merges\/:id/, ['merge']],
  [/\/views\/:id/, ['view']],
  [/\/reports\/exports\/:id/, ['job']],
  [/\/exports\/:id/, ['export']],
  [/\/sandbox\/messages\/:id/, ['sandbox']],
  [/\/orders\/:id/, ['order']],
  [/\/products\/:id/, ['product']],
  [/\/stores\/:id/, ['store']],
  [/\/jobs\/:id/, ['job']],
  [/\/users\/:id/, ['user']],
  [/\/suppressions\/:id/, ['suppression']],
]

test('an id of another kind of thing opens nothing, on any route that takes an id', async () => {
  let cells = 0
  const holes: string[] = []
  for (const route of routes) {
    const own = takes.find(([pattern]) => pattern.test(route.path))?.[1] ?? []
    for (const [kind, id] of Object.entries(objects)) {
      if (own.includes(kind)) continue
      cells++
      const answer = await as('admin')({
        method: route.method,
        url: addressOf(route.path, id),
        remoteAddress: `10.3.${cells >> 8}.${cells & 255}`,
        ...(route.method === 'GET' ? {} : { payload: {} }),
      })
      if (answer.statusCode < 400 || answer.statusCode >= 500)
        holes.push(
          `${route.method} ${route.path} with the id of a ${kind}: ${answer.statusCode} ${answer.body.slice(0, 120)}`,
        )
    }
  }
  process.stdout.write(`foreign ids: ${routes.length} routes, ${cells} cells, ${holes.length} holes\n`)
  expect(holes).toEqual([])
  expect(cells).toBeGreaterThan(900)
}, 120_000)

/** What belongs to whom it was made by. Everything else belongs to the shop, and whoever works there may open it. */
const personal = [
  {
    kind: 'view',
    make: { method: 'POST', url: '/api/v1/views', payload: { name: 'Mine', filters: { q: 'x' } } },
    routes: ['PATCH /api/v1/views/:id', 'DELETE /api/v1/views/:id'],
  },
  {
    kind: 'note',
    make: { method: 'POST', url: '/api/v1/analytics/notes', payload: { day: '2026-11-20', text: 'Rain all day' } },
    routes: ['DELETE /api/v1/analytics/notes/:id'],
  },
] as const

test('what one user made, another user cannot open, change or remove', async () => {
  const other = await createUser(ctx, systemActor, {
    email: 'other@shop.test',
    password: 'a long test password',
    fullName: 'Other',
    role: 'user',
  })
  const headers = { authorization: `Bearer ${await bearerOf(ctx, other.id)}` }
  let cells = 0
  for (const { kind, make, routes: closed } of personal) {
    const made = await as('user')(make)
    expect(made.statusCode, made.body).toBeLessThan(300)
    const { id } = made.json<{ id: string }>()
    for (const name of closed) {
      const [method, url] = name.split(' ') as ['DELETE', string]
      const answer = await app.inject({
        method,
        url: addressOf(url, id),
        headers,
        ...(method === 'DELETE' ? {} : { payload: { name: 'Taken' } }),
      })
      cells++
      expect([403, 404], `${name} of another's ${kind}: ${answer.body}`).toContain(answer.statusCode)
    }
  }
  const lists = await app.inject({ url: '/api/v1/views', headers })
  expect(lists.body).not.toContain('"Mine"')
  expect((await app.inject({ url: `/api/v1/exports/${objects['export']}`, headers })).statusCode).toBe(404)
  expect(
    (await app.inject({ method: 'DELETE', url: `/api/v1/exports/${objects['export']}`, headers })).statusCode,
  ).toBe(404)
  expect(cells).toBeGreaterThan(2)
})
