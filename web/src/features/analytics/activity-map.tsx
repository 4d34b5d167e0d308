import { useState } from 'react'
import { count, countShort, money, moneyShort } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Select } from '../../ui/field.tsx'
import { Figure } from '../../ui/figure.tsx'
import { heatShade, HeatTable } from '../../ui/heat-table.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import type { Query } from './figure-words.ts'

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const hourWord = (h: number): string => `${h % 12 === 0 ? 12 : h % 12}${h < 12 ? 'a' : 'p'}`
const measures = ['orders', 'revenue_cents', 'clicks', 'sends'] as const
type Measure = (typeof measures)[number]

/** When customers buy and click, and when messages go out: 7 days by 24 hours of the shop. */
export function ActivityMap({ query }: { query: Query }) {
  const activity = useApi('GET /api/v1/analytics/activity', { query })
  const [measure, setMeasure] = useState<Measure>('orders')
  const words: Record<Measure, string> = {
    orders: t('Orders'),
    revenue_cents: t('Revenue'),
    clicks: t('Clicks'),
    sends: t('Messages sent'),
  }
  return (
    <QueryFrame query={activity} what={t('The week')} skeleton={<Skeleton className="h-80 w-full" />}>
      {({ cells, time_zone }) => {
        const top = Math.max(1, ...cells.map((c) => c[measure]))
        const hours = Array.from({ length: 24 }, (_, h) => h)
        const at = (d: number, h: number): number => cells[d * 24 + h]?.[measure] ?? 0
        const short = (v: number): string =>
          v === 0 ? '' : measure === 'revenue_cents' ? moneyShort(v) : countShort(v)
        const long = (v: number): string => (measure === 'revenue_cents' ? money(v) : count(v))
        return (
          <Figure
            title={t('The week by hour')}
            detail={t('Shop time, {zone}', { zone: time_zone })}
            isTable
            actions={
              <Select
                label={t('What the map shows')}
                className="w-38"
                value={measure}
                onChange={(e) => setMeasure(e.target.value as Measure)}
                options={measures.map((m) => ({ value: m, label: words[m] }))}
              />
            }
            data={{
              head: [t('Day'), ...hours.map(hourWord)],
              rows: days.map((d, i) => [t(d), ...hours.map((h) => at(i, h) / (measure === 'revenue_cents' ? 100 : 1))]),
              shown: days.map((d, i) => [t(d), ...hours.map((h) => short(at(i, h)))]),
              shade: (r, c) => (c === 0 ? null : heatShade(at(r, c - 1) / top)),
            }}
          >
            <HeatTable
              label={t('{what} by weekday and hour', { what: words[measure] })}
              corner={t('Day')}
              columns={hours.map(hourWord)}
              dense
              hint={t('Arrow keys walk the hours.')}
              rows={days.map((d, i) => ({
                name: t(d),
                cells: hours.map((h) => ({
                  text: short(at(i, h)),
                  share: at(i, h) / top,
                  words: `${t(d)} ${hourWord(h)}m: ${long(at(i, h))} ${words[measure].toLowerCase()}`,
                })),
              }))}
            />
          </Figure>
        )
      }}
    </QueryFrame>
  )
}
