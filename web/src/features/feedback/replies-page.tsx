import { MessageSquareReply } from 'lucide-react'
import { useNavigate } from '@tanstack/react-router'
import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { choice, tableParams, useUrl } from '../../lib/url.ts'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Pill, type Tone } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'

type Inbound = ReplyOf<'GET /api/v1/replies'>['data'][number]

const meanings: Record<Inbound['meaning'], [Tone, string]> = {
  stop: ['risk', 'No more texts'],
  start: ['good', 'Texts again'],
  help: ['info', 'Asks who we are'],
  other: ['neutral', 'To be read'],
}
const columns: Column<Inbound>[] = [
  {
    id: 'who',
    header: t('Customer'),
    hide: false,
    phone: 'title',
    cell: (m) => (
      <span className={m.is_read ? '' : 'font-semibold'}>
        {m.customer_name ?? m.sender}
        {!m.is_read && <span className="sr-only"> {t('unread')}</span>}
      </span>
    ),
  },
  { id: 'meaning', header: t('Read as'), phone: 'aside', cell: (m) => <Meaning of={m} /> },
  {
    id: 'text',
    header: t('Text'),
    hide: false,
    cell: (m) => <span className="block max-w-140 whitespace-pre-wrap wrap-anywhere">{m.body}</span>,
  },
  { id: 'when', header: t('Received'), cell: (m) => <Time at={m.received_at} /> },
]
const spec = { ...tableParams(''), meaning: choice(['', 'stop', 'start', 'help', 'other'], '') }

/** What customers texted back: a no has been obeyed already, the rest waits for somebody to read it. */
export default function RepliesPage() {
  const [url, setUrl] = useUrl(spec)
  const go = useNavigate()
  const query = useApi('GET /api/v1/replies', {
    query: {
      page: url.page,
      page_size: url.size,
      meaning: url.meaning === '' ? undefined : (url.meaning as Inbound['meaning']),
    },
  })
  const read = useSend('POST /api/v1/replies/read', { refresh: ['GET /api/v1/replies'] })
  const unread = query.data?.data.filter((m) => !m.is_read).map((m) => m.id) ?? []
  return (
    <Page
      title={t('Replies')}
      subtitle={t('What customers texted back. Who says no gets no more texts, at once and by itself.')}
      actions={
        <Button
          disabled={unread.length === 0}
          busy={read.isPending}
          onClick={() => read.mutate({ body: { ids: unread } })}
        >
          {t('Mark these as read')}
        </Button>
      }
    >
      <DataTable
        label={t('Replies')}
        keep="replies"
        columns={columns}
        rowId={(m) => m.id}
        rowName={(m) => m.customer_name ?? m.sender}
        query={query}
        url={url}
        setUrl={setUrl}
        onOpen={(m) => m.customer_id && void go({ to: '/customers/$id', params: { id: m.customer_id } })}
        tools={
          <Select
            label={t('Read as')}
            className="w-44 max-sm:w-full"
            value={url.meaning}
            onChange={(e) => setUrl({ meaning: e.target.value as typeof url.meaning, page: 1 })}
            options={[
              { value: '', label: t('All replies') },
              ...(Object.keys(meanings) as Inbound['meaning'][]).map((m) => ({ value: m, label: t(meanings[m][1]) })),
            ]}
          />
        }
        empty={
          <Empty title={t('Nobody has texted back')}>
            <MessageSquareReply className="mx-auto mb-2 size-6" aria-hidden />
            {t('Replies come in through the webhook of the text provider; its address is under Settings, Channels.')}
          </Empty>
        }
      />
    </Page>
  )
}

function Meaning({ of }: { of: Inbound }) {
  const [tone, word] = meanings[of.meaning]
  return (
    <span title={of.because}>
      <Pill tone={tone}>{t(word)}</Pill>
    </span>
  )
}
