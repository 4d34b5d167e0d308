import type { ReactNode } from 'react'

/** One of a few choices that need a sentence each; a native radio, so arrows and screen readers work. */
export function ChoiceCard<T extends string>({
  name,
  value,
  chosen,
  onChoose,
  label,
  children,
}: {
  name: string
  value: T
  chosen: T
  onChoose: (value: T) => void
  label: string
  children: ReactNode
}) {
  return (
    <label className="flex cursor-pointer items-start gap-3 rounded-md border border-line p-3 hover:bg-sunken/60 has-checked:border-primary has-checked:bg-sunken/60">
      <input
        type="radio"
        name={name}
        aria-label={label}
        value={value}
        checked={chosen === value}
        onChange={() => onChoose(value)}
        className="mt-0.5 size-4 shrink-0 accent-(--primary)"
      />
      <span>
        <span className="block font-medium">{label}</span>
        <span className="block text-sm text-ink-2">{children}</span>
      </span>
    </label>
  )
}
