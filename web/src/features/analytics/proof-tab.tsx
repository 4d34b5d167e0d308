import type { AttributionReport, WhatIf } from '#contract/reports.ts'
import type { GlobalHoldout } from '#contract/experiments.ts'
import { count, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { TextLink } from '../../ui/button.tsx'
import { Figure } from '../../ui/figure.tsx'
import { IntervalBar } from '../../ui/interval-bar.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { channelWord } from '../../ui/pill.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import type { Query } from './figure-words.ts'

/** How it is known: holdouts above, attribution models below them, and what another holdout would show. */
export default function ProofTab({ query }: { query: Query }) {
  const holdout = useApi('GET /api/v1/experiments/holdout', undefined, { staleMs: 60_000 })
  const attribution = useApi('GET /api/v1/analytics/attribution', { query })
  const whatIf = useApi('GET /api/v1/analytics/what-if', undefined, { staleMs: 300_000 })
  const skeleton = <Skeleton className="h-56 w-full" />
  return (
    <div className="space-y-5">
      <QueryFrame query={holdout} what={t('The holdout of the year')} skeleton={skeleton}>
        {(data) => <YearHoldout data={data} />}
      </QueryFrame>
      <QueryFrame query={attribution} what={t('Attribution')} skeleton={skeleton}>
        {(data) => <Models data={data} />}
      </QueryFrame>
      <QueryFrame query={whatIf} what={t('What if')} skeleton={skeleton}>
        {(data) => <Shares data={data} />}
      </QueryFrame>
    </div>
  )
}

function YearHoldout({ data }: { data: GlobalHoldout }) {
  const per = data.per_customer_cents
  return (
    <Panel
      title={t('All messages of {year} together', { year: data.year })}
      detail={t('Customers held out of everything this year against all others')}
      actions={<TextLink to="/experiments">{t('Tests and holdouts')}</TextLink>}
    >
      <Note tone={data.outcome === 'more' ? 'good' : data.outcome === 'less' ? 'risk' : 'info'} title={data.verdict} />
      {per && (
        <div className="mt-3">
          <p className="text-sm text-ink-2">
            {t('{mid} more per customer; 95 of 100: {low} to {high}. {held} held out, {contacted} not.', {
              mid: money(Math.round(per.mid)),
              low: money(Math.round(per.low)),
              high: money(Math.round(per.high)),
              held: count(data.held_out),
              contacted: count(data.contacted),
            })}
          </p>
          <IntervalBar {...per} from={Math.min(0, per.low)} to={Math.max(0, per.high)} />
        </div>
      )}
    </Panel>
  )
}

function Models({ data }: { data: AttributionReport }) {
  const truth = data.incremental_revenue_cents
  const head = [t('Credit goes to'), ...data.models.map((m) => t(m.label))]
  const name = (r: AttributionReport['rows'][number]): string =>
    r.dimension === 'channel' ? channelWord(r.key) : r.label
  const line = (r: AttributionReport['rows'][number]): (number | null)[] =>
    data.models.map((m) => r.credit[m.id] ?? null)
  return (
    <Figure
      title={t('Attribution, six ways')}
      detail={t('The same {n} orders after a message, shared out by different rules', { n: count(data.orders) })}
      flush
      isTable
      data={{
        head,
        rows: data.rows.map((r) => [name(r), ...line(r).map((v) => (v === null ? null : v / 100))]),
        shown: data.rows.map((r) => [name(r), ...line(r).map((v) => (v === null ? '–' : money(v)))]),
      }}
    >
      <div className="px-4 pb-3">
        <Note
          tone={truth && truth.low > 0 ? 'good' : 'info'}
          title={
            truth
              ? t(
                  truth.low > 0
                    ? 'Proved by the holdout: contact added {mid} ({low} to {high}).'
                    : 'The holdout says: contact added {mid}, but it could be anything from {low} to {high}. Not proved yet.',
                  { mid: money(truth.mid), low: money(truth.low), high: money(truth.high) },
                )
              : t('Nobody was held out in this period, so nothing here is proved.')
          }
        >
          {t(
            'The shares below describe {money} of orders that came after a message. They do not say what would have come anyway.',
            { money: money(data.revenue_cents) },
          )}
          {data.left_out > 0 && ` ${t('{n} older orders are left out.', { n: count(data.left_out) })}`}
        </Note>
      </div>
      {data.orders === 0 ? (
        <Empty kind="none" title={t('No order came after a message in these days')} />
      ) : (
        <ScrollBox label={t('Credit by model, table')}>
          <table className="w-full min-w-[820px]">
            <thead>
              <tr className="border-y border-line bg-sunken text-ink-2">
                {head.map((h, i) => (
                  <th
                    key={h}
                    scope="col"
                    title={i === 0 ? undefined : data.models[i - 1]?.help}
                    className={`label h-8 px-3 whitespace-nowrap first:pl-4 last:pr-4 ${i === 0 ? 'text-left' : 'text-right'}`}
                  >
                    {h}
                  </th>
                ))}
              </tr>
            </thead>
            {(['channel', 'campaign'] as const).map((dimension) => (
              <tbody key={dimension}>
                {data.rows
                  .filter((r) => r.dimension === dimension)
                  .map((r) => (
                    <tr key={r.key} className="border-b border-line">
                      <th scope="row" className="h-9 px-3 pl-4 text-left font-medium">
                        {name(r)}
                      </th>
                      {data.models.map((m) => {
                        const cents = r.credit[m.id]
                        return (
                          <td key={m.id} className="px-3 text-right whitespace-nowrap last:pr-4">
                            {cents === undefined ? <span className="text-ink-2">–</span> : money(cents)}
                          </td>
                        )
                      })}
                    </tr>
                  ))}
              </tbody>
            ))}
          </table>
        </ScrollBox>
      )}
      <dl className="grid gap-x-6 gap-y-1 p-4 text-sm sm:grid-cols-2">
        {data.models.map((m) => (
          <div key={m.id}>
            <dt className="inline font-medium">{t(m.label)}: </dt>
            <dd className="inline text-ink-2">{t(m.help)}</dd>
          </div>
        ))}
      </dl>
    </Figure>
  )
}

function Shares({ data }: { data: WhatIf }) {
  const weekWord = (n: number): string => t('{n, plural, one {after # week} other {after # weeks}}', { n })
  const head = [t('Held out'), t('Customers a week'), t('Margin given up a week'), ...data.weeks.map(weekWord)]
  const widest = Math.max(...data.points.flatMap((p) => p.detectable_pct.map((d) => d ?? 0)), 1)
  return (
    <Figure
      title={t('What if more were held out?')}
      detail={t('The smallest lift that would show, by share and time; bars: shorter is surer')}
      flush
      isTable
      data={{
        head,
        rows: data.points.map((p) => [`${p.holdout_pct}%`, p.held_out, p.cost_cents / 100, ...p.detectable_pct]),
      }}
    >
      <p className="px-4 pb-3 font-medium">{data.verdict}</p>
      <ScrollBox label={t('Lift that would show, table')}>
        <table className="w-full min-w-[720px]">
          <thead>
            <tr className="border-y border-line bg-sunken text-ink-2">
              {head.map((h, i) => (
                <th
                  key={h}
                  scope="col"
                  className={`label h-8 px-3 whitespace-nowrap first:pl-4 last:pr-4 ${i === 0 ? 'text-left' : 'text-right'}`}
                >
                  {h}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.points.map((p) => (
              <tr key={p.holdout_pct} className="border-b border-line last:border-0">
                <th scope="row" className="h-11 px-3 pl-4 text-left font-medium">
                  {p.holdout_pct}%
                </th>
                <td className="px-3 text-right">{count(p.held_out)}</td>
                <td className="px-3 text-right">{money(p.cost_cents)}</td>
                {p.detectable_pct.map((d, i) => (
                  <td key={data.weeks[i]} className="px-3 text-right last:pr-4">
                    {d === null ? <span className="text-ink-2">{t('nothing')}</span> : percent(d / 100)}
                    <span className="mt-1 ml-auto block h-1 w-20 rounded-full bg-sunken" aria-hidden>
                      <span
                        className="block h-1 rounded-full bg-c1"
                        style={{ width: `${Math.max(3, ((d ?? widest) / widest) * 100)}%` }}
                      />
                    </span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </Figure>
  )
}
