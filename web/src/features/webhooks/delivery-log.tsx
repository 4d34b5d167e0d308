import { RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { choice, tableParams, useUrl } from '../../lib/url.ts'
import { Button } from '../../ui/button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { Select } from '../../ui/field.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { deliveryWords, webhookReaders, type Delivery, type Webhook } from './webhook-words.ts'

const spec = { ...tableParams(''), status: choice(['', 'waiting', 'delivered', 'failed'], '') }
const columns: Column<Delivery>[] = [
  { id: 'event', header: t('Event'), hide: false, phone: 'title', cell: (d) => <code>{d.event_type}</code> },
  {
    id: 'status',
    header: t('Status'),
    phone: 'aside',
    cell: ({ status }) => <Pill tone={deliveryWords[status][0]}>{t(deliveryWords[status][1])}</Pill>,
  },
  { id: 'made', header: t('Happened'), cell: (d) => <Time at={d.created_at} look="ago" /> },
  { id: 'tries', header: t('Tries'), align: 'right', cell: (d) => d.attempts },
  {
    id: 'answer',
    header: t('Answer'),
    cell: (d) =>
      d.error ? (
        <span className="block max-w-80 min-w-40 whitespace-normal">{d.error}</span>
      ) : d.response_status ? (
        t('{status} in {ms} ms', { status: d.response_status, ms: d.response_ms })
      ) : (
        '–'
      ),
  },
]

/** What was posted, the latest first; a press shows the body and plays it again. */
export function DeliveryLog({ webhook }: { webhook: Webhook }) {
  const [url, setUrl] = useUrl(spec)
  const [open, setOpen] = useState<string | null>(null)
  const query = useApi(
    'GET /api/v1/webhooks/:id/deliveries',
    {
      params: { id: webhook.id },
      query: { page: url.page, page_size: url.size, ...(url.status === '' ? {} : { status: url.status }) },
    },
    { every: 5_000 },
  )
  const replayAll = useSend('POST /api/v1/webhooks/:id/replay', {
    refresh: webhookReaders,
    onDone: ({ replayed }) => toast(t('{n, plural, one {# post is} other {# posts are}} tried again', { n: replayed })),
  })
  return (
    <>
      <DataTable
        label={t('What was posted')}
        keep="webhook-deliveries"
        columns={columns}
        rowId={(d) => d.id}
        rowName={(d) => d.event_type}
        query={query}
        url={url}
        setUrl={setUrl}
        onOpen={(d) => setOpen(d.id)}
        tools={
          <>
            <h2 className="mr-2 font-semibold">{t('What was posted')}</h2>
            <Select
              label={t('Status')}
              className="w-40"
              value={url.status}
              onChange={(e) => setUrl({ status: e.target.value as (typeof url)['status'] })}
              options={[
                { value: '', label: t('Any status') },
                ...Object.entries(deliveryWords).map(([value, [, word]]) => ({ value, label: t(word) })),
              ]}
            />
            {webhook.failed > 0 && (
              <Button
                size="sm"
                busy={replayAll.isPending}
                onClick={() => replayAll.mutate({ params: { id: webhook.id }, body: {} })}
              >
                <RotateCcw aria-hidden />
                {t('Try {n, plural, one {the failed one} other {all # failed}} again', { n: webhook.failed })}
              </Button>
            )}
          </>
        }
        empty={
          url.status === '' ? (
            <Empty title={t('Nothing was posted yet')}>{t('The next event it asks for appears here.')}</Empty>
          ) : (
            <Empty
              kind="none"
              title={t('No post has this status')}
              action={<Button onClick={() => setUrl({ status: '' })}>{t('Show all')}</Button>}
            />
          )
        }
      />
      {open && <DeliveryDrawer webhook={webhook} id={open} onClose={() => setOpen(null)} />}
    </>
  )
}

function DeliveryDrawer({ webhook, id, onClose }: { webhook: Webhook; id: string; onClose: () => void }) {
  const params = { id: webhook.id, delivery_id: id }
  const query = useApi('GET /api/v1/webhooks/:id/deliveries/:delivery_id', { params })
  const replay = useSend('POST /api/v1/webhooks/:id/deliveries/:delivery_id/replay', {
    refresh: webhookReaders,
    onDone: () => {
      toast(t('It is posted again'))
      onClose()
    },
  })
  return (
    <Drawer
      open
      onClose={onClose}
      title={t('One post')}
      footer={
        <Button busy={replay.isPending} onClick={() => replay.mutate({ params })}>
          <RotateCcw aria-hidden />
          {t('Post it again')}
        </Button>
      }
    >
      <QueryFrame query={query} what={t('The post')} skeleton={<Skeleton className="h-80" />}>
        {(d) => (
          <div className="space-y-4">
            <Facts
              items={[
                [t('Event'), <code key="e">{d.event_type}</code>],
                [
                  t('Status'),
                  <Pill key="s" tone={deliveryWords[d.status][0]}>
                    {t(deliveryWords[d.status][1])}
                  </Pill>,
                ],
                [t('Happened'), <Time key="c" at={d.created_at} />],
                ...(d.next_try_at ? [[t('Next try'), <Time key="n" at={d.next_try_at} />] as const] : []),
                [t('Tries'), d.attempts],
                ...(d.response_status ? [[t('Answer'), `${d.response_status}, ${d.response_ms} ms`] as const] : []),
                ...(d.error ? [[t('Fault'), d.error] as const] : []),
                [
                  'webhook-id',
                  <code key="i" className="text-sm wrap-anywhere">
                    {d.message_id}
                  </code>,
                ],
              ]}
            />
            <div>
              <h3 className="mb-1 font-medium">{t('Body')}</h3>
              {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
              <pre tabIndex={0} className="overflow-auto rounded-md bg-sunken p-3 font-mono text-[13px] leading-5">
                {pretty(d.body)}
              </pre>
            </div>
          </div>
        )}
      </QueryFrame>
    </Drawer>
  )
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
