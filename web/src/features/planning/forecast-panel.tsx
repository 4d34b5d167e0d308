import type { WeeklyPlan } from '#core/planning/plan.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { aboutMoney, countRange, moneyRange } from './plan-words.ts'

/** What the plan is expected to bring, each figure with its 80 % interval. */
export function ForecastTable({ plan }: { plan: WeeklyPlan }) {
  const { forecast, holdout_customers: holdout } = plan
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
      <SendingTime plan={plan} />
    </>
  )
}

/** How long the providers need for the fullest day, at the rates of the settings. */
function SendingTime({ plan }: { plan: WeeklyPlan }) {
  const channels = useApi('GET /api/v1/settings/channels', {}, { staleMs: 60_000 })
  const lines = (['email', 'sms'] as const).flatMap((channel) => {
    const days = Map.groupBy(
      plan.entries.filter((e) => e.channel === channel),
      (e) => e.day,
    )
    const most = Math.max(0, ...[...days.values()].map((all) => all.reduce((n, e) => n + e.reach, 0)))
    const rate = channels.data?.[channel].rate_per_minute
    if (most === 0 || rate === undefined) return []
    const what = channel === 'email' ? t('emails') : t('texts')
    return rate === null
      ? [t('Up to {most} {what} on one day, as fast as the provider takes them.', { most: count(most), what })]
      : [
          t('Up to {most} {what} on one day: {minutes, plural, one {# minute} other {# minutes}} at {rate} a minute.', {
            most: count(most),
            what,
            minutes: Math.ceil(most / rate),
            rate: count(rate),
          }),
        ]
  })
  return lines.length === 0 ? null : <p className="mt-1 text-sm text-ink-2">{lines.join(' ')}</p>
}
