import { dropOldExports } from './analytics/export/files.ts'
import { sendDueReports } from './analytics/schedules.ts'
import { systemActor } from './audit.ts'
import { sealAudit } from './audit-seals.ts'
import { jobHandlers } from './jobs.ts'
import { runJob, sweepJobs } from './background.ts'
import type { Ctx } from './context.ts'
import { keepDuty, type Duty } from './duties.ts'
import { runDispatcher } from './dispatch/dispatcher.ts'
import { reconcileUnknown } from './dispatch/reconcile.ts'
import { attributeNewOrders, attributeOpenOrders, attributeOrders } from './feedback/attribute.ts'
import { readBounceMailboxes } from './feedback/bounce-mailboxes.ts'
import { forgetOldPosts, processInbox } from './feedback/hooks/process.ts'
import { refreshCampaignCounters } from './counters.ts'
import { copyErasures } from './erasure-ledger.ts'
import { expireExports } from './knowledge/exports.ts'
import { dropStrayCopies } from './shared-files.ts'
import { forgetOld, forgetSignIns, forgetUndo } from './retention.ts'
import { forgetOldImports } from './knowledge/import/undo.ts'
import { askForConfirmations, forgetSignups } from './knowledge/signup/ask.ts'
import { forgetHooks, processHooks } from './knowledge/tills/process.ts'
import { dropOldEvents, keepRollups, reconcileNightly } from './rollups.ts'
import { pause } from './pause.ts'
import { decideAutomatically } from './planning/experiments/decide.ts'
import { learnFromResults } from './planning/evidence-store.ts'
import { advanceTriggers } from './planning/triggers/run.ts'
import { startNightlyScores } from './scoring/nightly.ts'
import { refreshStaleSegments } from './segments/refresh.ts'
import { startDueBackup } from './system/backups.ts'
import { forgetDeliveries, runWebhooks } from './webhooks/deliver.ts'
import { forgetNotices, watchForNotices } from './notice-watch.ts'

const duties: Duty[] = [
  { name: 'sweep jobs', everyMs: 5_000, everywhere: true, run: (ctx, signal) => sweepJobs(ctx, jobHandlers, signal) },
  {
    name: 'attribute orders',
    everyMs: 60_000,
    run: attributeNewOrders,
  },
  { name: 'attribute orders that are open', everyMs: 15 * 60_000, run: attributeOpenOrders },
  // What came in over hours in one transaction has ids of its beginning.
  {
    name: 'attribute orders of the week',
    everyMs: 24 * 3_600_000,
    run: (ctx) => attributeOrders(ctx, { since: new Date(ctx.clock().getTime() - 8 * 86_400_000) }),
  },
  { name: 'messages of unknown fate', everyMs: 30_000, run: reconcileUnknown },
  { name: 'campaign counters', everyMs: 15_000, run: (ctx) => refreshCampaignCounters(ctx.pool) },
  { name: 'hooks of tills', everyMs: 2_000, everywhere: true, run: processHooks },
  { name: 'confirmations of sign-ups', everyMs: 2_000, run: askForConfirmations },
  { name: 'sign-ups nobody confirmed', everyMs: 3_600_000, run: forgetSignups },
  { name: 'old hooks', everyMs: 3_600_000, run: forgetHooks },
  { name: 'segments', everyMs: 60_000, run: refreshStaleSegments },
  { name: 'triggered campaigns', everyMs: 60_000, run: advanceTriggers },
  { name: 'results of plans', everyMs: 3_600_000, run: learnFromResults },
  { name: 'files of exports', everyMs: 600_000, run: expireExports },
  { name: 'stray copies of files', everyMs: 600_000, everywhere: true, run: dropStrayCopies },
  { name: 'copies of erasures', everyMs: 60_000, run: copyErasures },
  { name: 'audit seals', everyMs: 30_000, run: sealAudit },
  { name: 'what is too old', everyMs: 6 * 3_600_000, run: forgetOld },
  { name: 'undo notes', everyMs: 3_600_000, run: forgetUndo },
  { name: 'imports past undoing', everyMs: 3_600_000, run: forgetOldImports },
  { name: 'rollups', everyMs: 10_000, run: keepRollups },
  { name: 'old events', everyMs: 24 * 3_600_000, run: dropOldEvents },
  { name: 'recount', everyMs: 20 * 60_000, run: reconcileNightly },
  { name: 'tests', everyMs: 10 * 60_000, run: decideAutomatically },
  { name: 'reports by email', everyMs: 60_000, run: (ctx) => sendDueReports(ctx, systemActor) },
  { name: 'old report files', everyMs: 3_600_000, run: dropOldExports },
  { name: 'bounce mailboxes', everyMs: 60_000, run: readBounceMailboxes },
  { name: 'log of webhooks', everyMs: 3_600_000, run: forgetDeliveries },
  { name: 'what people should know', everyMs: 5_000, run: watchForNotices },
  { name: 'old notices', everyMs: 3_600_000, run: forgetNotices },
  { name: 'old webhook posts', everyMs: 600_000, run: forgetOldPosts },
  { name: 'backups', everyMs: 10 * 60_000, run: startDueBackup },
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
export async function runWorker(ctx: Ctx, signal: AbortSignal, processId?: string): Promise<void> {
  await ctx.queue.work(async (name, data, stopping) => {
    if (name === 'job' && typeof data['id'] === 'string')
      await runJob(ctx, data['id'], jobHandlers, AbortSignal.any([signal, stopping]))
  }, 2)
  const timers = duties.map((duty) => keepDuty(ctx, duty, signal, processId))
  ctx.log.info('worker started')
  await Promise.all([runDispatcher(ctx, { signal }), takePostsApart(ctx, signal), runWebhooks(ctx, signal), ...timers])
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
