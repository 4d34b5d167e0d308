import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Chart } from '../../ui/chart.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Panel } from '../../ui/panel.tsx'
import { viaWords, type Form } from './signup-words.ts'

/** What a form brought within 30 days: from opened to confirmed, and who was turned away. */
export function FormFigures({ form }: { form: Form }) {
  const query = useApi(
    'GET /api/v1/signup-forms/:id/figures',
    { params: { id: form.id }, query: {} },
    { every: 15_000 },
  )
  const { counts } = form
  const steps = [
    [t('Opened'), counts.shown],
    [t('Sent in'), counts.sent],
    [t('Confirmed'), counts.confirmed],
  ] as const
  const most = Math.max(1, ...steps.map(([, n]) => n))
  return (
    <Panel title={t('What it brings, 30 days')}>
      <ol className="space-y-1.5" aria-label={t('From opened to confirmed')}>
        {steps.map(([label, n]) => (
          <li key={label} className="grid grid-cols-[88px_1fr_56px] items-center gap-2">
            <span className="text-ink-2">{label}</span>
            <span className="h-4 rounded-sm bg-sunken" aria-hidden>
              <span className="block h-full rounded-sm bg-primary" style={{ width: `${(n / most) * 100}%` }} />
            </span>
            <span className="text-right font-medium tabular-nums">{count(n)}</span>
          </li>
        ))}
      </ol>
      <QueryFrame query={query} what={t('The figures')} skeleton={<Skeleton className="mt-4 h-60" />}>
        {(data) => (
          <div className="mt-4 space-y-4">
            {Math.max(...data.days.map((d) => Math.max(d.sent, d.confirmed))) >= 5 && (
              <Chart
                title={t('Sign-ups by day')}
                days={data.days.map((d) => d.day)}
                series={[
                  { id: 'confirmed', label: t('Confirmed'), values: data.days.map((d) => d.confirmed) },
                  { id: 'sent', label: t('Sent in'), values: data.days.map((d) => d.sent), dashed: true },
                ]}
                format={count}
                formatShort={count}
                height={160}
              />
            )}
            <Facts
              items={[
                [t('Wait for confirming'), count(data.waiting)],
                [t('Under 21'), count(counts.under_age)],
                [t('Robots and repeats'), count(counts.robots)],
                [t('Closed addresses'), count(counts.closed)],
                ...data.ways.map((w) => [t(viaWords[w.via]), t('{n} confirmed', { n: count(w.confirmed) })] as const),
                ...data.stores
                  .filter((s) => s.store_name !== null)
                  .map((s) => [s.store_name!, t('{n} confirmed', { n: count(s.confirmed) })] as const),
              ]}
            />
          </div>
        )}
      </QueryFrame>
    </Panel>
  )
}
