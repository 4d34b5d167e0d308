import { useNavigate } from '@tanstack/react-router'
import { SlidersHorizontal, Upload } from 'lucide-react'
import { useState } from 'react'
import { count, money } from '../../lib/format.ts'
import { useHotkeys } from '../../lib/hotkeys.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { useMay } from '../../lib/session.ts'
import { useWide } from '../../lib/use-wide.ts'
import { useUrl } from '../../lib/url.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { SearchBox } from '../../ui/field.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { ShareBars } from '../../ui/share-bars.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import {
  chipsOf,
  customerQuery,
  customerUrl,
  FilterChips,
  FilterForm,
  filtersOff,
  type ChangeUrl,
} from './customer-filters.tsx'
import {
  ageTone,
  ageWord,
  consentTone,
  consentWord,
  customerName,
  rfmWord,
  type CustomerRow,
} from './customer-words.ts'

const dash = <span className="text-ink-2">–</span>
const columns: Column<CustomerRow>[] = [
  { id: 'name', header: t('Customer'), sortable: true, hide: false, phone: 'title', cell: (c) => customerName(c) },
  {
    id: 'clv_score',
    header: t('Value, 12 mo.'),
    sortable: true,
    align: 'right',
    phone: 'aside',
    cell: (c) => (c.clv_score_cents === null ? dash : money(c.clv_score_cents)),
  },
  { id: 'rfm_segment', header: t('Segment'), sortable: true, cell: (c) => rfmWord(c.rfm_segment) },
  {
    id: 'churn_risk',
    header: t('Churn'),
    sortable: true,
    cell: (c) => (c.churn_risk ? <Status value={c.churn_risk} /> : dash),
  },
  {
    id: 'total_spent',
    header: t('Spent'),
    sortable: true,
    align: 'right',
    phone: 'none',
    cell: (c) => (c.total_spent_cents === null ? dash : money(c.total_spent_cents)),
  },
  {
    id: 'purchase_frequency',
    header: t('Orders'),
    sortable: true,
    align: 'right',
    phone: 'none',
    cell: (c) => (c.purchase_frequency === null ? dash : count(c.purchase_frequency)),
  },
  {
    id: 'last_purchase_at',
    header: t('Last order'),
    sortable: true,
    cell: (c) => (c.last_purchase_at ? <Time at={c.last_purchase_at} look="ago" /> : t('never')),
  },
  {
    id: 'primary_category',
    header: t('Buys mostly'),
    sortable: true,
    phone: 'none',
    cell: (c) => c.primary_category ?? dash,
  },
  {
    id: 'email_consent',
    header: t('Email'),
    phone: 'none',
    cell: (c) => <Pill tone={consentTone(c.email_consent)}>{consentWord(c.email_consent)}</Pill>,
  },
  {
    id: 'sms_consent',
    header: t('Texts'),
    phone: 'none',
    hide: 'off',
    cell: (c) => <Pill tone={consentTone(c.sms_consent)}>{consentWord(c.sms_consent)}</Pill>,
  },
  {
    id: 'age',
    header: t('Age'),
    hide: 'off',
    cell: (c) => <Pill tone={ageTone(c.age_status)}>{ageWord(c.age_status)}</Pill>,
  },
  {
    id: 'avg_order_value',
    header: t('Average order'),
    sortable: true,
    align: 'right',
    hide: 'off',
    cell: (c) => (c.avg_order_value_cents === null ? dash : money(c.avg_order_value_cents)),
  },
  { id: 'email', header: t('Email address'), sortable: true, hide: 'off', cell: (c) => c.email ?? dash },
  { id: 'phone', header: t('Phone'), hide: 'off', cell: (c) => c.phone ?? dash },
  { id: 'state', header: t('State'), sortable: true, hide: 'off', cell: (c) => c.state ?? dash },
  {
    id: 'avg_purchase_hour',
    header: t('Usual hour'),
    sortable: true,
    align: 'right',
    hide: 'off',
    cell: (c) => (c.avg_purchase_hour === null ? dash : `${Math.floor(c.avg_purchase_hour)}:00`),
  },
  {
    id: 'success_rate_pct',
    header: t('Answers'),
    sortable: true,
    align: 'right',
    hide: 'off',
    cell: (c) => (c.success_rate_pct === null ? dash : `${count(c.success_rate_pct)}%`),
  },
  { id: 'tags', header: t('Tags'), hide: 'off', cell: (c) => c.tags.join(', ') || dash },
  {
    id: 'created_at',
    header: t('Known since'),
    sortable: true,
    hide: 'off',
    cell: (c) => <Time at={c.created_at} look="date" />,
  },
]

/** All customers: search, filters and order in the address, the segments beside the table. */
export default function CustomersPage() {
  const navigate = useNavigate()
  const mayImport = useMay('manager')
  const [url, setUrl] = useUrl(customerUrl)
  const query = useApi('GET /api/v1/customers', { query: customerQuery(url) })
  const [open, setOpen] = useState(false)
  const chips = chipsOf(url)
  const filtered = chips.length > 0 || url.q !== ''
  useRowKeys()
  useHotkeys({ f: () => setOpen((o) => !o) })
  const importButton = mayImport && (
    <LinkButton to="/customers/import" look="primary">
      <Upload aria-hidden />
      {t('Import')}
    </LinkButton>
  )
  return (
    <Page
      title={t('Customers')}
      subtitle={
        query.data &&
        (filtered
          ? t('{total, plural, one {# customer matches} other {# customers match}}', { total: query.data.total })
          : t('{total, plural, one {# customer} other {# customers}}', { total: query.data.total }))
      }
      actions={importButton}
    >
      <div className="grid items-start gap-5 lg:grid-cols-[248px_minmax(0,1fr)]">
        <SegmentShares
          chosen={url.segment}
          onChoose={(segment) => setUrl({ segment: segment === url.segment ? '' : segment })}
        />
        <div className="min-w-0">
          <FilterChips url={url} setUrl={setUrl} />
          {open && (
            <div id="customer-filters" className="mb-3">
              <FilterForm url={url} setUrl={setUrl} />
            </div>
          )}
          <DataTable
            label={t('Customers')}
            keep="customers"
            columns={columns}
            rowId={(c) => c.id}
            rowName={customerName}
            query={query}
            url={url}
            setUrl={setUrl}
            onOpen={(c) => void navigate({ to: '/customers/$id', params: { id: c.id } } as never)}
            tools={
              <>
                <SearchBox
                  value={url.q}
                  onChange={(q) => setUrl({ q })}
                  label={t('Search name, email, phone or number')}
                  className="w-full sm:w-72"
                />
                <Button aria-expanded={open} aria-controls="customer-filters" onClick={() => setOpen(!open)}>
                  <SlidersHorizontal aria-hidden />
                  {chips.length > 0 ? t('Filters ({count})', { count: chips.length }) : t('Filters')}
                </Button>
              </>
            }
            empty={<NoCustomers filtered={filtered} setUrl={setUrl} action={importButton} />}
          />
        </div>
      </div>
    </Page>
  )
}

function NoCustomers({ filtered, setUrl, action }: { filtered: boolean; setUrl: ChangeUrl; action: React.ReactNode }) {
  if (filtered) {
    return (
      <Empty
        kind="none"
        title={t('No customer matches')}
        action={<Button onClick={() => setUrl(filtersOff)}>{t('Clear filters')}</Button>}
      >
        {t('Take a filter away or search for a part of the name.')}
      </Empty>
    )
  }
  return (
    <Empty title={t('No customers yet')} action={action}>
      {t('Import the list of your till or web shop. A CSV with names and emails is enough to start.')}
    </Empty>
  )
}

/** How the customers divide into segments; pressing one filters the table. */
function SegmentShares({ chosen, onChoose }: { chosen: string; onChoose: (segment: string) => void }) {
  const query = useApi('GET /api/v1/customers/segments', undefined, { staleMs: 60_000 })
  const narrow = !useWide(1024)
  const shares = (
    <QueryFrame
      query={query}
      what={t('The segments')}
      skeleton={
        <div className="space-y-3">
          {rows.map((w) => (
            <Skeleton key={w} className="h-8 w-full" />
          ))}
        </div>
      }
    >
      {(data) => (
        <>
          <ShareBars
            label={t('Segments by number of customers')}
            items={data.data.map((s) => ({ id: s.rfm_segment, label: rfmWord(s.rfm_segment), value: s.customers }))}
            total={data.customers}
            chosen={chosen}
            onChoose={onChoose}
          />
          {data.unscored > 0 && (
            <p className="mt-3 text-sm text-ink-2">
              {t('{count, plural, one {One customer is} other {# customers are}} not scored yet: no purchase known.', {
                count: data.unscored,
              })}
            </p>
          )}
        </>
      )}
    </QueryFrame>
  )
  if (narrow) {
    return (
      <details className="rounded-lg border border-line bg-surface">
        <summary className="flex min-h-11 items-center px-4 font-semibold">{t('Segments')}</summary>
        <div className="px-4 pb-4">{shares}</div>
      </details>
    )
  }
  return (
    <Panel title={t('Segments')} detail={t('Press one to filter')}>
      {shares}
    </Panel>
  )
}
const rows = Array.from({ length: 8 }, (_, i) => i)
