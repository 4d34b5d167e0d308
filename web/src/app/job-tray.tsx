import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { api } from '../lib/api.ts'
import { cx } from '../lib/cx.ts'
import { count } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'
import { followJob, forgetJob, useJobs, type Followed } from '../lib/jobs.ts'
import { refresh, useJob } from '../lib/query.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Progress } from '../ui/progress.tsx'
import { toastError } from '../ui/toast.tsx'

/** Long work that somebody waits for: how far it is, a way to stop it, and afterwards a way back. */
export default function JobTray() {
  const jobs = useJobs((s) => s.jobs)
  return (
    <div
      role="region"
      aria-label={t('Work in progress')}
      className="no-print pointer-events-none fixed inset-x-3 bottom-3 z-50 flex flex-col items-end gap-2 max-md:bottom-[68px]"
    >
      {jobs.map((job) => (
        <Card key={job.id} followed={job} />
      ))}
    </div>
  )
}

const staysMs = 20_000

function Card({ followed }: { followed: Followed }) {
  const { id, title } = followed
  const { data: job } = useJob(id)
  const [stopping, setStopping] = useState(false)
  const over = job !== undefined && job.finished_at !== null
  const good = job?.status === 'succeeded'
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const wait = (): void => {
    clearTimeout(timer.current)
    // What can be fetched, and what went wrong, stays until somebody has seen it.
    if (over && good && !followed.action) timer.current = setTimeout(() => forgetJob(id), staysMs)
  }
  const endpoints = followed.refresh.join()
  useEffect(() => {
    if (over) for (const start of endpoints.split(',').filter(Boolean)) void refresh(start)
  }, [over, endpoints])
  useEffect(() => {
    wait()
    return () => clearTimeout(timer.current)
    // oxlint-disable-next-line react/exhaustive-deps -- the clock starts when the job ends
  }, [over])
  const stop = (): void => {
    setStopping(true)
    void api('POST /api/v1/jobs/:id/cancel', { params: { id } })
      .then(() => refresh('GET /api/v1/jobs'))
      .catch(toastError)
  }
  const undo = (): void => {
    void api('POST /api/v1/jobs/:id/undo', { params: { id } })
      .then((back) => {
        forgetJob(id)
        followJob({ id: back.id, title: t('Taking it back'), done: undone, refresh: followed.refresh })
      })
      .catch(toastError)
  }
  const action = over && good ? followed.action?.(job) : null
  const Icon = good ? CircleCheck : CircleAlert
  return (
    <div
      className="popup pointer-events-auto w-full max-w-[380px] py-2 pl-3 pr-2"
      onPointerEnter={() => clearTimeout(timer.current)}
      onPointerLeave={wait}
      onFocus={() => clearTimeout(timer.current)}
      onBlur={wait}
    >
      <div className="flex items-start gap-2.5">
        {over && <Icon className={cx('mt-1.5 size-4 shrink-0', good ? 'text-good' : 'text-risk')} aria-hidden />}
        <p role="status" className="min-w-0 flex-1 py-1.5">
          {over ? ended(job, followed) : title}
        </p>
        {over && action && (
          <Button size="sm" look="primary" onClick={action.run}>
            {action.label}
          </Button>
        )}
        {over && job.can_undo && (
          <button type="button" className="link mt-0.5 min-h-8 px-1.5 font-medium" onClick={undo}>
            {t('Undo')}
          </button>
        )}
        {over ? (
          <IconButton icon={X} label={t('Dismiss')} onClick={() => forgetJob(id)} />
        ) : (
          <Button size="sm" look="quiet" busy={stopping} onClick={stop}>
            {t('Stop')}
          </Button>
        )}
      </div>
      {!over && (
        <div className="pb-1.5 pr-1 pt-0.5">
          <Progress label={title} done={job?.done ?? 0} total={job?.total ?? null} />
        </div>
      )}
    </div>
  )
}

function ended(job: NonNullable<ReturnType<typeof useJob>['data']>, followed: Followed): string {
  if (job.status === 'succeeded') return followed.done(job)
  if (job.status === 'cancelled')
    return job.can_undo && job.done > 0
      ? t('Stopped. {n} were done before; that can be taken back.', { n: count(job.done) })
      : t('Stopped.')
  return t('It failed: {error}', { error: job.error ?? t('no reason is known') })
}

const undone: Followed['done'] = (job) => {
  const { changed, same } = job.result as { changed: number; same: number }
  return same > 0
    ? t('Taken back for {n}. {same} were changed by somebody since and stay as they are.', {
        n: count(changed),
        same: count(same),
      })
    : t('Taken back for {n, plural, one {one customer} other {# customers}}', { n: changed })
}
