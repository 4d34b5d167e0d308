import { Undo2 } from 'lucide-react'
import { useEffect } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useJob, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { Time } from '../../ui/time.tsx'
import type { Import } from './import-words.ts'

/** What shows rows of an import and is old after it was taken back. */
const readers = ['GET /api/v1/imports', 'GET /api/v1/customers', 'GET /api/v1/products', 'GET /api/v1/segments']

/** Taking an import back: until when, how far, and what came of it. */
export function UndoPanel({ run }: { run: Import }) {
  const { undo } = run
  if (undo.undone_at) return <Undone run={run} at={undo.undone_at} />
  if (undo.is_running && undo.job_id) return <Undoing jobId={undo.job_id} source={run.source} />
  if (undo.refusal || !undo.until) return null
  const isHalf = Object.values(undo.result).some((n) => n > 0)
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <p className="min-w-0 flex-1 basis-60 text-sm text-ink-2">
        {isHalf
          ? t('Undoing it was stopped half way. It can go on until')
          : t('Something wrong with it? It can be taken back until')}{' '}
        <Time at={undo.until} />.
      </p>
      <UndoButton run={run} />
    </div>
  )
}

/** Asks, because what was added goes; then a worker does it. */
export function UndoButton({ run, size }: { run: Import; size?: 'sm' }) {
  const may = useMay('manager')
  const undo = useSend('POST /api/v1/imports/:id/undo', { refresh: ['GET /api/v1/imports'] })
  if (!may) return null
  const ask = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Undo the import of {source}?', { source: run.source }),
      body: (
        <ul className="list-disc space-y-1 pl-5">
          {run.rows_new > 0 && (
            <li>{t('{n, plural, one {# row} other {# rows}} it added will be removed.', { n: run.rows_new })}</li>
          )}
          {run.rows_changed > 0 && (
            <li>
              {t('{n, plural, one {# row} other {# rows}} it changed will be as before.', { n: run.rows_changed })}
            </li>
          )}
          <li>{t('What somebody changed or used since stays as it is.')}</li>
          <li>{t('Opt-outs that came with it stay: a no is never taken back.')}</li>
        </ul>
      ),
      action: t('Undo this import'),
      tone: 'risk',
    })
    if (yes) undo.mutate({ params: { id: run.id } })
  }
  return (
    <Button
      look={size ? 'outline' : 'risk'}
      {...(size ? { size } : {})}
      busy={undo.isPending}
      onClick={() => void ask()}
      {...(size ? { 'aria-label': t('Undo the import of {source}', { source: run.source }) } : {})}
    >
      <Undo2 aria-hidden />
      {size ? t('Undo') : t('Undo this import')}
    </Button>
  )
}

function Undoing({ jobId, source }: { jobId: string; source: string }) {
  const job = useJob(jobId)
  const stop = useSend('POST /api/v1/jobs/:id/cancel', { refresh: ['GET /api/v1/jobs', 'GET /api/v1/imports'] })
  const ended = job.data?.finished_at ?? null
  useEffect(() => {
    if (ended) for (const reader of readers) void refresh(reader)
  }, [ended])
  const title = t('Undoing {source}', { source })
  return (
    <Panel
      title={title}
      detail={t('You may leave this page; it goes on.')}
      actions={
        <Button size="sm" busy={stop.isPending} onClick={() => stop.mutate({ params: { id: jobId } })}>
          {t('Stop')}
        </Button>
      }
    >
      <Progress label={title} done={job.data?.done ?? 0} total={job.data?.total ?? null} />
      <p role="status" className="mt-2 text-sm text-ink-2">
        {job.data?.total
          ? t('{done} of {total} rows', { done: count(job.data.done), total: count(job.data.total) })
          : t('Waiting for the worker')}
      </p>
    </Panel>
  )
}

function Undone({ run, at }: { run: Import; at: string }) {
  const r = run.undo.result
  const facts: [string, number][] = [
    [t('Removed again'), r.removed],
    [t('As before again'), r.restored],
    [t('Customers it had made, removed'), r.customers_removed],
    [t('Products it had made, removed'), r.products_removed],
    [t('Left: changed by somebody since'), r.kept_changed],
    [t('Left: in use or changed since'), r.kept_added],
    [t('Opt-outs kept'), r.opt_outs_kept],
  ]
  const told = facts.filter(([, n]) => n > 0)
  return (
    <Panel title={t('This import was undone')} detail={<Time at={at} />}>
      {told.length > 0 ? (
        <Facts items={told.map(([name, n]) => [name, count(n)] as const)} />
      ) : (
        <p className="text-ink-2">{t('There was nothing left of it to take back.')}</p>
      )}
      {r.opt_outs_kept > 0 && (
        <div className="mt-3">
          <Note>{t('Who said no in the file gets no messages, now and after the next import.')}</Note>
        </div>
      )}
    </Panel>
  )
}
