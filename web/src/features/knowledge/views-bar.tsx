import { EllipsisVertical, Plus } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { cx } from '../../lib/cx.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Menu, type MenuEntry } from '../../ui/menu.tsx'
import { toast } from '../../ui/toast.tsx'
import { filterKey, filterOf, filtersOff, urlOf, type ChangeUrl, type CustomerUrl } from './customer-url.ts'

export type View = ReplyOf<'GET /api/v1/views'>['data'][number]
const endpoint = 'GET /api/v1/views'
const ViewDialog = lazy(() => import('./view-dialog.tsx'))

/** What a saved view holds, as the API takes it. */
export const viewOf = (url: CustomerUrl, columns: readonly string[]) => ({
  filters: filterOf(url),
  sort: url.sort || null,
  columns: [...columns],
})
const sameAs = (view: View, url: CustomerUrl): boolean =>
  filterKey(view.filters) === filterKey(filterOf(url)) &&
  (view.sort ?? '') === url.sort &&
  (view.columns ?? []).join() === url.cols.join()

/** Saved views as shelf tabs: everybody first, then one's own and shared ones, each with how many customers it finds now. */
export function ViewsBar({
  url,
  setUrl,
  filtered,
  columns,
}: {
  url: CustomerUrl
  setUrl: ChangeUrl
  filtered: boolean
  /** shown ones: a view keeps them too */
  columns: readonly string[]
}) {
  const query = useApi(endpoint, undefined, { staleMs: 30_000 })
  const views = query.data?.data ?? []
  const active = views.find((v) => v.id === url.view)
  const changed = active !== undefined && !sameAs(active, url)
  const [dialog, setDialog] = useState<'save' | 'rename' | null>(null)
  const open = (view: View | null): void =>
    setUrl({
      ...filtersOff,
      ...(view ? urlOf(view.filters) : {}),
      sort: view?.sort ?? '-clv_score',
      cols: view?.columns ?? [],
      view: view?.id ?? '',
    })
  return (
    <nav aria-label={t('Saved views')} className="mb-4 flex items-end gap-1 border-b-[3px] border-shelf">
      <ul className="flex min-w-0 flex-1 gap-px overflow-x-auto">
        <Tab current={url.view === '' && !filtered} onOpen={() => open(null)}>
          {t('Everybody')}
        </Tab>
        {views.map((v) => (
          <Tab key={v.id} current={v.id === url.view} onOpen={() => open(v)}>
            <span className="max-w-44 truncate">{v.name}</span>
            {v.id === url.view && changed && <span className="text-sm text-ink-2">{t('changed')}</span>}
            <span className="label text-ink-2">
              {v.customers_is_exact ? count(v.customers) : t('about {n}', { n: count(v.customers) })}
            </span>
            {v.is_shared && <span className="sr-only">{t('shared')}</span>}
          </Tab>
        ))}
      </ul>
      <span className="flex shrink-0 items-center pb-1">
        {active && (
          <ActiveMenu
            view={active}
            url={url}
            columns={columns}
            changed={changed}
            onRename={() => setDialog('rename')}
            onRemoved={() => open(null)}
          />
        )}
        {(changed || (!active && filtered)) && (
          <Button size="sm" look="quiet" onClick={() => setDialog('save')}>
            <Plus aria-hidden />
            {t('Save view')}
          </Button>
        )}
      </span>
      {dialog && (
        <Suspense>
          <ViewDialog
            view={dialog === 'rename' ? (active ?? null) : null}
            url={url}
            columns={columns}
            onSaved={(view) => dialog === 'save' && setUrl({ view: view.id, cols: view.columns ?? [], page: url.page })}
            onClose={() => setDialog(null)}
          />
        </Suspense>
      )}
    </nav>
  )
}

function Tab({ current, onOpen, children }: { current: boolean; onOpen: () => void; children: React.ReactNode }) {
  return (
    <li className="shrink-0">
      <button
        type="button"
        aria-current={current ? 'true' : undefined}
        onClick={onOpen}
        className={cx(
          'flex h-9 items-baseline gap-2 rounded-t-lg border border-b-0 px-3 pt-2 focus-visible:-outline-offset-2 max-sm:h-11 max-sm:pt-3',
          current
            ? 'border-line bg-surface font-medium'
            : 'border-transparent text-ink-2 hover:bg-sunken hover:text-ink',
        )}
      >
        {children}
      </button>
    </li>
  )
}

function ActiveMenu({
  view,
  url,
  columns,
  changed,
  onRename,
  onRemoved,
}: {
  view: View
  url: CustomerUrl
  columns: readonly string[]
  changed: boolean
  onRename: () => void
  onRemoved: () => void
}) {
  const mayShare = useMay('manager')
  const again = useSend('POST /api/v1/views', { refresh: [endpoint] })
  const update = useSend('PATCH /api/v1/views/:id', {
    refresh: [endpoint],
    onDone: (saved) => toast(t('Saved {name}', { name: saved.name })),
  })
  const remove = useSend('DELETE /api/v1/views/:id', {
    refresh: [endpoint],
    onDone: () => {
      const { name, filters, sort, columns, is_shared } = view
      toast(t('Removed {name}', { name }), {
        undo: () => again.mutate({ body: { name, filters: filters as never, sort, columns, is_shared } }),
      })
      onRemoved()
    },
  })
  if (!view.is_own && !(view.is_shared && mayShare)) return null
  const params = { id: view.id }
  const items: (MenuEntry | false)[] = [
    changed && { label: t('Save changes'), onSelect: () => update.mutate({ params, body: viewOf(url, columns) }) },
    { label: t('Rename'), onSelect: onRename },
    mayShare && {
      label: view.is_shared ? t('Keep it to yourself') : t('Share with everybody'),
      onSelect: () => update.mutate({ params, body: { is_shared: !view.is_shared } }),
    },
    { label: t('Remove view'), tone: 'risk', onSelect: () => remove.mutate({ params }) },
  ]
  return (
    <Menu
      trigger={<IconButton icon={EllipsisVertical} label={t('This view: {name}', { name: view.name })} />}
      items={items.filter((i) => i !== false)}
    />
  )
}
