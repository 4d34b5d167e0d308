import { readFileSync } from 'node:fs'
import { strFromU8, unzipSync } from 'fflate'
import { expect, test } from 'vitest'
import type { PersonalData } from '#contract/personal-data.ts'
import type { PersonalDataFile } from '#core/knowledge/personal-data.ts'
import { testApp } from '#test/app.ts'
import { former, leaveTraces, person } from '#test/known-person.ts'
import { erasing, scrubbed, scrubbedText } from '../erasure-tables.ts'
import { told, untold } from '../personal-data-tables.ts'
import { expireExports } from './exports.ts'

let now = new Date('2026-11-23T18:00:00Z')
const app = await testApp({ clock: () => now })
const { ctx, as } = app
await ctx.pool.query(
  `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
)
const known = await leaveTraces(app)
const make = async (id: string, role: 'manager' | 'user' = 'manager') =>
  as(role)({ method: 'POST', url: `/api/v1/customers/${id}/personal-data` })
const fetched = async (id: string) => as('manager')({ method: 'GET', url: `/api/v1/personal-data/${id}` })
const opened = (raw: Buffer): { page: string; data: PersonalDataFile } => {
  const files = unzipSync(new Uint8Array(raw))
  return {
    page: strFromU8(files['your-data.html']!),
    data: JSON.parse(strFromU8(files['data.json']!)) as PersonalDataFile,
  }
}

test('every table that knows a person is told, or says why not', async () => {
  const { rows } = await ctx.pool.query<{ name: string }>(
    `select distinct c.relname as name from pg_class as c join pg_attribute as a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attname = 'customer_id' and not a.attisdropped`,
  )
  const personal = new Set([
    ...[...erasing, ...scrubbed, ...scrubbedText].map(([table]) => table),
    ...rows.map((r) => r.name),
  ])
  const entered = new Set([...told.map((t) => t.table), ...Object.keys(untold)])
  expect(
    [...personal].filter((table) => !entered.has(table)),
    'enter new tables in server/personal-data-tables.ts',
  ).toEqual([])
  expect(told.map((t) => t.table).filter((table) => table in untold)).toEqual([])
})

test('one archive holds all of one person and nothing of another, for people and for machines', async () => {
  await ctx.pool.query(
    `insert into customers (external_id, email, name) values ('OTHER-1', 'other.person@example.org', 'Other Person')`,
  )
  await ctx.pool.query(`update customers set name = 'Zelda <img src=x onerror=alert(1)> Quimby' where id = $1`, [
    known.id,
  ])
  expect((await make(known.id, 'user')).statusCode).toBe(403)
  const made = await make(known.id)
  expect(made.statusCode, made.body).toBe(201)
  const { id, file_name, expires_at } = made.json<PersonalData>()
  expect(file_name).toBe('personal-data-2026-11-23.zip')
  expect(expires_at).toBe('2026-11-24T18:00:00.000Z')
  const answer = await fetched(id)
  expect(answer.headers).toMatchObject({
    'content-type': 'application/zip',
    'content-disposition': 'attachment; filename="personal-data-2026-11-23.zip"',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  const { page, data } = opened(answer.rawPayload)
  const rows = Object.fromEntries(data.tables.map((t) => [t.table, t.rows.length]))
  // Whatever the database holds of them by id is there, row by row.
  const { rows: byId } = await ctx.pool.query<{ name: string }>(
    `select c.relname as name from pg_class as c join pg_attribute as a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'customer_id' and not c.relispartition`,
  )
  for (const { table } of told.filter((t) => t.table !== 'bulk_items' && byId.some((r) => r.name === t.table))) {
    const { rows: found } = await ctx.pool.query<{ n: number }>(
      `select count(*)::int as n from ${table} as t where t.customer_id = any($1::uuid[])`,
      [[known.id, known.formerId]],
    )
    expect(rows[table], table).toBeGreaterThanOrEqual(found[0]!.n)
  }
  for (const table of [
    'customers',
    'orders',
    'consents',
    'signups',
    'sends',
    'delivery_attempts',
    'sandbox_messages',
    'analytics_events',
    'suppressions',
    'customer_preferences',
    'customer_scores',
    'segment_members',
    'webhook_inbox',
    'customer_merges',
    'audit_log',
  ])
    expect(rows[table], table).toBeGreaterThan(0)
  for (const text of [JSON.stringify(data), page]) {
    for (const word of [
      person.email,
      former.email,
      person.phone,
      person.address,
      'LOYALTY-70117',
      'Form signed by',
      '203.0.113.77',
    ])
      expect(text, word).toContain(word)
    expect(text).not.toMatch(/other\.person|OTHER-1/)
  }
  expect(page).not.toMatch(/<img|<script/)
  expect(page).toContain("default-src 'none'")
  // Staff are people as well: what they did is told, not who of them it was.
  expect(JSON.stringify(data)).not.toContain('@shop.test"')
  const { rows: trail } = await ctx.pool.query<{ action: string }>(
    `select action from audit_log where entity_id = $1 and action like 'customer.data_%' order by id`,
    [known.id],
  )
  expect(trail.map((l) => l.action)).toEqual(['customer.data_exported', 'customer.data_downloaded'])
})

test('it cannot be fetched by others, as another kind of export, after a day, or once somebody was erased', async () => {
  const { id } = (await make(known.id)).json<PersonalData>()
  expect((await as('user')({ method: 'GET', url: `/api/v1/personal-data/${id}` })).statusCode).toBe(403)
  expect((await as('admin')({ method: 'GET', url: `/api/v1/exports/${id}` })).statusCode).toBe(404)
  expect((await fetched(known.exportId)).statusCode).toBe(404)
  const { rows } = await ctx.pool.query<{ path: string }>('select path from exports where id = $1', [id])
  expect(readFileSync(rows[0]!.path).length).toBeGreaterThan(1000)
  now = new Date('2026-11-24T18:00:01Z')
  expect((await fetched(id)).statusCode).toBe(410)
  await expireExports(ctx)
  expect(() => readFileSync(rows[0]!.path)).toThrow('ENOENT')

  const again = (await make(known.id)).json<PersonalData>()
  expect((await make(known.formerId)).json()).toMatchObject({ status: 409 })
  expect((await make('0199f5ce-0000-7000-8000-000000000000')).statusCode).toBe(404)
  await as('manager')({
    method: 'POST',
    url: `/api/v1/customers/${known.id}/erase`,
    payload: { reason: 'customer_request' },
  })
  expect((await fetched(again.id)).json()).toMatchObject({ status: 410, detail: expect.stringContaining('withdrawn') })
  expect((await make(known.id)).json()).toMatchObject({ status: 409 })
})
