import type { JobHandler } from './background.ts'
import { importJob } from './knowledge/import/job.ts'
import { planJob } from './planning/generate.ts'
import { actionsJob, scoreJob } from './scoring/jobs.ts'

/** Long work that a worker does on request, by kind. */
export const jobHandlers: Record<string, JobHandler> = {
  import: importJob,
  score: scoreJob,
  actions: actionsJob,
  plan: planJob,
}
