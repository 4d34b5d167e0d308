import { Select as S } from '@base-ui/react/select'
import { Check, ChevronDown } from 'lucide-react'
import { cx } from '../lib/cx.ts'
import { buttonLook } from './button.tsx'
import type { PickerProps } from './picker.tsx'

export default function PickerPopup({ label, value, onChange, options, size, className }: PickerProps<string>) {
  return (
    <S.Root defaultOpen items={[...options]} value={value} onValueChange={(next) => next !== null && onChange(next)}>
      <S.Trigger aria-label={label} className={cx(buttonLook({ size }), 'justify-between', className)}>
        <S.Value />
        <S.Icon>
          <ChevronDown className="text-ink-2" aria-hidden />
        </S.Icon>
      </S.Trigger>
      <S.Portal>
        <S.Positioner sideOffset={4} alignItemWithTrigger={false} collisionPadding={8} className="z-50">
          <S.Popup className="popup max-h-(--available-height) min-w-(--anchor-width) overflow-y-auto p-1">
            {options.map((o) => (
              <S.Item key={o.value} value={o.value} className="menu-item">
                <span className="grid size-4 shrink-0 place-items-center">
                  <S.ItemIndicator>
                    <Check className="size-4" aria-hidden />
                  </S.ItemIndicator>
                </span>
                <span>
                  <S.ItemText>{o.label}</S.ItemText>
                  {o.detail && <span className="block text-sm text-ink-2">{o.detail}</span>}
                </span>
              </S.Item>
            ))}
          </S.Popup>
        </S.Positioner>
      </S.Portal>
    </S.Root>
  )
}
