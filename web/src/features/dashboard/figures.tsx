import type { Dashboard, Kpi, SeriesDay } from '#contract/analytics.ts'
import {
  count,
  countShort,
  money,
  moneyShort,
  percent,
  ticketCount,
  ticketMoney,
  ticketPercent,
  type Figure,
} from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Chart } from '../../ui/chart.tsx'
import { ShelfRail } from '../../ui/ticket.tsx'

export const metrics = ['revenue', 'sends', 'conversion', 'aov'] as const
export type Metric = (typeof metrics)[number]

interface Drawn {
  title: string
  now: (d: SeriesDay) => number | null
  before: (d: SeriesDay) => number | null
  format: (n: number) => string
  short: (n: number) => string
}
const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null)

const drawn: Record<Metric, Drawn> = {
  revenue: {
    title: 'Revenue by day',
    now: (d) => d.revenue_cents,
    before: (d) => d.previous_revenue_cents,
    format: money,
    short: moneyShort,
  },
  sends: {
    title: 'Messages sent by day',
    now: (d) => d.sends,
    before: (d) => d.previous_sends,
    format: count,
    short: countShort,
  },
  conversion: {
    title: 'Conversion by day',
    now: (d) => share(d.conversions, d.sends),
    before: (d) => share(d.previous_conversions, d.previous_sends),
    format: percent,
    short: percent,
  },
  aov: {
    title: 'Average order by day',
    now: (d) => share(d.revenue_cents, d.orders),
    before: (d) => share(d.previous_revenue_cents, d.previous_orders),
    format: money,
    short: moneyShort,
  },
}

function figureOf({ unit, value }: Kpi): Figure | null {
  if (value === null) return null
  return unit === 'cents' ? ticketMoney(value) : unit === 'percent' ? ticketPercent(value / 100) : ticketCount(value)
}

/** The shelf with its four tickets and the chart of the pressed one. */
export function Figures({
  dashboard,
  metric,
  onMetric,
}: {
  dashboard: Dashboard
  metric: Metric
  onMetric: (metric: Metric) => void
}) {
  const { series, marks, comparison } = dashboard
  const kpis = metrics.flatMap((id) => dashboard.kpis.filter((k) => k.id === id))
  const chosen = drawn[metric]
  const weeks = t('{n, plural, one {# week before} other {# weeks before}}', { n: comparison.weeks_before })
  const total = kpis.find((k) => k.id === metric)
  return (
    <ShelfRail
      label={t('Key figures')}
      chosen={metric}
      onChoose={(id) => onMetric(id as Metric)}
      kpis={kpis.map((k) => ({
        id: k.id,
        label: t(k.label),
        figure: figureOf(k),
        change: k.change_pct === null ? null : k.change_pct / 100,
        better: k.better,
        note: t('on {weeks}', { weeks }),
        spark: k.spark,
        definition: k.definition,
      }))}
    >
      <div className="p-4">
        <Chart
          title={t(chosen.title)}
          {...(total && total.value !== null
            ? { summary: t('In all {figure}', { figure: figureOf(total)?.full ?? '' }) }
            : {})}
          days={series.map((d) => d.day)}
          series={[
            { id: 'now', label: t('This period'), values: series.map(chosen.now), area: true },
            { id: 'before', label: weeks, values: series.map(chosen.before), dashed: true },
          ]}
          marks={marks}
          format={chosen.format}
          formatShort={chosen.short}
        />
        <p className="mt-1 text-sm text-ink-2">
          {t('Changes are {words}.', { words: comparison.words })} {total?.definition}
        </p>
      </div>
    </ShelfRail>
  )
}
