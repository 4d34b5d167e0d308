import { useNavigate } from '@tanstack/react-router'
import { Download, Upload } from 'lucide-react'
import { download, type ReplyOf } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { useMay } from '../../lib/session.ts'
import { choice, flag, tableParams, useUrl } from '../../lib/url.ts'
import { Button, IconButton, LinkButton, TextLink } from '../../ui/button.tsx'
import { Checkbox, Select } from '../../ui/field.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import { toastError } from '../../ui/toast.tsx'
import { importKinds, kindWord, type Import } from './import-words.ts'
import { UndoButton } from './import-undo.tsx'

const statuses = ['', 'running', 'succeeded', 'undone', 'failed', 'cancelled'] as const
const spec = {
  ...tableParams(),
  kind: choice(['', ...importKinds], ''),
  status: choice(statuses, ''),
  checks: flag(),
}
const statusWords: Record<(typeof statuses)[number], string> = {
  '': 'Any outcome',
  running: 'Running',
  succeeded: 'Done',
  undone: 'Undone',
  failed: 'Failed',
  cancelled: 'Stopped',
}

function ImportStatus({ run }: { run: Import }) {
  if (run.undo.is_running) return <Pill tone="info">{t('Undoing')}</Pill>
  if (run.undo.undone_at) return <Pill>{t('Undone')}</Pill>
  if (run.status === 'cancelled') return <Pill>{t('Stopped')}</Pill>
  return <Status value={run.status} />
}

const number = (n: number, run: Import) =>
  run.status === 'succeeded' ? count(n) : <span className="text-ink-2">–</span>

const columns: Column<Import>[] = [
  {
    id: 'source',
    header: t('File'),
    hide: false,
    phone: 'title',
    cell: (i) => (
      <span className="inline-block max-w-64 truncate align-bottom">
        {i.source}
        {i.dry_run && <span className="ml-1.5 font-normal text-ink-2">{t('(check)')}</span>}
      </span>
    ),
  },
  { id: 'kind', header: t('What'), cell: (i) => kindWord(i.kind) },
  { id: 'status', header: t('Outcome'), phone: 'aside', cell: (i) => <ImportStatus run={i} /> },
  { id: 'new', header: t('Added'), align: 'right', phone: 'none', cell: (i) => number(i.rows_new, i) },
  { id: 'changed', header: t('Changed'), align: 'right', phone: 'none', cell: (i) => number(i.rows_changed, i) },
  {
    id: 'same',
    header: t('Same as before'),
    align: 'right',
    phone: 'none',
    hide: 'off',
    cell: (i) => number(i.rows_same + i.rows_duplicate, i),
  },
  { id: 'rejected', header: t('Refused'), align: 'right', cell: (i) => <Rejected run={i} /> },
  { id: 'by', header: t('Who'), phone: 'none', cell: (i) => i.created_by_name ?? t('the system') },
  { id: 'at', header: t('When'), cell: (i) => <Time at={i.created_at} /> },
  { id: 'undo', header: t('Take back'), hide: false, cell: (i) => <UndoCell run={i} /> },
]

function Rejected({ run }: { run: Import }) {
  const may = useMay('manager')
  if (run.rows_rejected === 0) return <>{number(0, run)}</>
  return (
    <span className="inline-flex items-center gap-1 text-risk">
      {count(run.rows_rejected)}
      <span className="sm:hidden">{t('refused')}</span>
      {may && run.has_rejects && (
        <IconButton
          icon={Download}
          label={t('Download the refused rows of {source}', { source: run.source })}
          onClick={() =>
            void download('GET /api/v1/imports/:id/rejects', { params: { id: run.id } }, `rejects-${run.id}.csv`).catch(
              toastError,
            )
          }
        />
      )}
    </span>
  )
}

function UndoCell({ run }: { run: Import }) {
  if (run.undo.refusal === null && !run.undo.is_running && run.undo.until)
    return (
      <span className="inline-flex items-center gap-2">
        <UndoButton run={run} size="sm" />
        <span className="text-sm text-ink-2 max-sm:hidden">
          {t('until')} <Time at={run.undo.until} look="day" />
        </span>
      </span>
    )
  return <span className="text-ink-2 max-sm:hidden">–</span>
}

/** Every import there was: who brought what, what was refused, and the way back. */
export default function ImportsPage() {
  const navigate = useNavigate()
  const may = useMay('manager')
  const [url, setUrl] = useUrl(spec)
  const query = useApi(
    'GET /api/v1/imports',
    {
      query: {
        page: url.page,
        page_size: url.size,
        kind: url.kind || undefined,
        status: url.status || undefined,
        dry_run: url.checks ? undefined : 'false',
      },
    },
    { every: 3000 },
  )
  useRowKeys()
  const filtered = url.kind !== '' || url.status !== ''
  const action = may && (
    <LinkButton to="/customers/import" look="primary">
      <Upload aria-hidden />
      {t('Import')}
    </LinkButton>
  )
  return (
    <Page
      title={t('Imports')}
      back={<TextLink to="/customers">{t('Customers')}</TextLink>}
      subtitle={t('What came in from files. Each can be taken back for seven days.')}
      actions={action}
    >
      <DataTable
        label={t('Imports')}
        keep="imports"
        columns={columns}
        rowId={(i) => i.id}
        rowName={(i) => i.source}
        query={query as typeof query & { data: ReplyOf<'GET /api/v1/imports'> | undefined }}
        url={url}
        setUrl={setUrl}
        onOpen={(i) => void navigate({ to: '/customers/import', search: { run: i.id } } as never)}
        tools={
          <>
            <Select
              label={t('What was in the file')}
              value={url.kind}
              onChange={(e) => setUrl({ kind: e.target.value as typeof url.kind })}
              className="w-full sm:w-56"
              options={[
                { value: '', label: t('Everything') },
                ...importKinds.map((k) => ({ value: k, label: kindWord(k) })),
              ]}
            />
            <Select
              label={t('Outcome')}
              value={url.status}
              onChange={(e) => setUrl({ status: e.target.value as typeof url.status })}
              className="w-full sm:w-40"
              options={statuses.map((s) => ({ value: s, label: t(statusWords[s]) }))}
            />
            <Checkbox
              label={t('With checks')}
              checked={url.checks}
              onChange={(e) => setUrl({ checks: e.target.checked })}
            />
          </>
        }
        empty={
          filtered ? (
            <Empty
              kind="none"
              title={t('No such import')}
              action={<Button onClick={() => setUrl({ kind: '', status: '' })}>{t('Clear filters')}</Button>}
            >
              {t('Take a filter away.')}
            </Empty>
          ) : (
            <Empty title={t('Nothing was imported yet')} action={action}>
              {t('A CSV with names and emails is enough to start.')}
            </Empty>
          )
        }
      />
    </Page>
  )
}
