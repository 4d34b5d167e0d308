import type { PoolClient } from 'pg'
import { withTx } from '#db/pool.ts'
import { auditEach, type Actor } from '../../audit.ts'
import type { JobHandler, JobTools } from '../../background.ts'
import type { Ctx } from '../../context.ts'
import { forgetCounts } from '../../list-counts.ts'
import { AppError } from '../../http/errors.ts'
import { actions, type Step } from './actions.ts'
import type { BulkInput } from './input.ts'
import { freeze, markItems, nextItems, tally, type Changed, type Item, type Tally } from './items.ts'

const chunkSize = 1000

/**
 * Job `customers_bulk`: one action for everybody it means, a chunk of customers per transaction. What was done to a
 * customer is written down with it, so a run that was killed goes on where it stopped and does nothing twice.
 */
export const bulkJob: JobHandler = async (ctx, given, tools) => {
  const input = given as unknown as BulkInput
  const { matched, done } = await freeze(ctx, tools.jobId, input)
  await walk(ctx, tools, { jobId: tools.jobId, ownJob: tools.jobId, input, state: 'waiting', total: matched, done })
  return tally(ctx, tools.jobId)
}

/** Job `undo` of a bulk job: back to what it was for everybody it changed, unless somebody changed it since. */
export const undoBulk: JobHandler = async (ctx, given, tools) => {
  const jobId = String(given['job_id'])
  const { rows } = await ctx.pool.query<{ input: BulkInput }>('select jobs.input from jobs where jobs.id = $1', [jobId])
  const input = rows[0]!.input
  const { rows: left } = await ctx.pool.query<{ changed: number; undone: number }>(
    `select count(*) filter (where b.state = 'changed') as changed, count(*) filter (where b.state = 'undone') as undone from bulk_items as b where b.job_id = $1`,
    [jobId],
  )
  const { changed, undone } = left[0]!
  await walk(ctx, tools, {
    jobId,
    ownJob: tools.jobId,
    input,
    state: 'changed',
    total: changed + undone,
    done: undone,
  })
  return undoTally(ctx, jobId)
}

function actionOf(input: BulkInput): (typeof actions)[keyof typeof actions] {
  if (input.action === 'export') throw new Error('an export is a job of its own kind')
  return actions[input.action]
}

interface Walk {
  /** whose items are walked */
  jobId: string
  /** the job that walks */
  ownJob: string
  input: BulkInput
  state: 'waiting' | 'changed'
  total: number
  done: number
}

async function walk(ctx: Ctx, tools: JobTools, { jobId, ownJob, input, state, total, done }: Walk): Promise<void> {
  const isUndo = state === 'changed'
  const action = actionOf(input)
  const actor: Actor = { ...tools.actor, role: input.role }
  let after: string | null = null
  await tools.progress(done, total)
  try {
    await walkChunks()
  } finally {
    forgetCounts()
    if (action.finish) await withTx(ctx.pool, (tx) => action.finish!(ctx, tx, input))
  }

  async function walkChunks(): Promise<void> {
    for (;;) {
      tools.signal.throwIfAborted()
      const items = await again(() =>
        withTx(ctx.pool, async (tx) => {
          await checkRunning(tx, ownJob)
          const chunk = await nextItems(tx, jobId, state, after, action.chunk ?? chunkSize)
          if (chunk.length === 0) return chunk
          const step: Step = { ctx, tx, jobId, input, actor }
          const changed = await (isUndo ? action.undo!(step, chunk) : action.apply(step, chunk))
          await record(tx, step, chunk, changed, isUndo)
          return chunk
        }),
      )
      if (items.length === 0) return
      after = items.at(-1)!.customer_id
      done += items.length
      await tools.progress(done, total)
    }
  }
}

async function record(
  tx: PoolClient,
  { jobId, input, actor }: Step,
  chunk: readonly Item[],
  changed: Changed,
  isUndo: boolean,
): Promise<void> {
  await markItems(tx, jobId, chunk, isUndo ? 'undone' : 'changed', changed)
  const { after, ...trail } = actionOf(input).trail(input, isUndo)
  await auditEach(
    tx,
    actor,
    { entity: 'customer', ...trail, after: { ...(after as object | undefined), job_id: jobId } },
    changed.ids,
  )
}

/** Whoever stops the job waits for the chunk in work; after that nothing more is done. */
async function checkRunning(tx: PoolClient, jobId: string): Promise<void> {
  const { rowCount } = await tx.query(`select from jobs where jobs.id = $1 and jobs.status = 'running' for share`, [
    jobId,
  ])
  if (!rowCount) throw new AppError('conflict', 'The job was stopped.')
}

/** Two transactions that touch the same customers in another order: the one PostgreSQL gave up is done again. */
async function again<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      const { code } = error as { code?: string }
      if (attempt >= 5 || (code !== '40P01' && code !== '40001')) throw error
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt + Math.random() * 50))
    }
  }
}

/** Of those that had been changed: how many are as before, how many somebody changed since. */
async function undoTally(ctx: Ctx, jobId: string): Promise<Tally> {
  const { rows } = await ctx.pool.query<{ undone: number }>(
    `select count(*) as undone from bulk_items as b where b.job_id = $1 and b.state = 'undone'`,
    [jobId],
  )
  const { rows: before } = await ctx.pool.query<{ changed: number | null }>(
    `select (jobs.result ->> 'changed')::bigint as changed from jobs where jobs.id = $1`,
    [jobId],
  )
  const undone = rows[0]!.undone
  const matched = before[0]?.changed ?? undone
  return { matched, changed: undone, same: matched - undone }
}
