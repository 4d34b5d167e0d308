import { expect, test } from 'vitest'
import { testContext } from '#test/context.ts'
import { forgetOld } from './retention.ts'

const now = new Date('2026-11-26T12:00:00Z')
const ctx = await testContext({ clock: () => now })
const ago = (days: number): Date => new Date(now.getTime() - days * 86_400_000)
const count = async (table: string): Promise<number> =>
  (await ctx.pool.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]!.n

/** One row that is just too old and one that just is not, by the periods of docs/decisions/0004-retention.md. */
const rows: readonly [table: string, days: number, insert: string][] = [
  [
    'sandbox_messages',
    30,
    `insert into sandbox_messages (send_id, message_id, channel, sender, recipient, body_text, received_at) values (gen_random_uuid(), gen_random_uuid()::text, 'email', 's', 'a@example.com', 'x', $1)`,
  ],
  [
    'llm_calls',
    395,
    `insert into llm_calls (purpose, model, input_hash, outcome, created_at) values ('plan', 'm', '\\x00', 'answered', $1)`,
  ],
  ['jobs', 90, `insert into jobs (kind, status, created_at, finished_at) values ('score', 'succeeded', $1, $1)`],
  ['exports', 90, `insert into exports (kind, status, created_at) values ('customers', 'expired', $1)`],
  [
    'delivery_attempts',
    761,
    `insert into delivery_attempts (send_id, attempt, provider, started_at) values (gen_random_uuid(), 1, 'smtp', $1)`,
  ],
  [
    'message_texts',
    800,
    `with c as (insert into campaigns (name, start_date, end_date) values ('c', $1::timestamptz::date - 7, $1::timestamptz::date - 1) returning id)
     insert into message_texts (campaign_id, content_hash, variables, created_at) select c.id, '\\x00', '{}', $1 from c`,
  ],
  [
    'dispatch_turns',
    2,
    `insert into dispatch_turns (writer, turn, batches, away, asked, asked_in, providers, message_ids, refused, reasons, taken, taken_in, replies, delivered, written_at)
     values (gen_random_uuid(), 1, array[gen_random_uuid()], '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', $1)`,
  ],
]

test('each table loses what is older than its period, and nothing younger', async () => {
  for (const [, days, insert] of rows) {
    await ctx.pool.query(insert, [ago(days + 1)])
    await ctx.pool.query(insert, [ago(days - 1)])
  }
  // Still running, or still to be taken back: stays, however old.
  await ctx.pool.query(
    `with c as (insert into campaigns (name, start_date, end_date) values ('triggered', '2022-01-01', '2027-01-01') returning id)
     insert into message_texts (campaign_id, content_hash, variables, created_at) select c.id, '\\x00', '{}', $1 from c`,
    [ago(900)],
  )
  await ctx.pool.query(`insert into jobs (kind, status, created_at) values ('score', 'running', $1)`, [ago(400)])
  await ctx.pool.query(
    `insert into imports (kind, source, status, created_at, options, summary, error) values ('customers', 'x.csv', 'succeeded', $1, '{"repairs": [{"value": "a@example.com"}]}', '{}', 'Line 7')`,
    [ago(91)],
  )
  await ctx.pool.query(`select ensure_partitions('2024-09-01', 3)`)
  const gone = await forgetOld(ctx)
  expect(gone).toEqual({ ...Object.fromEntries(rows.map(([table]) => [table, 1])), sends: 1 })
  for (const [table] of rows) expect(await count(table), table).toBe(['jobs', 'message_texts'].includes(table) ? 2 : 1)
  const { rows: imports } = await ctx.pool.query('select source, options, error from imports')
  expect(imports).toEqual([{ source: 'x.csv', options: {}, error: null }])
  const { rows: months } = await ctx.pool.query<{ name: string }>(
    `select c.relname as name from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhparent = 'sends'::regclass and c.relname like 'sends_2024%' order by 1`,
  )
  expect(months.map((m) => m.name)).toEqual(['sends_2024_10', 'sends_2024_11', 'sends_2024_12'])
  expect(await forgetOld(ctx)).toMatchObject({ jobs: 0, sends: 0 })
})
