import { count, decimal } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useLiveRefresh } from '../../lib/live.ts'
import { useApi } from '../../lib/query.ts'
import { TextLink } from '../../ui/button.tsx'
import { Progress } from '../../ui/progress.tsx'
import { Time } from '../../ui/time.tsx'
import type { Campaign } from './campaign-words.ts'

/** How far the messages are, live: done, rate, when it ends. */
export function LiveProgress({ campaign }: { campaign: Campaign }) {
  const running = campaign.status === 'active' || campaign.status === 'paused'
  useLiveRefresh(
    running ? `/ws/campaign/${campaign.id}/status` : null,
    ['GET /api/v1/campaigns/:id', 'GET /api/v1/analytics/dashboard'],
    1000,
  )
  const dashboard = useApi(
    'GET /api/v1/analytics/dashboard',
    { query: { period: '7d' } },
    { enabled: running, every: running ? 10_000 : false, staleMs: 900 },
  )
  const live = dashboard.data?.running_campaigns.find((c) => c.id === campaign.id)
  const total = campaign.total_sends
  const done = Math.max(live?.done ?? 0, campaign.completed_sends)
  const failed = live?.failed ?? campaign.failed_sends
  const rate = live?.rate_per_minute ?? 0
  return (
    <section aria-label={t('Progress')} className="mb-5 rounded-lg border border-line bg-surface p-4">
      <div className="flex flex-wrap items-end gap-x-8 gap-y-3">
        <p className="min-w-36">
          <span className="ticket text-[44px]">{count(done)}</span>
          <span className="ml-1.5 text-ink-2">{t('of {total} messages', { total: count(total) })}</span>
        </p>
        <dl className="flex flex-1 flex-wrap gap-x-8 gap-y-2 text-sm">
          {running ? (
            <>
              <Fact name={t('Rate')}>
                {campaign.status === 'paused'
                  ? t('paused')
                  : rate > 0
                    ? t('{rate} per minute', { rate: rate >= 10 ? count(rate) : decimal(rate, 1) })
                    : '–'}
              </Fact>
              <Fact name={t('Next due')}>{live?.next_due_at ? <Time at={live.next_due_at} /> : '–'}</Fact>
              <Fact name={t('Done by')}>{live?.eta && campaign.status === 'active' ? <Eta at={live.eta} /> : '–'}</Fact>
            </>
          ) : (
            campaign.finished_at && (
              <Fact name={t('Finished')}>
                <Time at={campaign.finished_at} />
              </Fact>
            )
          )}
          <Fact name={t('Failed or bounced')}>
            {failed > 0 ? (
              <TextLink to="/sends" search={{ campaign: campaign.id, status: 'failed,bounced' }} className="text-risk">
                {count(failed)}
              </TextLink>
            ) : (
              '0'
            )}
          </Fact>
        </dl>
        <TextLink to="/sends" search={{ campaign: campaign.id }} className="text-sm">
          {t('All sends')}
        </TextLink>
      </div>
      <div className="mt-3">
        <Progress
          label={t('Messages sent')}
          done={done}
          total={total}
          tone={campaign.status === 'paused' ? 'warn' : 'primary'}
        />
      </div>
      {campaign.status === 'paused' && campaign.pause_reason && (
        <p className="mt-2 text-sm text-warn">{t('Paused: {reason}', { reason: campaign.pause_reason })}</p>
      )}
    </section>
  )
}

function Eta({ at }: { at: string }) {
  return (
    <>
      <Time at={at} />{' '}
      <span className="text-ink-2">
        (<Time at={at} look="ago" />)
      </span>
    </>
  )
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="label text-ink-2">{name}</dt>
      <dd className="min-w-16 font-medium">{children}</dd>
    </div>
  )
}
