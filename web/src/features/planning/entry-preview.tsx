import { ChevronRight, Eye } from 'lucide-react'
import { useState } from 'react'
import type { PlanEntry } from '#core/planning/plan.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Button, TextButton, TextLink } from '../../ui/button.tsx'
import { MessageView } from '../../ui/message-view.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'

/** The message as one of the customers gets it: their name, their store's words, their hour. Fetched when asked for. */
export function EntryPreview({ campaignId, entry }: { campaignId: string; entry: PlanEntry }) {
  const [open, setOpen] = useState(false)
  const [after, setAfter] = useState<string | null>(null)
  const query = useApi(
    'GET /api/v1/campaigns/:id/preview',
    { params: { id: campaignId }, query: { entry: entry.id, after: after ?? undefined } },
    { enabled: open },
  )
  if (!entry.template_id) return null
  return (
    <section>
      <h3 className="pb-1 font-semibold">{t('As a customer gets it')}</h3>
      {!open ? (
        <Button size="sm" onClick={() => setOpen(true)}>
          <Eye aria-hidden />
          {t('Show the message')}
        </Button>
      ) : (
        <QueryFrame query={query} what={t('The message')} skeleton={<Skeleton className="h-80 w-full" />}>
          {({ customer_id, customer_name, status, because, due_at, message }) => (
            <div className="space-y-3" aria-live="polite" aria-busy={query.isFetching || undefined}>
              <p className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
                <span className="min-w-0">
                  <TextLink to={`/customers/${customer_id}`}>{customer_name ?? t('Customer')}</TextLink>
                  {due_at && (
                    <span className="text-ink-2">
                      , <Time at={due_at} />
                    </span>
                  )}
                </span>
                <TextButton disabled={query.isFetching} onClick={() => setAfter(customer_id)}>
                  {t('Another customer')}
                  <ChevronRight className="inline size-4" aria-hidden />
                </TextButton>
              </p>
              {status !== 'pending' && (
                <Note tone="warn" title={statusWord(status)}>
                  {because}
                </Note>
              )}
              {message.problems
                .filter((p) => p.level === 'error')
                .map((p) => (
                  <Note key={p.message} tone="risk" title={p.message} />
                ))}
              <MessageView message={message} name={entry.offer.title} tall={false} />
              {message.sms && (
                <p className="text-sm text-ink-2">
                  {t('{segments, plural, one {# part} other {# parts}}, {encoding}.', {
                    segments: message.sms.segments,
                    encoding: message.sms.encoding,
                  })}
                </p>
              )}
            </div>
          )}
        </QueryFrame>
      )}
    </section>
  )
}

function statusWord(status: 'skipped' | 'holdout' | null): string {
  if (status === 'holdout') return t('This customer is held out, so that the effect can be measured.')
  return status === 'skipped' ? t('This customer does not get it now.') : t('It is not meant for this customer.')
}
