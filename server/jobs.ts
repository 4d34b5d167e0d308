import type { JobHandler } from './background.ts'
import { importJob } from './knowledge/import/job.ts'
import { attributeOrders } from './feedback/attribute.ts'
import { planJob } from './planning/generate.ts'
import { actionsJob, followScores, scoreJob } from './scoring/jobs.ts'
import { segmentRefreshJob } from './segments/refresh.ts'

/** After orders came in: what they say about running campaigns, then the scores of those who bought. */
const followOrders: JobHandler = async (ctx, input, tools) => {
  // By when they were recorded, not ordered: an import takes minutes.
  const attributed = await attributeOrders(ctx, { since: new Date(ctx.clock().getTime() - 86_400_000) })
  return { attributed, scores: await followScores(ctx, input, tools) }
}

/** Every night: all scores with a model learned afresh, then what to propose to whom. */
const nightlyScores: JobHandler = async (ctx, input, tools) => ({
  scores: await scoreJob(ctx, {}, tools),
  actions: await actionsJob(ctx, input, tools),
})

/** Long work that a worker does on request, by kind. */
export const jobHandlers: Record<string, JobHandler> = {
  import: importJob,
  score: scoreJob,
  actions: actionsJob,
  nightly_scores: nightlyScores,
  plan: planJob,
  follow_orders: followOrders,
  segment_refresh: segmentRefreshJob,
}
