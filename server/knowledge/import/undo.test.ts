import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Import } from '#contract/imports.ts'
import type { ImportKind } from '#core/knowledge/columns.ts'
import { withTx } from '#db/pool.ts'
import { systemActor } from '#server/audit.ts'
import { runJob, startJob } from '#server/background.ts'
import type { Ctx } from '#server/context.ts'
import { appendEvents } from '#server/events.ts'
import { rebuildRollups } from '#server/rollups.ts'
import { jobHandlers } from '#server/jobs.ts'
import { testApp } from '#test/app.ts'
import { addressHash } from '../../suppression.ts'
import type { ImportRequest } from './request.ts'
import { runImport } from './run.ts'
import { forgetOldImports } from './undo.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const manager = as('manager')

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}
const run = async (kind: ImportKind, text: string, more: Partial<ImportRequest> = {}): Promise<string> =>
  (await runImport(ctx, { kind, source: 'x.csv', actor: systemActor, stream: once(text), ...more })).import_id
const read = async (id: string): Promise<Import> =>
  (await manager({ method: 'GET', url: `/api/v1/imports/${id}` })).json<Import>()

/** Asks for it as the page does, lets a worker do it, and says what came of it. */
async function undo(id: string): Promise<Import['undo']['result']> {
  const asked = await manager({ method: 'POST', url: `/api/v1/imports/${id}/undo` })
  expect(asked.statusCode, asked.body).toBe(202)
  const { job_id } = asked.json<Import>().undo
  await runJob(ctx, job_id ?? '', jobHandlers, new AbortController().signal)
  const done = await read(id)
  expect(done.undo).toMatchObject({ is_running: false, undone_at: expect.any(String) as string })
  return done.undo.result
}
async function all<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
  return (await ctx.pool.query<T>(sql, values)).rows
}
/** Everything stored about people, orders and products, with the version of each row. */
async function everything(context: Ctx = ctx): Promise<unknown> {
  const parts: Record<string, unknown> = {}
  for (const table of ['customers', 'consents', 'orders', 'order_items', 'products', 'suppressions', 'import_before'])
    parts[table] = (
      await context.pool.query(`select to_jsonb(t) as row from ${table} as t order by to_jsonb(t)::text`)
    ).rows
  return parts
}
const nothing = {
  removed: 0,
  restored: 0,
  kept_changed: 0,
  kept_added: 0,
  opt_outs_kept: 0,
  customers_removed: 0,
  products_removed: 0,
}

beforeEach(async () => {
  await ctx.pool.query(
    'truncate customers, consents, products, suppressions, import_before, analytics_events, event_keys, rollup_hourly cascade',
  )
})

describe('customers', () => {
  test('what was added goes, what was changed is as before to the version, and the same file can come again', async () => {
    await run('customers', 'customer id,email,name,tags\nA,a@x.test,Ann,vip\nB,b@x.test,Bob,\n')
    const before = await everything()
    const file =
      'customer id,email,name,tags,state,email opt-in,consent source,consent date\nA,a2@x.test,Anna,vip;wine,TX,yes,till,2026-01-05\nB,b@x.test,Bob,,,yes,till,2026-01-05\nC,c@x.test,Cat,,,yes,till,2026-01-05\n'
    const id = await run('customers', file)
    expect(await all('select email, name, state, email_consent from customers order by external_id')).toMatchObject([
      { email: 'a2@x.test', name: 'Anna', state: 'TX', email_consent: 'granted' },
      { email: 'b@x.test' },
      { email: 'c@x.test' },
    ])
    expect(await undo(id)).toEqual({ ...nothing, removed: 1, restored: 2 })
    expect(await everything()).toEqual(before)
    const again = await read(await run('customers', file))
    expect([again.rows_new, again.rows_changed, again.rows_rejected]).toEqual([1, 2, 0])
  })

  test('undone in the order they came, the last one first, two imports leave what was before both', async () => {
    await run('customers', 'customer id,name\nA,One\n')
    const before = await everything()
    const first = await run('customers', 'customer id,name\nA,Two\nB,New\n')
    const second = await run('customers', 'customer id,name\nA,Three\nB,Newer\n')
    expect(await undo(second)).toEqual({ ...nothing, restored: 2 })
    expect(await undo(first)).toEqual({ ...nothing, restored: 1, removed: 1 })
    expect(await everything()).toEqual(before)
  })

  test('what somebody changed or used since stays and is counted', async () => {
    await run('customers', 'customer id,email,name\nA,a@x.test,Ann\nB,b@x.test,Bob\n')
    const id = await run(
      'customers',
      'customer id,email,name\nA,a@x.test,Anna\nB,b@x.test,Bobby\nC,c@x.test,Cat\nD,d@x.test,Dan\nE,e@x.test,Eve\nF,f@x.test,Fay\n',
    )
    const ids = Object.fromEntries(
      (await all<{ external_id: string; id: string }>('select external_id, id from customers')).map((c) => [
        c.external_id,
        c.id,
      ]),
    )
    for (const [who, name] of [
      ['A', 'Annie'],
      ['C', 'Cathy'],
    ] as const) {
      const changed = await manager({ method: 'PATCH', url: `/api/v1/customers/${ids[who]}`, payload: { name } })
      expect(changed.statusCode, changed.body).toBe(200)
    }
    // D bought something, E got a plan, F nothing.
    await ctx.pool.query(
      `insert into orders (external_id, customer_id, ordered_at, total_cents) values ('O1', $1, now(), 100)`,
      [ids['D']],
    )
    await ctx.pool.query(
      `with c as (insert into campaigns (name, start_date, end_date) values ('w', '2026-11-23', '2026-11-29') returning id)
       insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer, scheduled_date) select c.id, $1, 's', 1, 'r', '{}', '2026-11-24' from c`,
      [ids['E']],
    )
    expect(await undo(id)).toEqual({ ...nothing, removed: 1, restored: 1, kept_changed: 1, kept_added: 3 })
    expect(await all('select external_id, name from customers order by 1')).toEqual([
      { external_id: 'A', name: 'Annie' },
      { external_id: 'B', name: 'Bob' },
      { external_id: 'C', name: 'Cathy' },
      { external_id: 'D', name: 'Dan' },
      { external_id: 'E', name: 'Eve' },
    ])
  })

  test('a no that came with the file is never taken back, whoever it belongs to', async () => {
    await run(
      'customers',
      'email,name,email opt-in,consent source,consent date\na@x.test,Ann,yes,till,2026-01-05\nb@x.test,Bob,,,\n',
    )
    const id = await run('customers', 'email,name,email opt-in\na@x.test,Anna,no\nc@x.test,Cat,no\n')
    expect(await undo(id)).toEqual({ ...nothing, removed: 1, restored: 1, opt_outs_kept: 2 })
    expect(await all('select email, name, email_consent from customers order by email')).toEqual([
      { email: 'a@x.test', name: 'Ann', email_consent: 'denied' },
      { email: 'b@x.test', name: 'Bob', email_consent: 'unknown' },
    ])
    // The stranger is gone, the address stays closed: another file with a yes does not open it.
    expect(await all('select address_hash, customer_id from suppressions')).toEqual([
      { address_hash: addressHash(ctx.config, 'email', 'c@x.test'), customer_id: null },
    ])
    await run('customers', 'email,email opt-in,consent source,consent date\nc@x.test,yes,web,2026-11-01\n')
    expect(await all(`select email_consent from customers where email = 'c@x.test'`)).toEqual([
      { email_consent: 'denied' },
    ])
  })

  test('a former email that belongs to somebody else by now stays with them', async () => {
    await run('customers', 'customer id,email\nA,old@x.test\nB,b@x.test\n')
    const id = await run('customers', 'customer id,email,name\nA,new@x.test,\nB,b@x.test,Bob\n')
    await run('customers', 'customer id,email\nZ,old@x.test\n')
    expect(await undo(id)).toEqual({ ...nothing, restored: 1, kept_changed: 1 })
    expect(await all('select external_id, email, name from customers order by 1')).toEqual([
      { external_id: 'A', email: 'new@x.test', name: null },
      { external_id: 'B', email: 'b@x.test', name: null },
      { external_id: 'Z', email: 'old@x.test', name: null },
    ])
  })

  test('any file over any customers, undone, leaves what was before', async () => {
    let undone = 0
    const cell = (...values: string[]) => fc.constantFrom('', ...values)
    const row = fc.record({
      external_id: cell('A', 'B', 'C'),
      email: fc.constantFrom('a@x.test', 'b@x.test', 'c@x.test', 'd@x.test', 'e@x.test'),
      phone: cell('+12175550101', '+12175550102', '+12175550103'),
      name: cell('Ann', 'Bob O"Hara', 'Zoë, the 2nd'),
      state: cell('TX', 'IL'),
      zip: cell('62701', '75001'),
      tags: cell('vip', 'wine;vip'),
      birth_date: cell('1980-01-01', '1975-05-05'),
      consent: cell('yes'),
    })
    const fields = ['external_id', 'email', 'phone', 'name', 'state', 'zip', 'tags', 'birth_date', 'consent'] as const
    const file = (rows: Record<string, string>[]): string =>
      `customer id,email,phone,name,state,zip,tags,birth date,email opt-in,consent source,consent date\n${rows
        .map((r) => [...fields.map((f) => `"${r[f]!.replaceAll('"', '""')}"`), 'till', '2026-01-05'].join())
        .join('\n')}\n`
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 6 }), fc.array(row, { minLength: 1, maxLength: 6 }), async (a, b) => {
        await ctx.pool.query('truncate customers, consents, import_before cascade')
        if (a.length > 0) await run('customers', file(a))
        await ctx.pool.query('truncate import_before')
        const before = await everything()
        const id = await run('customers', file(b))
        if ((await read(id)).undo.refusal === null) {
          await undo(id)
          undone++
        }
        expect(await everything()).toEqual(before)
      }),
      { numRuns: 25 },
    )
    expect(undone).toBeGreaterThan(10)
  }, 120_000)
})

describe('orders', () => {
  const header = 'order id,email,date,sku,product,category,quantity,line total\n'
  test('added orders, customers and products go, changed orders get items and sums back', async () => {
    await run('customers', 'email\na@x.test\n')
    await run(
      'orders',
      `${header}O1,a@x.test,2026-11-01,S1,Oak,Bourbon,1,30.00\nO1,a@x.test,2026-11-01,S2,Rye,Rye,1,20.00\n`,
    )
    await ctx.pool.query('truncate import_before')
    const before = await everything()
    const id = await run(
      'orders',
      `${header}O1,a@x.test,2026-11-01,S1,Oak,Bourbon,2,60.00\nO1,a@x.test,2026-11-01,S3,Gin,Gin,1,25.00\nO2,new@x.test,2026-11-02,S1,Oak,Bourbon,1,30.00\n`,
      { createCustomers: true },
    )
    expect(await all('select external_id, total_cents from orders order by 1')).toEqual([
      { external_id: 'O1', total_cents: 10_500 },
      { external_id: 'O2', total_cents: 3000 },
    ])
    expect(await undo(id)).toEqual({
      ...nothing,
      removed: 1,
      restored: 1,
      customers_removed: 1,
      products_removed: 1,
    })
    expect(await everything()).toEqual(before)
  })

  test('with an order goes what it earned: the rollup equals a recount, the send is as if nobody had bought', async () => {
    await run('customers', 'email\na@x.test\n')
    const [customer] = await all<{ id: string }>('select id from customers')
    const [send] = await all<{ id: string; campaign_id: string }>(
      `with c as (insert into campaigns (name, status, start_date, end_date) values ('w', 'active', '2026-11-16', '2026-11-22') returning id),
       a as (insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer, scheduled_date, status)
             select c.id, $1, 's', 1, 'r', '{}', '2026-11-18', 'sent' from c returning id, campaign_id)
       insert into sends (id, action_id, customer_id, campaign_id, channel, recipient, due_at, window_end, status, sent_at)
       select uuidv7_at('2026-11-18T15:00Z'), a.id, $1, a.campaign_id, 'email', 'a@x.test', '2026-11-18T15:00Z', '2026-11-18T20:00Z', 'sent', '2026-11-18T15:00Z' from a
       returning id, campaign_id`,
      [customer!.id],
    )
    await appendEvents(ctx.pool, [
      {
        type: 'click',
        at: new Date('2026-11-18T16:00:00Z'),
        customerId: customer!.id,
        sendId: send!.id,
        campaignId: send!.campaign_id,
        channel: 'email',
        machine: false,
      },
    ])
    const orders = (lines: string): Promise<string> =>
      run('orders', `order id,email,date,total\n${lines}`).then(async (id) => {
        const job = await startJob(ctx, systemActor, 'follow_orders', {})
        await runJob(ctx, job.id, jobHandlers, new AbortController().signal)
        return id
      })
    await orders('K1,a@x.test,2026-11-19 12:00,50.00\n')
    const told = async (): Promise<unknown> => ({
      sends: await all('select converted_at, conversion_cents from sends'),
      rollup: await all(
        'select hour, event_type, events, value_cents from rollup_hourly where events > 0 order by 1, 2',
      ),
      campaigns: await all('select conversions, revenue_cents from campaigns where id = $1', [send!.campaign_id]),
      events: await all('select event_type, value_cents from analytics_events order by 1, 2'),
      keys: await all<{ key: string }>('select count(*)::int as keys from event_keys'),
    })
    const before = await told()
    const id = await orders('K2,a@x.test,2026-11-19 14:00,70.00\nK3,a@x.test,2026-11-19 15:30,10.00\n')
    expect(await all('select conversion_cents from sends')).toEqual([{ conversion_cents: 13_000 }])
    expect(await undo(id)).toEqual({ ...nothing, removed: 2 })
    expect(await told()).toEqual(before)
    await withTx(ctx.pool, rebuildRollups)
    expect(await told()).toEqual(before)
  })

  test('an order that somebody changed since stays', async () => {
    await run('customers', 'email\na@x.test\n')
    const id = await run(
      'orders',
      'order id,email,date,total\nK1,a@x.test,2026-11-19,50.00\nK2,a@x.test,2026-11-19,60.00\n',
    )
    await run('orders', 'order id,email,date,total\nK1,a@x.test,2026-11-19,55.00\n')
    expect(await undo(id)).toEqual({ ...nothing, removed: 1, kept_added: 1 })
    expect(await all('select external_id, total_cents from orders')).toEqual([{ external_id: 'K1', total_cents: 5500 }])
  })
})

test('products: prices go back, new ones go unless they were bought', async () => {
  await run('products', 'sku,name,price,category\nS1,Oak,30,Bourbon\n')
  const id = await run('products', 'sku,name,price,category\nS1,Oak,35,Bourbon\nS2,Rye,20,Rye\nS3,Gin,25,Gin\n')
  await run('customers', 'email\na@x.test\n')
  await run(
    'orders',
    'order id,email,date,sku,product,category,quantity,line total\nO1,a@x.test,2026-11-01,S3,Gin,Gin,1,25.00\n',
  )
  expect(await undo(id)).toEqual({ ...nothing, removed: 1, restored: 1, kept_added: 1 })
  expect(await all('select sku, price_cents from products order by 1')).toEqual([
    { sku: 'S1', price_cents: 3000 },
    { sku: 'S3', price_cents: 2500 },
  ])
})

test('consents: a yes of the list is taken back, a no stays, and what was said later counts', async () => {
  await run('customers', 'email\na@x.test\nb@x.test\nc@x.test\n')
  const id = await run(
    'consents',
    'email,channel,status,source,date\na@x.test,email,yes,till,2026-01-05\nb@x.test,email,no,,2026-01-05\nc@x.test,email,yes,till,2026-01-05\n',
  )
  await run('consents', 'email,channel,status,source,date\nc@x.test,email,yes,web,2026-02-05\n')
  expect(await undo(id)).toMatchObject({ restored: 1, kept_changed: 1, removed: 2 })
  expect(await all('select email, email_consent from customers order by 1')).toEqual([
    { email: 'a@x.test', email_consent: 'unknown' },
    { email: 'b@x.test', email_consent: 'denied' },
    { email: 'c@x.test', email_consent: 'granted' },
  ])
  expect(await all('select status, source from consents order by given_at')).toEqual([
    { status: 'denied', source: 'import' },
    { status: 'granted', source: 'web' },
  ])
})

describe('what cannot be undone says why', () => {
  const refusal = async (importId: string): Promise<[number, string]> => {
    const answer = await manager({ method: 'POST', url: `/api/v1/imports/${importId}/undo` })
    return [answer.statusCode, answer.json<{ detail: string }>().detail]
  }
  test('a check, a list of addresses not to write to, an import without effect, seven days, twice', async () => {
    expect(await refusal(await run('customers', 'email\nz@x.test\n', { dryRun: true }))).toEqual([
      409,
      'This was a check; nothing was stored.',
    ])
    const closed = await run('suppressions', 'email\nz@x.test\n')
    expect((await refusal(closed))[1]).toMatch(/those people said no/)
    await run('customers', 'email\nb@x.test\n')
    expect((await refusal(await run('customers', 'email\nb@x.test\n')))[1]).toBe('This import changed nothing.')
    const id = await run('customers', 'email\na@x.test\n')
    await ctx.pool.query(`update imports set undo_until = now() - interval '1 second' where id = $1`, [id])
    expect((await refusal(id))[1]).toMatch(/seven days; they are over/)
    expect((await read(id)).undo.refusal).toMatch(/seven days/)
    await ctx.pool.query('update imports set undo_until = null where id = $1', [id])
    expect((await refusal(id))[1]).toMatch(/older than undoing/)
    const other = await run('customers', 'email\nc@x.test\n')
    await undo(other)
    expect((await refusal(other))[1]).toBe('This import is undone already.')
    expect((await as('user')({ method: 'POST', url: `/api/v1/imports/${other}/undo` })).statusCode).toBe(403)
  })
  test('what is kept for it is forgotten after seven days, and not before', async () => {
    await run('customers', 'email,name\na@x.test,Ann\n')
    const changed = await run('customers', 'email,name\na@x.test,Anna\n')
    expect(await forgetOldImports(ctx)).toBe(0)
    await ctx.pool.query(`update imports set undo_until = now() - interval '1 second' where id = $1`, [changed])
    expect(await forgetOldImports(ctx)).toBe(1)
  })
})

test('an undo that is cut off goes on where it stopped, and counts each row once', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => `p${i}@x.test,Old`).join('\n')
  await run('customers', `email,name\n${rows}\n`)
  await ctx.pool.query('truncate import_before')
  const before = await everything()
  const more = Array.from({ length: 7000 }, (_, i) => `p${i}@x.test,New`).join('\n')
  const id = await run('customers', `email,name\n${more}\n`)
  const asked = await manager({ method: 'POST', url: `/api/v1/imports/${id}/undo` })
  const job = asked.json<Import>().undo.job_id ?? ''
  // The worker is told to stop while it works at the third chunk.
  const stopping = new AbortController()
  let connections = 0
  const pool = new Proxy(ctx.pool, {
    get(target, name) {
      const own = Reflect.get(target, name, target) as unknown
      if (name !== 'connect') return typeof own === 'function' ? (own.bind(target) as unknown) : own
      return () => {
        // The first one holds the lock of the job.
        if (++connections === 4) stopping.abort()
        return target.connect()
      }
    },
  })
  await runJob({ ...ctx, pool }, job, jobHandlers, stopping.signal)
  const half = await read(id)
  expect(half.undo).toMatchObject({ is_running: true, undone_at: null })
  await runJob(ctx, job, jobHandlers, new AbortController().signal)
  expect((await read(id)).undo.result).toEqual({ ...nothing, removed: 2000, restored: 5000 })
  expect(await everything()).toEqual(before)
}, 60_000)
