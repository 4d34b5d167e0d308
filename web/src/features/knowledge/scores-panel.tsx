import { useState } from 'react'
import { count, day, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { TextButton } from '../../ui/button.tsx'
import { Facts, Panel } from '../../ui/panel.tsx'
import { Status } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { rfmWord, type Customer } from './customer-words.ts'

/** Reasons that are shown at first: why this segment, why this churn, why this value. */
const top = 3
const order = [
  'churn',
  'clv',
  'segment',
  'value',
  'next',
  'rhythm',
  'taste',
  'brands',
  'hours',
  'weekday',
  'price',
  'messages',
]

/** The scores and, in words, why they are what they are. */
export function ScoresPanel({ customer: c }: { customer: Customer }) {
  const { scores } = c
  const [all, setAll] = useState(false)
  if (!scores) {
    return (
      <Panel title={t('Scores')}>
        <p className="text-ink-2">
          {t('Not scored yet. Scores appear after the first purchase and the next nightly run.')}
        </p>
      </Panel>
    )
  }
  const reasons = Object.entries(scores.reasons)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .sort((a, b) => rank(a[0]) - rank(b[0]))
  return (
    <Panel
      title={t('Scores, and why')}
      detail={
        <>
          {t('Computed')} <Time at={scores.computed_at} look="ago" />
        </>
      }
    >
      <ul className="space-y-1.5 border-b border-line pb-3">
        {(all ? reasons : reasons.slice(0, top)).map(([term, words]) => (
          <li
            key={term}
            className="relative pl-3.5 before:absolute before:left-0 before:top-2 before:size-1.5 before:rounded-full before:bg-shelf"
          >
            {words}
          </li>
        ))}
        {reasons.length > top && (
          <li>
            <TextButton aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? t('Only the main reasons') : t('All {n} reasons', { n: reasons.length })}
            </TextButton>
          </li>
        )}
      </ul>
      <Facts
        className="mt-3 text-sm"
        items={[
          [t('Segment'), rfmWord(c.rfm_segment)],
          [
            t('Recency, frequency, money'),
            [scores.recency_score, scores.frequency_score, scores.monetary_score].map((s) => s ?? '–').join(' · '),
          ],
          [
            t('Churn'),
            <span key="churn" className="inline-flex flex-wrap gap-1.5">
              {c.churn_risk && <Status value={c.churn_risk} />}
              {scores.churn_probability !== null && percent(scores.churn_probability, 0)}
            </span>,
          ],
          [
            t('Customer value'),
            c.clv_score_cents === null
              ? '–'
              : scores.clv_low_cents !== null && scores.clv_high_cents !== null
                ? t('{mid} ({low} to {high})', {
                    mid: money(c.clv_score_cents),
                    low: money(scores.clv_low_cents),
                    high: money(scores.clv_high_cents),
                  })
                : money(c.clv_score_cents),
          ],
          [
            t('Next order'),
            scores.next_purchase_from && scores.next_purchase_to
              ? t('{from} to {to}', { from: day(scores.next_purchase_from), to: day(scores.next_purchase_to) })
              : t('not expected'),
          ],
          [
            t('Usual gap'),
            scores.expected_gap_days === null
              ? '–'
              : t('{days, plural, one {# day} other {# days}}', { days: Math.round(scores.expected_gap_days) }),
          ],
          [
            t('Price sensitivity'),
            scores.price_sensitivity === null
              ? '–'
              : t('{share} of orders with a discount', { share: percent(scores.price_sensitivity, 0) }),
          ],
          [t('Orders'), count(c.purchase_frequency ?? 0)],
          [t('Model'), scores.model_version],
        ]}
      />
    </Panel>
  )
}

const rank = (term: string): number => (order.includes(term) ? order.indexOf(term) : 99)
