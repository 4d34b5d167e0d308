import { Link, useNavigate } from '@tanstack/react-router'
import { Ellipsis } from 'lucide-react'
import type { Role } from '#contract/accounts.ts'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import { useSession } from '../lib/session.ts'
import { Menu } from '../ui/menu.tsx'
import { pages, type PageRow } from './routes.tsx'

const rank: Record<Role, number> = { user: 1, manager: 2, admin: 3 }
type NavRow = PageRow & { nav: NonNullable<PageRow['nav']> }

/** The pages of the rail that the signed-in role may open. */
export function useNav(): NavRow[] {
  const role = useSession((s) => s.user?.role) ?? 'user'
  return pages.filter((p): p is NavRow => p.nav !== undefined && (!p.role || rank[role] >= rank[p.role]))
}

const active = { className: 'bg-white/10 text-on-rail', 'aria-current': 'page' as const }
const idle = { className: 'text-on-rail-2 hover:bg-white/6 hover:text-on-rail' }

export function SideNav() {
  return (
    <nav aria-label={t('Main')} className="flex flex-col gap-px px-2 py-2">
      {useNav().map(({ path, title, nav: { icon: Icon } }) => (
        <Link
          key={path}
          to={path}
          preload="intent"
          activeOptions={{ exact: path === '/', includeSearch: false }}
          activeProps={active}
          inactiveProps={idle}
          className="flex h-9 items-center gap-2.5 rounded-md px-2.5"
        >
          <Icon className="size-4" aria-hidden />
          {t(title)}
        </Link>
      ))}
    </nav>
  )
}

const onBar = 'flex h-14 min-w-0 flex-1 flex-col items-center justify-center gap-0.5 text-[11px] leading-3.5'

/** The rail on a phone: four pages at the thumb, the rest behind "More". */
export function BottomNav() {
  const rows = useNav()
  const navigate = useNavigate()
  const shown = rows.length > 5 ? rows.slice(0, 4) : rows
  const rest = rows.slice(shown.length)
  if (rows.length < 2) return null
  return (
    <nav
      aria-label={t('Main')}
      className="on-rail no-print fixed inset-x-0 bottom-0 z-30 flex bg-rail pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {shown.map(({ path, title, nav: { icon: Icon } }) => (
        <Link
          key={path}
          to={path}
          activeOptions={{ exact: path === '/', includeSearch: false }}
          activeProps={{ className: 'text-on-rail bg-white/10', 'aria-current': 'page' }}
          inactiveProps={{ className: 'text-on-rail-2' }}
          className={onBar}
        >
          <Icon className="size-5" aria-hidden />
          <span className="max-w-full truncate px-1">{t(title)}</span>
        </Link>
      ))}
      {rest.length > 0 && (
        <Menu
          trigger={
            <button type="button" className={cx(onBar, 'text-on-rail-2')}>
              <Ellipsis className="size-5" aria-hidden />
              {t('More')}
            </button>
          }
          items={rest.map(({ path, title, nav: { icon } }) => ({
            label: t(title),
            icon,
            onSelect: () => void navigate({ to: path }),
          }))}
        />
      )}
    </nav>
  )
}
