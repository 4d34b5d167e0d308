import { withTx } from '#db/pool.ts'
import type { JobHandler } from './background.ts'
import { auditVerifyJob } from './accounts/audit-trail.ts'
import { bulkJob, undoBulk } from './knowledge/bulk/run.ts'
import { exportJob as customersExportJob } from './knowledge/export-run.ts'
import { adjustConversions } from './conversions.ts'
import { refreshCampaignCounters } from './counters.ts'
import { exportJob } from './analytics/export/files.ts'
import { reportMailJob } from './analytics/schedules.ts'
import { importJob } from './knowledge/import/job.ts'
import { importUndoJob } from './knowledge/import/undo.ts'
import { attributeOrders } from './feedback/attribute.ts'
import { rebuildRollups, reconcileRollups } from './rollups.ts'
import { planJob } from './planning/generate.ts'
import { actionsJob, followScores, scoreJob } from './scoring/jobs.ts'
import { segmentRefreshJob } from './segments/refresh.ts'
import { backupJob } from './system/backups.ts'

/** After orders came in: what they say about running campaigns, then the scores of those who bought. */
const followOrders: JobHandler = async (ctx, input, tools) => {
  // By when they were recorded, not ordered: an import takes minutes.
  const attributed = await attributeOrders(ctx, { since: new Date(ctx.clock().getTime() - 86_400_000) })
  await refreshCampaignCounters(ctx.pool, await withTx(ctx.pool, adjustConversions))
  return { attributed, scores: await followScores(ctx, input, tools) }
}

/** How a job is taken back, by its kind; the input is { job_id, kind } of that job. */
const undoHandlers: Record<string, JobHandler> = {
  customers_bulk: undoBulk,
}

const rebuildJob: JobHandler = async (ctx, _input, tools) => {
  await tools.progress(0, null, 'Counting events and orders')
  await withTx(ctx.pool, rebuildRollups)
  return reconcileRollups(ctx)
}

/** Every night: all scores with a model learned afresh, then what to propose to whom. */
const nightlyScores: JobHandler = async (ctx, input, tools) => ({
  scores: await scoreJob(ctx, {}, tools),
  actions: await actionsJob(ctx, input, tools),
})

/** Long work that a worker does on request, by kind. */
export const jobHandlers: Record<string, JobHandler> = {
  import: importJob,
  import_undo: importUndoJob,
  score: scoreJob,
  actions: actionsJob,
  nightly_scores: nightlyScores,
  plan: planJob,
  follow_orders: followOrders,
  segment_refresh: segmentRefreshJob,
  customers_bulk: bulkJob,
  customers_export: customersExportJob,
  undo: async (ctx, input, tools) => {
    const undo = undoHandlers[String(input['kind'])]
    if (!undo) throw new Error(`jobs of kind ${String(input['kind'])} have no undo`)
    return undo(ctx, input, tools)
  },
  rollup_rebuild: rebuildJob,
  report_export: exportJob,
  report_mail: reportMailJob,
  backup: backupJob,
  audit_verify: auditVerifyJob,
}
