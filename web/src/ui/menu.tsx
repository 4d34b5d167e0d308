import type { LucideIcon } from 'lucide-react'
import { cloneElement, lazy, Suspense, useState, type ReactElement } from 'react'

export type MenuEntry =
  | 'separator'
  | { heading: string }
  | {
      label: string
      icon?: LucideIcon
      onSelect?: () => void
      to?: string
      detail?: string
      keys?: string
      tone?: 'risk'
      disabled?: boolean
      checked?: boolean
    }

export interface MenuProps {
  /** a Button or IconButton */
  trigger: ReactElement<{
    onClick?: () => void
    onPointerEnter?: () => void
    onFocus?: () => void
    'aria-haspopup'?: 'menu'
    'aria-expanded'?: boolean
  }>
  /** entries with `checked` stay open when pressed */
  items: MenuEntry[]
  align?: 'start' | 'end'
}

const load = (): Promise<typeof import('./menu-popup.tsx')> => import('./menu-popup.tsx')
const Popup = lazy(load)

/** A menu behind a button. Its code is fetched when the pointer or the focus comes near. */
export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false)
  const warm = (): void => void load()
  const closed = cloneElement(props.trigger, {
    onClick: () => setWanted(true),
    onPointerEnter: warm,
    onFocus: warm,
    'aria-haspopup': 'menu',
    'aria-expanded': false,
  })
  if (!wanted) return closed
  return (
    <Suspense fallback={closed}>
      <Popup {...props} />
    </Suspense>
  )
}
