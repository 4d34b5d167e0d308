import type { ClientBase, PoolClient } from 'pg'
import type { CustomerFilter } from '#contract/knowledge.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../../context.ts'
import { customerFrom } from '../../customer-rows.ts'
import { createParams } from '../../keyset.ts'
import { customerWhere, viewerOf } from '../customer-filter.ts'
import type { BulkInput } from './input.ts'

export interface Tally {
  matched: number
  changed: number
  same: number
}

/** Nobody any more: merged into another customer, or erased. */
const somebody = 'c.erased_at is null and c.merged_into is null'

/** The condition for whom a job means, over `customerFrom`. @param values parameters are added to them */
export async function whomSql(ctx: Ctx, input: BulkInput, values: unknown[]): Promise<string> {
  const params = createParams()
  const terms = [somebody]
  if (input.ids) terms.push(`c.id = any(${params.add(input.ids)}::uuid[])`)
  // Restoring looks among the deleted, erasing and exporting where it is told to, all else among the living.
  if (input.action === 'restore') terms.push('c.deleted_at is not null')
  else if (input.action !== 'erase' && input.action !== 'export') terms.push('c.deleted_at is null')
  if (input.filter) {
    const filter: CustomerFilter = input.action === 'restore' ? { ...input.filter, deleted: true } : input.filter
    const viewer = { ...(await viewerOf(ctx, input.role, filter)), now: new Date(input.at) }
    terms.push(customerWhere(filter, viewer, params))
  }
  values.push(...params.values)
  return terms.join(' and ')
}

/**
 * Writes down whom the job means, once: what matches the filter changes while the job works on it. Returns how many, and
 * how many of them are done already when the job was interrupted.
 */
export async function freeze(ctx: Ctx, jobId: string, input: BulkInput): Promise<{ matched: number; done: number }> {
  if (input.frozen) return count(ctx, jobId)
  const values: unknown[] = []
  const where = await whomSql(ctx, input, values)
  await withTx(ctx.pool, async (tx) => {
    await tx.query(
      // Who came after the question was asked was not meant by it.
      `insert into bulk_items (job_id, customer_id) select j.id, c.id from jobs as j, ${customerFrom}
       where j.id = $${values.length + 1} and c.created_at <= j.created_at and ${where}`,
      [...values, jobId],
    )
    // A search text may be somebody's address; from now on nobody needs it. Without the mark, a run that goes on would
    // take the filter that is left for the question.
    await tx.query(
      `update jobs set input = jsonb_set(jobs.input #- '{filter,q}', '{frozen}', 'true') where jobs.id = $1`,
      [jobId],
    )
  })
  return count(ctx, jobId)
}

async function count(ctx: Ctx, jobId: string): Promise<{ matched: number; done: number }> {
  const { rows } = await ctx.pool.query<{ matched: number; done: number }>(
    `select count(*) as matched, count(*) filter (where b.state <> 'waiting') as done from bulk_items as b where b.job_id = $1`,
    [jobId],
  )
  return rows[0]!
}

export async function tally(ctx: Ctx, jobId: string): Promise<Tally> {
  const { rows } = await ctx.pool.query<Tally>(
    `select count(*) as matched, count(*) filter (where b.state in ('changed', 'undone')) as changed, count(*) filter (where b.state = 'same') as same
     from bulk_items as b where b.job_id = $1`,
    [jobId],
  )
  return rows[0]!
}

export interface Item {
  customer_id: string
  before: unknown
}

/** The next customers of a job in a state, by id. */
export async function nextItems(
  client: ClientBase,
  jobId: string,
  state: 'waiting' | 'changed',
  after: string | null,
  limit: number,
): Promise<Item[]> {
  const { rows } = await client.query<Item>(
    `select b.customer_id, b.before from bulk_items as b
     where b.job_id = $1 and b.state = $2 and ($3::uuid is null or b.customer_id > $3) order by b.customer_id limit $4`,
    [jobId, state, after, limit],
  )
  return rows
}

/** What became of a chunk; with what an undo must put back where the id alone does not say it. */
export interface Changed {
  ids: readonly string[]
  before?: ReadonlyMap<string, unknown>
}

/** @param done the state of those that were changed; the others of the chunk were as wanted already */
export async function markItems(
  client: PoolClient,
  jobId: string,
  chunk: readonly Item[],
  done: 'changed' | 'undone',
  changed: Changed,
): Promise<void> {
  const notes = changed.before ? JSON.stringify(Object.fromEntries(changed.before)) : '{}'
  await client.query(
    `update bulk_items as b set state = case when b.customer_id = any($3::uuid[]) then $4 else 'same' end,
       before = coalesce($5::jsonb -> b.customer_id::text, b.before)
     where b.job_id = $1 and b.customer_id = any($2::uuid[])`,
    [jobId, chunk.map((i) => i.customer_id), changed.ids, done, notes],
  )
}
