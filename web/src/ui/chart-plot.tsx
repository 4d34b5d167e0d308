import { AxisBottom, AxisLeft } from '@visx/axis'
import { GridRows } from '@visx/grid'
import { scaleLinear, scaleUtc } from '@visx/scale'
import { AreaClosed, LinePath } from '@visx/shape'
import { useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react'
import { day } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'
import { colorOf, type ChartMark, type ChartProps } from './chart.tsx'

const edge = { top: 24, right: 22, bottom: 26 }
const axisText = { fill: 'var(--ink-2)', fontSize: 12, fontFamily: 'inherit' } as const
const noon = (d: string): Date => new Date(`${d}T00:00:00Z`)

export default function ChartPlot(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const measure = (): void => setWidth(element.clientWidth)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return (
    <div ref={box} className="h-full min-w-0 overflow-hidden">
      {width > 80 && <Plot {...props} width={width} height={props.height ?? 252} />}
    </div>
  )
}

interface Point {
  at: Date
  value: number
}

function Plot({
  title,
  days,
  series,
  marks = [],
  format,
  formatShort,
  summary,
  width,
  height,
}: Omit<ChartProps, 'height'> & { width: number; height: number }) {
  const [at, setAt] = useState<number | null>(null)
  const last = days.length - 1
  const top = Math.max(1e-9, ...series.flatMap((s) => s.values.map((v) => v ?? 0)))
  const low = Math.min(0, ...series.flatMap((s) => s.values.map((v) => v ?? 0)))
  const y = scaleLinear({ domain: [low, top], range: [height - edge.top - edge.bottom, 0], nice: 4 })
  const left = 12 + Math.max(...y.ticks(4).map((v) => formatShort(v).length)) * 7
  const innerWidth = width - left - edge.right
  const innerHeight = height - edge.top - edge.bottom
  const x = scaleUtc({ domain: [noon(days[0] ?? ''), noon(days[last] ?? '')], range: [0, innerWidth] })
  const points = series.map((s): Point[] =>
    days.flatMap((d, i) => (typeof s.values[i] === 'number' ? [{ at: noon(d), value: s.values[i] }] : [])),
  )
  const nearest = (px: number): number => Math.max(0, Math.min(last, Math.round(((px - left) / innerWidth) * last)))
  const here = at === null ? null : days[at]
  const lines =
    here === null || here === undefined || at === null ? [] : series.map((s) => ({ ...s, value: s.values[at] ?? null }))
  const marksHere = marks.filter((m) => m.day === here)
  const words = here
    ? `${day(here, 'weekday')}: ${[...lines.map((l) => `${l.label} ${l.value === null ? t('unknown') : format(l.value)}`), ...marksHere.map((m) => m.label)].join(', ')}`
    : t('no day chosen')

  const walk = (e: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 7, PageDown: -7 }[e.key]
    if (step !== undefined) setAt((v) => Math.max(0, Math.min(last, (v ?? (step > 0 ? -1 : last + 1)) + step)))
    else if (e.key === 'Home') setAt(0)
    else if (e.key === 'End') setAt(last)
    else if (e.key === 'Escape') setAt(null)
    else return
    e.preventDefault()
  }

  const hereX = here ? x(noon(here)) : 0
  return (
    <div
      className="relative focus-visible:-outline-offset-2"
      role="slider"
      tabIndex={0}
      aria-label={[title, summary, t('Arrow keys read each day.')].filter(Boolean).join('. ')}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={at ?? last}
      aria-valuetext={words}
      onKeyDown={walk}
      onBlur={() => setAt(null)}
    >
      <svg
        data-plot
        width={width}
        height={height}
        aria-hidden
        onPointerMove={(e) => setAt(nearest(e.nativeEvent.offsetX))}
        onPointerLeave={() => setAt(null)}
        className="block touch-pan-y"
      >
        <g transform={`translate(${left},${edge.top})`}>
          <GridRows scale={y} width={innerWidth} numTicks={4} stroke="var(--line)" />
          {series.map((s, i) =>
            s.area ? (
              <AreaClosed
                key={s.id}
                data={points[i] ?? []}
                x={(p) => x(p.at)}
                y={(p) => y(p.value)}
                yScale={y}
                fill={colorOf(s)}
                fillOpacity={0.1}
              />
            ) : null,
          )}
          {series.toReversed().map((s) => (
            <LinePath
              key={s.id}
              data={points[series.indexOf(s)] ?? []}
              x={(p) => x(p.at)}
              y={(p) => y(p.value)}
              stroke={colorOf(s)}
              strokeWidth={s.dashed ? 1.5 : 2}
              {...(s.dashed ? { strokeDasharray: '5 4' } : {})}
            />
          ))}
          <Marks marks={marks} x={(d) => x(noon(d))} width={innerWidth} height={innerHeight} />
          <AxisBottom
            top={innerHeight}
            scale={x}
            numTicks={Math.max(2, Math.min(days.length - 1, Math.floor(innerWidth / 84)))}
            hideTicks
            stroke="var(--line-strong)"
            tickFormat={(v) => day((v as Date).toISOString())}
            tickLabelProps={{ ...axisText, textAnchor: 'middle' }}
          />
          <AxisLeft
            scale={y}
            numTicks={4}
            hideAxisLine
            hideTicks
            tickFormat={(v) => formatShort(Number(v))}
            tickLabelProps={{ ...axisText, textAnchor: 'end', dx: -2, dy: 4 }}
          />
          {here && (
            <g transform={`translate(${hereX},0)`}>
              <line y2={innerHeight} stroke="var(--line-strong)" />
              {lines.map((l) =>
                l.value === null ? null : (
                  <circle
                    key={l.id}
                    cy={y(l.value)}
                    r={l.dashed ? 3 : 4}
                    fill={colorOf(l)}
                    stroke="var(--surface)"
                    strokeWidth={2}
                  />
                ),
              )}
            </g>
          )}
        </g>
      </svg>
      {here && (
        <div
          aria-hidden
          className="popup pointer-events-none absolute top-2 z-10 px-3 py-2 text-sm"
          style={hereX > innerWidth / 2 ? { right: width - left - hereX + 10 } : { left: left + hereX + 10 }}
        >
          <p className="font-medium">{day(here, 'weekday')}</p>
          {lines.map((l) => (
            <p key={l.id} className={l.dashed ? 'text-ink-2' : ''}>
              {l.label} <b className="font-semibold">{l.value === null ? '–' : format(l.value)}</b>
            </p>
          ))}
          {marksHere.map((m) => (
            <p key={m.label} className="text-warn">
              {m.label}
            </p>
          ))}
        </div>
      )}
    </div>
  )
}

/** Campaign starts and holidays; a label that would run into the one before it stays a line (its words are in the popup). */
function Marks({
  marks,
  x,
  width,
  height,
}: {
  marks: readonly ChartMark[]
  x: (day: string) => number
  width: number
  height: number
}) {
  let free = -Infinity
  return marks
    .filter((m) => x(m.day) >= 0 && x(m.day) <= width)
    .toSorted((a, b) => x(a.day) - x(b.day))
    .map((m) => {
      const at = x(m.day)
      const room = m.label.length * 6.2
      const anchor = at < room / 2 ? 'start' : at > width - room / 2 ? 'end' : 'middle'
      const start = anchor === 'start' ? at : anchor === 'end' ? at - room : at - room / 2
      const fits = start > free
      if (fits) free = start + room + 8
      const holiday = m.kind === 'holiday'
      return (
        <g key={`${m.day}${m.label}`} transform={`translate(${at},0)`}>
          <line
            y1={-4}
            y2={height}
            stroke={holiday ? 'var(--c5)' : m.kind === 'note' ? 'var(--c2)' : 'var(--c3)'}
            strokeDasharray={holiday ? '1 3' : '4 3'}
          />
          {fits && (
            <text y={-9} textAnchor={anchor} {...axisText}>
              {m.label}
            </text>
          )}
        </g>
      )
    })
}
