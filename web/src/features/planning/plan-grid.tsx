import { Lock, LockOpen } from 'lucide-react'
import { useState } from 'react'
import type { PlanEntry, WeeklyPlan } from '#core/planning/plan.ts'
import { cx } from '../../lib/cx.ts'
import { count, day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import type { MenuEntry } from '../../ui/menu.tsx'
import { EntryCard } from './entry-card.tsx'
import { segmentWord, weekDays, type SegmentNames } from './plan-words.ts'
import { useWide } from '../../lib/use-wide.ts'

interface Props {
  plan: WeeklyPlan
  names: SegmentNames
  onOpen: (entryId: string) => void
  /** absent: the plan may not be changed */
  onMove?: ((entry: PlanEntry, to: string) => void) | undefined
  onLock?: ((entry: PlanEntry) => void) | undefined
}

/** The week as day × segment. Wide windows show seven columns, narrow ones the days below each other. */
export function PlanGrid(props: Props) {
  return useWide(1024) ? <WeekTable {...props} /> : <WeekList {...props} />
}

function WeekTable({ plan, names, onOpen, onMove, onLock }: Props) {
  const [dragged, setDragged] = useState<PlanEntry | null>(null)
  const [over, setOver] = useState<string | null>(null)
  const days = weekDays(plan.week_start)
  const segments = segmentsOf(plan)
  return (
    <div className="relative overflow-x-auto">
      <table className="w-full min-w-[1000px] table-fixed border-collapse">
        <caption className="sr-only">{t('Plan of the week: one row per segment, one column per day')}</caption>
        <thead>
          <tr className="border-b border-line bg-sunken">
            <th scope="col" className="label w-[112px] px-3 py-2 text-left text-ink-2">
              {t('Segment')}
            </th>
            {days.map((d) => (
              <th key={d} scope="col" className="label border-l border-line px-2 py-2 text-left">
                {day(d, 'weekday')}
                <span className="block font-normal text-ink-2">{dayTotal(plan, d)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {segments.map((segment) => (
            <tr key={segment} className="border-b border-line last:border-0">
              <th scope="row" className="px-3 py-2 text-left align-top font-medium [overflow-wrap:anywhere]">
                {segmentWord(segment, names)}
              </th>
              {days.map((d) => {
                const target = dragged !== null && dragged.segment === segment && dragged.day !== d
                const key = `${segment}/${d}`
                return (
                  <td
                    key={d}
                    className={cx(
                      'border-l border-line p-1 align-top',
                      target && 'bg-info-soft/50',
                      target && over === key && 'outline-2 -outline-offset-2 outline-info',
                    )}
                    onDragOver={(e) => {
                      if (!target) return
                      e.preventDefault()
                      setOver(key)
                    }}
                    onDragLeave={() => setOver((o) => (o === key ? null : o))}
                    onDrop={(e) => {
                      e.preventDefault()
                      setOver(null)
                      setDragged(null)
                      if (target) onMove?.(dragged, d)
                    }}
                  >
                    <div className="space-y-1">
                      {plan.entries
                        .filter((e) => e.segment === segment && e.day === d)
                        .map((e) => (
                          <EntryCard
                            key={e.id}
                            entry={e}
                            onOpen={() => onOpen(e.id)}
                            onDrag={onMove && !e.locked ? setDragged : undefined}
                            menu={entryMenu(e, days, onMove, onLock)}
                          />
                        ))}
                    </div>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function WeekList({ plan, names, onOpen, onMove, onLock }: Props) {
  const days = weekDays(plan.week_start)
  return (
    <ol className="divide-y divide-line border-t border-line">
      {days.map((d) => {
        const entries = plan.entries.filter((e) => e.day === d)
        return (
          <li key={d} className="px-4 py-3">
            <h3 className="flex items-baseline justify-between gap-2 pb-2">
              <span className="font-semibold">{day(d, 'weekday')}</span>
              <span className="text-sm text-ink-2">{dayTotal(plan, d)}</span>
            </h3>
            <div className="grid gap-2 sm:grid-cols-2">
              {entries.map((e) => (
                <EntryCard
                  key={e.id}
                  entry={e}
                  segment={segmentWord(e.segment, names)}
                  onOpen={() => onOpen(e.id)}
                  menu={entryMenu(e, days, onMove, onLock)}
                />
              ))}
            </div>
          </li>
        )
      })}
    </ol>
  )
}

/** What a drag does, for keys and fingers; none where the plan may not be changed. */
function entryMenu(
  entry: PlanEntry,
  days: readonly string[],
  onMove: Props['onMove'],
  onLock: Props['onLock'],
): MenuEntry[] | undefined {
  if (!onMove || !onLock) return undefined
  return [
    { heading: t('Move to') },
    ...days.map((d) => ({
      label: day(d, 'weekday'),
      disabled: d === entry.day || entry.locked,
      onSelect: () => onMove(entry, d),
    })),
    'separator',
    {
      label: entry.locked ? t('Unlock') : t('Lock'),
      icon: entry.locked ? LockOpen : Lock,
      onSelect: () => onLock(entry),
    },
  ]
}

/** Segments in the order of what they bring. */
function segmentsOf(plan: WeeklyPlan): string[] {
  const margin = new Map<string, number>()
  for (const e of plan.entries) margin.set(e.segment, (margin.get(e.segment) ?? 0) + e.forecast.margin_cents.mid)
  return [...margin].sort((a, b) => b[1] - a[1]).map(([segment]) => segment)
}

function dayTotal(plan: WeeklyPlan, d: string): string {
  const reach = plan.entries.filter((e) => e.day === d).reduce((sum, e) => sum + e.reach, 0)
  return reach === 0
    ? t('Nothing')
    : t('{reach} {count, plural, one {message} other {messages}}', { reach: count(reach), count: reach })
}
