import { RotateCw } from 'lucide-react'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { money } from '../../lib/format.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Note } from '../../ui/panel.tsx'
import { channelWord, Status } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { SendTimeline } from './send-timeline.tsx'
import { furthest } from './send-words.ts'

/** One message: what happened to it, what it said, and what can be done. */
export function SendDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useApi('GET /api/v1/sends/:id', { params: { id } })
  const events = useApi('GET /api/v1/sends/:id/events', { params: { id } })
  const mayResend = useMay('manager')
  const resend = useSend('POST /api/v1/sends/:id/resend', {
    refresh: ['GET /api/v1/sends'],
    onDone: () => toast(t('Queued again with the same Message-ID')),
  })
  const send = query.data?.id === id ? query.data : undefined
  const again = mayResend && send && (send.status === 'failed' || send.status === 'unknown')
  return (
    <Drawer
      open
      onClose={onClose}
      title={send?.customer_name ?? send?.recipient ?? t('Message')}
      description={
        send ? t('{channel} to {recipient}', { channel: channelWord(send.channel), recipient: send.recipient }) : ' '
      }
      footer={
        again && (
          <Button look="primary" busy={resend.isPending} onClick={() => resend.mutate({ params: { id } })}>
            <RotateCw aria-hidden />
            {t('Send again')}
          </Button>
        )
      }
    >
      <QueryFrame
        query={{ ...query, data: send }}
        what={t('The message')}
        skeleton={<Skeleton className="h-80 w-full" />}
      >
        {(s) => (
          <div className="space-y-6">
            {s.status === 'unknown' && (
              <Note tone="warn" title={t('It is not known whether this left')}>
                {t(
                  'The connection broke at the wrong moment. Sending again may give the customer the message twice; it carries the same Message-ID, so most mail clients show it once.',
                )}
              </Note>
            )}
            {s.refused_by && (
              <Note tone="warn" title={t('Not sent: {rule}', { rule: s.refused_by })}>
                {s.error_message}
              </Note>
            )}
            {!s.refused_by && s.error_message && (
              <Note tone="risk" title={t('What went wrong')}>
                {s.error_message}
              </Note>
            )}
            <Facts
              items={[
                [t('Status'), <Status key="status" value={furthest(s)} />],
                [
                  t('Customer'),
                  s.customer_id ? (
                    <TextLink key="customer" to="/customers/$id" params={{ id: s.customer_id }}>
                      {s.customer_name ?? t('Open')}
                    </TextLink>
                  ) : (
                    '–'
                  ),
                ],
                [
                  t('Campaign'),
                  s.campaign_id ? (
                    <TextLink key="campaign" to="/campaigns/$id" params={{ id: s.campaign_id }}>
                      {s.campaign_name ?? t('Open')}
                    </TextLink>
                  ) : (
                    '–'
                  ),
                ],
                [
                  t('Due'),
                  <span key="due">
                    <Time at={s.due_at} /> {t('until')} <Time at={s.window_end} look="time" />
                  </span>,
                ],
                [t('Provider'), s.provider ?? '–'],
                ...(s.conversion_cents === null ? [] : [[t('Bought for'), money(s.conversion_cents)] as const]),
              ]}
            />
            <section>
              <h3 className="pb-2 font-semibold">{t('What happened')}</h3>
              <QueryFrame query={events} what={t('The events')} skeleton={<Skeleton className="h-24 w-full" />}>
                {({ data }) => <SendTimeline send={s} events={data} />}
              </QueryFrame>
            </section>
            {s.message && (
              <section>
                <h3 className="flex items-baseline justify-between gap-2 pb-2 font-semibold">
                  {t('What it says')}
                  {s.provider === 'sandbox' && (
                    <TextLink to="/mailbox" search={{ send: s.id }} className="text-sm font-normal">
                      {t('Open in the mailbox')}
                    </TextLink>
                  )}
                </h3>
                {s.message.subject && <p className="font-medium">{s.message.subject}</p>}
                <p className="mt-1 whitespace-pre-wrap rounded-md border border-line bg-sunken p-3 text-sm [overflow-wrap:anywhere]">
                  {s.message.text}
                </p>
              </section>
            )}
          </div>
        )}
      </QueryFrame>
    </Drawer>
  )
}
