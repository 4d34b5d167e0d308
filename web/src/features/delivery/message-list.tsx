import { useEffect, useRef } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { cx } from '../../lib/cx.ts'
import { t } from '../../lib/i18n.ts'
import { Skeleton } from '../../ui/page.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'

type Row = ReplyOf<'GET /api/v1/sandbox/messages'>['data'][number]

/** The left pane of the mailbox; the open message stays in view. */
export function MessageList({
  rows,
  openId,
  onOpen,
}: {
  rows: readonly Row[]
  openId: string
  onOpen: (id: string) => void
}) {
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => {
    if (openId !== '')
      list.current?.querySelector(`[data-message="${CSS.escape(openId)}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [openId])
  return (
    <ul ref={list} aria-label={t('Messages')}>
      {rows.map((m) => (
        <li key={m.id} className="border-b border-line last:border-0">
          <button
            type="button"
            data-message={m.id}
            aria-current={m.id === openId ? 'true' : undefined}
            onClick={() => onOpen(m.id)}
            className={cx(
              'relative block w-full px-4 py-2.5 text-left hover:bg-sunken/60 focus-visible:-outline-offset-2',
              m.id === openId && 'bg-sunken',
            )}
          >
            {!m.is_read && <span className="absolute left-1.5 top-4 size-1.5 rounded-full bg-info" aria-hidden />}
            <span className="flex items-baseline gap-2">
              <span className={cx('min-w-0 flex-1 truncate', !m.is_read && 'font-semibold')}>
                {!m.is_read && <span className="sr-only">{t('Unread:')} </span>}
                {m.recipient}
              </span>
              <span className="shrink-0 text-xs text-ink-2">
                <Time at={m.received_at} look="ago" />
              </span>
            </span>
            <span className={cx('flex items-center gap-1.5', !m.is_read && 'font-medium')}>
              {m.channel === 'sms' && <Pill>{t('Text')}</Pill>}
              <span className="min-w-0 truncate">{m.subject ?? m.snippet}</span>
            </span>
            {m.subject && <span className="block truncate text-sm text-ink-2">{m.snippet}</span>}
          </button>
        </li>
      ))}
    </ul>
  )
}

export function RowSkeletons() {
  return (
    <div>
      {Array.from({ length: 8 }, (_, i) => (
        <div key={i} className="space-y-2 border-b border-line px-4 py-3">
          <Skeleton className="h-4 w-1/2" />
          <Skeleton className="h-4 w-4/5" />
        </div>
      ))}
    </div>
  )
}
