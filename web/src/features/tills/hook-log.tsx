import { useParams } from '@tanstack/react-router'
import { RotateCcw } from 'lucide-react'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { choice, tableParams, useUrl } from '../../lib/url.ts'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { Empty } from '../../ui/page.tsx'
import { Pill } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { hookStates, readers, type Hook, type Till } from './till-words.ts'

const spec = { ...tableParams(''), status: choice(['', 'received', 'done', 'ignored', 'parked'], '') }
const columns: Column<Hook>[] = [
  { id: 'topic', header: t('About'), hide: false, phone: 'title', cell: (h) => h.subject ?? h.topic },
  {
    id: 'status',
    header: t('Status'),
    phone: 'aside',
    cell: ({ status }) => <Pill tone={hookStates[status][0]}>{t(hookStates[status][1])}</Pill>,
  },
  { id: 'came', header: t('Came'), cell: (h) => <Time at={h.received_at} look="ago" /> },
  {
    id: 'outcome',
    header: t('What became of it'),
    cell: (h) => <span className="block max-w-[26rem] min-w-48 whitespace-normal">{h.error ?? h.outcome ?? '–'}</span>,
  },
  {
    id: 'event',
    header: t('Event'),
    phone: 'none',
    hide: 'off',
    cell: (h) => <code className="text-sm">{h.topic}</code>,
  },
]

const again: Column<Hook> = {
  id: 'again',
  header: t('Again'),
  hide: false,
  phone: 'detail',
  cell: (h) => <Again hook={h} />,
}

function Again({ hook }: { hook: Hook }) {
  const { id } = useParams({ strict: false }) as { id: string }
  const replay = useSend('POST /api/v1/integrations/:id/hooks/:hook_id/replay', {
    refresh: readers,
    onDone: () => toast(t('It is worked on again')),
  })
  if (!hook.can_replay || hook.status === 'done') return <span className="text-ink-2 max-md:hidden">–</span>
  return (
    <Button
      size="sm"
      look="quiet"
      busy={replay.isPending}
      aria-label={t('Work on {what} again', { what: hook.subject ?? hook.topic })}
      onClick={() => replay.mutate({ params: { id, hook_id: hook.id } })}
    >
      <RotateCcw aria-hidden />
      {t('Again')}
    </Button>
  )
}

/** What the till posted, the latest first; what needs a look can be played again once it is mended. */
export function HookLog({ till }: { till: Till }) {
  const admin = useMay('admin')
  const [url, setUrl] = useUrl(spec)
  const query = useApi(
    'GET /api/v1/integrations/:id/hooks',
    {
      params: { id: till.id },
      query: { page: url.page, page_size: url.size, status: url.status === '' ? undefined : url.status },
    },
    { every: 5000 },
  )
  const replayAll = useSend('POST /api/v1/integrations/:id/replay', {
    refresh: readers,
    onDone: ({ replayed }) =>
      toast(t('{n, plural, one {# post is} other {# posts are}} worked on again', { n: replayed })),
  })
  const clear = <Button onClick={() => setUrl({ status: '' })}>{t('Show all')}</Button>
  return (
    <DataTable
      label={t('What it posted')}
      keep="till-hooks"
      columns={admin ? [...columns, again] : columns}
      rowId={(h) => h.id}
      rowName={(h) => h.subject ?? h.topic}
      query={query}
      url={url}
      setUrl={setUrl}
      tools={
        <>
          <h2 className="mr-2 font-semibold">{t('What it posted')}</h2>
          <Select
            label={t('Status')}
            className="w-40"
            value={url.status}
            onChange={(e) => setUrl({ status: e.target.value as (typeof url)['status'] })}
            options={[
              { value: '', label: t('Any status') },
              ...Object.entries(hookStates).map(([value, [, word]]) => ({ value, label: t(word) })),
            ]}
          />
          {admin && till.hooks_parked > 0 && (
            <Button size="sm" busy={replayAll.isPending} onClick={() => replayAll.mutate({ params: { id: till.id } })}>
              <RotateCcw aria-hidden />
              {t('Try {n, plural, one {it} other {all #}} again', { n: till.hooks_parked })}
            </Button>
          )}
        </>
      }
      empty={
        url.status === '' ? (
          <Empty title={t('Nothing has arrived yet')}>
            {t('Place an order in the shop, or let it send a test: it appears here within seconds.')}
          </Empty>
        ) : (
          <Empty kind="none" title={t('No post has this status')} action={clear} />
        )
      }
    />
  )
}
