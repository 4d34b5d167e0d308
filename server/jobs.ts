import type { JobHandler } from './background.ts'
import { exportJob } from './analytics/export/files.ts'
import { reportMailJob } from './analytics/schedules.ts'
import { importJob } from './knowledge/import/job.ts'
import { attributeOrders } from './feedback/attribute.ts'
import { withTx } from '#db/pool.ts'
import { rebuildRollups, reconcileRollups } from './rollups.ts'
import { planJob } from './planning/generate.ts'
import { actionsJob, scoreJob } from './scoring/jobs.ts'
import { segmentRefreshJob } from './segments/refresh.ts'

/** After orders came in: what they say about running campaigns, then every score. */
const followOrders: JobHandler = async (ctx, input, tools) => {
  // By when they were recorded, not ordered: an import takes minutes.
  const attributed = await attributeOrders(ctx, { since: new Date(ctx.clock().getTime() - 86_400_000) })
  return { attributed, scores: await scoreJob(ctx, input, tools) }
}

const rebuildJob: JobHandler = async (ctx, _input, tools) => {
  await tools.progress(0, null, 'Counting events and orders')
  await withTx(ctx.pool, rebuildRollups)
  return reconcileRollups(ctx)
}

/** Long work that a worker does on request, by kind. */
export const jobHandlers: Record<string, JobHandler> = {
  import: importJob,
  score: scoreJob,
  actions: actionsJob,
  plan: planJob,
  follow_orders: followOrders,
  segment_refresh: segmentRefreshJob,
  rollup_rebuild: rebuildJob,
  report_export: exportJob,
  report_mail: reportMailJob,
}
