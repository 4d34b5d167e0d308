import type { ClientBase, Pool } from 'pg'
import type { Job } from '#contract/common.ts'
import { actAs } from '#db/acting.ts'
import { withStatementLimit } from '#db/statement-limit.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from './audit.ts'
import type { Ctx } from './context.ts'
import { AppError, notFound } from './http/errors.ts'

/** What a running job may use: report progress, see whether it should stop. */
export interface JobTools {
  jobId: string
  actor: Actor
  signal: AbortSignal
  progress(done: number, total: number | null, message?: string): Promise<void>
}

export type JobHandler = (ctx: Ctx, input: Record<string, unknown>, tools: JobTools) => Promise<unknown>

/** An undo that failed or was stopped may be asked for again. */
const canUndo = `(jobs.finished_at is not null and coalesce(jobs.undo_until > now(), false) and (jobs.undone_by is null
  or exists (select from jobs as u where u.id = jobs.undone_by and u.status in ('failed', 'cancelled'))))`
const columns = `jobs.id, jobs.kind, jobs.status, jobs.done, jobs.total, jobs.message, jobs.result, jobs.error, jobs.created_at, jobs.finished_at,
  ${canUndo} as can_undo`
const undoDays = 7

/** Stores the job and wakes a worker; the row is the truth, so a lost wake-up only costs a few seconds. */
export async function startJob(
  ctx: Ctx,
  actor: Actor,
  kind: string,
  input: Record<string, unknown>,
  options: { canUndo?: boolean } = {},
): Promise<Job> {
  const job = await insertJob(ctx.pool, actor, kind, input, options)
  await wake(ctx, job.id)
  return job
}

async function insertJob(
  client: ClientBase | Pool,
  actor: Actor,
  kind: string,
  input: Record<string, unknown>,
  options: { canUndo?: boolean } = {},
): Promise<Job> {
  const { rows } = await client.query<Job>(
    `insert into jobs (kind, input, created_by, undo_until) values ($1, $2, $3, case when $4 then now() + make_interval(days => $5) end) returning ${columns}`,
    [kind, JSON.stringify(input), actor.kind === 'user' ? actor.id : null, options.canUndo ?? false, undoDays],
  )
  return rows[0]!
}

/** Starts the job that takes another one back. Throws not_found, conflict when that cannot or may no longer be done. */
export async function undoJob(ctx: Ctx, actor: Actor, id: string): Promise<Job> {
  const job = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ kind: string; can_undo: boolean; is_over: boolean; was_undoable: boolean }>(
      `select jobs.kind, ${canUndo} as can_undo, jobs.finished_at is not null as is_over, coalesce(jobs.undo_until > now(), false) as was_undoable
       from jobs where jobs.id = $1 for update`,
      [id],
    )
    const found = rows[0]
    if (!found) throw notFound('job', id)
    if (!found.can_undo)
      throw new AppError(
        'conflict',
        !found.was_undoable
          ? `This cannot be taken back: it has no undo, or the ${undoDays} days for it are over.`
          : found.is_over
            ? 'This was taken back already.'
            : 'This is still running; stop it first, then take back what it did.',
        { id },
      )
    const undo = await insertJob(tx, actor, 'undo', { job_id: id, kind: found.kind })
    await tx.query('update jobs set undone_by = $2 where jobs.id = $1', [id, undo.id])
    await audit(tx, actor, { action: 'job.undone', entity: 'job', entityId: id, after: { by: undo.id } })
    return undo
  })
  await wake(ctx, job.id)
  return job
}

async function wake(ctx: Ctx, id: string, delayMs = 0): Promise<void> {
  await ctx.queue
    .enqueue('job', { id }, { delayMs })
    .catch((err: unknown) => ctx.log.warn({ err, job: id }, 'wake-up lost, the sweep will find the job'))
}

/**
 * Makes sure that the work is done once more, within `delayMs` but at least `apartMs` after it was last begun. However
 * often this is called meanwhile, one job waits: a till that posts each sale must not start a run for each.
 */
export async function startJobLater(
  ctx: Ctx,
  kind: string,
  { delayMs, apartMs }: { delayMs: number; apartMs: number },
): Promise<void> {
  const { rows } = await ctx.pool.query<{ id: string; wait_ms: number }>(
    `insert into jobs (kind, due_at)
     select $1, greatest(now() + $2 * interval '1 ms',
       (select max(j.started_at) from jobs as j where j.kind = $1 and j.created_at > now() - interval '1 day') + $3 * interval '1 ms')
     on conflict (kind) where status = 'queued' and due_at is not null do nothing
     returning id, (extract(epoch from due_at - now()) * 1000)::int as wait_ms`,
    [kind, delayMs, apartMs],
  )
  const made = rows[0]
  if (made) await wake(ctx, made.id, made.wait_ms)
}

/** Throws not_found. */
export async function readJob(ctx: Ctx, id: string): Promise<Job> {
  const { rows } = await ctx.pool.query<Job>(`select ${columns} from jobs where jobs.id = $1`, [id])
  if (!rows[0]) throw notFound('job', id)
  return rows[0]
}

/** Asks a job to stop; it ends at its next progress report. */
export async function cancelJob(ctx: Ctx, id: string): Promise<void> {
  await ctx.pool.query(
    `update jobs set status = 'cancelled', finished_at = now() where id = $1 and status in ('queued', 'running')`,
    [id],
  )
  await ctx.bus.publish(`job.${id}`, { id, status: 'cancelled' })
}

/**
 * Runs one job if nobody else does. A session advisory lock says that it runs: when the process dies PostgreSQL
 * frees it and the sweep starts the job again, so handlers must be able to run twice.
 */
export async function runJob(
  ctx: Ctx,
  id: string,
  handlers: Record<string, JobHandler>,
  stopping: AbortSignal,
): Promise<void> {
  const client = await ctx.direct.connect()
  try {
    const { rows: lock } = await client.query<{ ok: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 7)) as ok',
      [id],
    )
    if (!lock[0]?.ok) return
    try {
      const { rows } = await client.query<{ kind: string; input: Record<string, unknown>; created_by: string | null }>(
        `update jobs set status = 'running', started_at = now(), due_at = null
         where id = $1 and status in ('queued', 'running') and (due_at is null or due_at <= now()) returning kind, input, created_by`,
        [id],
      )
      const job = rows[0]
      if (job) await execute(ctx, id, job, handlers, stopping)
    } finally {
      await client.query('select pg_advisory_unlock(hashtextextended($1, 7))', [id]).catch(() => undefined)
    }
  } finally {
    client.release()
  }
}

async function execute(
  ctx: Ctx,
  id: string,
  job: { kind: string; input: Record<string, unknown>; created_by: string | null },
  handlers: Record<string, JobHandler>,
  stopping: AbortSignal,
): Promise<void> {
  const handler = handlers[job.kind]
  const cancel = new AbortController()
  const signal = AbortSignal.any([stopping, cancel.signal])
  let told = 0
  const tools: JobTools = {
    jobId: id,
    actor: { kind: job.created_by ? 'user' : 'system', id: job.created_by, role: 'admin' },
    signal,
    async progress(done, total, message) {
      // People read four updates a second at most.
      if (Date.now() - told < 250 && done !== total) return
      told = Date.now()
      const { rowCount } = await ctx.pool.query(
        `update jobs set done = $2, total = $3, message = $4 where id = $1 and status = 'running'`,
        [id, done, total, message ?? null],
      )
      if (rowCount === 0) cancel.abort()
      await ctx.bus.publish(`job.${id}`, {
        id,
        kind: job.kind,
        status: 'running',
        done,
        total,
        message: message ?? null,
      })
    },
  }
  const started = performance.now()
  let end: { status: string; result: unknown; error: string | null }
  try {
    if (!handler) throw new Error(`no handler for jobs of kind ${job.kind}`)
    end = {
      status: 'succeeded',
      result:
        (await ctx.tracer.span(`job ${job.kind}`, { attributes: { 'job.id': id } }, () =>
          // Whoever woke us may have been a request; the work takes as long as it takes.
          withStatementLimit(0, () => actAs(tools.actor, () => handler(ctx, job.input, tools))),
        )) ?? null,
      error: null,
    }
  } catch (error) {
    if (stopping.aborted) {
      await ctx.pool.query(`update jobs set status = 'queued' where id = $1 and status = 'running'`, [id])
      return
    }
    if (!cancel.signal.aborted) ctx.log.error({ err: error as Error, job: id, kind: job.kind }, 'job failed')
    end = { status: cancel.signal.aborted ? 'cancelled' : 'failed', result: null, error: (error as Error).message }
  }
  ctx.metrics.job(job.kind, end.status, (performance.now() - started) / 1000)
  await ctx.pool.query(
    `update jobs set status = $2, result = $3, error = $4, finished_at = now() where id = $1 and status = 'running'`,
    [id, end.status, JSON.stringify(end.result), end.error],
  )
  await ctx.bus.publish(`job.${id}`, { id, kind: job.kind, status: end.status })
}

/** Jobs that nobody runs: those whose hour has come, new ones whose wake-up was lost, and those of a process that died. */
export async function sweepJobs(ctx: Ctx, handlers: Record<string, JobHandler>, stopping: AbortSignal): Promise<void> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `select jobs.id from jobs where jobs.status = 'running'
       or (jobs.status = 'queued' and jobs.created_at < now() - interval '3 seconds' and (jobs.due_at is null or jobs.due_at <= now()))
     order by jobs.created_at limit 10`,
  )
  for (const { id } of rows) await runJob(ctx, id, handlers, stopping)
}
