import { Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api, ApiError, type ReplyOf } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { text, useUrl } from '../../lib/url.ts'
import { Button, IconButton, TextLink } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, SearchBox } from '../../ui/field.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { follow } from './bulk-start.ts'

const endpoint = 'GET /api/v1/tags'
type TagRow = ReplyOf<typeof endpoint>['data'][number]
const people = (n: number): string => t('{n, plural, one {one customer} other {# customers}}', { n })

/** Words the shop gave its customers: how many carry each; renamed and taken away on everybody at once. */
export default function TagsPage() {
  const may = useMay('manager')
  const [url, setUrl] = useUrl({ q: text() })
  const query = useApi(endpoint, { query: { q: url.q || undefined } })
  const [renaming, setRenaming] = useState<TagRow | null>(null)
  const remove = useSend('DELETE /api/v1/tags/:tag')
  const take = (row: TagRow): void =>
    remove.mutate(
      { params: { tag: row.tag } },
      { onSuccess: (job) => follow(job, 'remove_tag', people(row.customers)) },
    )
  return (
    <Page
      title={t('Tags')}
      back={<TextLink to="/customers">{t('Customers')}</TextLink>}
      subtitle={t('Words of your own on customers. A tag exists as long as somebody carries it.')}
      narrow
    >
      <SearchBox value={url.q} onChange={(q) => setUrl({ q })} label={t('Search tags')} className="mb-4 max-w-80" />
      <Panel title={t('All tags')} flush>
        <QueryFrame query={query} what={t('The tags')} skeleton={<Skeleton className="h-60 w-full" />}>
          {({ data }) =>
            data.length === 0 ? (
              <Empty kind={url.q ? 'none' : 'shelf'} title={url.q ? t('No tag matches') : t('No tags yet')}>
                {url.q ? null : t('Choose customers in the list and press Tag.')}
              </Empty>
            ) : (
              <ul>
                {data.map((row) => (
                  <li key={row.tag} className="flex min-h-11 items-center gap-2 border-t border-line px-4 py-1">
                    <span className="min-w-0 flex-1">
                      <TextLink to="/customers" search={{ tags: row.tag }} className="font-medium">
                        #{row.tag}
                      </TextLink>
                      {row.used_by.length > 0 && (
                        <span className="block text-sm text-ink-2">
                          {t('Asked for by {segments}', { segments: row.used_by.join(', ') })}
                        </span>
                      )}
                    </span>
                    <span className="font-semibold">{count(row.customers)}</span>
                    {may && (
                      <>
                        <IconButton
                          icon={Pencil}
                          label={t('Rename {tag}', { tag: row.tag })}
                          onClick={() => setRenaming(row)}
                        />
                        <IconButton
                          icon={Trash2}
                          label={t('Take {tag} from everybody', { tag: row.tag })}
                          disabled={remove.isPending}
                          onClick={() => take(row)}
                        />
                      </>
                    )}
                  </li>
                ))}
              </ul>
            )
          }
        </QueryFrame>
      </Panel>
      {renaming && <Rename row={renaming} onClose={() => setRenaming(null)} />}
    </Page>
  )
}

function Rename({ row, onClose }: { row: TagRow; onClose: () => void }) {
  const [name, setName] = useState(row.tag)
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  const save = async (): Promise<void> => {
    setBusy(true)
    try {
      const job = await api('PATCH /api/v1/tags/:tag', { params: { tag: row.tag }, body: { name } })
      follow(job, 'rename_tag', people(row.customers))
      onClose()
    } catch (failed) {
      setError(failed instanceof ApiError ? (failed.fields[0]?.message ?? failed.message) : t('Try again.'))
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Rename {tag}', { tag: row.tag })}
      description={t('On {who}. Into a tag that exists, the two become one; that can be taken back for seven days.', {
        who: people(row.customers),
      })}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" busy={busy} onClick={() => void save()}>
            {t('Rename')}
          </Button>
        </>
      }
    >
      {row.used_by.length > 0 && (
        <Note tone="warn">
          {t('{segments} asks for this tag. Change that rule first.', { segments: row.used_by.join(', ') })}
        </Note>
      )}
      <Field label={t('New name')} error={error} required className="mt-3">
        <Input maxLength={50} autoComplete="off" value={name} onChange={(e) => setName(e.target.value)} />
      </Field>
    </Dialog>
  )
}
