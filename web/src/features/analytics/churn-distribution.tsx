import { count, countShort } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Panel } from '../../ui/panel.tsx'
import type { Churn } from './churn-page.tsx'

/** The bounds of the classes, as core/scoring/churn.ts has them. */
const classOf = (pct: number): 'low' | 'medium' | 'high' => (pct < 35 ? 'low' : pct < 65 ? 'medium' : 'high')
const fills = { low: 'bg-c1', medium: 'bg-c3', high: 'bg-c4' }
const words = { low: 'Low', medium: 'Medium', high: 'High' }

/** Customers by chance of churn, in steps of ten per cent. */
export function ChurnDistribution({ report }: { report: Churn }) {
  const top = Math.max(1, ...report.distribution.map((bin) => bin.customers))
  const fresh = report.classes.find((c) => c.risk === 'new')?.customers ?? 0
  return (
    <Panel
      title={t('Spread of the risk')}
      detail={t('Customers by their chance not to order in time')}
      actions={
        <ul className="flex flex-wrap gap-x-3 text-sm text-ink-2" aria-hidden>
          {(['low', 'medium', 'high'] as const).map((risk) => (
            <li key={risk} className="inline-flex items-center gap-1.5">
              <i className={`size-2.5 rounded-sm ${fills[risk]}`} />
              {t(words[risk])}
            </li>
          ))}
        </ul>
      }
    >
      <ol className="flex h-48 items-end gap-1" aria-label={t('Customers by chance of churn')}>
        {report.distribution.map((bin) => {
          const risk = classOf(bin.from_pct + 5)
          return (
            <li key={bin.from_pct} className="flex h-full min-w-0 flex-1 flex-col justify-end">
              <span className="sr-only">
                {t('{from} to {to} per cent, {risk}: {n}', {
                  from: bin.from_pct,
                  to: bin.to_pct,
                  risk: t(words[risk]),
                  n: count(bin.customers),
                })}
              </span>
              <span aria-hidden className="pb-0.5 text-center text-xs text-ink-2">
                {countShort(bin.customers)}
              </span>
              <span
                aria-hidden
                className={`block min-h-px rounded-t-sm ${fills[risk]}`}
                style={{ height: `${(80 * bin.customers) / top}%` }}
              />
              <span aria-hidden className="border-t border-line-strong pt-1 text-center text-xs text-ink-2">
                {bin.from_pct}
              </span>
            </li>
          )
        })}
      </ol>
      <p className="pt-1 text-sm text-ink-2">
        {t('Per cent, in steps of ten.')}{' '}
        {fresh > 0 && t('{n, plural, one {# customer is} other {# customers are}} too new to say.', { n: fresh })}
      </p>
    </Panel>
  )
}
