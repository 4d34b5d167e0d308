import type { JobHandler } from '../background.ts'
import { generateActions } from './actions.ts'
import { findChanged } from './changed.ts'
import { mostRescored, rescoreCustomers } from './rescore.ts'
import { scoreCustomers } from './score.ts'

/** Job `score`: input { as_of? }. */
export const scoreJob: JobHandler = (ctx, input, tools) =>
  scoreCustomers(ctx, {
    asOf: typeof input['as_of'] === 'string' ? new Date(input['as_of']) : ctx.clock(),
    signal: tools.signal,
    onProgress: (done, total, message) => tools.progress(done, total, message),
  })

/** After orders came in: the customers they belong to, or everybody when that is quicker. */
export const followScores: JobHandler = async (ctx, input, tools) => {
  const now = ctx.clock()
  const changed = await findChanged(ctx.pool, now, mostRescored + 1)
  if (changed === null || changed.length > mostRescored) return scoreJob(ctx, input, tools)
  if (changed.length === 0) return { customers: 0 }
  return (await rescoreCustomers(ctx, { customerIds: changed, asOf: now })) ?? scoreJob(ctx, input, tools)
}

/** Job `actions`: input { limit?, per_customer? }. */
export const actionsJob: JobHandler = (ctx, input, tools) =>
  generateActions(ctx, {
    ...(typeof input['limit'] === 'number' ? { limit: input['limit'] } : {}),
    ...(typeof input['per_customer'] === 'number' ? { perCustomer: input['per_customer'] } : {}),
    signal: tools.signal,
    onProgress: (done, total) => tools.progress(done, total, 'Proposing actions'),
  })
