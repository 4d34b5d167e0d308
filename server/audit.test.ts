import { expect, test } from 'vitest'
import { actAs } from '#db/acting.ts'
import { withTx } from '#db/pool.ts'
import { testApp } from '#test/app.ts'
import { sealAudit, verifyAudit } from './audit-seals.ts'
import { unaudited } from './audit-tables.ts'

const { ctx, as } = await testApp()
interface Row {
  actor_kind: string
  actor_id: string | null
  request_id: string | null
  operation: string
  row_id: string | null
  rows: number
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}
const changes = async (table: string, rowId?: string): Promise<Row[]> =>
  (
    await ctx.pool.query<Row>(
      'select * from row_changes as l where l.table_name = $1 and ($2::text is null or l.row_id = $2) order by l.id',
      [table, rowId ?? null],
    )
  ).rows

test('every table is written to the trail by triggers, or says why not', async () => {
  const { rows: tables } = await ctx.pool.query<{ name: string; triggers: number }>(
    `select c.relname::text as name, count(t.oid) filter (where t.tgname in ('audit_insert', 'audit_update', 'audit_delete')) as triggers
     from pg_class as c left join pg_trigger as t on t.tgrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition group by 1 order by 1`,
  )
  const wrong = tables.filter(({ name, triggers }) => (name in unaudited ? triggers !== 0 : triggers !== 3))
  expect(wrong.map((t) => `${t.name}: ${t.triggers} triggers`)).toEqual([])
  expect(Object.keys(unaudited).filter((t) => !tables.some((x) => x.name === t))).toEqual([])
  expect(tables.filter((t) => t.triggers === 3).length).toBeGreaterThan(20)
})

test('a change by the API: who, by which request, what was before and after, and no address', async () => {
  const manager = as('manager')
  const made = await manager({
    method: 'POST',
    url: '/api/v1/customers',
    payload: {
      email: 'quinn@example.com',
      name: 'Quinn Ashby',
      phone: '+12125550123',
      state: 'NY',
      birth_date: '1980-02-03',
    },
  })
  const { id } = made.json<{ id: string }>()
  await manager({ method: 'PATCH', url: `/api/v1/customers/${id}`, payload: { email: 'q2@example.com', state: 'NJ' } })
  const [insert, update] = await changes('customers', id)
  const { rows: users } = await ctx.pool.query<{ id: string }>(`select id from users where email = 'manager@shop.test'`)
  expect(insert).toMatchObject({
    actor_kind: 'user',
    actor_id: users[0]!.id,
    request_id: made.headers['x-request-id'],
    operation: 'insert',
    after: { email: '(hidden)', name: '(hidden)', birth_date: '(hidden)', state: 'NY' },
  })
  expect(update).toMatchObject({
    operation: 'update',
    before: { email: '(hidden)', state: 'NY' },
    after: { email: '(hidden)', state: 'NJ' },
  })
  expect(Object.keys(update!.after!).sort()).toEqual(['email', 'state'])
  const { rows } = await ctx.pool.query<{ text: string }>('select to_jsonb(l)::text as text from row_changes as l')
  const trail = rows.map((r) => r.text).join('\n')
  for (const secret of ['quinn@', 'Ashby', '2125550123', '1980-02-03', 'argon2', 'manager@shop.test'])
    expect(trail).not.toContain(secret)
})

test('secrets of settings, providers and keys never get into it, however deep they lie', async () => {
  await ctx.pool.query(
    `insert into settings (name, value) values ('x', '{"api_key_enc": "v1.SECRET\\"A", "deep": {"smtp_password": "SECRETB", "tokens": {"a": "SECRETC"}}, "name": "kept"}')`,
  )
  await ctx.pool.query(`insert into api_keys (name, prefix, key_hash) values ('k', 'lma_x', '\\xdeadbeef')`)
  const [line] = await changes('settings', 'x')
  expect(JSON.stringify(line)).not.toMatch(/SECRET/)
  expect(line!.after).toMatchObject({ value: { name: 'kept' } })
  expect((await changes('api_keys'))[0]!.after).toMatchObject({ key_hash: '(hidden)', name: 'k' })
})

test('what changes all the time is no change; many rows at once are one line', async () => {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into campaigns (name, status, start_date, end_date) values ('Week', 'active', '2026-11-23', '2026-11-29') returning id`,
  )
  await ctx.pool.query('update campaigns set opens = opens + 1, clicks = 5, updated_at = now() where id = $1', [
    rows[0]!.id,
  ])
  expect((await changes('campaigns', rows[0]!.id)).map((c) => c.operation)).toEqual(['insert'])
  await ctx.pool.query('update campaigns set status = $2 where id = $1', [rows[0]!.id, 'paused'])
  expect((await changes('campaigns', rows[0]!.id)).at(-1)).toMatchObject({
    before: { status: 'active' },
    after: { status: 'paused' },
  })

  await ctx.pool.query(
    `insert into customers (name, email) select 'Many ' || g, 'many' || g || '@example.com' from generate_series(1, 1000) as g`,
  )
  expect((await changes('customers')).at(-1)).toMatchObject({
    operation: 'insert',
    rows: 1000,
    row_id: null,
    after: null,
  })
  await actAs({ kind: 'cli', id: null }, () =>
    withTx(ctx.pool, (tx) => tx.query(`update customers set state = 'NY' where name like 'Many %'`)),
  )
  expect((await changes('customers')).at(-1)).toMatchObject({ operation: 'update', rows: 1000, actor_kind: 'cli' })
  // The name of who acts ends with its transaction.
  await ctx.pool.query(`update stores set name = name`)
  await ctx.pool.query(`insert into chart_notes (day, text) values ('2026-11-20', 'Rain')`)
  expect((await changes('chart_notes')).at(-1)).toMatchObject({ actor_kind: 'system', actor_id: null })
})

test('nobody changes, removes or empties the trail, not with any statement of the product', async () => {
  for (const sql of [
    `update row_changes set after = '{}'`,
    `update audit_log set actor_id = null`,
    `delete from row_changes`,
    `delete from audit_log`,
    `truncate row_changes`,
    `truncate audit_log`,
  ])
    await expect(ctx.pool.query(sql), sql).rejects.toThrow(/append-only/)
  await sealAudit(ctx)
  for (const sql of [`update audit_seals set lines = 0`, `delete from audit_seals`, `truncate audit_seals`])
    await expect(ctx.pool.query(sql), sql).rejects.toThrow(/append-only/)
})

test('an administrator of the database who gets round the triggers is found out, line by line', async () => {
  await sealAudit(ctx)
  const clean = await verifyAudit(ctx)
  expect(clean).toMatchObject({ faults: [], open: 0 })
  expect(clean.lines).toBeGreaterThan(10)
  const around = async (sql: string): Promise<number> =>
    withTx(ctx.pool, async (tx) => {
      await tx.query(`set local session_replication_role = 'replica'`)
      return (await tx.query(sql)).rowCount ?? 0
    })
  const tamper = async (sql: string): Promise<string[]> => {
    expect(await around(sql), sql).toBeGreaterThan(0)
    return (await verifyAudit(ctx)).faults.map((f) => f.fault)
  }
  const one = (where: string): string =>
    `(select id from row_changes where sealed_in is not null and ${where} order by id limit 1)`
  await ctx.pool.query('create table kept as select * from row_changes')
  const restore = async (): Promise<void> => {
    await around('delete from row_changes')
    await around('insert into row_changes select * from kept')
    expect((await verifyAudit(ctx)).faults).toEqual([])
  }
  expect(
    await tamper(`update row_changes set after = '{"state": "XX"}' where id = ${one('after is not null')}`),
  ).toHaveLength(1)
  await restore()
  expect(await tamper(`update row_changes set actor_kind = 'customer' where id = ${one('true')}`)).toContainEqual(
    expect.stringContaining('changed, removed or added'),
  )
  await restore()
  expect(await tamper(`delete from row_changes where id = ${one('true')}`)).toHaveLength(1)
  await restore()
  expect(
    await tamper(
      `insert into row_changes (actor_kind, table_name, operation, sealed_in, salt, content_hash) values ('system', 'users', 'insert', 1, '\\x00', audit_content_hash('\\x00', null, null, null))`,
    ),
  ).toHaveLength(1)
  await restore()
  expect(await tamper(`update audit_seals set hash = sha256(hash) where number = 1`)).not.toHaveLength(0)
})

test('a line that commits late comes into a later seal, and writers do not wait for sealing', async () => {
  const open = await ctx.pool.connect()
  try {
    await open.query('begin')
    await open.query(`insert into chart_notes (day, text) values ('2026-11-21', 'Late')`)
    await ctx.pool.query(`insert into chart_notes (day, text) values ('2026-11-22', 'Early')`)
    const first = await sealAudit(ctx)
    expect(first).toBeGreaterThan(0)
    await open.query('commit')
  } finally {
    open.release()
  }
  expect(await sealAudit(ctx)).toBe(1)
})
