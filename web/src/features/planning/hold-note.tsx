import { useEffect, useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import type { Campaign } from './campaign-words.ts'

/** The minute after a start in which nothing has left yet: it can be cut short, or the campaign cancelled. */
export function HoldNote({ campaign: { id, status, hold_until: until } }: { campaign: Campaign }) {
  const may = useMay('manager')
  const [now, setNow] = useState(() => Date.now())
  const release = useSend('POST /api/v1/campaigns/:id/release', { refresh: ['GET /api/v1/campaigns'] })
  const left = until && status === 'active' ? Math.ceil((Date.parse(until) - now) / 1000) : 0
  const isHeld = left > 0
  useEffect(() => {
    if (!isHeld) return
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [isHeld])
  if (!isHeld) return null
  return (
    <section
      aria-label={t('Before the first message')}
      className="mb-5 flex flex-wrap items-center gap-3 rounded-lg border border-line bg-surface p-4"
    >
      <p className="min-w-0 flex-1 basis-64">
        <span className="block font-semibold">
          {t('Nothing has left yet, and nothing does for {count, plural, one {# second} other {# seconds}}.', {
            count: left,
          })}
        </span>
        <span className="text-sm text-ink-2">{t('Cancel or pause now, and nobody gets anything.')}</span>
      </p>
      {may && (
        <Button busy={release.isPending} onClick={() => release.mutate({ params: { id } })}>
          {t('Do not wait')}
        </Button>
      )}
    </section>
  )
}
