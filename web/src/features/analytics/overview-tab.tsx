import type { Kpi } from '#contract/analytics.ts'
import type { Overview } from '#contract/reports.ts'
import { count, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Chart } from '../../ui/chart.tsx'
import { Figure } from '../../ui/figure.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { ShareBars } from '../../ui/share-bars.tsx'
import { Change, ShelfRail } from '../../ui/ticket.tsx'
import { axisValue, figureOf, isCharted, shownValue, type ChartedId, type Query } from './figure-words.ts'
import { Notes } from './notes.tsx'

const rail: readonly Kpi['id'][] = ['revenue', 'attributed', 'incremental_revenue', 'sends']

export function OverviewTab({
  query,
  figure,
  onFigure,
}: {
  query: Query
  figure: ChartedId
  onFigure: (id: ChartedId) => void
}) {
  const overview = useApi('GET /api/v1/analytics/overview', { query })
  return (
    <QueryFrame query={overview} what={t('The figures')} skeleton={<Skeleton className="h-[680px] w-full" />}>
      {(data) => (
        <div className="space-y-5">
          <Top data={data} figure={figure} />
          {data.lift ? (
            <Note
              tone={data.lift.outcome === 'more' ? 'good' : data.lift.outcome === 'less' ? 'risk' : 'info'}
              title={data.lift.verdict}
            />
          ) : (
            <Note tone="info">
              {t('Nobody was held out in this period, so it cannot be told what contact itself earned.')}
            </Note>
          )}
          <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,1fr)_380px]">
            <FigureTable data={data} figure={figure} onFigure={onFigure} />
            <div className="space-y-5">
              <Funnel data={data} />
              <Notes query={query} />
            </div>
          </div>
        </div>
      )}
    </QueryFrame>
  )
}

function Top({ data, figure }: { data: Overview; figure: ChartedId }) {
  const shown = rail.flatMap((id) => data.kpis.filter((k) => k.id === id))
  const weeks = t('{n, plural, one {# week before} other {# weeks before}}', { n: data.comparison.weeks_before })
  const kpi = data.kpis.find((k) => k.id === figure)!
  const days = data.series.map((d) => d.day)
  const conversion = data.series.map((d) => (d.sends > 0 ? d.conversions / d.sends : null))
  const before: (number | null)[] | null =
    figure === 'revenue'
      ? data.series.map((d) => d.previous_revenue_cents)
      : figure === 'orders'
        ? data.series.map((d) => d.previous_orders)
        : figure === 'sends'
          ? data.series.map((d) => d.previous_sends)
          : null
  return (
    <ShelfRail
      label={t('Key figures')}
      kpis={shown.map((k) => ({
        id: k.id,
        label: t(k.label),
        figure: figureOf(k),
        change: k.change_pct === null ? null : k.change_pct / 100,
        better: k.better,
        ...(k.change_pct === null ? {} : { note: t('on {weeks}', { weeks }) }),
        ...(k.spark.length > 1 ? { spark: k.spark } : {}),
        definition: k.definition,
      }))}
    >
      <div className="space-y-4 p-4">
        <Chart
          title={t('{figure} by day', { figure: t(kpi.label) })}
          summary={t('In all {figure}', { figure: shownValue(kpi, kpi.value) })}
          days={days}
          series={[
            { id: 'now', label: t('This period'), values: kpi.spark, area: true },
            ...(before ? [{ id: 'before', label: weeks, values: before, dashed: true }] : []),
          ]}
          marks={data.marks}
          format={(v) => shownValue(kpi, v)}
          formatShort={(v) => axisValue(kpi, v)}
        />
        {figure === 'revenue' && conversion.some((c) => c !== null) && (
          <Chart
            title={t('Conversion by day')}
            days={days}
            series={[{ id: 'conversion', label: t('Orders per message sent'), values: conversion, color: 'var(--c2)' }]}
            format={(v) => percent(v, 2)}
            formatShort={(v) => percent(v, 1)}
            height={130}
          />
        )}
        <p className="text-sm text-ink-2">
          {t('Changes are {words}.', { words: data.comparison.words })} {kpi.definition}
        </p>
      </div>
    </ShelfRail>
  )
}

/** All figures: pressing one with days shows it in the chart. */
function FigureTable({
  data,
  figure,
  onFigure,
}: {
  data: Overview
  figure: ChartedId
  onFigure: (id: ChartedId) => void
}) {
  const table = (onChoose: boolean) => (
    <ScrollBox label={t('All figures, table')}>
      <table className="w-full sm:min-w-[480px]">
        <thead>
          <tr className="border-y border-line bg-sunken text-ink-2">
            {[t('Figure'), t('This period'), t('Before'), t('Change')].map((h, i) => (
              <th
                key={h}
                scope="col"
                className={`label h-8 px-3 ${i === 0 ? 'pl-4 text-left' : 'text-right'} ${i === 2 ? 'max-sm:hidden' : ''}`}
              >
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.kpis.map((k) => {
            const { id } = k
            return (
              <tr key={id} className="border-b border-line last:border-0">
                <th scope="row" className="h-9 px-3 pl-4 text-left font-normal" title={k.definition}>
                  {onChoose && isCharted(id) ? (
                    <button
                      type="button"
                      aria-pressed={id === figure}
                      onClick={() => onFigure(id)}
                      className="link -my-1 py-1 text-left aria-pressed:font-semibold aria-pressed:text-ink aria-pressed:no-underline"
                    >
                      {t(k.label)}
                    </button>
                  ) : (
                    t(k.label)
                  )}
                </th>
                <td className="px-3 text-right font-medium">{shownValue(k, k.value)}</td>
                <td className="px-3 text-right text-ink-2 max-sm:hidden">{shownValue(k, k.previous)}</td>
                <td className="px-3 pr-4 text-right">
                  {k.change_pct === null ? (
                    <span className="text-ink-2">–</span>
                  ) : (
                    <Change share={k.change_pct / 100} better={k.better} />
                  )}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </ScrollBox>
  )
  return (
    <Figure
      title={t('All figures')}
      detail={t('Press one to see its days above; its meaning is under the chart')}
      flush
      isTable
      data={{
        head: [t('Figure'), t('This period'), t('Before'), t('Change'), t('Meaning')],
        rows: data.kpis.map((k) => [k.label, k.value, k.previous, k.change_pct, k.definition]),
        shown: data.kpis.map((k) => [
          t(k.label),
          shownValue(k, k.value),
          shownValue(k, k.previous),
          k.change_pct === null ? '–' : percent(k.change_pct / 100),
          '',
        ]),
      }}
    >
      {table(true)}
    </Figure>
  )
}

function Funnel({ data }: { data: Overview }) {
  const opened = data.funnel.find((s) => s.step === 'opened')
  return (
    <Figure
      title={t('From send to sale')}
      detail={t('All campaigns of the period')}
      data={{
        head: [t('Step'), t('Messages'), t('Of the step before')],
        rows: data.funnel.map((s) => [s.label, s.count, s.step_pct]),
        shown: data.funnel.map((s) => [
          t(s.label),
          count(s.count),
          s.step_pct === null ? '' : percent(s.step_pct / 100),
        ]),
      }}
    >
      <ShareBars
        label={t('Funnel')}
        steps
        items={data.funnel.map((s) => ({ id: s.step, label: t(s.label), value: s.count }))}
      />
      <p className="mt-3 text-sm text-ink-2">{opened?.note}</p>
    </Figure>
  )
}
