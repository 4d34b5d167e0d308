import { cx } from '../lib/cx.ts'
import { count, percent } from '../lib/format.ts'

export interface ShareBar {
  id: string
  label: string
  value: number
  /** in words, instead of the plain count */
  text?: string
}

/** Sorted bars instead of a pie; pressing one filters. `steps` keeps the order and shows the rate from step to step (a funnel). */
export function ShareBars({
  label,
  items,
  total,
  chosen,
  onChoose,
  steps = false,
}: {
  label: string
  items: readonly ShareBar[]
  total?: number
  chosen?: string | readonly string[]
  onChoose?: (id: string) => void
  steps?: boolean
}) {
  const sum = total ?? items.reduce((n, item) => n + item.value, 0)
  const top = Math.max(...items.map((item) => item.value), 1)
  const shown = steps ? items : items.toSorted((a, b) => b.value - a.value)
  const isChosen = (id: string): boolean =>
    typeof chosen === 'string' ? chosen === id : (chosen?.includes(id) ?? false)
  const List = steps ? 'ol' : 'ul'
  return (
    <List aria-label={label} className="flex flex-col gap-2">
      {shown.map((item, i) => {
        const before = steps ? shown[i - 1]?.value : sum
        const inside = (
          <>
            <span className="flex items-baseline gap-2">
              <span className="min-w-0 flex-1 truncate">{item.label}</span>
              <span className="font-semibold">{item.text ?? count(item.value)}</span>
              <span className="w-12 text-right text-sm text-ink-2">
                {before ? percent(item.value / before, 0) : ''}
              </span>
            </span>
            <span className="mt-1 block h-2 overflow-hidden rounded-sm bg-sunken">
              <span className="block h-full bg-c1" style={{ width: `${(item.value / top) * 100}%` }} />
            </span>
          </>
        )
        return (
          <li key={item.id}>
            {onChoose ? (
              <button
                type="button"
                aria-pressed={isChosen(item.id)}
                onClick={() => onChoose(item.id)}
                className={cx(
                  '-mx-2 block w-[calc(100%+16px)] rounded-md px-2 py-1 text-left hover:bg-sunken',
                  isChosen(item.id) && 'bg-sunken',
                )}
              >
                {inside}
              </button>
            ) : (
              <span className="block py-1">{inside}</span>
            )}
          </li>
        )
      })}
    </List>
  )
}
