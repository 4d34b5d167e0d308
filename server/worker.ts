import { dropOldExports } from './analytics/export/files.ts'
import { sendDueReports } from './analytics/schedules.ts'
import { systemActor } from './audit.ts'
import { sealAudit } from './audit-seals.ts'
import { jobHandlers } from './jobs.ts'
import { runJob, sweepJobs } from './background.ts'
import type { Ctx } from './context.ts'
import { runDispatcher } from './dispatch/dispatcher.ts'
import { reconcileUnknown } from './dispatch/reconcile.ts'
import { attributeOrders } from './feedback/attribute.ts'
import { readBounceMailboxes } from './feedback/bounce-mailboxes.ts'
import { forgetOldPosts, processInbox } from './feedback/hooks/process.ts'
import { refreshCampaignCounters } from './counters.ts'
import { expireExports } from './knowledge/exports.ts'
import { forgetSignIns, forgetUndo } from './retention.ts'
import { forgetOldImports } from './knowledge/import/undo.ts'
import { forgetHooks, processHooks } from './knowledge/tills/process.ts'
import { dropOldEvents, keepRollups, reconcileNightly } from './rollups.ts'
import { decideAutomatically } from './planning/experiments/decide.ts'
import { startNightlyScores } from './scoring/nightly.ts'
import { refreshStaleSegments } from './segments/refresh.ts'

/** A periodic duty: its failure is logged and the next turn tries again. */
interface Duty {
  name: string
  everyMs: number
  run: (ctx: Ctx, signal: AbortSignal) => Promise<unknown>
}

const duties: Duty[] = [
  { name: 'sweep jobs', everyMs: 5_000, run: (ctx, signal) => sweepJobs(ctx, jobHandlers, signal) },
  {
    name: 'attribute orders',
    everyMs: 60_000,
    run: (ctx) => attributeOrders(ctx, { since: new Date(ctx.clock().getTime() - 8 * 86_400_000) }),
  },
  { name: 'messages of unknown fate', everyMs: 30_000, run: reconcileUnknown },
  { name: 'campaign counters', everyMs: 15_000, run: (ctx) => refreshCampaignCounters(ctx.pool) },
  { name: 'hooks of tills', everyMs: 2_000, run: processHooks },
  { name: 'old hooks', everyMs: 3_600_000, run: forgetHooks },
  { name: 'segments', everyMs: 60_000, run: refreshStaleSegments },
  { name: 'files of exports', everyMs: 600_000, run: expireExports },
  { name: 'audit seals', everyMs: 30_000, run: sealAudit },
  { name: 'undo notes', everyMs: 3_600_000, run: forgetUndo },
  { name: 'imports past undoing', everyMs: 3_600_000, run: forgetOldImports },
  { name: 'rollups', everyMs: 10_000, run: keepRollups },
  { name: 'old events', everyMs: 24 * 3_600_000, run: dropOldEvents },
  { name: 'recount', everyMs: 20 * 60_000, run: reconcileNightly },
  { name: 'tests', everyMs: 10 * 60_000, run: decideAutomatically },
  { name: 'reports by email', everyMs: 60_000, run: (ctx) => sendDueReports(ctx, systemActor) },
  { name: 'old report files', everyMs: 3_600_000, run: dropOldExports },
  { name: 'bounce mailboxes', everyMs: 60_000, run: readBounceMailboxes },
  { name: 'old webhook posts', everyMs: 600_000, run: forgetOldPosts },
  { name: 'nightly scores', everyMs: 5 * 60_000, run: startNightlyScores },
  {
    name: 'partitions',
    everyMs: 6 * 3_600_000,
    run: (ctx) => ctx.pool.query('select ensure_partitions(current_date, 4)'),
  },
  {
    name: 'expired sessions and keys',
    everyMs: 3_600_000,
    run: forgetSignIns,
  },
]

/** Runs jobs, duties and the dispatcher until the signal; then finishes what is in flight and returns. */
export async function runWorker(ctx: Ctx, signal: AbortSignal): Promise<void> {
  await ctx.queue.work(async (name, data, stopping) => {
    if (name === 'job' && typeof data['id'] === 'string')
      await runJob(ctx, data['id'], jobHandlers, AbortSignal.any([signal, stopping]))
  }, 2)
  const timers = duties.map((duty) => turn(ctx, duty, signal))
  ctx.log.info('worker started')
  await Promise.all([runDispatcher(ctx, { signal }), takePostsApart(ctx, signal), ...timers])
  ctx.log.info('worker stopped')
}

/** What providers report is taken apart when it comes, and looked for every few seconds. */
async function takePostsApart(ctx: Ctx, signal: AbortSignal): Promise<void> {
  let wake: () => void = () => undefined
  const stop = ctx.bus.subscribe('hooks.received', () => wake())
  while (!signal.aborted) {
    const woken = new AbortController()
    wake = () => woken.abort()
    try {
      await processInbox(ctx)
    } catch (err) {
      ctx.log.warn({ err: err as Error }, 'webhook posts could not be taken apart, trying again')
      await pause(1_000, signal)
    }
    await pause(5_000, AbortSignal.any([signal, woken.signal]))
  }
  stop()
}

async function turn(ctx: Ctx, duty: Duty, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await duty.run(ctx, signal)
    } catch (err) {
      ctx.log.warn({ err: err as Error, duty: duty.name }, 'duty failed, will be tried again')
    }
    await pause(duty.everyMs, signal)
  }
}

/** Waits, but not past the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
