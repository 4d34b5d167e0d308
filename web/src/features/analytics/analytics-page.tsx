import { lazy, Suspense } from 'react'
import { t } from '../../lib/i18n.ts'
import { useLiveRefresh } from '../../lib/live.ts'
import { useMay } from '../../lib/session.ts'
import { choice, useUrl } from '../../lib/url.ts'
import { Page, Skeleton } from '../../ui/page.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { kpiIds } from './figure-words.ts'
import { ExportMenu } from './export-menu.tsx'
import { OverviewTab } from './overview-tab.tsx'
import { PeriodBar, periodParams, periodQuery } from './period-bar.tsx'

const CustomersTab = lazy(() => import('./customers-tab.tsx'))
const MessagesTab = lazy(() => import('./messages-tab.tsx'))
const ProofTab = lazy(() => import('./proof-tab.tsx'))
const DataTab = lazy(() => import('./data-tab.tsx'))

const tabs = ['overview', 'messages', 'customers', 'proof', 'data'] as const
const spec = { ...periodParams, tab: choice(tabs, 'overview'), figure: choice(kpiIds, 'revenue') }

/** What it earned, to whom, through what, and how sure we are. */
export default function AnalyticsPage() {
  const [url, setUrl] = useUrl(spec)
  const manager = useMay('manager')
  const query = periodQuery(url)
  useLiveRefresh('/ws/analytics', ['GET /api/v1/analytics/overview', 'GET /api/v1/reports/'], 2000)
  return (
    <Page
      title={t('Analytics')}
      subtitle={t('What it earned, and how sure that is.')}
      actions={
        <>
          <PeriodBar url={url} setUrl={setUrl} />
          {manager && <ExportMenu query={query} tab={url.tab} />}
        </>
      }
    >
      <Tabs
        label={t('Analytics')}
        value={url.tab}
        onChange={(tab) => setUrl({ tab })}
        tabs={[
          { value: 'overview', label: t('What it earned') },
          { value: 'messages', label: t('Messages') },
          { value: 'customers', label: t('Customers') },
          { value: 'proof', label: t('Proof') },
          { value: 'data', label: t('Reports and data') },
        ]}
      >
        {url.tab === 'overview' ? (
          <OverviewTab query={query} figure={url.figure} onFigure={(figure) => setUrl({ figure })} />
        ) : (
          <Suspense fallback={<Skeleton className="h-120 w-full" />}>
            {url.tab === 'messages' && <MessagesTab query={query} />}
            {url.tab === 'customers' && <CustomersTab query={query} />}
            {url.tab === 'proof' && <ProofTab query={query} />}
            {url.tab === 'data' && <DataTab />}
          </Suspense>
        )}
      </Tabs>
    </Page>
  )
}
