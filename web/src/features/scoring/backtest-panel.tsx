import { count, day, decimal, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import type { Card } from './model-page.tsx'

type Backtest = NonNullable<Card['backtest']>
const methodNames: Record<string, string> = {
  supervised: 'Regression',
  formula: 'Purchase model',
  hiatus: 'Hiatus rule',
}

/** The exam: everything learned before the last weeks, compared with what happened in them. */
export function BacktestPanel({ backtest: b }: { backtest: Backtest }) {
  return (
    <Panel
      title={t('The test')}
      detail={t('Learned from orders up to {known}, compared with what {n} customers did until {until}', {
        known: day(b.known_until, 'date'),
        until: day(b.tested_until, 'date'),
        n: count(b.customers),
      })}
      flush
    >
      <ScrollBox label={t('Ways to tell, scrolls sideways')}>
        <table className="w-full">
          <thead>
            <tr className="border-y border-line bg-sunken text-left">
              {[t('Told by'), t('AUC'), t('Brier'), t('Log-loss'), t('Right at 50%')].map((name, i) => (
                <th
                  key={name}
                  scope="col"
                  className={`label h-8 whitespace-nowrap px-2 text-ink-2 first:pl-4 last:pr-4 ${i > 0 ? 'text-right' : ''}`}
                >
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {b.candidates.map((c) => (
              <tr key={c.method} className="border-b border-line">
                <th scope="row" className="h-9 whitespace-nowrap pl-4 pr-2 text-left font-medium">
                  {t(methodNames[c.method] ?? c.method)}{' '}
                  {c.method === b.chosen && <Pill tone="good">{t('In use')}</Pill>}
                </th>
                <td className="px-2 text-right">{decimal(c.auc, 3)}</td>
                <td className="px-2 text-right">{decimal(c.brier, 3)}</td>
                <td className="px-2 text-right">{decimal(c.log_loss, 3)}</td>
                <td className="pl-2 pr-4 text-right">{percent(c.accuracy, 1)}</td>
              </tr>
            ))}
            <tr className="border-b border-line text-ink-2">
              <th scope="row" className="h-9 pl-4 pr-2 text-left font-normal">
                {t('Who was here last')}
              </th>
              <td className="px-2 text-right">{decimal(b.recency_auc, 3)}</td>
              <td colSpan={3} className="pl-2 pr-4 text-right text-sm">
                {t('an order of customers, not a chance')}
              </td>
            </tr>
          </tbody>
        </table>
      </ScrollBox>
      <dl className="grid grid-cols-3 gap-x-4 px-4 py-3">
        {[
          [t('Orders that came'), count(b.orders.came)],
          [t('Expected'), count(Math.round(b.orders.expected))],
          [t('With the trend'), count(Math.round(b.orders.with_trend))],
        ].map(([name, value]) => (
          <div key={name}>
            <dt className="text-sm text-ink-2">{name}</dt>
            <dd className="font-semibold">{value}</dd>
          </div>
        ))}
      </dl>
      {b.auc_error !== null && b.bias_error !== null && (
        <p className="px-4 pb-3 text-sm text-ink-2">
          {t(
            'By chance alone the AUC may be off by ±{auc} and the orders by ±{bias} (95% of the time, {n} customers tested).',
            { auc: decimal(1.96 * b.auc_error, 3), bias: percent(1.96 * b.bias_error, 1), n: count(b.customers) },
          )}
        </p>
      )}
      <p className="px-4 pb-4 text-sm text-ink-2">
        {t(
          'AUC: how often, of one who came back and one who did not, the right one was thought likelier. Brier: mean squared error of the chances, 0 is perfect. A model that ranks worse than “who was here last”, or is off by more than 20% of the orders, is not used.',
        )}
      </p>
    </Panel>
  )
}
