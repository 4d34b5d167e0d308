import { create } from 'zustand'
import type { ReplyOf } from './api.ts'

export type Job = ReplyOf<'GET /api/v1/jobs/:id'>

/** A job that somebody started and waits for, with what to say about it. */
export interface Followed {
  id: string
  /** while it runs: "Tagging 1,247 customers" */
  title: string
  /** when it is done; gets what the job found */
  done: (job: Job) => string
  /** endpoints whose answers are old afterwards */
  refresh: readonly string[]
  action?: (job: Job) => { label: string; run: () => void } | null
}

/** Jobs of this tab, newest last; the tray at the edge of the page shows them (app/job-tray.tsx). */
export const useJobs = create<{ jobs: Followed[] }>(() => ({ jobs: [] }))

/** Shows how far a job is, wherever its user goes meanwhile, and offers to take it back when it is over. */
export function followJob(job: Followed): void {
  useJobs.setState(({ jobs }) => ({ jobs: [...jobs.filter((j) => j.id !== job.id), job].slice(-5) }))
}

export function forgetJob(id: string): void {
  useJobs.setState(({ jobs }) => ({ jobs: jobs.filter((j) => j.id !== id) }))
}
