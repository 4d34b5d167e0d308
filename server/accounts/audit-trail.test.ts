import { expect, test } from 'vitest'
import type { AuditLine } from '#contract/audit.ts'
import { parse } from 'csv-parse/sync'
import { resultOf } from '#test/jobs.ts'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp()
const admin = as('admin')
const read = async (query: string): Promise<{ data: AuditLine[]; total: number; next_cursor: string | null }> => {
  const answer = await admin({ url: `/api/v1/audit?${query}` })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}

test('what somebody did and what became of the rows are found together, by request, actor, thing, words and day', async () => {
  const made = await as('manager')({
    method: 'POST',
    url: '/api/v1/customers',
    payload: { email: 'orla@example.com', name: 'Orla Finch' },
  })
  const { id } = made.json<{ id: string }>()
  const byRequest = await read(`request_id=${made.headers['x-request-id']}`)
  expect(byRequest.data.map((l) => `${l.kind} ${l.action}`)).toEqual(
    expect.arrayContaining(['event customer.created', 'change customers.insert']),
  )
  expect(byRequest.data.every((l) => l.actor_name === 'manager')).toBe(true)
  expect(JSON.stringify(await read('page_size=200'))).not.toMatch(/orla@|Finch/)
  expect((await read(`entity_id=${id}`)).total).toBeGreaterThanOrEqual(2)
  expect((await read(`q=${id}`)).total).toBeGreaterThanOrEqual(2)
  expect((await read('q=customer.crea&kind=event')).data).toHaveLength(1)
  expect((await read('q=%25')).total).toBe(0)
  const { rows } = await ctx.pool.query<{ id: string }>(`select id from users where email = 'manager@shop.test'`)
  const mine = await read(`actor_id=${rows[0]!.id}`)
  expect(mine.data.length).toBeGreaterThan(1)
  expect(new Set(mine.data.map((l) => l.actor_id)).size).toBe(1)
  expect((await read('to=2020-01-01')).total).toBe(0)
  expect((await read('from=2020-01-01')).total).toBeGreaterThan(5)
})

test('pages and cursors walk over all lines once, newest first', async () => {
  await ctx.pool.query(
    `insert into chart_notes (day, text) select '2026-11-20', 'Note ' || g from generate_series(1, 40) as g`,
  )
  const all = (await read('page_size=200')).data.map((l) => l.id)
  expect(all).toEqual(all.toSorted().toReversed())
  const paged = [...(await read('page_size=7')).data, ...(await read('page_size=7&page=2')).data].map((l) => l.id)
  expect(paged).toEqual(all.slice(0, 14))
  const walked: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof read>> = await read(`page_size=9${cursor ? `&cursor=${cursor}` : ''}`)
    walked.push(...page.data.map((l) => l.id))
    cursor = page.next_cursor
  } while (cursor)
  expect(walked).toEqual(all)
})

test('the export is the same lines, no cell of it is a formula, and it is in the trail itself', async () => {
  await ctx.pool.query(
    `insert into audit_log (actor_kind, action, entity, entity_id, reason) values ('system', 'x.y', 'x', '=cmd|calc', '@SUM(1)')`,
  )
  const answer = await admin({ url: '/api/v1/audit/export?entity=x' })
  expect(answer.headers['content-type']).toContain('text/csv')
  const rows: Record<string, string>[] = parse(answer.body, { columns: true })
  expect(rows).toHaveLength(1)
  expect([rows[0]!['entity_id'], rows[0]!['reason']]).toEqual(["'=cmd|calc", "'@SUM(1)"])
  expect((await read('q=audit.exported')).total).toBe(1)
  for (const role of ['user', 'manager'] as const)
    expect((await as(role)({ url: '/api/v1/audit/export' })).statusCode).toBe(403)
})

test('the chain is verified by a job, and its verdict is shown', async () => {
  expect((await admin({ url: '/api/v1/audit/state' })).json()).toMatchObject({ verified: null })
  const started = await admin({ method: 'POST', url: '/api/v1/audit/verify' })
  expect(started.statusCode).toBe(202)
  expect(await resultOf(ctx, started.json())).toMatchObject({ faults: [] })
  const state = (await admin({ url: '/api/v1/audit/state' })).json<{ seals: number; verified: { faults: string[] } }>()
  expect(state.verified.faults).toEqual([])
  expect(state.seals).toBeGreaterThan(0)
})
