import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { isShopFormatKnown, setShopFormat, shopFormat, zonePlace } from '../lib/format.ts'
import { useHotkeys } from '../lib/hotkeys.ts'
import { t } from '../lib/i18n.ts'
import { useJobs } from '../lib/jobs.ts'
import { useLive } from '../lib/live.ts'
import { useLoadPreferences } from '../lib/preferences.ts'
import { refresh, useApi } from '../lib/query.ts'
import { useSession } from '../lib/session.ts'
import { SkipLink } from '../ui/button.tsx'
import { Skeleton } from '../ui/page.tsx'
import { Logo } from './logo.tsx'
import { BottomNav, SideNav, useNav } from './nav.tsx'
import { NoticeBell } from './notice-bell.tsx'
import { DemoMark, LiveMark, SandboxMark, ThemeSwitch, UserMenu } from './top-bar.tsx'

const loadPalette = (): Promise<typeof import('./palette.tsx')> => import('./palette.tsx')
const Palette = lazy(loadPalette)
const KeyList = lazy(() => import('./key-list.tsx'))
const JobTray = lazy(() => import('./job-tray.tsx'))

/** Side rail, top bar, the page, and what works everywhere: palette, keys, live events. */
export function Shell({ starting }: { starting: boolean }) {
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null)
  // What is typed before the palette's code is here goes on in it.
  const [typed, setTyped] = useState('')
  const user = useSession((s) => s.user)
  const shop = useApi('GET /api/v1/settings/shop', undefined, { enabled: user !== null, staleMs: 300_000 })
  const follows = useJobs((s) => s.jobs.length > 0)
  const formats = shop.data ? setShopFormat(shop.data) : shopFormat()
  // Drawn anew when the profile arrives, a page would lose what its user has typed or chosen by then.
  const isWaiting = starting || (user !== null && shop.isPending && !isShopFormatKnown())
  useLoadPreferences()
  useEverywhereKeys(setOpen)
  useFocusOnNewPage()
  useEffect(() => {
    // Ready before the first Ctrl K, or its first letters would be lost; not before the page itself.
    const timer = setTimeout(() => void loadPalette(), 2500)
    return () => clearTimeout(timer)
  }, [])
  useLive(starting ? null : '/ws/notifications', ({ topic }) => {
    if (topic.startsWith('job.')) void refresh('GET /api/v1/jobs')
    if (topic.startsWith('campaign.')) void refresh('GET /api/v1/campaigns')
  })
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[208px_minmax(0,1fr)]">
      <SkipLink />
      <aside className="on-rail sticky top-0 flex h-dvh flex-col bg-rail text-on-rail max-md:hidden">
        <Link to="/" className="flex h-13 items-center gap-2 px-4">
          <Logo />
          <span className="ticket text-[19px]">Liquor Agent</span>
        </Link>
        <SideNav />
        <div className="mt-auto border-t border-white/10 p-4">
          <p className="label truncate">{shop.data?.name ?? '\u00a0'}</p>
          <p className="label truncate font-normal! text-on-rail-2">
            {shop.data ? t('{place} time', { place: zonePlace(shop.data.time_zone) }) : '\u00a0'}
          </p>
        </div>
      </aside>
      <div className="min-w-0 max-md:pb-14">
        <header className="no-print sticky top-0 z-20 flex h-13 items-center gap-1.5 border-b border-line bg-bg px-3 md:gap-2 md:px-6">
          <Link to="/" className="mr-1 shrink-0 text-ink md:hidden" aria-label={t('This week')}>
            <Logo />
          </Link>
          <button
            type="button"
            onClick={() => setOpen('palette')}
            className="control flex! max-w-80 items-center gap-2 text-left text-ink-2 hover:bg-sunken max-sm:h-9! max-sm:text-sm!"
          >
            <Search className="size-4 shrink-0" aria-hidden />
            <span className="truncate">{t('Search or do')}</span>
            <kbd className="label ml-auto max-sm:hidden">
              {/Mac|iPhone|iPad/.test(navigator.platform) ? '⌘ K' : 'Ctrl K'}
            </kbd>
          </button>
          <div className="ml-auto flex shrink-0 items-center gap-1 md:gap-2">
            {user && <DemoMark />}
            {user && <SandboxMark />}
            <LiveMark />
            {user && !starting && <NoticeBell />}
            <ThemeSwitch />
            {user && <UserMenu user={user} onKeys={() => setOpen('keys')} />}
          </div>
        </header>
        <main id="main" tabIndex={-1} className="outline-none">
          {isWaiting ? <Starting /> : <Outlet key={formats} />}
        </main>
      </div>
      {!starting && <BottomNav />}
      <Suspense>
        {open === 'palette' && (
          <Suspense fallback={<PaletteInput text={typed} onText={setTyped} />}>
            <Palette initial={typed} onClose={() => (setOpen(null), setTyped(''))} />
          </Suspense>
        )}
        {follows && <JobTray />}
        {open === 'keys' && <KeyList onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  )
}

function Starting() {
  return (
    <div className="mx-auto max-w-[1288px] px-4 pt-6 md:px-6" role="status" aria-label={t('Loading')}>
      <Skeleton className="h-8 w-44" />
      <Skeleton className="mt-2 h-5 w-64" />
    </div>
  )
}

function useEverywhereKeys(setOpen: (what: 'palette' | 'keys') => void): void {
  const navigate = useNavigate()
  const keys: Record<string, () => void> = {
    'mod+k': () => setOpen('palette'),
    '?': () => setOpen('keys'),
    '/': () => {
      const box = document.querySelector<HTMLInputElement>('[data-search-box]')
      if (box) box.focus()
      else setOpen('palette')
    },
  }
  for (const { path, nav } of useNav()) keys[nav.keys] = () => void navigate({ to: path })
  useHotkeys(keys)
}

/** A new page is announced like a page load: focus goes to the content, the title says where. */
function useFocusOnNewPage(): void {
  const path = useRouterState({ select: (s) => s.resolvedLocation?.pathname })
  const first = useRef(true)
  useEffect(() => {
    if (path === undefined) return
    if (!first.current) document.getElementById('main')?.focus({ preventScroll: true })
    first.current = false
  }, [path])
}

function PaletteInput({ text, onText }: { text: string; onText: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.focus(), [])
  return (
    <div
      className="popup fixed left-1/2 top-[10vh] z-40 w-[min(560px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden"
      role="search"
    >
      <input
        ref={input}
        className="h-12 w-full bg-transparent px-4 text-base outline-none"
        aria-label={t('Search customers, pages, actions')}
        value={text}
        onChange={(e) => onText(e.target.value)}
      />
    </div>
  )
}
