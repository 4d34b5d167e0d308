import { expect, test } from 'vitest'
import { testContext } from '#test/context.ts'
import fastify from 'fastify'
import cookie from '@fastify/cookie'
import { sendProblem } from '../http/errors.ts'
import { accountRoutes } from './routes.ts'

const ctx = await testContext()
const app = fastify()
app.setErrorHandler(sendProblem)
await app.register(cookie)
accountRoutes(app, ctx)
await app.ready()

const credentials = { email: 'Owner@Shop.test', password: 'a long enough password' }
const cookieOf = (response: { cookies: { name: string; value: string }[] }): Record<string, string> =>
  Object.fromEntries(response.cookies.map((c) => [c.name, c.value]))
const post = (url: string, payload?: object, cookies: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: `/api/v1/auth/${url}`, cookies, ...(payload ? { payload } : {}) })

test('the first person becomes admin, the second is refused', async () => {
  expect((await app.inject('/api/v1/auth/state')).json()).toMatchObject({ needs_first_user: true, demo_login: null })
  const [a, b] = await Promise.all([
    post('register', credentials),
    post('register', { ...credentials, email: 'other@shop.test' }),
  ])
  expect([a.statusCode, b.statusCode].sort()).toEqual([201, 403])
  const winner = a.statusCode === 201 ? a : b
  expect(winner.json()).toMatchObject({ role: 'admin' })
  expect(winner.body).not.toContain('password')
  await ctx.pool.query(`update users set email = 'owner@shop.test'`)
})

test('bad input names the field and says what is wanted', async () => {
  const response = await post('register', { email: 'nonsense', password: 'short', surprise: 1 })
  expect(response.statusCode).toBe(400)
  expect(response.headers['content-type']).toContain('application/problem+json')
  const { errors } = response.json<{ errors: { path: string }[] }>()
  expect(errors.map((e) => e.path)).toEqual(expect.arrayContaining(['email', 'password']))
})

test('a wrong password and an unknown address get the same answer', async () => {
  const wrong = await post('login', { email: credentials.email, password: 'not this one at all' })
  const unknown = await post('login', { email: 'nobody@shop.test', password: 'not this one at all' })
  expect(wrong.statusCode).toBe(401)
  const { request_id: _a, ...first } = wrong.json<Record<string, unknown>>()
  const { request_id: _b, ...second } = unknown.json<Record<string, unknown>>()
  expect(first).toEqual(second)
})

test('sign in, read oneself, sign out: the token family is dead afterwards', async () => {
  const login = await post('login', credentials)
  expect(login.statusCode).toBe(200)
  expect(login.cookies[0]).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/api/v1/auth' })
  const me = await app.inject({
    url: '/api/v1/users/me',
    headers: { authorization: `Bearer ${login.json<{ access_token: string }>().access_token}` },
  })
  expect(me.json()).toMatchObject({ email: 'owner@shop.test', role: 'admin' })
  expect((await post('logout', undefined, cookieOf(login))).statusCode).toBe(204)
  expect((await post('refresh', undefined, cookieOf(login))).statusCode).toBe(401)
})
