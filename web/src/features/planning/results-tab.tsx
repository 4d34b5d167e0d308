import { count, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { channelWord } from '../../ui/pill.tsx'
import { ShareBars } from '../../ui/share-bars.tsx'
import { Time } from '../../ui/time.tsx'
import type { CampaignAnalytics, RuleWords } from './campaign-words.ts'
import { LiftView } from './lift-panel.tsx'
import { segmentWord, type SegmentNames } from './plan-words.ts'
import { useState } from 'react'

/** What the campaign did: funnel, breakdowns, holdout lift, and why some were not contacted. */
export function ResultsTab({
  id,
  names,
  rules,
  running,
}: {
  id: string
  names: SegmentNames
  rules: RuleWords
  running: boolean
}) {
  const query = useApi('GET /api/v1/campaigns/:id/analytics', { params: { id } }, { every: running ? 10_000 : false })
  return (
    <QueryFrame query={query} what={t('The results')} skeleton={<Skeleton className="h-96 w-full" />}>
      {(data) =>
        data.ledger.planned === 0 && (data.funnel[0]?.count ?? 0) === 0 ? (
          <Panel title={t('Results')}>
            <Empty title={t('Nothing was sent yet')}>
              {t('Results appear here as soon as the first message leaves.')}
            </Empty>
          </Panel>
        ) : (
          <Results data={data} names={names} rules={rules} />
        )
      }
    </QueryFrame>
  )
}

function Results({ data, names, rules }: { data: CampaignAnalytics; names: SegmentNames; rules: RuleWords }) {
  const opened = data.funnel.find((s) => s.step === 'opened')
  return (
    <div className="space-y-5">
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <Panel
          title={t('From sent to bought')}
          detail={
            <>
              {t('As of')} <Time at={data.computed_at} look="time" />
            </>
          }
        >
          <ShareBars
            label={t('Funnel')}
            steps
            items={data.funnel.map((s) => ({ id: s.step, label: s.label, value: s.count }))}
          />
          <p className="mt-3 text-sm text-ink-2">
            {opened?.note}{' '}
            {data.machine.opens + data.machine.clicks > 0 &&
              t('Left out: {opens} opens and {clicks} clicks by scanners and mail proxies.', {
                opens: count(data.machine.opens),
                clicks: count(data.machine.clicks),
              })}
          </p>
          <dl className="mt-3 grid grid-cols-2 gap-3 border-t border-line pt-3 sm:grid-cols-4">
            <Small name={t('Revenue')} value={money(data.revenue_cents)} />
            <Small name={t('Orders')} value={count(data.conversions)} />
            <Small name={t('Unsubscribed')} value={count(data.unsubscribes)} />
            <Small
              name={t('Bounced')}
              value={t('{hard} hard, {soft} soft', { hard: count(data.bounces.hard), soft: count(data.bounces.soft) })}
            />
          </dl>
        </Panel>
        <Panel
          title={t('Did it earn more than doing nothing?')}
          detail={t('Contacted customers against those held out')}
        >
          <LiftView lift={data.lift} note={data.lift_note} />
        </Panel>
      </div>
      <Breakdowns data={data} names={names} />
      <Panel
        title={t('Where every planned message went')}
        detail={t('{planned, plural, one {# was} other {# were}} planned; each ends in exactly one line.', {
          planned: data.ledger.planned,
        })}
      >
        <ul className="divide-y divide-line">
          {ledgerLines(data, rules).map((l) => (
            <li key={l.label} className="flex items-baseline justify-between gap-3 py-2">
              <span>{l.label}</span>
              <span className="shrink-0 font-medium">
                {count(l.count)}{' '}
                <span className="ml-1 inline-block w-12 text-right text-sm font-normal text-ink-2">
                  {data.ledger.planned > 0 ? percent(l.count / data.ledger.planned) : ''}
                </span>
              </span>
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  )
}

/** Lines with the same words are one line; rules of the plan speak in the plan's words. */
function ledgerLines(data: CampaignAnalytics, rules: RuleWords): { label: string; count: number }[] {
  const words = ({ rule_id, label }: CampaignAnalytics['ledger']['lines'][number]): string =>
    rule_id !== null && rules.has(rule_id) ? t('Not contacted: {why}', { why: rules.get(rule_id) }) : label
  return [...Map.groupBy(data.ledger.lines, words)].map(([label, lines]) => ({
    label,
    count: lines.reduce((sum, l) => sum + l.count, 0),
  }))
}

const dimensions = ['by_segment', 'by_offer', 'by_day', 'by_channel'] as const

function Breakdowns({ data, names }: { data: CampaignAnalytics; names: SegmentNames }) {
  const [by, setBy] = useState<(typeof dimensions)[number]>('by_segment')
  const words = { by_segment: t('Segment'), by_offer: t('Offer'), by_day: t('Day'), by_channel: t('Channel') }
  const rows = data[by]
  const name = (row: (typeof rows)[number]): string =>
    by === 'by_segment' ? segmentWord(row.key, names) : by === 'by_channel' ? channelWord(row.key) : row.label
  return (
    <Panel
      title={t('Broken down')}
      flush
      actions={
        <div role="group" aria-label={t('Broken down by')} className="flex flex-wrap gap-1">
          {dimensions.map((d) => (
            <button
              key={d}
              type="button"
              aria-pressed={d === by}
              onClick={() => setBy(d)}
              className="h-8 rounded-md px-2.5 text-sm font-medium text-ink-2 hover:bg-sunken hover:text-ink aria-pressed:bg-sunken aria-pressed:text-ink max-sm:h-11"
            >
              {words[d]}
            </button>
          ))}
        </div>
      }
    >
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must take the keyboard (axe: scrollable-region-focusable) */}
      <div
        className="relative overflow-x-auto"
        tabIndex={0}
        role="region"
        aria-label={t('Breakdown, scrolls sideways')}
      >
        <table className="w-full min-w-[640px]">
          <thead>
            <tr className="border-y border-line bg-sunken text-ink-2">
              <th scope="col" className="label h-8 px-4 text-left">
                {words[by]}
              </th>
              {[t('Planned'), t('Sent'), t('Delivered'), t('Opened'), t('Clicked'), t('Orders'), t('Revenue')].map(
                (h) => (
                  <th key={h} scope="col" className="label px-3 text-right">
                    {h}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.key} className="border-b border-line last:border-0">
                <th scope="row" className="h-9 px-4 text-left font-medium">
                  {name(r)}
                </th>
                {[r.planned, r.sent, r.delivered, r.opened, r.clicked, r.conversions].map((n, i) => (
                  // Columns are fixed.
                  // oxlint-disable-next-line react/no-array-index-key
                  <td key={i} className="px-3 text-right">
                    {count(n)}
                  </td>
                ))}
                <td className="px-3 pr-4 text-right font-medium">{money(r.revenue_cents)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function Small({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="label text-ink-2">{name}</dt>
      <dd className="font-semibold">{value}</dd>
    </div>
  )
}
