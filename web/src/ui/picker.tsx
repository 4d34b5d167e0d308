import { ChevronDown } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { cx } from '../lib/cx.ts'
import { buttonLook } from './button.tsx'

export interface PickerProps<T extends string> {
  label: string
  value: T
  onChange: (value: T) => void
  options: readonly { value: T; label: string; detail?: string }[]
  size?: 'sm' | 'md'
  className?: string
}

const load = (): Promise<typeof import('./picker-popup.tsx')> => import('./picker-popup.tsx')
const Popup = lazy(load)

/** A select whose options may carry a second line; loaded on intent. For plain short lists use Select of field.tsx. */
export function Picker<T extends string>(props: PickerProps<T>) {
  const [wanted, setWanted] = useState(false)
  const warm = (): void => void load()
  const closed = (
    <button
      type="button"
      aria-label={props.label}
      aria-haspopup="listbox"
      aria-expanded={false}
      className={cx(buttonLook({ size: props.size }), 'justify-between', props.className)}
      onClick={() => setWanted(true)}
      onPointerEnter={warm}
      onFocus={warm}
    >
      {props.options.find((o) => o.value === props.value)?.label ?? props.value}
      <ChevronDown className="text-ink-2" aria-hidden />
    </button>
  )
  if (!wanted) return closed
  return (
    <Suspense fallback={closed}>
      <Popup {...props} onChange={(value) => props.onChange(value as T)} />
    </Suspense>
  )
}
