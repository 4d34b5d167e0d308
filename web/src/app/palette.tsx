import { Autocomplete as A } from '@base-ui/react/autocomplete'
import { Dialog } from '@base-ui/react/dialog'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { t } from '../lib/i18n.ts'
import { useApi } from '../lib/query.ts'
import { setTheme } from '../lib/theme.ts'
import { useNav } from './nav.tsx'
import { pages } from './routes.tsx'

interface Command {
  value: string
  label: string
  detail?: string
  keys?: string
  run: () => void
}
interface Group {
  value: string
  items: Command[]
}

/** Ctrl K: pages, actions and customers by name or email. */
export default function Palette({ initial, onClose }: { initial: string; onClose: () => void }) {
  const navigate = useNavigate()
  const nav = useNav()
  const [text, setText] = useState(initial)
  const [asked, setAsked] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), 200)
    return () => clearTimeout(timer)
  }, [text])
  const customers = useApi(
    'GET /api/v1/customers',
    { query: { q: asked, page_size: 6 } },
    { enabled: asked.length > 1 && pages.some((p) => p.path === '/customers/$id') },
  )
  const groups = useMemo((): Group[] => {
    const words = text.trim().toLowerCase()
    const fits = (c: Command): boolean => c.label.toLowerCase().includes(words)
    const go = (to: string) => () => void navigate({ to })
    const all: Group[] = [
      {
        value: t('Go to'),
        items: nav.map((p) => ({ value: p.path, label: t(p.title), keys: p.nav.keys, run: go(p.path) })).filter(fits),
      },
      {
        value: t('Do'),
        items: [
          ...(pages.some((p) => p.path === '/campaigns/new')
            ? [{ value: 'new', label: t('New campaign'), run: go('/campaigns/new') }]
            : []),
          ...(pages.some((p) => p.path === '/customers/import')
            ? [{ value: 'import', label: t('Import customers'), run: go('/customers/import') }]
            : []),
          { value: 'do-not-contact', label: t('Do-not-contact list'), run: go('/customers/do-not-contact') },
          { value: 'tags', label: t('Tags'), run: go('/customers/tags') },
          { value: 'exports', label: t('Exports'), run: go('/customers/exports') },
          { value: 'profile', label: t('Change your password'), run: go('/profile') },
          { value: 'light', label: t('Use the light theme'), run: () => setTheme('light') },
          { value: 'dark', label: t('Use the dark theme'), run: () => setTheme('dark') },
          { value: 'system', label: t('Use the theme of the system'), run: () => setTheme('system') },
        ].filter(fits),
      },
    ]
    if (asked.length > 1 && customers.data) {
      all.unshift({
        value: t('Customers'),
        items: customers.data.data.map((c) => ({
          value: c.id,
          label: c.name ?? c.email ?? t('No name'),
          ...(c.name && c.email ? { detail: c.email } : {}),
          run: go(`/customers/${c.id}`),
        })),
      })
    }
    return all.filter((g) => g.items.length > 0)
  }, [text, asked, customers.data, nav, navigate])
  const choose = (command: Command): void => {
    onClose()
    command.run()
  }
  return (
    <Dialog.Root open onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/45" />
        <Dialog.Popup
          className="popup fixed left-1/2 top-[10vh] z-40 w-[min(560px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden"
          aria-label={t('Search or do')}
        >
          <A.Root
            open
            inline
            items={groups}
            filter={null}
            value={text}
            onValueChange={setText}
            autoHighlight="always"
            keepHighlight
            itemToStringValue={(c) => (c as Command).label}
          >
            <A.Input
              onFocus={(e) => e.currentTarget.setSelectionRange(text.length, text.length)}
              className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-ink-2 focus-visible:border-info"
              placeholder={t('Search customers, pages, actions')}
              aria-label={t('Search customers, pages, actions')}
            />
            <A.Status className="sr-only">{customers.isFetching ? t('Searching') : ''}</A.Status>
            <A.Empty className="px-4 py-6 text-ink-2 empty:hidden">
              {customers.isFetching || asked !== text.trim()
                ? t('Searching')
                : t('Nothing matches. Try an email address or the name of a page.')}
            </A.Empty>
            <A.List className="max-h-[min(420px,60vh)] overflow-auto p-1 empty:hidden">
              {(group: Group) => (
                <A.Group key={group.value} items={group.items} className="pb-1">
                  <A.GroupLabel className="label px-3 py-1 text-ink-2">{group.value}</A.GroupLabel>
                  <A.Collection>
                    {(c: Command) => (
                      <A.Item key={c.value} value={c} onClick={() => choose(c)} className="menu-item min-h-9 px-3">
                        <span className="min-w-0 flex-1 truncate">
                          {c.label}
                          {c.detail && <span className="ml-2 text-sm text-ink-2">{c.detail}</span>}
                        </span>
                        {c.keys && <kbd className="label text-ink-2">{c.keys}</kbd>}
                      </A.Item>
                    )}
                  </A.Collection>
                </A.Group>
              )}
            </A.List>
          </A.Root>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
