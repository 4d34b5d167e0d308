import fastify from 'fastify'
import { beforeAll, expect, test } from 'vitest'
import type { ApiKey } from '#contract/api-keys.ts'
import { scopes, type Scope } from '#contract/scopes.ts'
import { requirePolicies, type RoutePolicy } from '#server/http/access-policy.ts'
import { testApp } from './app.ts'
import { addressOf, contractRoutes } from './contract-routes.ts'

const { app, as } = await testApp()

interface Caller {
  name: string
  /** the header that says who calls */
  bearer: string | null
  role?: 'user' | 'manager' | 'admin'
  scopes?: readonly Scope[]
}
const callers: Caller[] = []
const rank = { public: 0, user: 1, manager: 2, admin: 3 } as const

async function makeKey(allowed: readonly Scope[]): Promise<string> {
  const answer = await as('admin')({
    method: 'POST',
    url: '/api/v1/api-keys',
    payload: { name: 'Matrix', scopes: allowed },
  })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<ApiKey & { secret: string }>().secret
}

beforeAll(async () => {
  callers.push({ name: 'anonymous', bearer: null }, { name: 'forged token', bearer: 'e30.e30.AAAA' })
  for (const role of ['user', 'manager', 'admin'] as const) callers.push({ name: role, bearer: '', role })
  for (const scope of scopes)
    callers.push({ name: `key with ${scope}`, bearer: await makeKey([scope]), scopes: [scope] })
  for (const scope of scopes) {
    const others = scopes.filter((s) => s !== scope)
    callers.push({ name: `key without ${scope}`, bearer: await makeKey(others), scopes: others })
  }
  callers.push({ name: 'unknown key', bearer: `lma_abcdefgh_${'A'.repeat(43)}`, scopes: [] })
})

/** What the policy says; written anew here, so that a mistake in the application does not repeat itself in its test. */
function mayCall(caller: Caller, policy: RoutePolicy): boolean {
  if (policy.access === 'public') return true
  if (caller.role) return rank[caller.role] >= rank[policy.access]
  return policy.scope !== undefined && (caller.scopes ?? []).includes(policy.scope)
}

/** Routes that refuse for a reason of their own, whoever calls. */
const refusesItself: Record<string, string> = {
  'POST /api/v1/auth/register': 'the shop has its first user already',
  'HEAD /metrics': 'as GET does',
  'GET /metrics': 'asks for its own token, or whether the question comes from this machine',
}

let address = 0
async function ask(caller: Caller, policy: RoutePolicy): Promise<{ status: number; refused: boolean }> {
  const options = {
    method: policy.method as 'GET',
    url: addressOf(policy.url).replace('*', 'x'),
    // Each request from an address of its own: the limit of requests is not what is tested here.
    remoteAddress: `10.${(++address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`,
    ...(['GET', 'HEAD'].includes(policy.method) ? {} : { payload: {} }),
  }
  const answer = caller.role
    ? await as(caller.role)(options)
    : await app.inject({ ...options, headers: caller.bearer ? { authorization: `Bearer ${caller.bearer}` } : {} })
  // A HEAD answer has no body; there the status decides.
  const code = policy.method === 'HEAD' ? null : (/"code":"([\w.]+)"/.exec(answer.body)?.[1] ?? null)
  const refused =
    code === null
      ? answer.statusCode === 401 || answer.statusCode === 403
      : code === 'auth.required' || code === 'auth.forbidden'
  return { status: answer.statusCode, refused }
}

test('every route of the application × every kind of caller answers as the policy table says', async () => {
  const holes: string[] = []
  let cells = 0
  let denied = 0
  for (const policy of app.policies) {
    const name = `${policy.method} ${policy.url}`
    for (const caller of callers) {
      // Each key has a quota of its own; 600 a minute would stop the test, not the route.
      const { status, refused } = await ask(caller, policy)
      cells++
      const should = mayCall(caller, policy)
      if (!should) denied++
      if (status >= 500) holes.push(`${name} as ${caller.name}: ${status}`)
      if (!should && !(refused && (status === 401 || status === 403)))
        holes.push(`OPEN ${name} as ${caller.name}: ${status}`)
      if (should && refused && !(name in refusesItself)) holes.push(`CLOSED ${name} as ${caller.name}: ${status}`)
    }
  }
  process.stdout.write(
    `access matrix: ${app.policies.length} routes x ${callers.length} callers = ${cells} cells, ${denied} denied, ${holes.length} holes\n`,
  )
  expect(holes).toEqual([])
  // A matrix without cells would pass as well.
  expect(app.policies.length).toBeGreaterThan(200)
  expect(denied).toBeGreaterThan(1500)
}, 300_000)

test('the table holds every route of the contract, and each scope opens something', async () => {
  const known = new Set(app.policies.map((p) => `${p.method} ${p.url}`))
  const routes = await contractRoutes()
  expect(routes.filter((r) => !known.has(`${r.method} ${r.path}`)).map((r) => r.path)).toEqual([])
  expect([...new Set(app.policies.flatMap((p) => p.scope ?? []))].sort()).toEqual([...scopes].sort())
})

test('a route without a policy, with a wrong one, or open without a reason stops the start', () => {
  const start = (config: object) => () => {
    const bare = fastify()
    requirePolicies(bare)
    bare.get('/planted', { config }, () => 'open')
  }
  expect(start({})).toThrow(/GET \/planted has no access policy/)
  expect(start({ policy: { access: 'everybody' } })).toThrow(/unknown access/)
  expect(start({ policy: { access: 'user', scope: 'all:write' } })).toThrow(/unknown scope/)
  expect(start({ policy: { access: 'admin', scope: 'orders:read' } })).toThrow(/for admins/)
  expect(start({ policy: { access: 'public' } })).toThrow(/without a reason/)
  expect(start({ policy: { access: 'public', openBecause: 'a test' } })).not.toThrow()
})
