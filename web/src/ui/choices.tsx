import { ChevronDown } from 'lucide-react'
import { t } from '../lib/i18n.ts'
import { Menu } from './menu.tsx'

/** Several of a short list: a select that takes more than one. Nothing chosen means any. */
export function Choices({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: readonly string[]
  options: readonly { value: string; label: string }[]
  onChange: (value: string[]) => void
}) {
  // What stands in the address but not in the list can still be taken away.
  const all = [
    ...options,
    ...value.filter((v) => !options.some((o) => o.value === v)).map((v) => ({ value: v, label: v })),
  ]
  const words = all.filter((o) => value.includes(o.value)).map((o) => o.label)
  const shown = words.length === 0 ? t('Any') : words.join(', ')
  return (
    <div>
      <span className="mb-1 block font-medium" aria-hidden>
        {label}
      </span>
      <Menu
        align="start"
        trigger={
          <button
            type="button"
            aria-label={`${label}: ${shown}`}
            className="control flex! items-center gap-2 text-left"
          >
            <span className="min-w-0 flex-1 truncate">{shown}</span>
            <ChevronDown className="size-4 shrink-0 text-ink-2" aria-hidden />
          </button>
        }
        items={all.map((o) => ({
          label: o.label,
          checked: value.includes(o.value),
          onSelect: () => onChange(value.includes(o.value) ? value.filter((v) => v !== o.value) : [...value, o.value]),
        }))}
      />
    </div>
  )
}
