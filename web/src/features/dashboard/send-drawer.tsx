import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { LinkButton, TextLink } from '../../ui/button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { Failed, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts } from '../../ui/panel.tsx'
import { channelWord, Status } from '../../ui/pill.tsx'
import { SendTimeline } from '../dispatch/send-timeline.tsx'

export default function SendDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const send = useApi('GET /api/v1/sends/:id', { params: { id } })
  const events = useApi('GET /api/v1/sends/:id/events', { params: { id } })
  const name = send.data?.customer_name ?? t('Message')
  return (
    <Drawer open onClose={onClose} title={name} description={send.data?.message?.subject ?? (send.data ? channelWord(send.data.channel) : '\u00a0')} footer={<LinkButton to="/sends" search={{ send: id }}>{t('Open in Messages')}</LinkButton>}>
      <QueryFrame query={send} what={t('The message')} skeleton={<Skeleton className="h-72" />}>
        {(m) => (
          <>
            <Facts
              className="mb-5"
              items={[
                [t('State'), <Status key="s" value={m.status} />],
                [t('To'), m.recipient],
                [t('Campaign'), m.campaign_id ? <TextLink key="c" to={`/campaigns/${m.campaign_id}`}>{m.campaign_name ?? t('Campaign')}</TextLink> : '–'],
                [t('Customer'), m.customer_id ? <TextLink key="k" to={`/customers/${m.customer_id}`}>{m.customer_name ?? t('Customer')}</TextLink> : t('Removed')],
              ]}
            />
            <h3 className="label pb-3 text-ink-2">{t('What happened')}</h3>
            {events.isError ? <Failed what={t('The timeline')} error={events.error} retry={() => void events.refetch()} /> : <SendTimeline send={m} events={events.data?.data ?? []} />}
          </>
        )}
      </QueryFrame>
    </Drawer>
  )
}
