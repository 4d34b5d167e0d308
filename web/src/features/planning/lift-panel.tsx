import { count, decimal, money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Facts, Note } from '../../ui/panel.tsx'
import type { CampaignAnalytics } from './campaign-words.ts'
import { aboutMoney, moneyRange } from './plan-words.ts'

type Lift = NonNullable<CampaignAnalytics['lift']>

/** What contact earned over the customers held out, with its interval and a plain verdict. */
export function LiftView({ lift, note }: { lift: Lift | null; note: string }) {
  if (!lift) return <p className="text-ink-2">{note}</p>
  return (
    <div className="space-y-4">
      <Note tone={lift.outcome === 'more' ? 'good' : lift.outcome === 'less' ? 'risk' : 'info'} title={lift.verdict} />
      <IntervalBar lift={lift} />
      <Facts
        items={[
          [
            t('Contacted'),
            t('{n}, {mean} each', { n: count(lift.contacted), mean: money(Math.round(lift.contacted_mean_cents)) }),
          ],
          [
            t('Held out'),
            t('{n}, {mean} each', { n: count(lift.held_out), mean: money(Math.round(lift.held_out_mean_cents)) }),
          ],
          [
            t('Extra revenue'),
            t('{mid} ({range})', { mid: aboutMoney(lift.revenue_cents.mid), range: moneyRange(lift.revenue_cents) }),
          ],
          [
            t('Extra margin'),
            t('{mid} ({range})', { mid: aboutMoney(lift.margin_cents.mid), range: moneyRange(lift.margin_cents) }),
          ],
          ...(lift.p_value === null ? [] : [[t('p value'), decimal(lift.p_value, 3)] as const]),
          ...(lift.weeks_needed === null
            ? []
            : [
                [
                  t('To be sure'),
                  t('{weeks, plural, one {# more week} other {# more weeks}} of this size', {
                    weeks: lift.weeks_needed,
                  }),
                ] as const,
              ]),
        ]}
      />
      {note !== lift.verdict && <p className="text-sm text-ink-2">{note}</p>}
    </div>
  )
}

/** The 95 % interval of the difference per customer against zero. */
function IntervalBar({ lift }: { lift: Lift }) {
  const { low, mid, high } = lift.per_customer_cents
  const from = Math.min(low, 0)
  const to = Math.max(high, 0)
  const span = to - from || 1
  const at = (v: number): string => `${4 + ((v - from) / span) * 92}%`
  return (
    <figure>
      <figcaption className="pb-1 text-sm text-ink-2">
        {t('Difference per customer: {mid}, 95% between {low} and {high}', {
          mid: money(Math.round(mid)),
          low: money(Math.round(low)),
          high: money(Math.round(high)),
        })}
      </figcaption>
      <div className="relative h-10" aria-hidden>
        <div className="absolute inset-x-0 top-4 h-px bg-line" />
        <div
          className="absolute top-3 h-2 rounded-sm bg-c1/35"
          style={{ left: at(low), width: `${((high - low) / span) * 92}%` }}
        />
        <div className="absolute top-2 h-4 w-1 -translate-x-1/2 bg-c1" style={{ left: at(mid) }} />
        <div className="absolute top-1 h-6 w-px bg-line-strong" style={{ left: at(0) }} />
        <span className="absolute top-7 -translate-x-1/2 text-xs text-ink-2" style={{ left: at(0) }}>
          {money(0).replace(/\.00$/, '')}
        </span>
      </div>
    </figure>
  )
}
