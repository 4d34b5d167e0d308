import { lazy, Suspense } from 'react'
import { money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useLiveRefresh } from '../../lib/live.ts'
import { useApi } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { choice, list, tableParams, text, useUrl } from '../../lib/url.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { channelWord, Status } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import { sendStates } from '#core/feedback/lattice.ts'
import { furthest, type Send } from './send-words.ts'

const SendDrawer = lazy(() => import('./send-drawer.tsx').then((m) => ({ default: m.SendDrawer })))
const dash = <span className="text-ink-2">–</span>
const columns: Column<Send>[] = [
  { id: 'customer', header: t('Customer'), hide: false, phone: 'title', cell: (s) => s.customer_name ?? s.recipient },
  { id: 'status', header: t('Status'), phone: 'aside', cell: (s) => <Status value={furthest(s)} /> },
  { id: 'campaign', header: t('Campaign'), cell: (s) => s.campaign_name ?? dash },
  { id: 'channel', header: t('Channel'), cell: (s) => channelWord(s.channel) },
  { id: 'recipient', header: t('Address'), phone: 'none', hide: 'off', cell: (s) => s.recipient },
  { id: 'when', header: t('Sent or due'), cell: (s) => <Time at={s.sent_at ?? s.due_at} /> },
  {
    id: 'why',
    header: t('Why not'),
    phone: 'none',
    cell: (s) => <span className="block max-w-72 truncate text-ink-2">{s.error_message ?? s.refused_by ?? '–'}</span>,
  },
  {
    id: 'sale',
    header: t('Sale'),
    align: 'right',
    phone: 'none',
    cell: (s) => (s.conversion_cents === null ? dash : money(s.conversion_cents)),
  },
]
const statusWords: Record<(typeof sendStates)[number], string> = {
  pending: t('Queued'),
  claimed: t('Sending'),
  sent: t('Sent'),
  delivered: t('Delivered'),
  failed: t('Failed'),
  bounced: t('Bounced'),
  skipped: t('Skipped'),
  cancelled: t('Cancelled'),
  unknown: t('Not known'),
}
const spec = {
  ...tableParams(''),
  status: list(),
  channel: choice(['', 'email', 'sms'], ''),
  campaign: text(),
  customer: text(),
  send: text(),
}

/** Every message and what became of it. */
export default function SendsPage() {
  const [url, setUrl] = useUrl(spec)
  const query = useApi('GET /api/v1/sends', {
    query: {
      page: url.page,
      page_size: url.size,
      status: url.status.length > 0 ? url.status.join(',') : undefined,
      channel: url.channel === '' ? undefined : url.channel,
      campaign_id: url.campaign || undefined,
      customer_id: url.customer || undefined,
    },
  })
  const campaigns = useApi('GET /api/v1/campaigns', { query: { page_size: 100 } }, { staleMs: 60_000 })
  useLiveRefresh('/ws/notifications', ['GET /api/v1/sends'], 2000, (e) => e.topic.startsWith('campaign.'))
  useRowKeys()
  const filtered = url.status.length > 0 || url.channel !== '' || url.campaign !== '' || url.customer !== ''
  const clear = (
    <Button onClick={() => setUrl({ status: [], channel: '', campaign: '', customer: '' })}>
      {t('Clear filters')}
    </Button>
  )
  const known = campaigns.data?.data ?? []
  const unread = useApi('GET /api/v1/replies', { query: { page_size: 1, unread: 'true' } }).data?.unread ?? 0
  return (
    <Page
      title={t('Sends')}
      subtitle={t('Every message, newest first, and what became of it.')}
      actions={
        <LinkButton to="/replies">
          {unread === 0
            ? t('Replies')
            : t('{count, plural, one {# new reply} other {# new replies}}', { count: unread })}
        </LinkButton>
      }
    >
      <DataTable
        label={t('Sends')}
        keep="sends"
        columns={columns}
        rowId={(s) => s.id}
        rowName={(s) => s.customer_name ?? s.recipient}
        query={query}
        url={url}
        setUrl={setUrl}
        onOpen={(s) => setUrl({ send: s.id, page: url.page }, { push: true })}
        tools={
          <>
            <Select
              label={t('Status')}
              className="w-40 max-sm:w-full"
              value={url.status.length === 1 ? url.status[0] : url.status.length === 0 ? '' : 'some'}
              onChange={(e) => setUrl({ status: statusesOf(e.target.value) })}
              options={[
                { value: '', label: t('Any status') },
                { value: 'trouble', label: t('Needs a look') },
                ...(url.status.length > 1 ? [{ value: 'some', label: url.status.join(', ') }] : []),
                ...sendStates.map((s) => ({ value: s, label: statusWords[s] })),
              ]}
            />
            <Select
              label={t('Channel')}
              className="w-36 max-sm:w-full"
              value={url.channel}
              onChange={(e) => setUrl({ channel: e.target.value as (typeof url)['channel'] })}
              options={[
                { value: '', label: t('All channels') },
                { value: 'email', label: t('Email') },
                { value: 'sms', label: t('Texts') },
              ]}
            />
            <Select
              label={t('Campaign')}
              className="w-56 max-sm:w-full"
              value={url.campaign}
              onChange={(e) => setUrl({ campaign: e.target.value })}
              options={[
                { value: '', label: t('All campaigns') },
                ...known.map((c) => ({ value: c.id, label: c.name })),
                ...(url.campaign !== '' && !known.some((c) => c.id === url.campaign)
                  ? [{ value: url.campaign, label: t('This campaign') }]
                  : []),
              ]}
            />
            {filtered && clear}
          </>
        }
        empty={
          filtered ? (
            <Empty kind="none" title={t('No message matches')} action={clear} />
          ) : (
            <Empty
              title={t('Nothing was sent yet')}
              action={
                <LinkButton to="/campaigns" look="primary">
                  {t('Go to campaigns')}
                </LinkButton>
              }
            >
              {t('Start a campaign: its messages appear here as they are queued.')}
            </Empty>
          )
        }
      />
      {url.send !== '' && (
        <Suspense>
          <SendDrawer id={url.send} onClose={() => setUrl({ send: '', page: url.page })} />
        </Suspense>
      )}
    </Page>
  )
}

function statusesOf(value: string): string[] {
  if (value === '') return []
  return value === 'trouble' ? ['failed', 'bounced', 'unknown'] : [value]
}
