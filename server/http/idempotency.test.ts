import { expect, test } from 'vitest'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp()
const manager = as('manager')
const admin = as('admin')
const offer = (key: string, title = 'Picks') => ({ key, title, kind: 'content' })
const create = (payload: object, key: string, role = manager) =>
  role({ method: 'POST', url: '/api/v1/offers', payload, headers: { 'idempotency-key': key } })
const offers = async (): Promise<number> => (await ctx.pool.query('select 1 from offers')).rowCount ?? 0

test('a request that is sent again under its key is done once and answered twice', async () => {
  const first = await create(offer('once'), 'k-1')
  const again = await create(offer('once'), 'k-1')
  expect([first.statusCode, again.statusCode]).toEqual([201, 201])
  expect(again.json()).toEqual(first.json())
  expect(first.headers['idempotency-replayed']).toBeUndefined()
  expect(again.headers['idempotency-replayed']).toBe('true')
  expect(await offers()).toBe(1)
})

test('ten at once make one; who comes too early is told so', async () => {
  const before = await offers()
  const answers = await Promise.all(Array.from({ length: 10 }, () => create(offer('ten'), 'k-2')))
  const codes = answers.map((a) => a.statusCode)
  expect(codes).toContain(201)
  expect(codes.filter((c) => c !== 201 && c !== 409)).toEqual([])
  expect(await offers()).toBe(before + 1)
})

test('a key belongs to its request and to its caller', async () => {
  await create(offer('mine'), 'k-3')
  const other = await create(offer('mine', 'Other words'), 'k-3')
  expect(other.statusCode).toBe(422)
  expect(other.json()).toMatchObject({ code: 'idempotency.mismatch' })
  expect((await create(offer('theirs'), 'k-3', admin)).statusCode).toBe(201)
})

test('what failed had no effect and may be tried again; an old key is forgotten', async () => {
  expect((await create({ key: 'half', title: 'Half', kind: 'percent_off' }, 'k-4')).statusCode).toBe(400)
  expect((await create(offer('half'), 'k-4')).statusCode).toBe(201)
  await ctx.pool.query(`update idempotency_keys set created_at = now() - interval '25 hours' where key like '%k-4'`)
  expect((await create(offer('later'), 'k-4')).statusCode).toBe(201)
  expect((await create(offer('x'), 'k\u00e4')).statusCode).toBe(400)
  // A process that died holding a key does not hold it for ever.
  await ctx.pool.query(`update idempotency_keys set status = null where key like '%k-4'`)
  expect((await create(offer('later'), 'k-4')).statusCode).toBe(409)
  await ctx.pool.query(`update idempotency_keys set created_at = now() - interval '4 minutes' where key like '%k-4'`)
  expect((await create(offer('taken_over'), 'k-4')).statusCode).toBe(201)
})
