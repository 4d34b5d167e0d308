import { IdParams, Job } from './common.ts'
import { route } from './http.ts'

const tag = 'Jobs'
export const jobs = {
  get: route({
    method: 'GET',
    path: '/api/v1/jobs/:id',
    access: 'user',
    tag,
    summary: 'How far a long piece of work is',
    params: IdParams,
    reply: Job,
  }),
  cancel: route({
    method: 'POST',
    path: '/api/v1/jobs/:id/cancel',
    access: 'manager',
    tag,
    summary: 'Ask it to stop',
    params: IdParams,
    reply: Job,
  }),
  undo: route({
    method: 'POST',
    path: '/api/v1/jobs/:id/undo',
    access: 'manager',
    tag,
    status: 202,
    summary: 'Take back what a job did, as far as nobody changed it since; answers with the job that does it',
    description: 'Jobs that can be taken back say `can_undo` for seven days, also when they were stopped half-way.',
    params: IdParams,
    reply: Job,
  }),
}
