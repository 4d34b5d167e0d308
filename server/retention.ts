import type { Ctx } from './context.ts'
import { dropFile, isOurs } from './shared-files.ts'

/**
 * What was only kept for an undo goes when its time is over: notes of bulk jobs, and what merged customers were before.
 * Of a merged customer the keys stay, which lead files to the one it became.
 */
export async function forgetUndo(ctx: Ctx): Promise<void> {
  await ctx.pool.query(
    `delete from bulk_items as b using jobs as j where j.id = b.job_id and j.finished_at is not null and coalesce(j.undo_until, j.finished_at) < $1`,
    [ctx.clock()],
  )
  await ctx.pool.query(
    `with over as (
       update customer_merges as m set before = null, moved = '{}' where m.before is not null and m.undo_until < $1 returning m.merged_id
     )
     update customers as c set name = null, first_name = null, birth_date = null, address = null, city = null, zip = null, tags = '{}', raw_data = null
     from over where c.id = over.merged_id and c.merged_into is not null`,
    [ctx.clock()],
  )
}

/** Sessions, tokens, links and attempts that are over. Spent tokens stay a week longer, so that a replay is still known as one. */
export async function forgetSignIns(ctx: Ctx): Promise<void> {
  await ctx.pool.query(
    `with a as (delete from refresh_tokens as t where t.expires_at < $1::timestamptz - interval '7 days'),
       b as (delete from sessions as s where s.expires_at < $1::timestamptz - interval '30 days' or s.revoked_at < $1::timestamptz - interval '90 days'),
       c as (delete from user_links as l where l.expires_at < $1::timestamptz - interval '30 days'),
       d as (delete from sign_in_attempts as a where a.since < $1::timestamptz - interval '1 day')
     delete from idempotency_keys as k where k.created_at < $1::timestamptz - interval '1 day'`,
    [ctx.clock()],
  )
}

const day = 86_400_000
/** Months that messages are kept, as their events are (docs/decisions/0004-retention.md). */
const keptMonths = 25

/** Rows by table whose time is over: what one statement takes, and how long it is kept. In small lots, so that nobody waits. */
const periods: readonly { table: string; days: number; lot: string }[] = [
  { table: 'sandbox_messages', days: 30, lot: 'x.received_at < $1' },
  { table: 'llm_calls', days: 395, lot: 'x.created_at < $1' },
  // The last of a kind that still can be taken back or that somebody waits for stays.
  {
    table: 'jobs',
    days: 90,
    lot: `x.finished_at < $1 and coalesce(x.undo_until, x.finished_at) < $1 and not exists (select from imports as i where i.job_id = x.id or i.undo_job_id = x.id)`,
  },
  // Of an import the line stays, for customers name it; its file and what was wrong with which cell go.
  { table: 'exports', days: 90, lot: `x.created_at < $1 and x.path is null and x.status <> 'queued'` },
  { table: 'delivery_attempts', days: 761, lot: 'x.started_at < $1' },
  // By then the last month of their messages is gone. A campaign that goes on keeps what it says.
  {
    table: 'message_texts',
    days: 800,
    lot: 'x.created_at < $1 and exists (select from campaigns as c where c.id = x.campaign_id and c.end_date < $1::timestamptz::date)',
  },
  // A worker forgets its turns itself, unless it dies between closing its batches and that.
  {
    table: 'dispatch_turns',
    days: 2,
    lot: 'x.written_at < $1 and not exists (select from send_batches as b where b.id = any(x.batches) and b.closed_at is null)',
  },
]

/** Deletes what decision 0004 says is over. Returns rows by table. */
export async function forgetOld(ctx: Ctx, signal?: AbortSignal): Promise<Record<string, number>> {
  const gone: Record<string, number> = {}
  for (const { table, days, lot } of periods) {
    const before = new Date(ctx.clock().getTime() - days * day)
    for (let n = 1; n > 0 && !signal?.aborted;) {
      const { rowCount } = await ctx.pool.query(
        `delete from ${table} as t where t.ctid = any(array(select x.ctid from ${table} as x where ${lot} limit 5000))`,
        [before],
      )
      n = rowCount ?? 0
      gone[table] = (gone[table] ?? 0) + n
    }
  }
  await forgetCells(ctx)
  gone['sends'] = await dropOldSends(ctx)
  return gone
}

/** What was wrong with which cell quotes the cell. */
async function forgetCells(ctx: Ctx): Promise<void> {
  const { rows } = await ctx.pool.query<{ id: string; path: string | null; rejects_path: string | null }>(
    `select i.id, i.path, i.rejects_path from imports as i where i.created_at < $1 and i.status not in ('queued', 'running')
       and (i.rejects_path is not null or i.path is not null or i.options <> '{}' or i.summary <> '{}' or i.error is not null) limit 1000`,
    [new Date(ctx.clock().getTime() - 90 * day)],
  )
  for (const { path, rejects_path } of rows) {
    if (rejects_path) await dropFile(ctx, rejects_path)
    if (path && isOurs(path)) await dropFile(ctx, path)
  }
  await ctx.pool.query(
    `update imports set path = null, rejects_path = null, options = '{}', summary = '{}', error = null where imports.id = any($1::uuid[])`,
    [rows.map((r) => r.id)],
  )
}

/** Whole months of messages; sums of them are kept. Returns how many months. */
async function dropOldSends(ctx: Ctx): Promise<number> {
  const limit = new Date(ctx.clock())
  limit.setUTCMonth(limit.getUTCMonth() - keptMonths)
  const { rows } = await ctx.pool.query<{ name: string }>(
    `select c.relname as name from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
     where i.inhparent = 'sends'::regclass and c.relname ~ '^sends_[0-9]{4}_[0-9]{2}$'
       and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::timestamp at time zone 'UTC' <= $1`,
    [limit],
  )
  // Names come from the catalogue and fit the pattern above.
  for (const { name } of rows) await ctx.pool.query(`drop table ${name}`)
  return rows.length
}
