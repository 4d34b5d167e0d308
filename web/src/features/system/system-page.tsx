import type { ReplyOf } from '../../lib/api.ts'
import { count, ticketCount } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Panel } from '../../ui/panel.tsx'
import { TicketRow } from '../../ui/ticket-row.tsx'
import { SettingsFrame } from '../settings/settings-frame.tsx'
import { BackupsPanel } from './backups-panel.tsx'
import { ChecksPanel } from './checks-panel.tsx'
import { DutiesPanel } from './duties-panel.tsx'
import { ProcessesPanel } from './processes-panel.tsx'
import { behind, size } from './system-words.ts'

type Status = ReplyOf<'GET /api/v1/system'>

/** How the installation is, and what to mend. */
export default function SystemPage() {
  const admin = useMay('admin')
  const manager = useMay('manager')
  const query = useApi('GET /api/v1/system', undefined, { enabled: manager, every: 10_000 })
  return (
    <SettingsFrame changedBy="manager">
      {manager && (
        <QueryFrame query={query} what={t('The state of the system')} skeleton={<Skeleton className="h-120" />}>
          {(status) => (
            <div className="space-y-5">
              <ChecksPanel checks={status.checks} at={status.at} />
              <Waiting waiting={status.waiting} />
              <ProcessesPanel processes={status.processes} version={status.version} />
              <Installation status={status} />
              <DutiesPanel duties={status.duties} />
            </div>
          )}
        </QueryFrame>
      )}
      {admin && <BackupsPanel />}
    </SettingsFrame>
  )
}

function Waiting({ waiting: w }: { waiting: Status['waiting'] }) {
  const since = (n: number, seconds: number): string =>
    n === 0 ? t('nothing waits') : t('the oldest for {time}', { time: behind(seconds) })
  return (
    <TicketRow
      label={t('What waits')}
      items={[
        { label: t('Sends due'), figure: ticketCount(w.sends_due), note: since(w.sends_due, w.send_lag_s) },
        {
          label: t('Jobs waiting'),
          figure: ticketCount(w.jobs_queued),
          note:
            w.jobs_running > 0
              ? t('{n, plural, one {# runs} other {# run}}', { n: w.jobs_running })
              : since(w.jobs_queued, w.job_oldest_s),
        },
        {
          label: t('Reports to read'),
          figure: ticketCount(w.webhook_posts),
          note: w.webhook_posts === 0 ? t('all taken apart') : t('posts of providers'),
        },
        {
          label: t('Fate unknown'),
          figure: ticketCount(w.sends_unknown),
          note: w.sends_unknown === 0 ? t('every send is accounted for') : t('somebody must decide'),
        },
      ]}
    />
  )
}

function Installation({ status: { version, database: d, parts, waiting } }: { status: Status }) {
  const engine = { postgres: 'PostgreSQL', redis: 'Redis' }
  return (
    <Panel title={t('Installation')}>
      <Facts
        items={[
          [t('Release'), version],
          [
            t('Database'),
            t('PostgreSQL {version}{place}, {size}', {
              version: d.server_version.split(' ')[0],
              place: d.is_embedded ? ` (${t('built in')})` : '',
              size: size(d.size_bytes),
            }),
          ],
          [t('Schema'), t('migration {n}', { n: d.schema_version })],
          [
            t('Connections'),
            t('{n} of {most}{pooler}', {
              n: count(d.connections),
              most: count(d.max_connections),
              pooler: parts.has_pooler ? `, ${t('through a pooler')}` : '',
            }),
          ],
          [
            t('Figures'),
            waiting.rollup_lag_s < 1
              ? t('up to date')
              : t('{time} behind the events', { time: behind(waiting.rollup_lag_s) }),
          ],
          [t('Reports read from'), parts.has_replica ? t('a replica') : t('the database itself')],
          [t('Jobs and live updates'), `${engine[parts.jobs]}, ${engine[parts.live]}`],
          [t('Files'), parts.files === 's3' ? t('bucket') : t('data folder')],
          [
            t('Watched by'),
            [parts.has_traces ? t('traces') : '', parts.has_error_reports ? t('error reports') : '']
              .filter(Boolean)
              .join(', ') || t('nobody: no traces, no error reports'),
          ],
        ]}
      />
    </Panel>
  )
}
