import { Download, Trash2 } from 'lucide-react'
import { download, type ReplyOf } from '../../lib/api.ts'
import { count, countShort } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useLiveRefresh } from '../../lib/live.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { tableParams, useUrl } from '../../lib/url.ts'
import { Button, IconButton, LinkButton, TextLink } from '../../ui/button.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Pill, type Tone } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import { toast, toastError } from '../../ui/toast.tsx'

const endpoint = 'GET /api/v1/exports'
type Export = ReplyOf<typeof endpoint>['data'][number]
const states: Record<Export['status'], [Tone, string]> = {
  queued: ['neutral', 'Waiting'],
  running: ['info', 'Being written'],
  ready: ['good', 'Ready'],
  failed: ['risk', 'Failed'],
  cancelled: ['neutral', 'Stopped'],
  expired: ['neutral', 'Gone'],
  withdrawn: ['warn', 'Withdrawn'],
}
const dash = <span className="text-ink-2">–</span>

const columns: Column<Export>[] = [
  { id: 'reason', header: t('For'), hide: false, phone: 'title', cell: (e) => e.reason ?? t('Customers') },
  {
    id: 'status',
    header: t('State'),
    phone: 'aside',
    cell: (e) => <Pill tone={states[e.status][0]}>{t(states[e.status][1])}</Pill>,
  },
  { id: 'rows', header: t('Customers'), align: 'right', cell: (e) => (e.rows === null ? dash : count(e.rows)) },
  {
    id: 'columns',
    header: t('Columns'),
    align: 'right',
    phone: 'none',
    cell: (e) => <span title={e.columns.join(', ')}>{count(e.columns.length)}</span>,
  },
  {
    id: 'bytes',
    header: t('Size'),
    align: 'right',
    phone: 'none',
    cell: (e) => (e.bytes === null ? dash : t('{n}B', { n: countShort(e.bytes) })),
  },
  { id: 'by', header: t('By'), cell: (e) => e.created_by ?? dash },
  { id: 'created_at', header: t('Made'), cell: (e) => <Time at={e.created_at} look="ago" /> },
  {
    id: 'expires_at',
    header: t('Can be fetched until'),
    phone: 'none',
    cell: (e) => (e.status === 'ready' && e.expires_at ? <Time at={e.expires_at} /> : dash),
  },
  {
    id: 'file',
    header: t('File'),
    hide: false,
    phone: 'detail',
    cell: (e) => (e.status === 'ready' ? <FileButtons of={e} /> : dash),
  },
]

/** Who took which customers out of the shop, when and what for; and the files that can still be fetched. */
export default function ExportsPage() {
  const [url, setUrl] = useUrl(tableParams(''))
  const query = useApi(endpoint, { query: { page: url.page, page_size: url.size } })
  useLiveRefresh('/ws/notifications', [endpoint], 1500, (e) => e.topic.startsWith('job.'))
  return (
    <Page
      title={t('Exports')}
      back={<TextLink to="/customers">{t('Customers')}</TextLink>}
      subtitle={t('A file is kept for a day. Who made it, who fetched it and what for stays in the audit trail.')}
    >
      <DataTable
        label={t('Exports')}
        keep="exports"
        columns={columns}
        rowId={(e) => e.id}
        rowName={(e) => e.reason ?? e.id}
        query={query}
        url={url}
        setUrl={setUrl}
        empty={
          <Empty
            title={t('Nothing was exported yet')}
            action={
              <LinkButton to="/customers" look="primary">
                {t('Go to the customers')}
              </LinkButton>
            }
          >
            {t('Filter the list, or choose customers, and press Export.')}
          </Empty>
        }
      />
    </Page>
  )
}

function FileButtons({ of: { id, created_at: madeAt } }: { of: Export }) {
  const remove = useSend('DELETE /api/v1/exports/:id', {
    refresh: [endpoint],
    onDone: () => toast(t('The file is gone')),
  })
  const fetchFile = (): void =>
    void download('GET /api/v1/exports/:id', { params: { id } }, `customers-${madeAt.slice(0, 10)}.csv`).catch(
      toastError,
    )
  return (
    <span className="inline-flex items-center gap-1">
      <Button size="sm" onClick={fetchFile}>
        <Download aria-hidden />
        {t('Download')}
      </Button>
      <IconButton icon={Trash2} label={t('Remove the file')} onClick={() => remove.mutate({ params: { id } })} />
    </span>
  )
}
