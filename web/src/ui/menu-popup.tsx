import { Menu as M } from '@base-ui/react/menu'
import { useNavigate } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import { cx } from '../lib/cx.ts'
import type { MenuEntry, MenuProps } from './menu.tsx'

export default function MenuPopup({ trigger, items, align = 'end' }: MenuProps) {
  return (
    <M.Root defaultOpen>
      <M.Trigger render={trigger} />
      <M.Portal>
        <M.Positioner align={align} sideOffset={4} collisionPadding={8} className="z-50">
          <M.Popup className="popup max-h-(--available-height) min-w-44 overflow-y-auto p-1">
            {items.map((item, i) => (
              <Entry key={i} item={item} />
            ))}
          </M.Popup>
        </M.Positioner>
      </M.Portal>
    </M.Root>
  )
}

function Entry({ item }: { item: MenuEntry }) {
  const navigate = useNavigate()
  if (item === 'separator') return <M.Separator className="-mx-1 my-1 h-px bg-line" />
  if ('heading' in item) return <p className="label px-2 py-1 text-ink-2">{item.heading}</p>
  const Icon = item.icon
  const inside = (
    <>
      {item.checked !== undefined ? (
        <span className="grid size-4 place-items-center">
          {item.checked && <Check className="size-4" aria-hidden />}
        </span>
      ) : (
        Icon && <Icon className="size-4 shrink-0 text-ink-2" aria-hidden />
      )}
      <span className="min-w-0 flex-1">
        {item.label}
        {item.detail && <span className="block text-sm text-ink-2">{item.detail}</span>}
      </span>
      {item.keys && <kbd className="label pl-4 text-ink-2">{item.keys}</kbd>}
    </>
  )
  const look = cx('menu-item', item.tone === 'risk' && 'text-risk')
  const select = (): void => {
    item.onSelect?.()
    if (item.to) void navigate({ to: item.to })
  }
  if (item.checked !== undefined) {
    return (
      <M.CheckboxItem
        className={look}
        checked={item.checked}
        disabled={item.disabled ?? false}
        onCheckedChange={select}
      >
        {inside}
      </M.CheckboxItem>
    )
  }
  return (
    <M.Item className={look} disabled={item.disabled ?? false} onClick={select}>
      {inside}
    </M.Item>
  )
}
