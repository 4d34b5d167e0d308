import { existsSync, statSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { exportColumns, type Export } from '#contract/bulk.ts'
import type { Job } from '#contract/common.ts'
import { readSetting } from '../settings.ts'
import { expireExports } from './exports.ts'
import { testApp } from '#test/app.ts'
import { finishJob, resultOf } from '#test/jobs.ts'

const now = new Date('2026-11-23T18:00:00Z')
const { ctx, as } = await testApp({ clock: () => now })
type Role = 'admin' | 'manager' | 'user'

beforeAll(async () => {
  await ctx.pool
    .query(`insert into customers (external_id, email, phone, name, first_name, state, birth_date, address, tags)
    select 'X' || i, 'x' || i || '@example.com', '+1212736' || (1000 + i), case i when 1 then '=HYPERLINK("http://evil.test";"Win")' when 2 then '@SUM(A1)' when 3 then 'Quote "Q", Jr' else 'Person ' || lpad(i::text, 4, '0') end,
      'F', (array['NY', 'TX'])[1 + i % 2], '1980-01-01', '1 Elm St', '{a,b}' from generate_series(1, 5000) as i`)
  await ctx.pool
    .query(`insert into customer_scores (customer_id, model_version, as_of, rfm_segment, clv_cents, total_spent_cents, last_purchase_at)
    select c.id, 'v1', now(), 'Loyal', 12345, 5, '2026-11-22T03:30:00Z' from customers as c where c.external_id <> 'X9'`)
})

const start = async (wish: object, role: Role = 'manager') =>
  as(role)({
    method: 'POST',
    url: '/api/v1/customers/bulk',
    payload: { action: 'export', reason: 'Mailing house', ...wish },
  })
const fetchFile = (id: string, role: Role = 'manager') => as(role)({ method: 'GET', url: `/api/v1/exports/${id}` })
async function made(wish: object, role: Role = 'manager'): Promise<{ id: string; lines: string[] }> {
  const answer = await start(wish, role)
  expect(answer.statusCode, answer.body).toBe(202)
  const { export_id: id } = await resultOf<{ export_id: string }>(ctx, answer.json<Job>())
  const file = await fetchFile(id, role)
  expect(file.statusCode, file.body).toBe(200)
  return { id, lines: file.body.replace(/^\uFEFF/, '').split('\r\n') }
}
const list = async (role: Role = 'manager'): Promise<Export[]> =>
  (await as(role)({ method: 'GET', url: '/api/v1/exports' })).json<{ data: Export[] }>().data
const row = async (id: string): Promise<Export> => (await list()).find((e) => e.id === id)!

test('an export is the list: its filter, its order, its columns, and every row of it', async () => {
  const { id, lines } = await made({
    filter: { state: ['NY'] },
    sort: '-name',
    columns: ['name', 'state', 'clv_score', 'last_purchase_at'],
  })
  expect(lines[0]).toBe('name,state,clv_score,last_purchase_at')
  expect(lines.at(-1)).toBe('')
  const names = lines.slice(1, -1).map((l) => l.split(',')[0]!)
  expect(names).toHaveLength(2500)
  const { rows } = await ctx.pool.query<{ name: string }>(
    `select name from customers where state = 'NY' order by name desc, id desc`,
  )
  expect(names.map((n) => n.replace(/^"?'/, '').slice(0, 6))).toEqual(rows.map((r) => r.name.slice(0, 6)))
  // Money as people write it, times of the shop.
  expect(lines[1]).toMatch(/,NY,123\.45,2026-11-21 22:30$/)
  expect(await row(id)).toMatchObject({
    status: 'ready',
    rows: 2500,
    reason: 'Mailing house',
    created_by: 'manager',
    is_own: true,
    is_masked: false,
    filter: { state: ['NY'] },
  })
  expect((await row(id)).bytes).toBe(Buffer.byteLength('\uFEFF' + lines.join('\r\n')))
})

test('no cell is a formula for the program that opens the file', async () => {
  const { lines } = await made({ filter: { q: 'X' }, columns: ['external_id', 'name', 'phone'], sort: 'created_at' })
  const cells = lines.flatMap((l) => l.split(',').map((c) => c.replace(/^"/, '')))
  expect(cells.filter((c) => /^[=+\-@\t]/.test(c))).toEqual([])
  expect(lines.some((l) => l.includes(`"'=HYPERLINK(""http://evil.test"";""Win"")"`))).toBe(true)
  expect(lines.some((l) => l.includes(`X3,"Quote ""Q"", Jr",'+12127361003`))).toBe(true)
})

test('without columns it has all of them, and needs a reason', async () => {
  const { lines } = await made({
    ids: (await ctx.pool.query<{ id: string }>(`select id from customers where external_id = 'X9'`)).rows.map(
      (r) => r.id,
    ),
  })
  expect(lines[0]).toBe(exportColumns.join(','))
  expect(lines).toHaveLength(3)
  expect((await start({ reason: ' ', filter: {} })).json<{ errors: { path: string }[] }>().errors[0]?.path).toBe(
    'reason',
  )
  expect((await start({ filter: {}, columns: ['password'] })).statusCode).toBe(400)
  expect((await start({ filter: {}, sort: 'password_hash' })).statusCode).toBe(400)
})

test('an export of role user is masked, and who lost the role does not get what they made with it', async () => {
  const { id, lines } = await made({ filter: { state: ['TX'] } }, 'user')
  expect(lines).toHaveLength(2502)
  const text = lines.join('\n')
  expect(text).not.toMatch(/x\d+@|\+1212736|1 Elm St|1980-01-01/)
  expect(text).toMatch(/x\*\*\*@e\*\*\*\.com/)
  expect(lines[0]).not.toMatch(/address|birth_date/)
  expect((await start({ filter: {}, columns: ['email', 'birth_date'] }, 'user')).json()).toMatchObject({
    status: 400,
    errors: [{ path: 'columns' }],
  })
  expect((await start({ filter: {}, sort: 'email' }, 'user')).statusCode).toBe(400)
  // Nor by searching for a part of an address.
  expect(
    (await made({ filter: { q: 'x12' }, columns: ['name'] }, 'user')).lines.filter((l) => l.startsWith('Person')),
  ).toHaveLength((await ctx.pool.query(`select from customers where lower(external_id) like 'x12%'`)).rowCount!)

  const full = await made({ filter: {}, columns: ['email'] })
  expect((await fetchFile(full.id, 'user')).statusCode).toBe(404)
  await ctx.pool.query(`update exports set created_by = (select id from users where role = 'user') where id = $1`, [
    full.id,
  ])
  expect((await fetchFile(full.id, 'user')).statusCode).toBe(404)
  expect((await list('user')).map((e) => e.is_masked)).not.toContain(false)
  expect((await list('user')).some((e) => e.id === id)).toBe(true)
})

test('every export and every download is in the audit trail, with the reason and without the search text', async () => {
  const { id } = await made({ filter: { q: 'x77@example.com' }, columns: ['name'], reason: 'Asked for their data' })
  const { rows } = await ctx.pool.query<{
    action: string
    reason: string | null
    after: { filter?: object } | null
    actor_id: string | null
  }>('select action, reason, after, actor_id from audit_log where entity_id = $1 order by id', [id])
  expect(rows.map((r) => [r.action, r.reason])).toEqual([
    ['customers.exported', 'Asked for their data'],
    ['export.downloaded', null],
  ])
  expect(rows[0]?.after?.filter).toEqual({ q: '(given)' })
  expect(rows.every((r) => r.actor_id !== null)).toBe(true)
})

test('the file is only for us, is gone after a day, and says so; it can be removed before', async () => {
  const { id } = await made({ filter: { state: ['NY'] }, columns: ['name'] })
  const file = (await ctx.pool.query<{ path: string }>('select path from exports where id = $1', [id])).rows[0]!.path
  expect(statSync(file).mode & 0o077).toBe(0)
  expect((await row(id)).expires_at).toBe('2026-11-24T18:00:00.000Z')
  await ctx.pool.query('update exports set expires_at = $2 where id = $1', [id, now])
  const gone = await fetchFile(id)
  expect(gone.json()).toMatchObject({ status: 410, detail: expect.stringContaining('Make the export again') as string })
  expect((await row(id)).status).toBe('expired')
  expect(existsSync(file)).toBe(true)
  await expireExports(ctx)
  expect(existsSync(file)).toBe(false)

  const other = await made({ filter: {}, columns: ['name'] })
  const path = (await ctx.pool.query<{ path: string }>('select path from exports where id = $1', [other.id])).rows[0]!
    .path
  expect((await as('user')({ method: 'DELETE', url: `/api/v1/exports/${other.id}` })).statusCode).toBe(404)
  expect((await as('manager')({ method: 'DELETE', url: `/api/v1/exports/${other.id}` })).statusCode).toBe(204)
  expect(existsSync(path)).toBe(false)
  expect((await fetchFile(other.id)).statusCode).toBe(410)
})

test('an export that was stopped leaves no file, and one that was cut off is written anew', async () => {
  const stopped = (await start({ filter: {} })).json<Job>()
  await as('manager')({ method: 'POST', url: `/api/v1/jobs/${stopped.id}/cancel` })
  await finishJob(ctx, stopped)
  const entry = (await list())[0]!
  expect(entry).toMatchObject({ status: 'cancelled', rows: null })
  expect((await fetchFile(entry.id)).statusCode).toBe(409)

  const cut = (await start({ filter: { state: ['NY'] }, columns: ['name'] })).json<Job>()
  // What a killed worker leaves behind: a running job without a runner, half a file.
  await ctx.pool.query(`update jobs set status = 'running' where id = $1`, [cut.id])
  expect(await resultOf(ctx, cut)).toMatchObject({ rows: 2500 })
  expect((await fetchFile((await list())[0]!.id)).body.split('\r\n')).toHaveLength(2502)
})

test('times in the file are those of the zone the shop is in', async () => {
  expect((await readSetting(ctx.pool, 'shop')).time_zone).toBe('America/New_York')
})
