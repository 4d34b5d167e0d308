import { useState } from 'react'
import type { Estimate, WeeklyPlan } from '#core/planning/plan.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Select } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { engineWord, type Campaign } from './campaign-words.ts'
import { aboutMoney, countRange, moneyRange, visibleVerdicts, weekWord } from './plan-words.ts'

/** Two plans side by side: what each reaches, costs and is expected to bring. */
export function ComparePlans({ campaign, onClose }: { campaign: Campaign; onClose: () => void }) {
  const list = useApi('GET /api/v1/campaigns', { query: { page_size: 100 } })
  const [chosen, setChosen] = useState<string | null>(null)
  const others = (list.data?.data ?? [])
    .filter((c) => c.id !== campaign.id && c.type !== 'triggered' && c.planned_reach !== null)
    // Plans of the same week first: those are compared most.
    .toSorted((a, b) => Number(b.start_date === campaign.start_date) - Number(a.start_date === campaign.start_date))
  const id = chosen ?? others[0]?.id ?? null
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Compare {name}', { name: campaign.name })}
      description={t('Where 8 of 10 such weeks fall stands below each figure.')}
    >
      <QueryFrame query={list} what={t('The other plans')} skeleton={<Skeleton className="h-60" />}>
        {() =>
          id === null ? (
            <p className="text-ink-2">
              {t('There is no other plan yet. Make one for the same week, for example with the other engine.')}
            </p>
          ) : (
            <div className="space-y-4">
              <Field label={t('With')}>
                <Select
                  value={id}
                  onChange={(e) => setChosen(e.target.value)}
                  options={others.map((c) => ({
                    value: c.id,
                    label: t('{name}, {week}', { name: c.name, week: weekWord(c.start_date) }),
                  }))}
                />
              </Field>
              <Side key={id} id={id} campaign={campaign} />
            </div>
          )
        }
      </QueryFrame>
    </Dialog>
  )
}

function Side({ id, campaign }: { id: string; campaign: Campaign }) {
  const query = useApi('GET /api/v1/campaigns/:id', { params: { id } })
  return (
    <QueryFrame query={query} what={t('The other plan')} skeleton={<Skeleton className="h-60" />}>
      {(other) => <Table names={[campaign.name, other.name]} plans={[campaign.weekly_plan, other.weekly_plan]} />}
    </QueryFrame>
  )
}

interface Row {
  name: string
  cell: (plan: WeeklyPlan) => [main: string, below?: string]
}
const estimate = (e: Estimate, money: boolean): [string, string] =>
  money ? [aboutMoney(e.mid), moneyRange(e)] : [count(Math.round(e.mid)), countRange(e)]
const rows = (): Row[] => [
  { name: t('Made by'), cell: (p) => [engineWord(p.engine)] },
  { name: t('Extra margin'), cell: (p) => estimate(p.forecast.margin_cents, true) },
  { name: t('Revenue'), cell: (p) => estimate(p.forecast.revenue_cents, true) },
  { name: t('Orders'), cell: (p) => estimate(p.forecast.orders, false) },
  { name: t('Customers'), cell: (p) => [count(p.reach.at(-1)?.left ?? 0)] },
  { name: t('Messages'), cell: (p) => [count(p.entries.reduce((n, e) => n + e.reach, 0))] },
  { name: t('Messages cost'), cell: (p) => [aboutMoney(p.forecast.cost_cents)] },
  {
    name: t('Reductions used'),
    cell: (p) => [p.forecast.discount_cents === undefined ? t('not known') : aboutMoney(p.forecast.discount_cents)],
  },
  { name: t('Held out'), cell: (p) => [count(p.holdout_customers)] },
  { name: t('Entries'), cell: (p) => [count(p.entries.length)] },
  {
    name: t('Law warns about'),
    cell: (p) => [count(p.entries.filter((e) => visibleVerdicts(e).some((v) => v.outcome === 'warn')).length)],
  },
  { name: t('Refused'), cell: (p) => [count(p.refused.length)] },
]

function Table({ names, plans }: { names: [string, string]; plans: [WeeklyPlan | null, WeeklyPlan | null] }) {
  return (
    <table className="w-full table-fixed">
      <caption className="sr-only">{t('Two plans side by side')}</caption>
      <thead>
        <tr className="border-b border-line">
          <th scope="col" className="label py-2 text-left text-ink-2">
            {t('Figure')}
          </th>
          {names.map((name, i) => (
            <th key={i} scope="col" className="label py-2 pl-3 text-right [overflow-wrap:anywhere]">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows().map((row) => (
          <tr key={row.name} className="border-b border-line last:border-0">
            <th scope="row" className="py-2 text-left font-normal">
              {row.name}
            </th>
            {plans.map((plan, i) => {
              const [main, below] = plan ? row.cell(plan) : [t('no plan')]
              return (
                <td key={i} className="py-2 pl-3 text-right align-top">
                  <span className="font-medium">{main}</span>
                  {below && <span className="block text-xs text-ink-2">{below}</span>}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
