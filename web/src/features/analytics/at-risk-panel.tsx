import { count, day, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { TextButton, TextLink } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { Empty } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Status } from '../../ui/pill.tsx'
import { rfmWord } from '../knowledge/customer-words.ts'
import type { Churn } from './churn-page.tsx'

/** The customers with whom the most would go, each with the reason. */
export function AtRiskPanel({
  customers,
  segment,
  risk,
  onRisk,
  onClear,
}: {
  customers: Churn['at_risk']
  segment: string
  risk: string
  onRisk: (risk: string) => void
  onClear: () => void
}) {
  return (
    <Panel
      title={t('Worth a call')}
      detail={
        segment
          ? t('{segment}: where the most is at stake among those within reach', { segment: rfmWord(segment) })
          : t('Where the most is at stake among those within reach')
      }
      actions={
        <>
          <Select
            label={t('Risk')}
            className="w-44"
            value={risk}
            onChange={(e) => onRisk(e.target.value)}
            options={[
              { value: '', label: t('Medium and high') },
              { value: 'medium', label: t('Medium') },
              { value: 'high', label: t('High') },
            ]}
          />
          {(segment || risk) && <TextButton onClick={onClear}>{t('Clear filters')}</TextButton>}
        </>
      }
      flush
    >
      {customers.length === 0 ? (
        <Empty kind="none" title={t('Nobody here')}>
          {t('No customer of this choice is at risk and still within reach.')}
        </Empty>
      ) : (
        <ol>
          {customers.map((c) => (
            <li
              key={c.customer_id}
              className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-1 border-t border-line px-4 py-2.5 lg:grid-cols-[minmax(0,14rem)_minmax(0,1fr)_auto]"
            >
              <div className="min-w-0">
                <TextLink to="/customers/$id" params={{ id: c.customer_id }} className="font-medium">
                  {c.name}
                </TextLink>
                <p className="truncate text-sm text-ink-2">
                  {rfmWord(c.segment)}, {t('{n, plural, one {# order} other {# orders}}', { n: c.orders })}
                </p>
              </div>
              <div className="order-3 col-span-2 min-w-0 lg:order-none lg:col-span-1">
                <ul className="text-sm">
                  {c.reasons.slice(0, 2).map((reason) => (
                    <li key={reason}>{reason}</li>
                  ))}
                  {c.last_purchase_at && (
                    <li className="text-ink-2">{t('Last order {day}', { day: day(c.last_purchase_at, 'date') })}</li>
                  )}
                </ul>
              </div>
              <div className="text-right">
                <p className="font-semibold">{money(c.at_stake_cents)}</p>
                <p className="inline-flex items-center gap-1.5 text-sm text-ink-2">
                  <Status value={c.risk} /> {percent(c.churn_pct / 100, 0)}
                </p>
              </div>
            </li>
          ))}
        </ol>
      )}
      <p className="border-t border-line px-4 py-2 text-sm text-ink-2">
        {t(
          'At stake: chance of churn times a year’s margin at the customer’s pace so far. Who is almost certainly gone is not listed; {n} are shown.',
          { n: count(customers.length) },
        )}
      </p>
    </Panel>
  )
}
