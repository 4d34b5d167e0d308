import type { Cohorts, ListHealth, RfmGrid } from '#contract/reports.ts'
import { count, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { choice, useUrl } from '../../lib/url.ts'
import { Select } from '../../ui/field.tsx'
import { Figure } from '../../ui/figure.tsx'
import { heatShade, HeatTable } from '../../ui/heat-table.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { ShareBars } from '../../ui/share-bars.tsx'
import { ChurnList } from './churn-list.tsx'
import type { Query } from './figure-words.ts'

/** Who comes back, who leaves, who can be written to. */
export default function CustomersTab({ query: _ }: { query: Query }) {
  const cohorts = useApi('GET /api/v1/analytics/cohorts', {}, { staleMs: 300_000 })
  const rfm = useApi('GET /api/v1/analytics/rfm', undefined, { staleMs: 300_000 })
  const health = useApi('GET /api/v1/analytics/list-health', undefined, { staleMs: 300_000 })
  return (
    <div className="space-y-5">
      <QueryFrame query={cohorts} what={t('The cohorts')} skeleton={<Skeleton className="h-96 w-full" />}>
        {(data) => <CohortTable data={data} />}
      </QueryFrame>
      <div className="grid grid-cols-1 items-start gap-5 xl:grid-cols-2">
        <ChurnList />
        <div className="space-y-5">
          <QueryFrame query={rfm} what={t('The grid')} skeleton={<Skeleton className="h-80 w-full" />}>
            {(data) => <Grid data={data} />}
          </QueryFrame>
          <QueryFrame query={health} what={t('The list')} skeleton={<Skeleton className="h-64 w-full" />}>
            {(data) => <Health data={data} />}
          </QueryFrame>
        </div>
      </div>
    </div>
  )
}

const monthWord = (iso: string): string =>
  new Intl.DateTimeFormat('en-US', { month: 'short', year: '2-digit', timeZone: 'UTC' }).format(
    new Date(`${iso}T00:00:00Z`),
  )

function CohortTable({ data }: { data: Cohorts }) {
  const [url, setUrl] = useUrl({ cohort: choice(['share', 'revenue'], 'share') })
  const months = Math.max(0, ...data.cohorts.map((c) => c.bought.filter((b) => b !== null).length))
  const columns = Array.from({ length: months }, (_, i) => (i === 0 ? t('Month 0') : `+${i}`))
  const most = Math.max(
    0.01,
    ...data.cohorts.flatMap((c) => c.bought.slice(1).map((b) => (b ?? 0) / Math.max(1, c.customers))),
  )
  const perHead = (cents: number | null, n: number): number => (cents ?? 0) / Math.max(1, n)
  const richest = Math.max(
    1,
    ...data.cohorts.flatMap((c) => c.revenue_cents.slice(1).map((r) => perHead(r, c.customers))),
  )
  const byMoney = url.cohort === 'revenue'
  const rows = data.cohorts.map((c) => ({
    name: monthWord(c.month),
    extra: count(c.customers),
    cells: c.bought.flatMap((b, i) => {
      if (b === null) return []
      const share = b / Math.max(1, c.customers)
      const each = perHead(c.revenue_cents[i] ?? 0, c.customers)
      return [
        {
          text: byMoney ? money(Math.round(each)).replace(/\.\d\d$/, '') : percent(share, 0),
          // Month 0 is everybody: it would drown the rest.
          share: i === 0 ? 0 : byMoney ? Math.min(1, each / richest) : share / most,
          weak: c.customers < 30,
          words: t(
            'First bought in {month}: {n} of {all} bought {later, plural, =0 {in that month} one {# month later} other {# months later}} ({share}), {money} a head',
            {
              month: monthWord(c.month),
              n: count(b),
              all: count(c.customers),
              later: i,
              share: percent(share, 0),
              money: money(Math.round(each)),
            },
          ),
        },
      ]
    }),
  }))
  return (
    <Figure
      title={t('Customers who bought again')}
      detail={t(
        'Of each month’s first-time buyers, by months since. Slanted: fewer than 30 customers, read with care.',
      )}
      isTable
      actions={
        <Select
          label={t('What the cohorts show')}
          className="w-44"
          value={url.cohort}
          onChange={(e) => setUrl({ cohort: e.target.value as 'share' | 'revenue' })}
          options={[
            { value: 'share', label: t('Share who bought') },
            { value: 'revenue', label: t('Revenue a head') },
          ]}
        />
      }
      data={{
        head: [t('First bought'), t('Buyers'), ...columns],
        rows: data.cohorts.map((c) => [
          c.month,
          c.customers,
          ...c.bought
            .slice(0, months)
            .map((b, i) => (byMoney ? (c.revenue_cents[i] ?? null) && (c.revenue_cents[i] ?? 0) / 100 : b)),
        ]),
        shown: rows.map((r) => [r.name, r.extra, ...columns.map((_, i) => r.cells[i]?.text ?? '')]),
        shade: (r, c) => (c < 2 ? null : heatShade(rows[r]?.cells[c - 2]?.share ?? null)),
      }}
    >
      {data.cohorts.length === 0 ? (
        <Empty title={t('No orders yet')}>{t('Import orders, and see who comes back.')}</Empty>
      ) : (
        <HeatTable
          label={t('Customers who bought again')}
          corner={t('First bought')}
          extra={t('Buyers')}
          columns={columns}
          rows={rows}
          hint={t('Arrow keys walk the months.')}
        />
      )}
    </Figure>
  )
}

function Grid({ data }: { data: RfmGrid }) {
  const top = Math.max(1, ...data.cells.map((c) => c.customers))
  const levels = [1, 2, 3, 4, 5]
  const names = ['', t('long ago'), '', '', '', t('just now')]
  const at = (r: number, f: number) => data.cells.find((c) => c.recency === r && c.frequency === f)
  const rows = [5, 4, 3, 2, 1].map((r) => ({
    name: names[r] ? `${r} ${names[r]}` : String(r),
    cells: levels.map((f) => {
      const c = at(r, f)
      return {
        text: count(c?.customers ?? 0),
        share: (c?.customers ?? 0) / top,
        words: t('Recency {r}, frequency {f}: {n} customers, {money} spent{segment}', {
          r,
          f,
          n: count(c?.customers ?? 0),
          money: money(c?.spent_cents ?? 0),
          segment: c?.segment ? `; ${t('mostly {segment}', { segment: c.segment.replaceAll('_', ' ') })}` : '',
        }),
      }
    }),
  }))
  return (
    <Figure
      title={t('Recency and frequency')}
      detail={t('Rows: how lately they bought; columns: how often. 5 is best.')}
      isTable
      data={{
        head: [t('Recency'), ...levels.map(String)],
        rows: [5, 4, 3, 2, 1].map((r) => [r, ...levels.map((f) => at(r, f)?.customers ?? 0)]),
        shown: rows.map((r) => [r.name, ...r.cells.map((c) => c.text)]),
        shade: (r, c) => (c === 0 ? null : heatShade(rows[r]?.cells[c - 1]?.share ?? null)),
      }}
    >
      {data.as_of === null ? (
        <Empty title={t('Nobody is scored yet')}>{t('Run scoring first.')}</Empty>
      ) : (
        <HeatTable
          label={t('Recency and frequency')}
          corner={t('Recency')}
          columns={levels.map((f) => (f === 1 ? t('1 seldom') : f === 5 ? t('5 often') : String(f)))}
          rows={rows}
          hint={t('Arrow keys walk the cells.')}
        />
      )}
    </Figure>
  )
}

function Health({ data }: { data: ListHealth }) {
  if (data.customers === 0)
    return (
      <Panel title={t('Health of the list')}>
        <Empty title={t('No customers yet')} />
      </Panel>
    )
  const months = data.months
  return (
    <Figure
      title={t('Health of the list')}
      detail={t('{n} customers; who can be written to', { n: count(data.customers) })}
      data={{
        head: [t('Group'), t('Customers'), t('Share')],
        rows: [
          ...data.lines.map((l) => [l.label, l.customers, l.share_pct] as const),
          ...months.map((m) => [`${monthWord(m.month)}: +${m.joined} -${m.left}`, m.joined, m.left] as const),
        ],
        shown: data.lines.map((l) => [t(l.label), count(l.customers), percent(l.share_pct / 100)]),
      }}
    >
      <ShareBars
        label={t('Health of the list')}
        total={data.customers}
        items={data.lines.map((l) => ({ id: l.id, label: t(l.label), value: l.customers }))}
      />
      <p className="mt-3 text-sm text-ink-2">
        {t('This month {joined} joined and {left} left. Asleep: could get email but has not bought for a year.', {
          joined: count(months.at(-1)?.joined ?? 0),
          left: count(months.at(-1)?.left ?? 0),
        })}
      </p>
    </Figure>
  )
}
