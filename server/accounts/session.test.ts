import { createHmac, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { signAccessToken, verifyAccessToken } from '#server/access-tokens.ts'
import { deriveKey } from '#server/keys.ts'
import { testApp } from '#test/app.ts'

let now = new Date('2026-11-23T18:00:00Z')
const { ctx, app } = await testApp({ clock: () => now })
const later = (seconds: number): void => void (now = new Date(now.getTime() + seconds * 1000))

interface Browser {
  agent?: string
  ip?: string
}
let calls = 0
const call = (url: string, cookies: Record<string, string>, { agent = 'Firefox', ip = '192.0.2.1' }: Browser = {}) => {
  // A limit of requests per address is not what these tests are about.
  if (++calls % 50 === 0) void ctx.pool.query('delete from sign_in_attempts')
  return app.inject({
    method: 'POST',
    url: `/api/v1/auth/${url}`,
    cookies,
    headers: { 'user-agent': agent, origin: 'http://localhost', host: 'localhost' },
    remoteAddress: ip,
  })
}
const signIn = async (browser: Browser = {}) => {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { email: 'user@shop.test', password: 'a long test password' },
    headers: { 'user-agent': browser.agent ?? 'Firefox' },
    remoteAddress: browser.ip ?? '192.0.2.1',
  })
  expect(answer.statusCode, answer.body).toBe(200)
  return { cookies: cookiesOf(answer), token: answer.json<{ access_token: string }>().access_token }
}
const cookiesOf = (answer: { cookies: { name: string; value: string }[] }): Record<string, string> =>
  Object.fromEntries(answer.cookies.map((c) => [c.name, c.value]))
const me = async (token: string): Promise<number> =>
  (await app.inject({ url: '/api/v1/users/me', headers: { authorization: `Bearer ${token}` } })).statusCode

test('a refresh token that was spent ends the session when somebody else shows it, and the new one dies with it', async () => {
  const { cookies } = await signIn()
  const next = await call('refresh', cookies)
  expect(next.statusCode).toBe(200)
  const { access_token: fresh } = next.json<{ access_token: string }>()
  expect(await me(fresh)).toBe(200)
  // The thief is quick, within the grace, but not the same browser.
  expect((await call('refresh', cookies, { agent: 'curl', ip: '203.0.113.9' })).statusCode).toBe(401)
  expect((await call('refresh', cookiesOf(next))).statusCode).toBe(401)
  // Even the access token that was given out is dead at once.
  expect(await me(fresh)).toBe(401)
  const { rows } = await ctx.pool.query(`select from audit_log where action = 'session.replayed'`)
  expect(rows).toHaveLength(1)
})

test('the same browser may ask twice within seconds, not later, and not once the successor was used', async () => {
  const first = await signIn()
  const a = await call('refresh', first.cookies)
  later(5)
  const b = await call('refresh', first.cookies)
  expect(b.statusCode).toBe(200)
  expect(cookiesOf(b)).toEqual(cookiesOf(a))
  later(6)
  expect((await call('refresh', first.cookies)).statusCode).toBe(401)
  expect((await call('refresh', cookiesOf(a))).statusCode).toBe(401)

  const second = await signIn()
  const c = await call('refresh', second.cookies)
  await call('refresh', cookiesOf(c))
  expect((await call('refresh', second.cookies)).statusCode).toBe(401)
})

test('a hundred refreshes at once leave exactly one token alive', async () => {
  const { cookies } = await signIn()
  const answers = await Promise.all(Array.from({ length: 100 }, () => call('refresh', cookies)))
  expect(answers.map((a) => a.statusCode)).toEqual(Array<number>(100).fill(200))
  expect(new Set(answers.map((a) => JSON.stringify(cookiesOf(a)))).size).toBe(1)
  const { rows } = await ctx.pool.query<{ alive: number; all: number }>(
    `select count(*) filter (where t.used_at is null) as alive, count(*) as all from refresh_tokens as t
     where t.session_id = (select s.id from sessions as s order by s.id desc limit 1)`,
  )
  process.stdout.write(`100 concurrent refreshes: ${rows[0]!.alive} alive of ${rows[0]!.all} tokens, 1 session\n`)
  expect(rows).toEqual([{ alive: 1, all: 2 }])
  // From a hundred different machines it is a theft, and none is alive.
  const stolen = await signIn()
  const thieves = await Promise.all(
    Array.from({ length: 100 }, (_, i) => call('refresh', stolen.cookies, { ip: `198.51.100.${i}`, agent: `a${i}` })),
  )
  expect(thieves.filter((a) => a.statusCode === 200).length).toBeLessThanOrEqual(1)
  for (const a of thieves.filter((t) => t.statusCode === 200))
    expect((await call('refresh', cookiesOf(a))).statusCode).toBe(401)
})

test('a session ends by idleness and by age', async () => {
  const idle = await signIn()
  later(14 * 86_400 + 1)
  expect((await call('refresh', idle.cookies)).statusCode).toBe(401)
  let { cookies } = await signIn()
  for (let day = 0; day < 60; day += 10) {
    const answer = await call('refresh', cookies)
    expect(answer.statusCode, `day ${day}`).toBe(200)
    cookies = cookiesOf(answer)
    later(10 * 86_400)
  }
  expect((await call('refresh', cookies)).statusCode).toBe(401)
})

test('over https the cookie is bound to the host; a plain one is not taken there', async () => {
  const { config } = ctx
  const before = config.publicUrl
  const plain = await signIn()
  expect(Object.keys(plain.cookies)).toEqual(['lma_refresh'])
  config.publicUrl = 'https://shop.test'
  try {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      payload: { email: 'user@shop.test', password: 'a long test password' },
    })
    expect(String(answer.headers['set-cookie'])).toMatch(
      /^__Host-lma_refresh=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect((await call('refresh', plain.cookies)).statusCode).toBe(401)
    expect((await call('refresh', cookiesOf(answer))).statusCode).toBe(200)
  } finally {
    config.publicUrl = before
  }
})

test('tokens of another algorithm, audience, kind, key, time or session open nothing', async () => {
  const { token, cookies } = await signIn()
  expect(await me(token)).toBe(200)
  const [head, body, signature] = token.split('.') as [string, string, string]
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>
  const hmac = (algorithm: string, key: string | Buffer, h: object): string => {
    const text = `${part(h)}.${body}`
    return `${text}.${createHmac(algorithm, key).update(text).digest('base64url')}`
  }
  const foreign = generateKeyPairSync('ed25519')
  const signed = (h: object, c: object, key: KeyObject = foreign.privateKey): string => {
    const text = `${part(h)}.${part(c)}`
    return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`
  }
  const jwk = foreign.publicKey.export({ format: 'jwk' })
  const own = { userId: String(claims['sub']), sessionId: String(claims['sid']) }
  const forged: Record<string, string> = {
    'alg none': `${part({ ...header, alg: 'none' })}.${body}.`,
    'alg None, signature kept': `${part({ ...header, alg: 'None' })}.${body}.${signature}`,
    'HS256 with the key id': hmac('sha256', String(header['kid']), { ...header, alg: 'HS256' }),
    'HS256 with the secret': hmac('sha256', ctx.config.secret, { ...header, alg: 'HS256' }),
    'HS256 with a public key': hmac('sha256', foreign.publicKey.export({ format: 'der', type: 'spki' }), {
      ...header,
      alg: 'HS256',
    }),
    'another key': signed(header, claims),
    'another key, brought along as jwk': signed({ ...header, jwk }, claims),
    'another key, by jku': signed({ ...header, jku: 'https://evil.example/keys', kid: 'evil' }, claims),
    'unknown kid': signed({ ...header, kid: '../../dev/null' }, claims),
    'no kid': signed({ alg: 'EdDSA', typ: 'at+jwt' }, claims),
    'changed claims': `${head}.${part({ ...claims, sub: '0199f5ce-0000-7000-8000-000000000000' })}.${signature}`,
    'cut signature': `${head}.${body}.${signature.slice(0, -4)}`,
    'refresh token as access token': cookies['lma_refresh']!,
    'another secret': await signAccessToken('another secret that is long enough for it', own, now),
    'a session of nobody': await signAccessToken(
      ctx.config.secret,
      { ...own, sessionId: '0199f5ce-0000-7000-8000-000000000000' },
      now,
    ),
    'a session of somebody else': await signAccessToken(
      ctx.config.secret,
      { ...own, userId: '0199f5ce-0000-7000-8000-000000000000' },
      now,
    ),
    expired: await signAccessToken(ctx.config.secret, own, new Date(now.getTime() - 16 * 60_000)),
    'signed by a key of two periods ago': await signAccessToken(
      ctx.config.secret,
      own,
      new Date(now.getTime() - 70 * 86_400_000),
    ),
    empty: '',
    words: 'not a token',
  }
  const holes: string[] = []
  for (const [name, bad] of Object.entries(forged)) if ((await me(bad)) !== 401) holes.push(name)
  expect(holes).toEqual([])
  // With the true key, made here as access-tokens.ts makes it, but for somebody else, of another kind, or without an end.
  const kid = String(header['kid'])
  const seed = createHmac('sha256', deriveKey(ctx.config.secret, 'access-token')).update(kid).digest()
  const trueKey = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const verdict = (change: object, typ: unknown = 'at+jwt'): Promise<unknown> =>
    verifyAccessToken(ctx.config.secret, signed({ alg: 'EdDSA', typ, kid }, { ...claims, ...change }, trueKey), now)
  expect(await verdict({})).toEqual(own)
  expect(await verdict({ aud: 'another-shop' })).toBeNull()
  expect(await verdict({ aud: undefined })).toBeNull()
  expect(await verdict({ iss: 'another-shop' })).toBeNull()
  expect(await verdict({ exp: undefined })).toBeNull()
  expect(await verdict({ nbf: now.getTime() / 1000 + 60 })).toBeNull()
  expect(await verdict({ sid: undefined })).toBeNull()
  expect(await verdict({ sub: ['x'] })).toBeNull()
  expect(await verdict({}, 'JWT')).toBeNull()
  expect(await verdict({}, null)).toBeNull()
  // A refresh route takes no access token.
  expect((await call('refresh', { lma_refresh: token })).statusCode).toBe(401)
})

test('the signing key changes every 30 days without anybody being signed out', async () => {
  const { token } = await signIn()
  const kidOf = (t: string): string =>
    (JSON.parse(Buffer.from(t.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string; sid: string }
  const own = { userId: claims.sub, sessionId: claims.sid }
  const periodMs = 30 * 86_400_000
  const boundary = new Date(Math.ceil(now.getTime() / periodMs) * periodMs)
  const before = new Date(boundary.getTime() - 60_000)
  const after = new Date(boundary.getTime() + 60_000)
  const old = await signAccessToken(ctx.config.secret, own, before)
  const fresh = await signAccessToken(ctx.config.secret, own, after)
  expect(kidOf(old)).not.toBe(kidOf(fresh))
  expect(await verifyAccessToken(ctx.config.secret, old, after)).toEqual(own)
  expect(await verifyAccessToken(ctx.config.secret, fresh, after)).toEqual(own)
  // A key of a period to come is no key yet.
  expect(await verifyAccessToken(ctx.config.secret, fresh, before)).toBeNull()
})

test('sessions are listed, and each can be ended: its access token is dead with the next request', async () => {
  await ctx.pool.query('delete from sessions where user_agent is distinct from $1', ['test'])
  const here = await signIn({ agent: 'Firefox' })
  const phone = await signIn({ agent: 'Phone', ip: '192.0.2.77' })
  const as = (token: string, method: 'GET' | 'DELETE', url: string) =>
    app.inject({ method, url: `/api/v1/users/me/sessions${url}`, headers: { authorization: `Bearer ${token}` } })
  const { data } = (await as(here.token, 'GET', '')).json<{
    data: { id: string; user_agent: string; ip: string; is_this: boolean }[]
  }>()
  expect(data.filter((s) => s.is_this).map((s) => s.user_agent)).toEqual(['Firefox'])
  const other = data.find((s) => s.user_agent === 'Phone')!
  expect(other.ip).toBe('192.0.2.77')
  expect((await as(here.token, 'DELETE', `/${other.id}`)).statusCode).toBe(204)
  expect(await me(phone.token)).toBe(401)
  expect((await call('refresh', phone.cookies, { agent: 'Phone', ip: '192.0.2.77' })).statusCode).toBe(401)
  const third = await signIn({ agent: 'Tablet' })
  expect((await as(here.token, 'DELETE', '')).json()).toMatchObject({ ended: expect.any(Number) as number })
  expect(await me(third.token)).toBe(401)
  expect(await me(here.token)).toBe(200)
  // Nobody ends a session of somebody else.
  const { rows } = await ctx.pool.query<{ id: string }>(
    `select s.id from sessions as s join users as u on u.id = s.user_id where u.role = 'admin' limit 1`,
  )
  expect((await as(here.token, 'DELETE', `/${rows[0]!.id}`)).statusCode).toBe(404)
})
