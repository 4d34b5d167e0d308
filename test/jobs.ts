import { expect } from 'vitest'
import type { Job } from '#contract/common.ts'
import { readJob, runJob } from '#server/background.ts'
import type { Ctx } from '#server/context.ts'
import { jobHandlers } from '#server/jobs.ts'

/** Runs a job here and now, as a worker would, and gives it back when it is over. */
export async function finishJob(ctx: Ctx, job: Pick<Job, 'id'>): Promise<Job> {
  await runJob(ctx, job.id, jobHandlers, new AbortController().signal)
  return readJob(ctx, job.id)
}

/** The same, and it must have worked; returns its result. */
export async function resultOf<T>(ctx: Ctx, job: Pick<Job, 'id'>): Promise<T> {
  const done = await finishJob(ctx, job)
  expect(done.status, done.error ?? '').toBe('succeeded')
  return done.result as T
}
