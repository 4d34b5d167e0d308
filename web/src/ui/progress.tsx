import { cx } from '../lib/cx.ts'
import { count, percent } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'

/** How far something is; without `total` the amount is not known yet. */
export function Progress({
  label,
  done,
  total,
  tone = 'primary',
}: {
  label: string
  done: number
  total: number | null
  tone?: 'primary' | 'warn' | 'risk'
}) {
  const share = total ? Math.min(1, done / total) : 0
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total ?? undefined}
      aria-valuenow={total === null ? undefined : done}
      aria-valuetext={
        total === null
          ? t('{done} so far', { done: count(done) })
          : t('{share}, {done} of {total}', { share: percent(share, 0), done: count(done), total: count(total) })
      }
      className="h-1.5 overflow-hidden rounded-full bg-sunken"
    >
      <div
        className={cx(
          'h-full',
          { primary: 'bg-primary', warn: 'bg-warn', risk: 'bg-risk' }[tone],
          total === null && 'skeleton',
        )}
        style={{ width: total === null ? '100%' : `${share * 100}%` }}
      />
    </div>
  )
}

/** A small trend beside a figure; decoration, the figure says the same in words. */
export function Sparkline({ values, className }: { values: readonly number[]; className?: string }) {
  if (values.length < 2) return <span className={className ?? 'h-4.5 w-15'} />
  const shown = thinned(values)
  const top = Math.max(...shown, 1e-9)
  const points = shown
    .map((v, i) => `${((i * 60) / (shown.length - 1)).toFixed(1)},${(17 - (Math.max(0, v) / top) * 15).toFixed(1)}`)
    .join(' ')
  return (
    <svg viewBox="0 0 60 18" preserveAspectRatio="none" className={className ?? 'h-4.5 w-15'} aria-hidden>
      <polyline fill="none" stroke="var(--c1)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" points={points} />
    </svg>
  )
}

/** At 60 px more than 30 points are a smear: means of equal runs instead. */
function thinned(values: readonly number[]): readonly number[] {
  if (values.length <= 31) return values
  const size = Math.ceil(values.length / 18)
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => {
    const run = values.slice(i * size, (i + 1) * size)
    return run.reduce((a, b) => a + b, 0) / run.length
  })
}
