import { expect, test } from 'vitest'
import type { z } from 'zod'
import { testApp } from './app.ts'
import { addressOf, contractRoutes } from './contract-routes.ts'

const { ctx, as } = await testApp()
const routes = await contractRoutes()
const hostile = ['role', 'tenant_id', 'is_admin', 'permissions', 'constructor', 'prototype', '$where', 'sql']

interface Def {
  type: string
  shape?: Record<string, z.ZodType>
  catchall?: z.ZodType
  options?: z.ZodType[]
  items?: z.ZodType[]
  getter?: () => z.ZodType
}
const defOf = (schema: z.ZodType): Def & Record<string, unknown> =>
  schema.def as unknown as Def & Record<string, unknown>

/** All objects within a schema, with the way to them. */
function* objectsIn(schema: z.ZodType, at = '', seen = new Set<z.ZodType>()): Generator<{ at: string; def: Def }> {
  if (seen.has(schema)) return
  seen.add(schema)
  const def = defOf(schema)
  if (def.type === 'object') {
    yield { at, def }
    for (const [name, inner] of Object.entries(def.shape ?? {})) yield* objectsIn(inner, `${at}.${name}`, seen)
  }
  for (const key of ['innerType', 'element', 'valueType', 'in', 'out', 'left', 'right'])
    if (def[key]) yield* objectsIn(def[key] as z.ZodType, at, seen)
  for (const inner of [...(def.options ?? []), ...(def.items ?? [])]) yield* objectsIn(inner, at, seen)
  if (def.getter) yield* objectsIn(def.getter(), at, seen)
}

/** What tells the kinds of a body apart; one empty start where there is one kind. */
function variantsOf(body: z.ZodType): Record<string, unknown>[] {
  const def = defOf(body)
  if (def.type === 'pipe') return variantsOf(def['in'] as z.ZodType)
  const by = def['discriminator']
  if (def.type !== 'union' || typeof by !== 'string') return [{}]
  return def.options!.flatMap((option) => {
    const { values } = defOf(defOf(option).shape![by]!) as unknown as { values: unknown[] }
    return values.map((value) => ({ [by]: value }))
  })
}

test('every object of every request and every answer is strict', () => {
  let objects = 0
  const loose: string[] = []
  for (const route of routes)
    for (const part of ['params', 'query', 'body', 'reply'] as const) {
      const schema = route[part]
      if (!schema) continue
      for (const { at, def } of objectsIn(schema)) {
        objects++
        if (!def.catchall || defOf(def.catchall).type !== 'never')
          loose.push(`${route.method} ${route.path} ${part}${at}`)
      }
    }
  expect(loose).toEqual([])
  expect(objects).toBeGreaterThan(500)
})

test('no column of any table gets in by a body that does not name it', async () => {
  const { rows } = await ctx.pool.query<{ name: string }>(
    `select distinct c.column_name::text as name from information_schema.columns as c where c.table_schema = 'public' order by 1`,
  )
  const columns = [...new Set([...rows.map((r) => r.name), ...hostile])]
  expect(columns.length).toBeGreaterThan(250)
  let tried = 0
  const holes: string[] = []
  for (const [n, route] of routes.entries()) {
    if (!route.body || route.upload) continue
    const name = `${route.method} ${route.path}`
    const own = new Set([...objectsIn(route.body)].flatMap(({ def }) => Object.keys(def.shape ?? {})))
    const foreign = columns.filter((c) => !own.has(c))
    for (const variant of variantsOf(route.body)) {
      const members = [...Object.entries(variant), ...foreign.map((c) => [c, 'admin'] as const)]
      const answer = await as('admin')({
        method: route.method,
        url: addressOf(route.path),
        remoteAddress: `10.1.${n >> 8}.${n & 255}`,
        // Written by hand: an object literal would swallow __proto__.
        headers: { 'content-type': 'application/json' },
        payload: `{${members.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`,
      })
      if (answer.statusCode !== 400) holes.push(`${name} answered ${answer.statusCode} ${answer.body.slice(0, 200)}`)
      for (const column of foreign) {
        tried++
        if (!answer.body.includes(`\\"${column}\\"`)) holes.push(`${name} does not refuse ${column}`)
      }
    }
  }
  process.stdout.write(
    `mass assignment: ${columns.length} columns, ${tried} pairs of route and column, ${holes.length} holes\n`,
  )
  expect(holes).toEqual([])
  expect(tried).toBeGreaterThan(15_000)
}, 120_000)

test('a prototype in a body is refused, and nothing of it reaches an object', async () => {
  for (const payload of ['{"__proto__":{"role":"admin"}}', '{"constructor":{"prototype":{"role":"admin"}}}']) {
    const answer = await as('user')({
      method: 'PATCH',
      url: '/api/v1/users/me',
      headers: { 'content-type': 'application/json' },
      payload,
    })
    expect(answer.statusCode, answer.body).toBe(400)
  }
  expect(({} as { role?: string }).role).toBeUndefined()
  expect((await as('user')({ url: '/api/v1/users/me' })).json()).toMatchObject({ role: 'user' })
})

test('a parameter given twice is refused or read as a list, never as the second one', async () => {
  let asked = 0
  for (const [n, route] of routes.entries()) {
    if (route.method !== 'GET' || !route.query || route.access === 'public') continue
    const [name] = Object.keys(defOf(route.query).shape ?? {})
    if (!name) continue
    asked++
    const answer = await as('admin')({
      url: `${addressOf(route.path)}?${name}=1&${name}=2&__proto__=x`,
      remoteAddress: `10.2.${n >> 8}.${n & 255}`,
    })
    expect([400, 404], `${route.path}: ${answer.body.slice(0, 200)}`).toContain(answer.statusCode)
  }
  expect(asked).toBeGreaterThan(30)
})

test('nor by what is nested in it: items of a batch and conditions of a rule', async () => {
  const foreign = [
    'role',
    'is_active',
    'email_consent_at',
    'merged_into',
    'erased_at',
    'total_spent_cents',
    'created_at',
  ]
  const item = { ...Object.fromEntries(foreign.map((c) => [c, 'admin'])), email: 'x@example.com', external_id: 'x-1' }
  const before = await ctx.pool.query('select count(*) as n from customers')
  for (const [url, payload] of [
    ['/customers/batch', { customers: [item] }],
    ['/orders', { orders: [item] }],
    ['/events', { events: [item] }],
  ] as const) {
    const answer = await as('manager')({ method: 'POST', url: `/api/v1${url}`, payload })
    // Each item is judged by itself; the answer names what was refused.
    expect(answer.body, url).toMatch(/"refused":1\b/)
    for (const name of foreign.slice(0, 3)) expect(answer.body, url).toContain(name)
  }
  expect((await ctx.pool.query('select count(*) as n from customers')).rows).toEqual(before.rows)
  for (const rules of [
    { field: 'email', op: 'is', value: ['a@b.co'], sql: '1=1' },
    { field: 'password_hash', op: 'is_set' },
  ]) {
    const answer = await as('manager')({ method: 'POST', url: '/api/v1/segments/preview', payload: { rules } })
    expect(answer.statusCode, answer.body).toBe(400)
  }
})
