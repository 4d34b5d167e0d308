import { ChevronRight, Download, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { download, type ReplyOf } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { choice, tableParams, text, useUrl } from '../../lib/url.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Input, SearchBox, Select } from '../../ui/field.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Pager } from '../../ui/pager.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toastError } from '../../ui/toast.tsx'
import { AuditChain } from './audit-chain.tsx'
import { SettingsFrame } from './settings-frame.tsx'

type Line = ReplyOf<'GET /api/v1/audit'>['data'][number]
const actors = { user: 'User', api_key: 'Program', cli: 'Command line', system: 'The product', customer: 'A customer' }

/** Who did what and when, and what became of the rows. */
export default function AuditPage() {
  const admin = useMay('admin')
  const [url, setUrl] = useUrl({
    ...tableParams('', 50),
    q: text(),
    kind: choice(['', 'event', 'change'], ''),
    who: text(),
    from: text(),
    to: text(),
  })
  const filter = {
    ...(url.q ? { q: url.q } : {}),
    ...(url.kind ? { kind: url.kind } : {}),
    ...(url.who in actors ? { actor_kind: url.who as keyof typeof actors } : url.who ? { actor_id: url.who } : {}),
    ...(url.from ? { from: url.from } : {}),
    ...(url.to ? { to: url.to } : {}),
  }
  const query = useApi(
    'GET /api/v1/audit',
    { query: { ...filter, page: url.page, page_size: url.size } },
    { enabled: admin },
  )
  const people = useApi('GET /api/v1/users', undefined, { enabled: admin })
  const filtered = Object.keys(filter).length > 0
  return (
    <SettingsFrame>
      {admin && (
        <>
          <AuditChain />
          <Panel
            title={t('Audit trail')}
            detail={t('What people did, and what became of the rows. Secrets and addresses are not in it.')}
            flush
            actions={
              <Button
                onClick={() =>
                  void download('GET /api/v1/audit/export', { query: filter }, 'audit.csv').catch(toastError)
                }
              >
                <Download aria-hidden />
                {t('CSV')}
              </Button>
            }
          >
            <div className="grid grid-cols-2 gap-3 border-t border-line px-4 py-3 lg:grid-cols-[2fr_1fr_1fr_1fr_1fr]">
              <Field label={t('Find')} className="max-lg:col-span-2">
                <SearchBox
                  value={url.q}
                  onChange={(q) => setUrl({ q })}
                  placeholder={t('campaign.approved, or an id')}
                  label={t('Find in the trail')}
                />
              </Field>
              <Field label={t('Who')}>
                <Select
                  value={url.who}
                  onChange={(e) => setUrl({ who: e.target.value })}
                  options={[
                    { value: '', label: t('Everybody') },
                    ...(people.data?.data ?? []).map((p) => ({ value: p.id, label: p.full_name ?? p.email })),
                    ...Object.entries(actors).map(([value, label]) => ({ value, label: t(label) })),
                  ]}
                />
              </Field>
              <Field label={t('What')}>
                <Select
                  value={url.kind}
                  onChange={(e) => setUrl({ kind: e.target.value as typeof url.kind })}
                  options={[
                    { value: '', label: t('Everything') },
                    { value: 'event', label: t('What people did') },
                    { value: 'change', label: t('Changed rows') },
                  ]}
                />
              </Field>
              <Field label={t('From')}>
                <Input type="date" value={url.from} onChange={(e) => setUrl({ from: e.target.value })} />
              </Field>
              <Field label={t('To')}>
                <Input type="date" value={url.to} onChange={(e) => setUrl({ to: e.target.value })} />
              </Field>
            </div>
            <QueryFrame query={query} what={t('The audit trail')} skeleton={<Skeleton className="m-4 h-96" />}>
              {(page) =>
                page.data.length === 0 ? (
                  <Empty kind={filtered ? 'none' : 'shelf'} title={t('Nothing in the trail fits')}>
                    {t('Take a filter away, or look at other days.')}
                  </Empty>
                ) : (
                  <>
                    <ul>
                      {page.data.map((line) => (
                        <LineRow key={line.id} line={line} onRequest={(q) => setUrl({ q, kind: '' })} />
                      ))}
                    </ul>
                    <Pager url={url} setUrl={setUrl} page={page} rows={page.data.length} />
                  </>
                )
              }
            </QueryFrame>
          </Panel>
        </>
      )}
    </SettingsFrame>
  )
}

function LineRow({ line, onRequest }: { line: Line; onRequest: (id: string) => void }) {
  const [open, setOpen] = useState(false)
  const who = line.actor_name ?? t(actors[line.actor_kind])
  return (
    <li className="border-t border-line">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex w-full items-start gap-2 px-4 py-2.5 text-left hover:bg-sunken/60 focus-visible:-outline-offset-2"
      >
        <ChevronRight
          className={`mt-0.5 size-4 shrink-0 text-ink-2 transition-transform ${open ? 'rotate-90' : ''}`}
          aria-hidden
        />
        <span className="min-w-0 flex-1">
          <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
            <span className="font-medium wrap-anywhere">{line.action}</span>
            {line.kind === 'change' && <Pill>{t('row')}</Pill>}
            {line.rows > 1 && <Pill tone="info">{t('{n} rows', { n: count(line.rows) })}</Pill>}
            {line.is_redacted && <Pill tone="warn">{t('erased')}</Pill>}
          </span>
          <span className="block text-sm text-ink-2 wrap-anywhere">
            {who}
            {line.reason && ` · ${line.reason}`}
          </span>
        </span>
        <span className="shrink-0 text-sm text-ink-2">
          <Time at={line.at} />
        </span>
      </button>
      {open && <Detail line={line} onRequest={onRequest} />}
    </li>
  )
}

function Detail({ line, onRequest }: { line: Line; onRequest: (id: string) => void }) {
  const before = asRecord(line.before)
  const after = asRecord(line.after)
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return (
    <div className="space-y-3 px-4 pb-4 pl-10 text-sm">
      <p className="flex flex-wrap items-center gap-x-4 gap-y-1 text-ink-2">
        {line.entity_id && (
          <span className="wrap-anywhere">
            {line.entity} <code>{line.entity_id}</code>
          </span>
        )}
        {line.request_id && (
          <button type="button" className="underline" onClick={() => onRequest(line.request_id!)}>
            {t('All of this request')}
          </button>
        )}
        <span className="inline-flex items-center gap-1">
          <ShieldCheck className="size-4" aria-hidden />
          {line.is_sealed ? t('sealed') : t('will be sealed in a moment')}
        </span>
      </p>
      {names.length > 0 && (
        <div className="overflow-x-auto rounded-md border border-line">
          <table className="w-full text-left">
            <thead>
              <tr className="text-ink-2">
                <th className="px-3 py-1.5 font-medium">{t('Field')}</th>
                <th className="px-3 py-1.5 font-medium">{t('Before')}</th>
                <th className="px-3 py-1.5 font-medium">{t('After')}</th>
              </tr>
            </thead>
            <tbody>
              {names.map((name) => (
                <tr key={name} className="border-t border-line align-top">
                  <th scope="row" className="px-3 py-1.5 font-normal">
                    {name}
                  </th>
                  <td className="px-3 py-1.5 text-ink-2 wrap-anywhere">{shown(before[name])}</td>
                  <td className="px-3 py-1.5 wrap-anywhere">{shown(after[name])}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {names.length === 0 && <p className="text-ink-2">{t('Nothing more was written down.')}</p>}
    </div>
  )
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : value === null || value === undefined
      ? {}
      : { value }

const shown = (value: unknown): string =>
  value === undefined || value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value).slice(0, 2000)
