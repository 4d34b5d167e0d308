import { ArchiveRestore, Clock } from 'lucide-react'
import { useState } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { followJob } from '../../lib/jobs.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { tableParams, useUrl } from '../../lib/url.ts'
import { Button } from '../../ui/button.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Pager } from '../../ui/pager.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill, type Tone } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { BackupSchedule } from './backup-schedule.tsx'
import { behind, size } from './system-words.ts'

type Backup = ReplyOf<'GET /api/v1/system/backups'>['data'][number]
const states: Record<Backup['status'], [Tone, string]> = {
  running: ['info', 'Running'],
  succeeded: ['good', 'Checked'],
  failed: ['risk', 'Failed'],
  expired: ['neutral', 'Deleted'],
}
const reasons = { manual: 'by hand', schedule: 'by the clock', move: 'for a move' }

/** Backups that were made, one more by a press, and when the next is due. */
export function BackupsPanel() {
  const [url, setUrl] = useUrl(tableParams('', 25))
  const [planning, setPlanning] = useState(false)
  const query = useApi(
    'GET /api/v1/system/backups',
    { query: { page: url.page, page_size: url.size } },
    { every: 15_000 },
  )
  const settings = useApi('GET /api/v1/settings/backups')
  const start = useSend('POST /api/v1/system/backups', {
    onDone: (job) =>
      followJob({
        id: job.id,
        title: t('Making a backup'),
        done: () => t('The backup is made, read back and checked.'),
        refresh: ['GET /api/v1/system'],
      }),
  })
  const make = (
    <Button busy={start.isPending} onClick={() => start.mutate()}>
      <ArchiveRestore aria-hidden />
      {t('Back up now')}
    </Button>
  )
  return (
    <Panel
      title={t('Backups')}
      detail={
        settings.data
          ? settings.data.enabled
            ? t('Every night at {at}; the last {n} are kept.', { at: settings.data.at, n: settings.data.keep })
            : t('None is made by itself.')
          : t('The whole shop as it is at one moment.')
      }
      flush
      actions={
        <>
          {settings.data && (
            <Button onClick={() => setPlanning(true)}>
              <Clock aria-hidden />
              {t('Schedule')}
            </Button>
          )}
          {query.data && query.data.data.length > 0 && make}
        </>
      }
    >
      <QueryFrame query={query} what={t('The list of backups')} skeleton={<Skeleton className="m-4 h-32" />}>
        {(page) =>
          page.data.length === 0 ? (
            <Empty title={t('There is no backup yet')} action={make}>
              {t('One takes seconds in a small shop, and everybody goes on working meanwhile.')}
            </Empty>
          ) : (
            <>
              <ul>
                {page.data.map((backup) => (
                  <Row key={backup.id} backup={backup} />
                ))}
              </ul>
              {page.total > url.size && <Pager url={url} setUrl={setUrl} page={page} rows={page.data.length} />}
            </>
          )
        }
      </QueryFrame>
      <p className="border-t border-line px-4 py-2.5 text-sm text-ink-2">
        {t('A backup is brought back on the command line:')} <code>liquor-agent restore FILE</code>.{' '}
        {t('The secret of the installation is not in it; keep that elsewhere.')}
      </p>
      {planning && settings.data && <BackupSchedule settings={settings.data} onClose={() => setPlanning(false)} />}
    </Panel>
  )
}

function Row({ backup: b }: { backup: Backup }) {
  const [tone, word] = states[b.status]
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 border-t border-line px-4 py-2.5">
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">
            <Time at={b.started_at} />
          </span>
          <Pill tone={tone}>{t(word)}</Pill>
          <span className="text-sm text-ink-2">{t(reasons[b.reason])}</span>
        </p>
        {b.error && <p className="text-sm text-risk wrap-anywhere">{b.error}</p>}
        {b.location && b.status !== 'expired' && (
          <p className="text-sm text-ink-2 wrap-anywhere">
            <code>{b.location}</code>
          </p>
        )}
      </div>
      {b.bytes !== null && b.rows !== null && (
        <p className="text-sm text-ink-2 sm:text-right">
          {size(b.bytes)}
          <span className="block">
            {t('{n} rows', { n: count(b.rows) })}
            {b.finished_at && `, ${behind((Date.parse(b.finished_at) - Date.parse(b.started_at)) / 1000)}`}
          </span>
        </p>
      )}
    </li>
  )
}
