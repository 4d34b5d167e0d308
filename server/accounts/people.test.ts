import { expect, onTestFinished, test } from 'vitest'
import type { Person } from '#contract/people.ts'
import { testApp } from '#test/app.ts'

let now = new Date('2026-11-23T18:00:00Z')
const { ctx, app, as } = await testApp({ clock: () => now })
const admin = as('admin')
const list = async (): Promise<Person[]> => (await admin({ url: '/api/v1/users' })).json<{ data: Person[] }>().data
const person = async (email: string): Promise<Person> => (await list()).find((p) => p.email === email)!
const anon = (url: string, payload: object) => app.inject({ method: 'POST', url: `/api/v1/auth/${url}`, payload })
const signIn = (email: string, password: string) => anon('login', { email, password })
const tokenIn = (text: string): string => /\/welcome#([\w-]{43})/.exec(text)![1]!
const mails = async (recipient: string): Promise<{ body_text: string; for_admins: boolean; id: string }[]> =>
  (
    await ctx.pool.query<{ body_text: string; for_admins: boolean; id: string }>(
      'select m.id, m.body_text, m.for_admins from sandbox_messages as m where m.recipient = $1 order by m.id desc',
      [recipient],
    )
  ).rows
/** The mail is written after the answer. */
async function mailed(recipient: string, n: number): Promise<string> {
  for (let i = 0; i < 100; i++) {
    const found = await mails(recipient)
    if (found.length >= n) return found[0]!.body_text
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('no mail came')
}

test('an invitation: a mail with a link, one password, once', async () => {
  const answer = await admin({
    method: 'POST',
    url: '/api/v1/users',
    payload: { email: 'New@Shop.test', full_name: 'New One', role: 'manager' },
  })
  expect(answer.statusCode, answer.body).toBe(201)
  const { url, is_mailed } = answer.json<{ url: string; is_mailed: boolean }>()
  expect(is_mailed).toBe(true)
  expect(answer.headers['cache-control']).toBe('no-store')
  const token = tokenIn(url)
  expect(tokenIn(await mailed('new@shop.test', 1))).toBe(token)
  expect(await person('new@shop.test')).toMatchObject({ state: 'invited', role: 'manager', is_self: false })
  expect((await signIn('new@shop.test', '')).statusCode).toBe(400)
  expect((await signIn('new@shop.test', 'whatever it is')).statusCode).toBe(401)
  // Only a hash is in the database.
  const { rows } = await ctx.pool.query<{ row: string }>('select to_jsonb(l)::text as row from user_links as l')
  expect(rows.map((r) => r.row).join()).not.toContain(token)

  expect((await anon('link', { token })).json()).toEqual({
    purpose: 'invitation',
    email: 'new@shop.test',
    full_name: 'New One',
    shop: 'My shop',
  })
  expect((await anon('password', { token, password: 'passwordpassword' })).statusCode).toBe(400)
  const both = await Promise.all([
    anon('password', { token, password: 'the first of two' }),
    anon('password', { token, password: 'the second of two' }),
  ])
  expect(both.map((a) => a.statusCode).sort()).toEqual([204, 410])
  const won = both[0]!.statusCode === 204 ? 'the first of two' : 'the second of two'
  expect((await signIn('new@shop.test', won)).statusCode).toBe(200)
  expect((await person('new@shop.test')).state).toBe('active')
  expect((await anon('link', { token })).statusCode).toBe(410)
  expect(
    (await admin({ method: 'POST', url: `/api/v1/users/${(await person('new@shop.test')).id}/invite` })).statusCode,
  ).toBe(409)
})

test('a new invitation ends the one before; it ends by itself after seven days', async () => {
  const made = await admin({ method: 'POST', url: '/api/v1/users', payload: { email: 'slow@shop.test' } })
  const { person: p, url } = made.json<{ person: Person; url: string }>()
  const again = await admin({ method: 'POST', url: `/api/v1/users/${p.id}/invite` })
  const second = tokenIn(again.json<{ url: string }>().url)
  expect((await anon('link', { token: tokenIn(url) })).statusCode).toBe(410)
  expect((await anon('link', { token: second })).statusCode).toBe(200)
  now = new Date(now.getTime() + 7 * 86_400_000 + 1000)
  expect((await anon('link', { token: second })).statusCode).toBe(410)
  now = new Date('2026-11-23T18:00:00Z')
  expect((await admin({ method: 'POST', url: '/api/v1/users', payload: { email: 'SLOW@shop.test' } })).statusCode).toBe(
    400,
  )
})

test('a link to a new password in the sandbox is read by admins only, and who looks at the mailbox is told', async () => {
  const told: unknown[] = []
  onTestFinished(ctx.bus.subscribe('notify', (topic, payload) => told.push([topic, payload])))
  await anon('forgot', { email: 'admin@shop.test' })
  await expect.poll(() => told).toEqual([['notify', { about: 'mailbox' }]])
  await mailed('admin@shop.test', 1)
  const [mail] = await mails('admin@shop.test')
  expect(mail!.for_admins).toBe(true)
  for (const role of ['user', 'manager'] as const) {
    expect((await as(role)({ url: `/api/v1/sandbox/messages/${mail!.id}` })).statusCode).toBe(404)
    expect((await as(role)({ url: '/api/v1/sandbox/messages?page_size=200' })).body).not.toContain(mail!.id)
    expect((await as(role)({ url: '/api/v1/sandbox/messages?q=welcome' })).json<{ total: number }>().total).toBe(0)
  }
  expect((await admin({ url: `/api/v1/sandbox/messages/${mail!.id}` })).statusCode).toBe(200)
})

test('a forgotten password: the same answer for everybody, a link good for an hour, all sessions ended', async () => {
  const before = await signIn('user@shop.test', 'a long test password')
  const known = await anon('forgot', { email: 'user@shop.test' })
  const unknown = await anon('forgot', { email: 'nobody@shop.test' })
  expect([known.statusCode, known.body, unknown.statusCode, unknown.body]).toEqual([204, '', 204, ''])
  const token = tokenIn(await mailed('user@shop.test', 1))
  expect(await mails('nobody@shop.test')).toEqual([])
  expect((await anon('password', { token, password: 'my new long phrase' })).statusCode).toBe(204)
  expect((await signIn('user@shop.test', 'a long test password')).statusCode).toBe(401)
  expect((await signIn('user@shop.test', 'my new long phrase')).statusCode).toBe(200)
  const old = before.json<{ access_token: string }>().access_token
  expect((await app.inject({ url: '/api/v1/users/me', headers: { authorization: `Bearer ${old}` } })).statusCode).toBe(
    401,
  )

  await anon('forgot', { email: 'user@shop.test' })
  const late = tokenIn(await mailed('user@shop.test', 2))
  now = new Date(now.getTime() + 3_600_000 + 1000)
  expect((await anon('password', { token: late, password: 'yet another phrase' })).statusCode).toBe(410)
  now = new Date('2026-11-23T18:00:00Z')
  // Three an hour; more would only fill a mailbox.
  for (let i = 0; i < 4; i++) await anon('forgot', { email: 'manager@shop.test' })
  await mailed('manager@shop.test', 3)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect((await mails('manager@shop.test')).length).toBeLessThanOrEqual(4)
})

test("roles and states: effect at once, never without an admin, never one's own", async () => {
  const joined = await signIn('new@shop.test', 'the first of two')
  const session = joined.statusCode === 200 ? joined : await signIn('new@shop.test', 'the second of two')
  const headers = { authorization: `Bearer ${session.json<{ access_token: string }>().access_token}` }
  const { id } = await person('new@shop.test')
  const patch = (who: string, payload: object) => admin({ method: 'PATCH', url: `/api/v1/users/${who}`, payload })
  expect((await app.inject({ url: '/api/v1/users', headers })).statusCode).toBe(403)
  expect((await patch(id, { role: 'admin' })).json()).toMatchObject({ role: 'admin' })
  expect((await app.inject({ url: '/api/v1/users', headers })).statusCode).toBe(200)
  const self = (await list()).find((p) => p.is_self)!
  expect((await patch(self.id, { role: 'user' })).statusCode).toBe(409)
  expect((await patch(self.id, { is_active: false })).statusCode).toBe(409)
  expect((await patch(id, { is_active: false })).json()).toMatchObject({ state: 'deactivated' })
  expect((await app.inject({ url: '/api/v1/users/me', headers })).statusCode).toBe(401)
  expect((await signIn('new@shop.test', 'the first of two')).statusCode).toBe(401)
  // Two admins who put each other down at once: one of them stays.
  await patch(id, { is_active: true })
  const { rows } = await ctx.pool.query(
    `select from audit_log where entity_id = $1 and action in ('user.invited', 'user.joined', 'user.updated', 'user.deactivated', 'user.reactivated')`,
    [id],
  )
  expect(rows.length).toBeGreaterThanOrEqual(5)
  expect((await patch('0199f5ce-0000-7000-8000-000000000000', { role: 'user' })).statusCode).toBe(404)
})

test('an admin takes a lost second factor away and signs people out; they hear of it by mail', async () => {
  const user = await person('user@shop.test')
  expect((await admin({ method: 'DELETE', url: `/api/v1/users/${user.id}/second-factor` })).statusCode).toBe(409)
  await ctx.pool.query(`update users set totp_secret_enc = 'x', totp_confirmed_at = now() where id = $1`, [user.id])
  expect((await admin({ method: 'DELETE', url: `/api/v1/users/${user.id}/second-factor` })).statusCode).toBe(204)
  expect(await mailed('user@shop.test', 3)).toContain('second factor')
  expect((await person('user@shop.test')).has_second_factor).toBe(false)
  expect((await admin({ method: 'DELETE', url: `/api/v1/users/${user.id}/sessions` })).statusCode).toBe(204)
})
