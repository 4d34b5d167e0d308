import type { ReactNode } from 'react'
import { cx } from '../lib/cx.ts'
import type { Moment } from '../lib/format.ts'
import type { Tone } from './pill.tsx'
import { Time } from './time.tsx'

export interface TimelineItem {
  id: string
  at: Moment | null
  title: ReactNode
  detail?: ReactNode
  tone?: Tone
}
const dots: Record<Tone, string> = {
  neutral: 'bg-line-strong',
  info: 'bg-info',
  good: 'bg-good',
  warn: 'bg-warn',
  risk: 'bg-risk',
}

/** What happened, in order; an item without `at` has not happened yet. */
export function Timeline({ label, items }: { label: string; items: readonly TimelineItem[] }) {
  return (
    <ol aria-label={label}>
      {items.map((item, i) => (
        <li key={item.id} className="relative flex gap-3 pb-4 last:pb-0">
          {i < items.length - 1 && <span className="absolute bottom-0 left-[5px] top-4 w-px bg-line" aria-hidden />}
          <span
            className={cx(
              'relative mt-1 size-[11px] shrink-0 rounded-full',
              item.at ? dots[item.tone ?? 'neutral'] : 'border-2 border-line-strong bg-surface',
            )}
            aria-hidden
          />
          <div className="min-w-0 flex-1">
            <div className="flex flex-wrap justify-between gap-x-3">
              <span className={item.at ? 'font-medium' : 'text-ink-2'}>{item.title}</span>
              {item.at && (
                <span className="text-sm text-ink-2">
                  <Time at={item.at} />
                </span>
              )}
            </div>
            {item.detail && <div className="text-sm text-ink-2">{item.detail}</div>}
          </div>
        </li>
      ))}
    </ol>
  )
}
