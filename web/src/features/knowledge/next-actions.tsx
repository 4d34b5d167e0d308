import { CalendarClock } from 'lucide-react'
import { day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { TextLink } from '../../ui/button.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { channelWord, Status } from '../../ui/pill.tsx'

/** What the scoring proposes for this customer, the best first, each with its reason. */
export function NextActions({ customerId, open }: { customerId: string; open: readonly string[] }) {
  const query = useApi('GET /api/v1/actions', {
    query: { customer_id: customerId, status: 'proposed,pending,queued', page_size: 4 },
  })
  return (
    <Panel title={t('Next best action')}>
      <QueryFrame query={query} what={t('The next action')} skeleton={<Skeleton className="h-16 w-full" />}>
        {({ data: found }) => {
          // A message that no channel may carry is not a next step, whatever was planned before the customer opted out.
          const data = found.filter((a) => a.channels.some((c) => open.includes(c)))
          if (open.length === 0)
            return (
              <p className="text-ink-2">
                {t('No channel is open for this customer: see “Can we write?” for the reason and what helps.')}
              </p>
            )
          if (data.length === 0)
            return (
              <p className="text-ink-2">
                {t(
                  'Nothing is worth a message now. Actions appear after scoring, when an offer is expected to earn more than it costs.',
                )}
              </p>
            )
          return (
            <ol className="space-y-3">
              {data.map((a, i) => (
                <li key={a.id} className={i === 0 ? 'border-l-3 border-shelf pl-3' : 'border-l-3 border-line pl-3'}>
                  <p className="flex flex-wrap items-baseline gap-x-2">
                    <span className={i === 0 ? 'text-base font-semibold' : 'font-medium'}>{a.offer_text}</span>
                    {a.status !== 'proposed' && <Status value={a.status} />}
                  </p>
                  <p className="text-ink-2">{a.reason}</p>
                  <p className="mt-0.5 flex flex-wrap items-center gap-x-3 text-sm text-ink-2">
                    <span>{a.channels.map(channelWord).join(t(' or '))}</span>
                    {a.scheduled_date && (
                      <span className="inline-flex items-center gap-1">
                        <CalendarClock className="size-3.5" aria-hidden />
                        {day(a.scheduled_date, 'weekday')}
                      </span>
                    )}
                    <span>{t('priority {score} of 100', { score: Math.round(a.priority_score) })}</span>
                    {a.campaign_id && (
                      <TextLink to="/campaigns/$id" params={{ id: a.campaign_id }}>
                        {a.campaign_name ?? t('Campaign')}
                      </TextLink>
                    )}
                  </p>
                </li>
              ))}
            </ol>
          )
        }}
      </QueryFrame>
    </Panel>
  )
}
