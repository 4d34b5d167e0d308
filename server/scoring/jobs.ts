import type { JobHandler } from '../background.ts'
import { generateActions } from './actions.ts'
import { scoreCustomers } from './score.ts'

/** Job `score`: input { as_of? }. */
export const scoreJob: JobHandler = (ctx, input, tools) =>
  scoreCustomers(ctx, {
    asOf: typeof input['as_of'] === 'string' ? new Date(input['as_of']) : ctx.clock(),
    signal: tools.signal,
    onProgress: (done, total) => tools.progress(done, total, 'Scoring customers'),
  })

/** Job `actions`: input { limit?, per_customer? }. */
export const actionsJob: JobHandler = (ctx, input, tools) =>
  generateActions(ctx, {
    ...(typeof input['limit'] === 'number' ? { limit: input['limit'] } : {}),
    ...(typeof input['per_customer'] === 'number' ? { perCustomer: input['per_customer'] } : {}),
    signal: tools.signal,
    onProgress: (done, total) => tools.progress(done, total, 'Proposing actions'),
  })
