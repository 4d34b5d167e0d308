import type { ReactNode } from 'react'
import { cx } from '../lib/cx.ts'

/** A box whose content may be wider or longer than itself: reachable by keyboard, and hidden text inside cannot widen the page. */
export function ScrollBox({ label, className, children }: { label: string; className?: string; children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- arrow keys scroll only what has the focus
    <div
      className={cx('relative overflow-auto focus-visible:-outline-offset-2', className)}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      {children}
    </div>
  )
}
