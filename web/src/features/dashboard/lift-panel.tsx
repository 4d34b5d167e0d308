import type { Lift } from '#contract/analytics.ts'
import { count, money, ticketMoney } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Panel } from '../../ui/panel.tsx'
import { Ticket } from '../../ui/ticket.tsx'

/** What contact caused, against customers who were held out on purpose. */
export function LiftPanel({ lift }: { lift: Lift }) {
  return (
    <Panel
      title={t('What contact added')}
      detail={t('Against {n} customers held out on purpose', { n: count(lift.held_out) })}
    >
      <span className={lift.outcome === 'too_small' ? 'text-ink-2' : ''}>
        <Ticket figure={ticketMoney(lift.revenue_cents.mid, true)} size="md" />
      </span>
      <p className="mt-1 text-sm text-ink-2">
        {t('between {low} and {high} (95 of 100)', {
          low: money(lift.revenue_cents.low),
          high: money(lift.revenue_cents.high),
        })}
      </p>
      <p className="mt-2 text-sm">{lift.verdict}</p>
    </Panel>
  )
}
