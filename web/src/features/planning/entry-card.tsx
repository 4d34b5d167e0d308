import { EllipsisVertical, Lock, Mail, MessageSquare, TriangleAlert } from 'lucide-react'
import type { PlanEntry } from '#core/planning/plan.ts'
import { cx } from '../../lib/cx.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { IconButton } from '../../ui/button.tsx'
import { Menu, type MenuEntry } from '../../ui/menu.tsx'
import { channelWord } from '../../ui/pill.tsx'
import { audienceWord } from './weighed.tsx'
import { aboutMoney, moneyRange, visibleVerdicts, windowWord } from './plan-words.ts'

interface Props {
  entry: PlanEntry
  /** shown on phones, where the row heading is not beside the card */
  segment?: string
  onOpen: () => void
  onDrag?: ((entry: PlanEntry | null) => void) | undefined
  /** absent: the plan may not be changed */
  menu?: MenuEntry[] | undefined
}

/** One cell of the week. The whole card opens the entry; dragging moves it to another day, and so does its menu. */
export function EntryCard({ entry, segment, onOpen, onDrag, menu }: Props) {
  const Channel = entry.channel === 'email' ? Mail : MessageSquare
  const warnings = visibleVerdicts(entry).filter((v) => v.outcome !== 'require')
  const margin = entry.forecast.margin_cents
  const audience = audienceWord(entry)
  return (
    <div className="group relative">
      <button
        type="button"
        draggable={Boolean(onDrag)}
        onDragStart={(e) => {
          e.dataTransfer.setData('text/plain', entry.id)
          e.dataTransfer.effectAllowed = 'move'
          onDrag?.(entry)
        }}
        onDragEnd={() => onDrag?.(null)}
        onClick={onOpen}
        data-row
        aria-haspopup="dialog"
        className={cx(
          'flex w-full flex-col gap-1 rounded-md border bg-surface p-2 text-left hover:border-line-strong hover:bg-sunken/60',
          entry.locked ? 'border-line-strong' : 'border-line',
          onDrag && 'active:cursor-grabbing',
        )}
      >
        {segment && <span className="label text-ink-2">{segment}</span>}
        <span className="flex items-start gap-1">
          <span className="min-w-0 flex-1 font-medium [overflow-wrap:anywhere]">{entry.offer.title}</span>
          {entry.locked && <Lock className="mt-0.5 size-3.5 shrink-0 text-ink-2" aria-label={t('Locked')} />}
          {menu && <span className="size-6 shrink-0" aria-hidden />}
        </span>
        <span className="flex items-center gap-1 text-xs text-ink-2">
          <Channel className="size-3.5 shrink-0" aria-hidden />
          <span>
            {channelWord(entry.channel)}, {windowWord(entry.window)}
          </span>
        </span>
        <span className="flex flex-wrap items-baseline gap-x-1.5">
          <span className="ticket text-[20px]">{count(entry.reach)}</span>
          <span className="text-xs text-ink-2">
            {t('{count, plural, one {customer} other {customers}}', { count: entry.reach })}
          </span>
        </span>
        <span className="text-xs text-ink-2">
          <span className={cx('font-semibold', margin.mid < 0 ? 'text-risk' : 'text-ink')}>
            {t('{margin} margin', { margin: aboutMoney(margin.mid) })}
          </span>{' '}
          {t('({range})', { range: moneyRange(margin) })}
        </span>
        {audience && <span className="line-clamp-2 text-xs text-ink-2">{audience}</span>}
        <span className="line-clamp-2 text-xs text-ink-2">{entry.reason}</span>
        {warnings.length > 0 && (
          <span className="mt-0.5 flex items-start gap-1 text-xs text-warn">
            <TriangleAlert className="mt-px size-3.5 shrink-0" aria-hidden />
            <span className="line-clamp-2">{warnings[0]?.summary}</span>
          </span>
        )}
      </button>
      {menu && (
        <div className="absolute right-0.5 top-0.5 pointer-fine:opacity-0 pointer-fine:group-focus-within:opacity-100 pointer-fine:group-hover:opacity-100 pointer-fine:has-aria-expanded:opacity-100">
          <Menu
            trigger={
              <IconButton icon={EllipsisVertical} label={t('Move or lock {offer}', { offer: entry.offer.title })} />
            }
            items={menu}
          />
        </div>
      )}
    </div>
  )
}
