import { expect, test } from 'vitest'
import { testApp } from '#test/app.ts'
import { addressOf, contractRoutes } from '#test/contract-routes.ts'

const { app, as } = await testApp()

test('no changing route takes a request that a browser sends for another site', async () => {
  const changing = (await contractRoutes()).filter((r) => r.method !== 'GET')
  const forms: Record<string, string>[] = [
    { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
    { origin: 'null', 'content-type': 'text/plain' },
    { origin: 'http://localhost.evil.example', 'content-type': 'application/json' },
    { 'sec-fetch-site': 'cross-site', 'content-type': 'multipart/form-data; boundary=x' },
    { 'sec-fetch-site': 'same-site', 'content-type': 'application/json' },
    // Neither header, but a cookie: a browser so old that it says nothing.
    { cookie: 'lma_refresh=abc', 'content-type': 'application/json' },
  ]
  const holes: string[] = []
  for (const [n, route] of changing.entries())
    for (const headers of forms) {
      const answer = await app.inject({
        method: route.method,
        url: addressOf(route.path),
        headers: { ...headers, host: 'localhost' },
        payload: '{}',
        remoteAddress: `10.4.${n >> 8}.${n & 255}`,
      })
      if (answer.statusCode !== 403 || !answer.body.includes('auth.cross_site'))
        holes.push(`${route.method} ${route.path} ${JSON.stringify(headers)}: ${answer.statusCode}`)
    }
  expect(holes).toEqual([])
  expect(changing.length).toBeGreaterThan(80)
})

test('our own page and programs are let through; JSON under another name is not read', async () => {
  const patch = (headers: Record<string, string>) =>
    as('user')({ method: 'PATCH', url: '/api/v1/users/me', payload: '{"full_name":"Me"}', headers })
  const json = { 'content-type': 'application/json' }
  expect((await patch({ ...json, origin: 'http://localhost', host: 'localhost' })).statusCode).toBe(200)
  expect((await patch({ ...json, 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200)
  expect((await patch(json)).statusCode).toBe(200)
  expect((await patch({ 'content-type': 'text/plain' })).statusCode).toBe(415)
})
