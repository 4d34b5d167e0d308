import { Plus } from 'lucide-react'
import { useEffect } from 'react'
import { day, zonePlace } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useLiveRefresh } from '../../lib/live.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { choice, text, useUrl } from '../../lib/url.ts'
import { LinkButton } from '../../ui/button.tsx'
import { loadPlot } from '../../ui/chart.tsx'
import { Select } from '../../ui/field.tsx'
import { Page, QueryFrame } from '../../ui/page.tsx'
import { Checklist } from './checklist.tsx'
import { DashboardSkeleton } from './dashboard-skeleton.tsx'
import { Figures, metrics } from './figures.tsx'
import { LatestSends } from './latest-sends.tsx'
import { LiftPanel } from './lift-panel.tsx'
import { NeedsYou } from './needs-you.tsx'
import { RunningCampaigns } from './running-campaigns.tsx'
import { SendDrawer } from './send-drawer-lazy.tsx'

const address = { period: choice(['7d', '30d', '90d', '12m'], '30d'), metric: choice(metrics, 'revenue'), send: text() }

/** "This week": what needs a person, what was earned, what is running. One request, kept fresh by the live socket. */
export default function DashboardPage() {
  const [url, setUrl] = useUrl(address)
  const may = useMay('manager')
  const dashboard = useApi('GET /api/v1/analytics/dashboard', { query: { period: url.period } })
  useLiveRefresh('/ws/analytics', ['GET /api/v1/analytics/dashboard'], 1000)
  useEffect(() => void loadPlot(), [])
  const data = dashboard.data
  const empty =
    data !== undefined &&
    data.staleness.last_order_at === null &&
    data.latest_sends.length === 0 &&
    data.checklist.length > 0
  return (
    <Page
      title={t('This week')}
      subtitle={
        data
          ? t('{from} to {to}, {place} time', {
              from: day(data.from),
              to: day(data.to, 'date'),
              place: zonePlace(data.time_zone),
            })
          : '\u00a0'
      }
      actions={
        <>
          <Select
            label={t('Period')}
            className="w-38"
            value={url.period}
            onChange={(e) => setUrl({ period: e.target.value as typeof url.period })}
            options={[
              { value: '7d', label: t('Last 7 days') },
              { value: '30d', label: t('Last 30 days') },
              { value: '90d', label: t('Last 90 days') },
              { value: '12m', label: t('Last 12 months') },
            ]}
          />
          {may && (
            <LinkButton look="primary" to="/campaigns/new">
              <Plus aria-hidden />
              {t('New campaign')}
            </LinkButton>
          )}
        </>
      }
    >
      <QueryFrame query={dashboard} what={t('The dashboard')} skeleton={<DashboardSkeleton />}>
        {(shown) => (
          <div className="space-y-5">
            {shown.checklist.length > 0 && (
              <Checklist
                items={shown.checklist}
                // A shop without a name and address may not send, however many orders have arrived.
                open={empty || shown.checklist.some((step) => step.id === 'shop' && !step.done)}
              />
            )}
            {!empty && (
              <>
                <NeedsYou needs={shown.needs_you} />
                <Figures dashboard={shown} metric={url.metric} onMetric={(metric) => setUrl({ metric })} />
                <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,1fr)_340px]">
                  <LatestSends sends={shown.latest_sends} onOpen={(send) => setUrl({ send }, { push: true })} />
                  <div className="space-y-5">
                    <RunningCampaigns campaigns={shown.running_campaigns} />
                    {shown.lift && <LiftPanel lift={shown.lift} />}
                  </div>
                </div>
              </>
            )}
          </div>
        )}
      </QueryFrame>
      <SendDrawer id={url.send} onClose={() => setUrl({ send: '' })} />
    </Page>
  )
}
