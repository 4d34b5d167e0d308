import { useState } from 'react'
import { useForm } from 'react-hook-form'
import type { Schedule } from '#contract/reports.ts'
import { download } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi, useJob, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextButton } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { ScheduleDialog } from './schedule-dialog.tsx'

/** Files made lately, reports by email, what messages cost, and whether the sums are right. */
export default function DataTab() {
  const manager = useMay('manager')
  return (
    <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-2">
      {manager && <Files />}
      {manager && <Schedules />}
      <Prices />
      <Sums />
    </div>
  )
}

function Files() {
  const query = useApi('GET /api/v1/reports/exports', undefined, { every: 5000 })
  return (
    <Panel title={t('Files')} detail={t('Made with Export above; each is kept for a day')} flush>
      <QueryFrame query={query} what={t('The files')} skeleton={<Skeleton className="mx-4 mb-4 h-24" />}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty kind="none" title={t('No file yet')} />
          ) : (
            <ul>
              {data.map((x) => (
                <li key={x.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-4 py-2">
                  <span className="min-w-0 flex-1 basis-48">
                    <span className="block font-medium">{x.file_name}</span>
                    <span className="block text-sm text-ink-2">
                      <Time at={x.created_at} look="ago" />
                      {x.rows !== null && ` · ${t('{n, plural, one {# row} other {# rows}}', { n: x.rows })}`}
                      {x.error && ` · ${x.error}`}
                    </span>
                  </span>
                  {x.status === 'succeeded' ? (
                    <Button
                      size="sm"
                      aria-label={t('Save {file}', { file: x.file_name })}
                      onClick={() =>
                        void download(
                          'GET /api/v1/reports/exports/:id/file',
                          { params: { id: x.id } },
                          x.file_name,
                        ).catch(toastError)
                      }
                    >
                      {t('Save')}
                    </Button>
                  ) : x.status === 'expired' ? (
                    <Pill>{t('Gone')}</Pill>
                  ) : (
                    <Status value={x.status} />
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </QueryFrame>
    </Panel>
  )
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

function Schedules() {
  const query = useApi('GET /api/v1/reports/schedules')
  const [edited, setEdited] = useState<Schedule | 'new' | null>(null)
  const readers = ['GET /api/v1/reports/schedules']
  const change = useSend('PATCH /api/v1/reports/schedules/:id', { refresh: readers })
  const remove = useSend('DELETE /api/v1/reports/schedules/:id', { refresh: readers })
  const again = useSend('POST /api/v1/reports/schedules', { refresh: readers })
  const send = useSend('POST /api/v1/reports/schedules/:id/send', { onDone: () => toast(t('It is on its way')) })
  const rhythm = (s: Schedule): string =>
    s.every === 'week'
      ? t('every {day} at {hour}:00', { day: t(weekdays[s.on_day - 1] ?? ''), hour: s.at_hour })
      : t('on day {n} of the month at {hour}:00', { n: s.on_day, hour: s.at_hour })
  return (
    <Panel
      title={t('Reports by email')}
      detail={t('The figures, without anybody opening this page')}
      flush
      actions={
        <Button size="sm" onClick={() => setEdited('new')}>
          {t('Add')}
        </Button>
      }
    >
      <QueryFrame query={query} what={t('The scheduled reports')} skeleton={<Skeleton className="mx-4 mb-4 h-24" />}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty kind="none" title={t('None yet')}>
              {t('Have the week’s figures sent every Monday morning.')}
            </Empty>
          ) : (
            <ul>
              {data.map((s) => (
                <li key={s.id} className="border-t border-line px-4 py-2.5">
                  <div className="flex flex-wrap items-baseline gap-x-3">
                    <span className="font-medium">{s.name}</span>
                    {!s.is_active && <Pill>{t('Paused')}</Pill>}
                    <span className="text-sm text-ink-2">{rhythm(s)}</span>
                  </div>
                  <p className="text-sm text-ink-2">
                    {s.recipients.join(', ')}
                    {s.last_at && (
                      <>
                        {' · '}
                        {t('last sent')} <Time at={s.last_at} look="ago" />
                      </>
                    )}
                  </p>
                  {s.last_error && <p className="text-sm text-risk">{s.last_error}</p>}
                  <p className="flex flex-wrap gap-4 pt-1 text-sm">
                    <TextButton onClick={() => send.mutate({ params: { id: s.id } })}>{t('Send now')}</TextButton>
                    <TextButton onClick={() => setEdited(s)}>{t('Edit')}</TextButton>
                    <TextButton
                      onClick={() => change.mutate({ params: { id: s.id }, body: { is_active: !s.is_active } })}
                    >
                      {s.is_active ? t('Pause') : t('Resume')}
                    </TextButton>
                    <TextButton
                      onClick={() =>
                        remove.mutate(
                          { params: { id: s.id } },
                          {
                            onSuccess: () =>
                              toast(t('{name} removed', { name: s.name }), {
                                undo: () => {
                                  const { id: _, next_at: __, last_at: ___, last_error: ____, ...body } = s
                                  again.mutate({ body })
                                },
                              }),
                          },
                        )
                      }
                    >
                      {t('Remove')}
                    </TextButton>
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </QueryFrame>
      {edited && <ScheduleDialog schedule={edited === 'new' ? null : edited} onClose={() => setEdited(null)} />}
    </Panel>
  )
}

function Prices() {
  const query = useApi('GET /api/v1/settings/analytics')
  const admin = useMay('admin')
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({
    values: {
      email: query.data ? String(query.data.email_per_thousand_cents / 100) : '',
      sms: query.data ? String(query.data.sms_per_thousand_cents / 100) : '',
      holdout: query.data ? String(query.data.global_holdout_share * 100) : '',
    },
  })
  const save = useSend('PATCH /api/v1/settings/analytics', {
    refresh: ['GET /api/v1/settings/analytics', 'GET /api/v1/analytics/', 'GET /api/v1/experiments'],
    onDone: () => toast(t('Saved')),
    onError: (error) => setRefusal(showRefusal(error, form.setError, [])),
  })
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({
      body: {
        email_per_thousand_cents: Math.round(Number(v.email) * 100),
        sms_per_thousand_cents: Math.round(Number(v.sms) * 100),
        global_holdout_share: Number(v.holdout) / 100,
      },
    })
  })
  return (
    <Panel title={t('What reports reckon with')} detail={t('Cost of messages, and who is held out of everything')}>
      <QueryFrame query={query} what={t('The settings')} skeleton={<Skeleton className="h-40" />}>
        {() => (
          <form className="space-y-3" onSubmit={(e) => void submit(e)}>
            {refusal && <Note tone="risk" title={refusal} />}
            <div className="grid gap-3 sm:grid-cols-2">
              <Field label={t('1,000 emails cost')}>
                <Input type="number" min={0} step="0.01" disabled={!admin} {...form.register('email')} />
              </Field>
              <Field label={t('1,000 texts cost')}>
                <Input type="number" min={0} step="0.01" disabled={!admin} {...form.register('sms')} />
              </Field>
            </div>
            <Field
              label={t('Held out of every campaign, in percent')}
              hint={t('Drawn for a calendar year. 5 shows what all messages together earn; 0 is off. At most 20.')}
            >
              <Input
                type="number"
                min={0}
                max={20}
                step="1"
                className="w-28!"
                disabled={!admin}
                {...form.register('holdout')}
              />
            </Field>
            {admin && (
              <Button type="submit" look="primary" busy={save.isPending}>
                {t('Save')}
              </Button>
            )}
          </form>
        )}
      </QueryFrame>
    </Panel>
  )
}

function Sums() {
  const query = useApi('GET /api/v1/analytics/rollups')
  const admin = useMay('admin')
  const [jobId, setJobId] = useState<string | null>(null)
  const job = useJob(jobId)
  const rebuild = useSend('POST /api/v1/analytics/rollups/rebuild', { onDone: (made) => setJobId(made.id) })
  const running = jobId !== null && job.data?.finished_at == null
  const done = job.data?.status === 'succeeded'
  return (
    <Panel
      title={t('Are the sums right?')}
      detail={t('Every night all events and orders are counted again and compared')}
    >
      <QueryFrame query={query} what={t('The check')} skeleton={<Skeleton className="h-16" />}>
        {(s) => (
          <div className="space-y-3">
            {s.mismatches > 0 ? (
              <Note tone="risk" title={t('{n} sums are not a recount', { n: count(s.mismatches) })}>
                {t('Build them anew. Charts may be wrong until then.')}
              </Note>
            ) : s.reconciled_at ? (
              <p>
                {t('All sums equalled a recount')} <Time at={s.reconciled_at} look="ago" />.
              </p>
            ) : (
              <p className="text-ink-2">{t('The first recount is due tonight.')}</p>
            )}
            {admin && (
              <Button
                busy={rebuild.isPending || running}
                onClick={() => rebuild.mutate(undefined, { onSuccess: () => void refresh('GET /api/v1/analytics/') })}
              >
                {t('Build the sums anew')}
              </Button>
            )}
            {done && <p role="status">{t('Built and compared.')}</p>}
          </div>
        )}
      </QueryFrame>
    </Panel>
  )
}
