import type { Forecast } from '#core/planning/plan.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { aboutMoney, countRange, moneyRange } from './plan-words.ts'

/** What the plan is expected to bring, each figure with its 80 % interval. */
export function ForecastTable({ forecast, holdout }: { forecast: Forecast; holdout: number }) {
  const rows: [string, string, string][] = [
    [t('Extra margin'), aboutMoney(forecast.margin_cents.mid), moneyRange(forecast.margin_cents)],
    [t('Revenue'), aboutMoney(forecast.revenue_cents.mid), moneyRange(forecast.revenue_cents)],
    [t('Orders'), count(Math.round(forecast.orders.mid)), countRange(forecast.orders)],
    [t('Clicks'), count(Math.round(forecast.clicks.mid)), countRange(forecast.clicks)],
    [t('Opens'), count(Math.round(forecast.opens.mid)), countRange(forecast.opens)],
  ]
  return (
    <>
      <table className="w-full">
        <caption className="sr-only">{t('Forecast of the week with its interval')}</caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">{t('Figure')}</th>
            <th scope="col">{t('Expected')}</th>
            <th scope="col">{t('8 of 10 weeks fall between')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, mid, range], i) => (
            <tr key={name} className="border-b border-line last:border-0">
              <th scope="row" className="py-2 text-left font-normal">
                {name}
              </th>
              <td className={i === 0 ? 'ticket py-2 text-right text-[20px]' : 'py-2 text-right font-medium'}>{mid}</td>
              <td className="py-2 pl-3 text-right text-sm text-ink-2">{range}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-2 text-sm text-ink-2">
        {t(
          'Messages cost {cost}, reductions that are used {discount}. {holdout, plural, =0 {Nobody is held out, so the effect cannot be measured.} one {One customer is held out to measure the effect.} other {# customers are held out to measure the effect.}}',
          { cost: aboutMoney(forecast.cost_cents), discount: aboutMoney(forecast.discount_cents ?? 0), holdout },
        )}
      </p>
    </>
  )
}
