import { count, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Panel } from '../../ui/panel.tsx'
import type { Card } from './model-page.tsx'

/** What was said beside what came, in ten groups of customers: the two marks should meet. */
export function CalibrationPanel({ backtest }: { backtest: NonNullable<Card['backtest']> }) {
  return (
    <Panel
      title={t('Said and came')}
      detail={t('Ten groups of customers by the chance to order; the bar is what came, the mark what was said')}
    >
      <table className="w-full">
        <caption className="sr-only">{t('Predicted and actual share of customers who ordered')}</caption>
        <thead className="text-left text-sm text-ink-2">
          <tr>
            <th scope="col" className="w-14 pb-1 text-right font-normal">
              {t('Said')}
            </th>
            <th scope="col" className="pb-1 pl-3 text-right font-normal">
              {t('Came')}
            </th>
            <th scope="col" className="hidden w-20 pb-1 text-right font-normal sm:table-cell">
              {t('Customers')}
            </th>
          </tr>
        </thead>
        <tbody>
          {backtest.bins.map((bin, i) => (
            <tr key={i}>
              <td className="h-7 text-right">{percent(bin.predicted, 0)}</td>
              <td className="pl-3" aria-label={percent(bin.actual, 0)}>
                <span className="flex items-center gap-3">
                  <span aria-hidden className="relative block h-3 flex-1 rounded-sm bg-sunken">
                    <span
                      className="absolute inset-y-0 left-0 rounded-sm bg-c1"
                      style={{ width: `${100 * bin.actual}%` }}
                    />
                    <span
                      className="absolute -inset-y-1 w-0.5 bg-ink outline-1 outline-surface"
                      style={{ left: `calc(${100 * bin.predicted}% - 1px)` }}
                    />
                  </span>
                  <span className="w-10 text-right font-semibold">{percent(bin.actual, 0)}</span>
                </span>
              </td>
              <td className="hidden text-right text-ink-2 sm:table-cell">{count(bin.customers)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
