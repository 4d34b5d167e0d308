import { useRef, type KeyboardEvent, type ReactNode } from 'react'
import { cx } from '../lib/cx.ts'

/** Tabs over panels that the caller keeps in the URL. Arrow keys walk, the chosen panel is a child. */
export function Tabs<T extends string>({
  label,
  value,
  onChange,
  tabs,
  children,
}: {
  label: string
  value: T
  onChange: (value: T) => void
  tabs: readonly { value: T; label: string; count?: string; tone?: 'risk' }[]
  children: ReactNode
}) {
  const list = useRef<HTMLDivElement>(null)
  const walk = (e: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key]
    if (!step) return
    e.preventDefault()
    const at = tabs.findIndex((x) => x.value === value)
    const next = tabs[(at + step + tabs.length) % tabs.length]
    if (!next) return
    onChange(next.value)
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.value}"]`)?.focus()
  }
  return (
    <div className="min-w-0">
      <div
        ref={list}
        role="tablist"
        tabIndex={-1}
        aria-label={label}
        onKeyDown={walk}
        className="relative flex gap-1 overflow-x-auto border-b border-line"
      >
        {tabs.map((x) => (
          <button
            key={x.value}
            type="button"
            role="tab"
            id={`tab-${x.value}`}
            data-tab={x.value}
            aria-selected={x.value === value}
            aria-controls={`panel-${x.value}`}
            tabIndex={x.value === value ? 0 : -1}
            onClick={() => onChange(x.value)}
            className={cx(
              'h-10 shrink-0 border-b-2 px-3 font-medium focus-visible:-outline-offset-2',
              x.value === value ? 'border-primary text-ink' : 'border-transparent text-ink-2 hover:text-ink',
            )}
          >
            {x.label}
            {x.count && (
              <span className={cx('ml-1.5 text-sm font-normal', x.tone === 'risk' ? 'text-risk' : 'text-ink-2')}>
                {x.count}
              </span>
            )}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`panel-${value}`}
        aria-labelledby={`tab-${value}`}
        tabIndex={-1}
        className="pt-4 outline-none"
      >
        {children}
      </div>
    </div>
  )
}
