import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Customer } from '#contract/knowledge.ts'
import type { Job } from '#contract/common.ts'
import { exportJob } from '#server/knowledge/export-run.ts'
import { runImport } from '#server/knowledge/import/run.ts'
import { testApp } from './app.ts'
import { resultOf } from './jobs.ts'
import { tracesIn } from './find-traces.ts'
import { former, leaveTraces, person, traces } from './known-person.ts'
import { systemActor } from '#server/audit.ts'
import { erasing, holdsNobody, scrubbed, scrubbedText } from '#server/erasure-tables.ts'
import { addressHash } from '#server/suppression.ts'

const app = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const { ctx, as } = app
const manager = as('manager')

const findTraces = (words: readonly string[]): Promise<string[]> => tracesIn(ctx.pool, words)
async function count(sql: string, ...values: unknown[]): Promise<number> {
  return (await ctx.pool.query<{ n: number }>(`select count(*) as n from ${sql}`, values)).rows[0]!.n
}
const erase = (id: string, role: 'manager' | 'user' = 'manager') =>
  as(role)({ method: 'POST', url: `/api/v1/customers/${id}/erase`, payload: { reason: 'customer_request' } })

test('every table of the schema is on one of the lists: what erasing does to it, or that it holds nobody', async () => {
  const { rows } = await ctx.pool.query<{ name: string }>(
    `select c.relname as name from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
  )
  const known = new Set([...erasing, ...scrubbed, ...scrubbedText].map(([table]) => table).concat(holdsNobody))
  expect(
    rows.map((r) => r.name).filter((name) => !known.has(name)),
    'enter new tables in server/erasure-tables.ts',
  ).toEqual([])
  expect([...known].filter((name) => !rows.some((r) => r.name === name))).toEqual([])
})

test('an erased person is in no table and in no file, and what the shop counts stays as it was', async () => {
  await ctx.pool.query(
    `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
  )
  const known = await leaveTraces(app)
  const before = await findTraces(traces)
  // The person really is everywhere: otherwise the search below would prove nothing.
  const tables = new Set(before.map((t) => t.split('.')[0]))
  for (const table of [
    'customers',
    'consents',
    'sends',
    'delivery_attempts',
    'sandbox_messages',
    'analytics_events',
    'webhook_inbox',
    'audit_log',
    'idempotency_keys',
    'jobs',
    'imports',
    'exports',
    'views',
    'segments',
    'segment_versions',
    'suppressions',
    'customer_merges',
    'bulk_items',
  ])
    expect(tables, table).toContain(table)
  const revenue = await count('orders as o where o.total_cents = 2500')
  const events = await count('analytics_events as e where e.customer_id = $1', known.id)

  expect((await erase(known.id, 'user')).statusCode).toBe(403)
  const answer = await erase(known.id)
  expect(answer.statusCode, answer.body).toBe(204)

  expect(await findTraces(traces)).toEqual([])
  expect(await count('customer_scores as s where s.customer_id = $1', known.id)).toBe(0)
  expect(existsSync(known.exportPath)).toBe(false)
  expect(existsSync(known.rejectsPath)).toBe(false)
  for (const file of readdirSync(ctx.config.dataDir, { recursive: true, encoding: 'utf8', withFileTypes: true }))
    if (file.isFile())
      expect(readFileSync(path.join(file.parentPath, file.name), 'utf8').toLowerCase()).not.toMatch(
        /quimby|zq1971|736-9911/,
      )

  expect(await count('orders as o where o.total_cents = 2500')).toBe(revenue)
  expect(await count('orders as o where o.customer_id = $1', known.id)).toBe(3)
  expect(await count('analytics_events as e where e.customer_id = $1', known.id)).toBe(events)
  const { rows: sends } = await ctx.pool.query<{ id: string; status: string; refused_by: string | null }>(
    'select id, status, refused_by from sends where customer_id = $1 order by id',
    [known.id],
  )
  expect(sends).toEqual([
    { id: known.sendId, status: 'bounced', refused_by: null },
    { id: known.pendingSendId, status: 'cancelled', refused_by: 'person-erased' },
  ])
  const { rows: kept } = await ctx.pool.query<{ properties: object }>(
    `select properties from analytics_events where customer_id = $1 and event_type = 'bounce'`,
    [known.id],
  )
  expect(kept).toEqual([{ properties: { class: 'hard' } }])
  // Who did what and when stays in the trail, and that the person was erased.
  const { rows: trail } = await ctx.pool.query<{ action: string; after: object | null }>(
    `select action, after from audit_log where entity_id = $1 order by id`,
    [known.id],
  )
  expect(trail.map((l) => l.action)).toEqual(
    expect.arrayContaining(['customer.created', 'customer.merged', 'customer.suppressed']),
  )
  expect(trail.at(-1)).toEqual({ action: 'customer.erased', after: { reason: 'customer_request' } })
})

test('nothing of it can be brought back, and erasing again changes nothing', async () => {
  const { rows } = await ctx.pool.query<{ id: string; merge: string; former: string }>(
    'select m.kept_id as id, m.id as merge, m.merged_id as former from customer_merges as m',
  )
  const { id, merge, former: formerId } = rows[0]!
  expect((await manager({ method: 'POST', url: `/api/v1/customers/${id}/restore` })).json()).toMatchObject({
    status: 409,
    detail: expect.stringContaining('erased') as string,
  })
  expect((await manager({ method: 'POST', url: `/api/v1/merges/${merge}/undo` })).statusCode).toBe(409)
  expect((await erase(id)).statusCode).toBe(204)
  expect((await erase(formerId)).json()).toMatchObject({ status: 409 })
  expect((await erase('01900000-0000-7000-8000-000000000000')).statusCode).toBe(404)
  const shown = (await manager({ method: 'GET', url: `/api/v1/customers/${id}` })).json<Customer>()
  expect(shown).toMatchObject({ name: null, email: null, tags: [], scores: null, raw_data: null, segments: [] })
  expect(shown.erased_at).not.toBeNull()
  for (const query of ['', 'deleted=true'])
    expect(
      (await manager({ method: 'GET', url: `/api/v1/customers?${query}` }))
        .json<{ data: { id: string }[] }>()
        .data.map((c) => c.id),
    ).not.toContain(id)
  expect(await count(`audit_log as l where l.action = 'customer.erased'`)).toBe(1)
})

test('who comes back with a file is a new customer whom nobody writes to, whatever the file says', async () => {
  const csv = `email,phone,name,birth_date,email_consent,sms_consent,consent_source,consent_date\n${person.email},${person.phone},${person.name},1971-02-13,yes,yes,shop,2026-11-01\n${former.email},,Z Q,,yes,,shop,2026-11-01\n`
  const result = await runImport(ctx, {
    kind: 'customers',
    source: 'again.csv',
    stream: [csv] as never,
    actor: systemActor,
  })
  expect(result).toMatchObject({ rows_new: 2, rows_rejected: 0 })
  for (const email of [person.email, former.email]) {
    const { data } = (await manager({ method: 'GET', url: `/api/v1/customers?q=${encodeURIComponent(email)}` })).json<{
      data: Customer[]
    }>()
    const customer = (await manager({ method: 'GET', url: `/api/v1/customers/${data[0]!.id}` })).json<Customer>()
    expect(customer.email_consent).toBe('denied')
    expect(customer.contactability.every((c) => !c.can_contact)).toBe(true)
    expect(customer.contactability[0]!.reasons[0]).toMatchObject({
      rule_id: 'person-suppressed',
      summary: 'The customer asked for erasure.',
    })
    const again = await manager({
      method: 'POST',
      url: `/api/v1/customers/${customer.id}/consents`,
      payload: { channel: 'email', status: 'granted', source: 'shop' },
    })
    expect(again.json()).toMatchObject({ code: 'consent.suppressed' })
  }
  const { rows } = await ctx.pool.query<{ id: string; customer_id: string | null; reason: string }>(
    'select s.id, s.customer_id, s.reason from suppressions as s where s.address_hash = any($1)',
    [
      [
        addressHash(ctx.config, 'email', person.email),
        addressHash(ctx.config, 'email', former.email),
        addressHash(ctx.config, 'sms', person.phone),
        addressHash(ctx.config, 'sms', former.phone),
      ],
    ],
  )
  // Manual entries and bounces became erasures, so that nobody can lift them.
  expect(rows.map((r) => [r.reason, r.customer_id])).toEqual(Array.from({ length: 4 }, () => ['erased', null]))
  expect(
    (await manager({ method: 'DELETE', url: `/api/v1/suppressions/${rows[0]!.id}`, payload: { note: 'please' } }))
      .statusCode,
  ).toBe(409)
})

test('an admin erases many at once, those who were deleted as well, and the job says how many', async () => {
  await ctx.pool.query(
    `insert into customers (external_id, email, name, tags, deleted_at) select 'E' || i, 'erase' || i || '@example.net', 'Erased Person' || i, '{leavers}', case when i % 2 = 0 then now() end from generate_series(1, 250) as i`,
  )
  const ids = (await ctx.pool.query<{ id: string }>(`select id from customers where tags = '{leavers}'`)).rows.map(
    (r) => r.id,
  )
  const answer = await as('admin')({
    method: 'POST',
    url: '/api/v1/customers/bulk',
    payload: { action: 'erase', reason: 'no_longer_needed', expected: 250, ids },
  })
  expect(answer.statusCode, answer.body).toBe(202)
  const job = answer.json<Job>()
  expect(await resultOf(ctx, job)).toEqual({ matched: 250, changed: 250, same: 0 })
  expect(await findTraces(['erase1@example.net', 'erase250@example.net', 'erased person', '@example.net'])).toEqual([])
  expect(
    await count(`audit_log as l where l.action = 'customer.erased' and l.after ->> 'reason' = 'no_longer_needed'`),
  ).toBe(250)
  expect(await count(`suppressions as s where s.reason = 'erased' and s.customer_id is null`)).toBeGreaterThanOrEqual(
    250,
  )
  expect((await as('admin')({ method: 'POST', url: `/api/v1/jobs/${job.id}/undo` })).json()).toMatchObject({
    status: 409,
    detail: expect.stringContaining('it has no undo') as string,
  })
})

test('a file that was being written while somebody in it was erased is not given out', async () => {
  const made = await manager({
    method: 'POST',
    url: '/api/v1/customers',
    payload: { email: 'late@example.com', name: 'Late Leaver' },
  })
  const started = await manager({
    method: 'POST',
    url: '/api/v1/customers/bulk',
    payload: { action: 'export', filter: {}, reason: 'Mailing house' },
  })
  const job = started.json<Job>()
  const { rows } = await ctx.pool.query<{ input: Record<string, unknown> }>('select input from jobs where id = $1', [
    job.id,
  ])
  const running = exportJob(ctx, rows[0]!.input, {
    jobId: job.id,
    actor: systemActor,
    signal: new AbortController().signal,
    // The erasure comes between the snapshot of the export and its end.
    progress: async () => void (await erase(made.json<Customer>().id)),
  })
  await expect(running).rejects.toThrow(/Make the export again/)
  expect(await count(`exports as e where e.job_id = $1 and e.status = 'ready'`, job.id)).toBe(0)
  expect(readdirSync(path.join(ctx.config.dataDir, 'exports'))).toEqual([])
})
