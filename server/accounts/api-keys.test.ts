import { expect, test } from 'vitest'
import type { ApiKey } from '#contract/api-keys.ts'
import type { RouteShape } from '#contract/http.ts'
import { usualQuota } from '#contract/quota.ts'
import type { Scope } from '#contract/scopes.ts'
import { createPostgresLimits } from '#server/adapters/limits-postgres.ts'
import { createApp } from '#server/http/app.ts'
import { testApp } from '#test/app.ts'

let now = new Date('2026-11-23T18:00:00Z')
const { ctx, app, as } = await testApp({ clock: () => now })
const admin = as('admin')

const make = async (allowed: readonly Scope[], more: object = {}) => {
  const answer = await admin({
    method: 'POST',
    url: '/api/v1/api-keys',
    payload: { name: 'Till', scopes: allowed, ...more },
  })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<ApiKey & { secret: string }>()
}
const use = (secret: string, method: RouteShape['method'], url: string, payload?: object) =>
  app.inject({ method, url, headers: { authorization: `Bearer ${secret}` }, ...(payload ? { payload } : {}) })
const list = async (): Promise<ApiKey[]> => (await admin({ url: '/api/v1/api-keys' })).json<{ data: ApiKey[] }>().data

/** Waits for the next minute when this one ends in less than that: counts begin anew with it. */
const withinOneMinute = (ms: number): Promise<void> => {
  const left = 60_000 - (Date.now() % 60_000)
  return new Promise((resolve) => setTimeout(resolve, left < ms ? left + 100 : 0))
}

const someId = '0199f5ce-0000-7000-8000-000000000000'

test('the secret is shown once, kept as a keyed hash, and is in no list, log or audit trail', async () => {
  const made = await make(['orders:write', 'customers:read'], { expires_at: '2027-01-01T00:00:00Z' })
  expect(made.secret).toMatch(/^lma_[a-z0-9]{8}_[\w-]{43}$/)
  expect(made.secret.startsWith(made.prefix)).toBe(true)
  const [shown] = await list()
  expect(shown).toMatchObject({
    id: made.id,
    name: 'Till',
    state: 'active',
    scopes: ['customers:read', 'orders:write'],
  })
  expect(shown).not.toHaveProperty('secret')
  const { rows } = await ctx.pool.query<{ row: string }>('select to_jsonb(k)::text as row from api_keys as k')
  const { rows: trail } = await ctx.pool.query<{ row: string }>('select to_jsonb(a)::text as row from audit_log as a')
  const kept = [...rows, ...trail].map((r) => r.row).join('\n')
  expect(kept).toContain(made.prefix)
  expect(kept).not.toContain(made.secret.slice(made.prefix.length + 1))
  expect(kept).toContain('api_key.created')
})

test('a retry under an Idempotency-Key does not keep the secret either', async () => {
  const create = () =>
    admin({
      method: 'POST',
      url: '/api/v1/api-keys',
      payload: { name: 'Retry', scopes: ['orders:read'] },
      headers: { 'idempotency-key': 'make-a-key' },
    })
  const [a, b] = [await create(), await create()]
  expect([a.statusCode, b.statusCode]).toEqual([201, 201])
  expect(a.json<{ secret: string }>().secret).not.toBe(b.json<{ secret: string }>().secret)
  expect((await ctx.pool.query('select from idempotency_keys')).rowCount).toBe(0)
})

test('only an admin makes, sees and revokes keys; bad input names its field', async () => {
  for (const role of ['manager', 'user'] as const) {
    for (const request of [
      { method: 'GET' as const, url: '/api/v1/api-keys' },
      { method: 'POST' as const, url: '/api/v1/api-keys', payload: { name: 'x', scopes: ['orders:read'] } },
      { method: 'DELETE' as const, url: `/api/v1/api-keys/${someId}` },
    ])
      expect((await as(role)(request)).statusCode).toBe(403)
  }
  const bad = async (payload: object): Promise<string[]> =>
    (await admin({ method: 'POST', url: '/api/v1/api-keys', payload }))
      .json<{ errors: { path: string }[] }>()
      .errors.map((e) => e.path)
  expect(await bad({ name: ' ', scopes: [] })).toEqual(['name', 'scopes'])
  expect(await bad({ name: 'x', scopes: ['everything'] })).toEqual(['scopes.0'])
  expect(await bad({ name: 'x', scopes: ['orders:read'], expires_at: '2020-01-01T00:00:00Z' })).toEqual(['expires_at'])
  expect((await admin({ method: 'DELETE', url: `/api/v1/api-keys/${someId}` })).statusCode).toBe(404)
})

test('revoked, expired and misspelt keys are nobody', async () => {
  const key = await make(['customers:read'])
  const ask = async (secret: string): Promise<number> => (await use(secret, 'GET', '/api/v1/customers')).statusCode
  expect(await ask(key.secret)).toBe(200)
  expect(await ask(key.secret.toUpperCase())).toBe(401)
  expect(await ask(`${key.secret}x`)).toBe(401)
  expect(await ask('lma_')).toBe(401)
  expect((await admin({ method: 'DELETE', url: `/api/v1/api-keys/${key.id}` })).statusCode).toBe(204)
  expect((await admin({ method: 'DELETE', url: `/api/v1/api-keys/${key.id}` })).statusCode).toBe(204)
  expect(await ask(key.secret)).toBe(401)
  const short = await make(['customers:read'], { expires_at: '2026-11-23T18:05:00Z' })
  expect(await ask(short.secret)).toBe(200)
  now = new Date('2026-11-23T18:05:00Z')
  expect(await ask(short.secret)).toBe(401)
  const states = Object.fromEntries((await list()).map((k) => [k.id, k.state]))
  expect(states).toMatchObject({ [key.id]: 'revoked', [short.id]: 'expired' })
  const { rows } = await ctx.pool.query(`select from audit_log where action = 'api_key.revoked' and entity_id = $1`, [
    key.id,
  ])
  expect(rows).toHaveLength(1)
})

test('the last use is remembered to the minute', async () => {
  const key = await make(['customers:read'])
  const lastUse = async (): Promise<string | null> => (await list()).find((k) => k.id === key.id)!.last_used_at
  expect(await lastUse()).toBeNull()
  await use(key.secret, 'GET', '/api/v1/customers')
  const first = now.toISOString()
  expect(await lastUse()).toBe(first)
  now = new Date(now.getTime() + 59_000)
  await use(key.secret, 'GET', '/api/v1/customers')
  expect(await lastUse()).toBe(first)
  now = new Date(now.getTime() + 2_000)
  await use(key.secret, 'GET', '/api/v1/customers')
  expect(await lastUse()).toBe(now.toISOString())
})

test('who may not read customers sees no address, in no list', async () => {
  await ctx.pool.query(`insert into customers (email, name) values ('someone@example.com', 'Someone')`)
  const reader = await make(['customers:read'])
  const writer = await make(['customers:write'])
  expect((await use(reader.secret, 'GET', '/api/v1/customers')).body).toContain('someone@example.com')
  const made = await use(writer.secret, 'POST', '/api/v1/customers', { email: 'new@example.com' })
  expect(made.statusCode, made.body).toBe(201)
  expect(made.json()).toMatchObject({ email: 'n***@e***.com', is_masked: true })
  const { rows } = await ctx.pool.query(`select actor_kind, actor_id from audit_log where action = 'customer.created'`)
  expect(rows).toEqual([{ actor_kind: 'api_key', actor_id: writer.id }])
})

test('a key has a quota of its own and is told what is left of it', async () => {
  await withinOneMinute(10_000)
  const key = await make(['customers:read'])
  const other = await make(['customers:read'])
  expect(key).toMatchObject({ quota_per_minute: usualQuota, quota_per_day: null, used_today: 0 })
  const first = await use(key.secret, 'GET', '/api/v1/customers?page_size=1')
  expect(first.headers).toMatchObject({
    'x-ratelimit-limit': String(usualQuota),
    'x-ratelimit-remaining': String(usualQuota - 1),
  })
  expect(first.headers).not.toHaveProperty('x-ratelimit-limit-day')
  let refused = 0
  for (let i = 0; i < usualQuota + 5; i++) {
    const answer = await use(key.secret, 'GET', '/api/v1/customers?page_size=1')
    if (answer.statusCode !== 429) continue
    refused++
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  }
  expect(refused).toBeGreaterThanOrEqual(5)
  expect((await use(other.secret, 'GET', '/api/v1/customers?page_size=1')).headers['x-ratelimit-limit']).toBe(
    String(usualQuota),
  )
}, 60_000)

test('a quota is set with the key or later, by minute and by day; above it 429 says when to come again', async () => {
  const ask = (secret: string) => use(secret, 'GET', '/api/v1/customers?page_size=1')
  await withinOneMinute(5_000)
  const key = await make(['customers:read'], { quota_per_minute: 3, quota_per_day: 5 })
  const other = await make(['customers:read'], { quota_per_minute: 3, quota_per_day: 5 })
  for (let i = 0; i < 3; i++) expect((await ask(key.secret)).statusCode).toBe(200)
  const over = await ask(key.secret)
  expect(over.statusCode).toBe(429)
  expect(over.headers['content-type']).toContain('application/problem+json')
  expect(over.json()).toMatchObject({ code: 'rate.limited', status: 429, facts: { quota_per_minute: 3 } })
  expect(Number(over.headers['retry-after'])).toBeGreaterThan(0)
  expect(Number(over.headers['retry-after'])).toBeLessThanOrEqual(60)
  expect((await ask(other.secret)).statusCode).toBe(200)

  const url = `/api/v1/api-keys/${key.id}`
  const raised = await admin({ method: 'PATCH', url, payload: { quota_per_minute: 1000 } })
  expect(raised.statusCode, raised.body).toBe(200)
  // What was refused for the minute does not count for the day.
  expect(raised.json()).toMatchObject({ quota_per_minute: 1000, quota_per_day: 5, used_today: 3, name: 'Till' })
  const fourth = await ask(key.secret)
  expect(fourth.headers).toMatchObject({ 'x-ratelimit-limit-day': '5', 'x-ratelimit-remaining-day': '1' })
  expect((await ask(key.secret)).statusCode).toBe(200)
  const done = await ask(key.secret)
  expect(done.statusCode).toBe(429)
  expect(done.json<{ detail: string }>().detail).toContain('until midnight UTC')
  const untilMidnight = (86_400_000 - (Date.now() % 86_400_000)) / 1000
  expect(Math.abs(Number(done.headers['retry-after']) - untilMidnight)).toBeLessThan(5)
  expect((await list()).find((k) => k.id === key.id)).toMatchObject({ used_today: 5, quota_per_day: 5 })

  expect(
    (await admin({ method: 'PATCH', url, payload: { quota_per_day: null, name: 'Two tills' } })).json(),
  ).toMatchObject({
    name: 'Two tills',
    quota_per_day: null,
  })
  expect((await ask(key.secret)).statusCode).toBe(200)
  const { rows } = await ctx.pool.query<{ before: object; after: object }>(
    `select before, after from audit_log where action = 'api_key.updated' and entity_id = $1 order by id`,
    [key.id],
  )
  expect(rows).toMatchObject([
    { before: { quota_per_minute: 3 }, after: { quota_per_minute: 1000 } },
    { before: { quota_per_day: 5 }, after: { quota_per_day: null, name: 'Two tills' } },
  ])
})

test('quotas outside their bounds, of strangers and of revoked keys are refused', async () => {
  const key = await make(['customers:read'])
  const url = `/api/v1/api-keys/${key.id}`
  const change = (payload: object, at = url) => admin({ method: 'PATCH', url: at, payload })
  for (const payload of [
    { quota_per_minute: 0 },
    { quota_per_minute: 60_001 },
    { quota_per_minute: 1.5 },
    { quota_per_minute: null },
    { quota_per_day: 0 },
    { quota_per_day: 10_000_001 },
    { quota_per_day: '7' },
    { name: ' ' },
    { scopes: ['orders:write'] },
    { used_today: 0 },
  ])
    expect((await change(payload)).statusCode, JSON.stringify(payload)).toBe(400)
  expect((await change({ quota_per_day: 5 }, `/api/v1/api-keys/${someId}`)).statusCode).toBe(404)
  for (const role of ['manager', 'user'] as const)
    expect((await as(role)({ method: 'PATCH', url, payload: { quota_per_day: 5 } })).statusCode).toBe(403)
  await admin({ method: 'DELETE', url })
  expect((await change({ quota_per_day: 5 })).statusCode).toBe(400)
})

test('two processes count together: what one let through is used up at the other', async () => {
  const otherApp = await createApp({ ...ctx, limits: createPostgresLimits(ctx.pool, ctx.log) })
  await otherApp.ready()
  await withinOneMinute(8_000)
  const key = await make(['customers:read'], { quota_per_minute: 50, quota_per_day: 6 })
  const at = (n: number) =>
    [app, otherApp][n % 2]!.inject({
      url: '/api/v1/customers?page_size=1',
      headers: { authorization: `Bearer ${key.secret}` },
    })
  const statuses: number[] = []
  for (let i = 0; i < 10; i++) {
    statuses.push((await at(i)).statusCode)
    // They tell each other five times a second.
    await new Promise((resolve) => setTimeout(resolve, 450))
  }
  expect(statuses.filter((s) => s === 200).length).toBeLessThanOrEqual(7)
  expect(statuses.slice(-3)).toEqual([429, 429, 429])
  await otherApp.close()
}, 60_000)
