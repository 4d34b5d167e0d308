import { useId, type ReactNode } from 'react'
import { cx } from '../lib/cx.ts'

/** A flat box with a title; hairlines, no shadow. `flush` lets tables and lists reach the edges. */
export function Panel({
  title,
  detail,
  actions,
  flush = false,
  className,
  children,
}: {
  title: string
  detail?: ReactNode
  actions?: ReactNode
  flush?: boolean
  className?: string
  children: ReactNode
}) {
  const id = useId()
  return (
    <section aria-labelledby={id} className={cx('min-w-0 rounded-lg border border-line bg-surface', className)}>
      <div className={cx('flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-4', detail ? 'pb-2 pt-3' : 'py-2')}>
        <div className="min-w-0 flex-1 basis-48">
          <h2 id={id} className="font-semibold">
            {title}
          </h2>
          {detail && <p className="text-sm text-ink-2">{detail}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-1">{actions}</div>}
      </div>
      <div className={flush ? '' : 'px-4 pb-4'}>{children}</div>
    </section>
  )
}

/** Name and value pairs, one under the other. */
export function Facts({ items, className }: { items: readonly (readonly [string, ReactNode])[]; className?: string }) {
  return (
    <dl className={cx('grid grid-cols-[minmax(96px,auto)_1fr] gap-x-4 gap-y-1.5', className)}>
      {items.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-2">{name}</dt>
          <dd className="min-w-0">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** A remark with a tone: a warning over a form, a note under a chart. */
export function Note({
  tone = 'info',
  title,
  children,
}: {
  tone?: 'info' | 'good' | 'warn' | 'risk'
  title?: string
  children?: ReactNode
}) {
  const look = {
    info: 'border-info bg-info-soft',
    good: 'border-good bg-good-soft',
    warn: 'border-warn bg-warn-soft',
    risk: 'border-risk bg-risk-soft',
  }[tone]
  return (
    <div className={cx('rounded-md border-l-3 px-3 py-2', look)} role={tone === 'risk' ? 'alert' : undefined}>
      {title && <p className="font-medium">{title}</p>}
      {children && <div className="text-sm">{children}</div>}
    </div>
  )
}
