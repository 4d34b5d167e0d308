import type { PeriodQuery } from '#contract/analytics.ts'
import { t } from '../../lib/i18n.ts'
import { choice, text } from '../../lib/url.ts'
import { Input, Select } from '../../ui/field.tsx'

const periods = ['7d', '30d', '90d', '12m'] as const
/** What the address keeps of the chosen days. */
export const periodParams = {
  period: choice([...periods, 'custom'], '30d'),
  from: text(),
  to: text(),
  compare: choice(['before', 'year'], 'before'),
}
export interface PeriodUrl {
  period: (typeof periods)[number] | 'custom'
  from: string
  to: string
  compare: 'before' | 'year'
}

/** As the server takes it; half-chosen days are the default period. */
export function periodQuery(url: PeriodUrl): Partial<PeriodQuery> {
  const whole = /^\d{4}-\d\d-\d\d$/
  if (url.period === 'custom')
    return whole.test(url.from) && whole.test(url.to) && url.from <= url.to
      ? { from: url.from, to: url.to, compare: url.compare }
      : { period: '30d', compare: url.compare }
  return { period: url.period, compare: url.compare }
}

export function PeriodBar({ url, setUrl }: { url: PeriodUrl; setUrl: (change: Partial<PeriodUrl>) => void }) {
  return (
    <>
      <Select
        label={t('Period')}
        className="w-40"
        value={url.period}
        onChange={(e) => setUrl({ period: e.target.value as PeriodUrl['period'] })}
        options={[
          { value: '7d', label: t('Last 7 days') },
          { value: '30d', label: t('Last 30 days') },
          { value: '90d', label: t('Last 90 days') },
          { value: '12m', label: t('Last 12 months') },
          { value: 'custom', label: t('Chosen days') },
        ]}
      />
      {url.period === 'custom' && (
        <>
          <Input
            type="date"
            aria-label={t('First day')}
            className="w-38!"
            value={url.from}
            max={url.to || undefined}
            onChange={(e) => setUrl({ from: e.target.value })}
          />
          <Input
            type="date"
            aria-label={t('Last day')}
            className="w-38!"
            value={url.to}
            min={url.from || undefined}
            onChange={(e) => setUrl({ to: e.target.value })}
          />
        </>
      )}
      <Select
        label={t('Compared with')}
        className="w-44"
        value={url.compare}
        onChange={(e) => setUrl({ compare: e.target.value as PeriodUrl['compare'] })}
        options={[
          { value: 'before', label: t('The weeks before') },
          { value: 'year', label: t('A year before') },
        ]}
      />
    </>
  )
}
