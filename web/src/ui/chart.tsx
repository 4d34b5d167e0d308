import { Download, Image, Table2 } from 'lucide-react'
import { lazy, Suspense, useRef, useState } from 'react'
import { saveCsv } from '../lib/csv.ts'
import { day } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'
import { saveSvgPicture } from '../lib/picture.ts'
import { Button } from './button.tsx'
import { ScrollBox } from './scroll-box.tsx'
import { toastError } from './toast.tsx'

export interface ChartSeries {
  id: string
  label: string
  /** one per day; null: nothing known */
  values: readonly (number | null)[]
  /** CSS colour, default the first of the palette; comparisons are dashed flint */
  color?: string
  dashed?: boolean
  area?: boolean
}
export interface ChartMark {
  day: string
  label: string
  kind: 'campaign' | 'holiday' | 'note'
}
export interface ChartProps {
  /** "Revenue by day" */
  title: string
  /** calendar days, "2026-11-22" */
  days: readonly string[]
  series: readonly ChartSeries[]
  marks?: readonly ChartMark[]
  format: (value: number) => string
  formatShort: (value: number) => string
  /** a fact for the whole, e.g. "total $142,512" */
  summary?: string
  /** pixels; default 252 */
  height?: number
}

export const loadPlot = (): Promise<typeof import('./chart-plot.tsx')> => import('./chart-plot.tsx')
const Plot = lazy(loadPlot)

/** Lines over days with marks; read by arrow keys, as a table or as CSV. The drawing code is loaded when first shown. */
export function Chart(props: ChartProps) {
  const { title, series, days } = props
  const [asTable, setAsTable] = useState(false)
  const figure = useRef<HTMLElement>(null)
  const height = { height: props.height ?? 252 }
  return (
    <figure ref={figure} className="min-w-0">
      <figcaption className="flex flex-wrap items-center gap-x-4 gap-y-1 pb-2 text-sm text-ink-2">
        <span className="text-base font-semibold text-ink">{title}</span>
        {series.map((s) => (
          <span key={s.id} className="flex items-center gap-1.5">
            <i
              className="w-4 border-t-2"
              style={{ borderColor: colorOf(s), borderStyle: s.dashed ? 'dashed' : 'solid' }}
              aria-hidden
            />
            {s.label}
          </span>
        ))}
        <span className="no-print ml-auto flex gap-1">
          <Button size="sm" look="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            <Table2 aria-hidden />
            {asTable ? t('Show as chart') : t('Show as table')}
          </Button>
          <Button
            size="sm"
            look="quiet"
            aria-label={t('Save {title} as CSV', { title })}
            onClick={() => saveChartCsv(props)}
          >
            <Download aria-hidden />
            CSV
          </Button>
          {!asTable && (
            <Button
              size="sm"
              look="quiet"
              aria-label={t('Save {title} as a picture', { title })}
              onClick={() => {
                const svg = figure.current?.querySelector<SVGSVGElement>('svg[data-plot]')
                if (svg) void saveSvgPicture(svg, title).catch(toastError)
              }}
            >
              <Image aria-hidden />
              PNG
            </Button>
          )}
        </span>
      </figcaption>
      {asTable ? (
        <ChartTable {...props} />
      ) : days.length === 0 ? (
        <p className="grid place-items-center text-ink-2" style={height}>
          {t('Nothing in this period.')}
        </p>
      ) : (
        <div className="min-w-0 overflow-hidden" style={height}>
          <Suspense fallback={<div className="skeleton h-full" role="status" aria-label={t('Loading chart')} />}>
            <Plot {...props} />
          </Suspense>
        </div>
      )}
    </figure>
  )
}

export const colorOf = (s: ChartSeries): string => s.color ?? (s.dashed ? 'var(--c5)' : 'var(--c1)')

function ChartTable({ title, days, series, marks = [], format }: ChartProps) {
  return (
    <ScrollBox label={t('{label}, table', { label: title })} className="h-[252px] border-y border-line">
      <table className="w-full">
        <thead className="sticky top-0 bg-sunken text-left">
          <tr>
            <th scope="col" className="label px-2 py-2 text-ink-2">
              {t('Day')}
            </th>
            {series.map((s) => (
              <th key={s.id} scope="col" className="label px-2 py-2 text-right text-ink-2">
                {s.label}
              </th>
            ))}
            <th scope="col" className="label px-2 py-2 text-ink-2">
              {t('Marks')}
            </th>
          </tr>
        </thead>
        <tbody>
          {days.map((d, i) => (
            <tr key={d} className="h-8 border-t border-line">
              <th scope="row" className="px-2 text-left font-normal whitespace-nowrap">
                {day(d, 'weekday')}
              </th>
              {series.map((s) => (
                <td key={s.id} className="px-2 text-right">
                  {typeof s.values[i] === 'number' ? format(s.values[i]) : '–'}
                </td>
              ))}
              <td className="px-2 text-ink-2">
                {marks
                  .filter((m) => m.day === d)
                  .map((m) => m.label)
                  .join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  )
}

function saveChartCsv({ title, days, series, marks = [] }: ChartProps): void {
  saveCsv(
    title,
    ['day', ...series.map((s) => s.label), 'marks'],
    days.map((d, i) => [
      d,
      ...series.map((s) => s.values[i] ?? null),
      marks
        .filter((m) => m.day === d)
        .map((m) => m.label)
        .join('; '),
    ]),
  )
}
