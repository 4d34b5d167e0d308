import { CalendarRange, type LucideIcon } from 'lucide-react'
import type { ComponentType } from 'react'
import type { Role } from '#contract/accounts.ts'

export interface PageRow {
  /** router path, `$id` for parameters */
  path: string
  title: string
  load: () => Promise<{ default: ComponentType }>
  /** least role that may open it */
  role?: Role
  /** an entry of the side rail, the palette and the `g x` keys */
  nav?: { icon: LucideIcon; keys: string }
}

/** Every page of the app. A new page is a new row; the rail, palette, keys and router read this table. */
export const pages: readonly PageRow[] = [
  { path: '/', title: 'This week', load: () => import('../features/dashboard/dashboard-page.tsx'), nav: { icon: CalendarRange, keys: 'g w' } },
  { path: '/profile', title: 'Your profile', load: () => import('../features/accounts/profile-page.tsx') },
]
