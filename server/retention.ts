import type { Ctx } from './context.ts'

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
