import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type ErrorComponentProps,
} from '@tanstack/react-router'
import { useEffect } from 'react'
import { t } from '../lib/i18n.ts'
import { parseSearch, stringifySearch } from '../lib/url.ts'
import { TextLink } from '../ui/button.tsx'
import { Empty, Failed, Page, Skeleton } from '../ui/page.tsx'
import { Root } from './root.tsx'
import { pages } from './routes.tsx'

const root = createRootRoute({ component: Root, notFoundComponent: Missing, errorComponent: Broken })
const routes = pages.map(({ path, load }) =>
  createRoute({
    getParentRoute: () => root,
    path,
    // Pages read their own typed parameters (lib/url.ts); here the address only becomes names and texts.
    validateSearch: (search: Record<string, unknown>) => search as Record<string, string>,
    component: lazyRouteComponent(load),
    errorComponent: Broken,
  }),
)

export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: Pending,
  defaultPendingMs: 150,
  scrollRestoration: true,
})

function Pending() {
  return (
    <div className="mx-auto max-w-[1288px] px-4 pt-6 md:px-6" role="status" aria-label={t('Loading')}>
      <Skeleton className="h-8 w-56" />
      <Skeleton className="mt-6 h-64" />
    </div>
  )
}

function Missing() {
  return (
    <Page title={t('There is no page here')}>
      <Empty
        kind="none"
        title={t('The address leads nowhere')}
        action={<TextLink to="/">{t('Back to This week')}</TextLink>}
      >
        {t('It may be mistyped, or what it showed was removed.')}
      </Empty>
    </Page>
  )
}

function Broken({ error, reset }: ErrorComponentProps) {
  useEffect(() => {
    // After an update of the server the old page asks for files that are gone: take the new version once.
    if (
      !/dynamically imported module|Importing a module script failed/.test(error instanceof Error ? error.message : '')
    )
      return
    const key = 'lma.reloaded'
    if (Date.now() - Number(sessionStorage.getItem(key) ?? 0) < 30_000) return
    sessionStorage.setItem(key, String(Date.now()))
    location.reload()
  }, [error])
  return (
    <Page title={t('This page broke')}>
      <div className="rounded-lg border border-line bg-surface">
        <Failed what={t('The page')} error={error} retry={reset} />
      </div>
    </Page>
  )
}
