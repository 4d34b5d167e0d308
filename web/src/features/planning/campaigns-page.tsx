import { useNavigate } from '@tanstack/react-router'
import { Plus, Zap } from 'lucide-react'
import { count, money } from '../../lib/format.ts'
import { useHotkeys } from '../../lib/hotkeys.ts'
import { t } from '../../lib/i18n.ts'
import { useLiveRefresh } from '../../lib/live.ts'
import { useApi } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { useMay } from '../../lib/session.ts'
import { choice, tableParams, text, useUrl } from '../../lib/url.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { SearchBox, Select } from '../../ui/field.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { Progress } from '../../ui/progress.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { campaignStatuses, engineWord, type CampaignRow } from './campaign-words.ts'
import { weekWord } from './plan-words.ts'

const dash = <span className="text-ink-2">–</span>
const columns: Column<CampaignRow>[] = [
  { id: 'name', header: t('Campaign'), hide: false, phone: 'title', cell: (c) => c.name },
  { id: 'status', header: t('Status'), phone: 'aside', cell: (c) => <Status value={c.status} /> },
  {
    id: 'start_date',
    header: t('Week'),
    cell: (c) => (c.type === 'triggered' ? t('Automatic') : weekWord(c.start_date)),
  },
  {
    id: 'reach',
    header: t('Customers'),
    align: 'right',
    cell: (c) =>
      c.planned_reach === null ? (
        dash
      ) : (
        <>
          {count(c.planned_reach)}
          <span className="sm:hidden"> {t('customers')}</span>
        </>
      ),
  },
  { id: 'progress', header: t('Sent'), phone: 'none', cell: (c) => <Sent row={c} /> },
  { id: 'opens', header: t('Opens'), align: 'right', phone: 'none', hide: 'off', cell: (c) => count(c.opens) },
  {
    id: 'clicks',
    header: t('Clicks'),
    align: 'right',
    phone: 'none',
    cell: (c) => (c.total_sends === 0 ? dash : count(c.clicks)),
  },
  {
    id: 'conversions',
    header: t('Orders'),
    align: 'right',
    phone: 'none',
    cell: (c) => (c.total_sends === 0 ? dash : count(c.conversions)),
  },
  {
    id: 'revenue',
    header: t('Revenue'),
    align: 'right',
    cell: (c) => (c.total_sends === 0 ? dash : money(c.revenue_cents)),
  },
  {
    id: 'margin',
    header: t('Expected margin'),
    align: 'right',
    phone: 'none',
    hide: 'off',
    cell: (c) => (c.planned_margin_cents === null ? dash : money(c.planned_margin_cents)),
  },
  { id: 'engine', header: t('Planned by'), phone: 'none', hide: 'off', cell: (c) => engineWord(c.engine) },
  {
    id: 'demo',
    header: t('Demo'),
    phone: 'none',
    hide: 'off',
    cell: (c) => (c.is_demo ? <Pill>{t('Demo')}</Pill> : ''),
  },
]
const url0 = { ...tableParams('', 25), q: text(), status: choice(['', ...campaignStatuses], '') }

/** Every plan with its week, how far it is and what it brought. */
export default function CampaignsPage() {
  const navigate = useNavigate()
  const mayPlan = useMay('manager')
  const [url, setUrl] = useUrl(url0)
  const query = useApi('GET /api/v1/campaigns', {
    query: { page: url.page, page_size: url.size, q: url.q || undefined, status: url.status || undefined },
  })
  useLiveRefresh('/ws/notifications', ['GET /api/v1/campaigns'], 2000, (e) => e.topic.startsWith('campaign.'))
  useRowKeys()
  useHotkeys(mayPlan ? { c: () => void navigate({ to: '/campaigns/new' } as never) } : {})
  const filtered = url.q !== '' || url.status !== ''
  const create = mayPlan && (
    <>
      <LinkButton to="/campaigns/automatic">
        <Zap aria-hidden />
        {t('Automatic message')}
      </LinkButton>
      <LinkButton to="/campaigns/new" look="primary">
        <Plus aria-hidden />
        {t('Plan a week')}
      </LinkButton>
    </>
  )
  return (
    <Page
      title={t('Campaigns')}
      subtitle={t(
        'A campaign is a week of offers by segment, day and channel, or a message that waits for something to happen.',
      )}
      actions={create}
    >
      <DataTable
        label={t('Campaigns')}
        keep="campaigns"
        columns={columns}
        rowId={(c) => c.id}
        rowName={(c) => c.name}
        query={query}
        url={url}
        setUrl={setUrl}
        onOpen={(c) => void navigate({ to: '/campaigns/$id', params: { id: c.id } } as never)}
        tools={
          <>
            <SearchBox
              value={url.q}
              onChange={(q) => setUrl({ q })}
              label={t('Search campaigns')}
              className="w-full sm:w-64"
            />
            <Select
              label={t('Status')}
              className="w-40 max-sm:w-full"
              value={url.status}
              onChange={(e) => setUrl({ status: e.target.value as (typeof url)['status'] })}
              options={[
                { value: '', label: t('Any status') },
                ...campaignStatuses.map((s) => ({ value: s, label: statusWords[s] })),
              ]}
            />
          </>
        }
        empty={
          filtered ? (
            <Empty
              kind="none"
              title={t('No campaign matches')}
              action={<Button onClick={() => setUrl({ q: '', status: '' })}>{t('Clear filters')}</Button>}
            />
          ) : (
            <Empty title={t('No campaign yet')} action={create}>
              {t(
                'Plan next week: the planner proposes offers per segment and day, within your limits and the law of your state.',
              )}
            </Empty>
          )
        }
      />
    </Page>
  )
}

const statusWords: Record<(typeof campaignStatuses)[number], string> = {
  draft: t('Draft'),
  approved: t('Approved'),
  scheduled: t('Scheduled'),
  active: t('Running'),
  paused: t('Paused'),
  completed: t('Completed'),
  cancelled: t('Cancelled'),
}

function Sent({ row }: { row: CampaignRow }) {
  if (row.total_sends === 0) return dash
  return (
    <span className="flex w-36 items-center gap-2">
      <span className="min-w-0 flex-1">
        <Progress
          label={t('Sent of {name}', { name: row.name })}
          done={row.completed_sends}
          total={row.total_sends}
          tone={row.status === 'paused' ? 'warn' : 'primary'}
        />
      </span>
      <span className="text-sm text-ink-2">
        {count(row.completed_sends)}/{count(row.total_sends)}
      </span>
    </span>
  )
}
