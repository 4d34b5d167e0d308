import { useSyncExternalStore } from 'react'
import { ago, instant, shopZone, type Moment } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'

const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone

let now = Date.now()
const watchers = new Set<() => void>()
setInterval(() => {
  now = Date.now()
  for (const watcher of watchers) watcher()
}, 30_000)
function useNow(): number {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => now,
  )
}

/** An instant in the shop's zone; hover shows the viewer's zone and UTC. `look="ago"` counts, `full` names the zone. */
export function Time({
  at,
  look = 'short',
  zone,
}: {
  at: Moment
  look?: 'short' | 'full' | 'date' | 'day' | 'time' | 'ago'
  zone?: string
}) {
  const current = useNow()
  const date = new Date(at)
  const place = zone ?? shopZone()
  const lines = [
    instant(date, 'full', place),
    viewerZone === place ? null : t('{time} where you are', { time: instant(date, 'full', viewerZone) }),
    instant(date, 'full', 'UTC'),
  ]
  return (
    <time dateTime={date.toISOString()} title={lines.filter(Boolean).join('\n')} className="whitespace-nowrap">
      {look === 'ago' ? ago(date, current) : instant(date, look, place)}
    </time>
  )
}
