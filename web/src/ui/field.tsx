import { ChevronDown, Search, X } from 'lucide-react'
import {
  createContext,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
  type ComponentProps,
  type ReactNode,
} from 'react'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'

interface FieldIds {
  id: string
  describedBy: string | undefined
  invalid: boolean
  required: boolean
}
const FieldContext = createContext<FieldIds | null>(null)

/** Label, hint and error around one control; the control inside finds its ids by itself. */
export function Field({
  label,
  hint,
  error,
  required = false,
  hideLabel = false,
  className,
  children,
}: {
  label: string
  hint?: ReactNode
  error?: string | undefined
  required?: boolean
  hideLabel?: boolean
  className?: string
  children: ReactNode
}) {
  const id = useId()
  const describedBy = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ') || undefined
  return (
    <div className={className}>
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'mb-1 block font-medium'}>
        {label}
      </label>
      <FieldContext value={{ id, describedBy, invalid: Boolean(error), required }}>{children}</FieldContext>
      {hint && (
        <p id={`${id}-hint`} className="mt-1 text-sm text-ink-2">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="mt-1 text-sm text-risk">
          {error}
        </p>
      )}
    </div>
  )
}

function useFieldProps(): {
  id?: string
  'aria-describedby'?: string | undefined
  'aria-invalid'?: true
  'aria-required'?: true
} {
  const field = useContext(FieldContext)
  if (!field) return {}
  return {
    id: field.id,
    'aria-describedby': field.describedBy,
    ...(field.invalid ? { 'aria-invalid': true as const } : {}),
    ...(field.required ? { 'aria-required': true as const } : {}),
  }
}

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input {...useFieldProps()} className={cx('control', className)} {...rest} />
}

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea {...useFieldProps()} rows={3} className={cx('control h-auto! py-2', className)} {...rest} />
}

/** A native select: best for short plain lists and phones. */
export function Select({
  options,
  className,
  label,
  ...rest
}: ComponentProps<'select'> & {
  options: readonly { value: string; label: string; disabled?: boolean }[]
  label?: string
}) {
  return (
    <span className={cx('relative inline-block', className ?? 'w-full')}>
      <select
        {...useFieldProps()}
        {...(label ? { 'aria-label': label } : {})}
        className="control appearance-none pr-8"
        {...rest}
      >
        {options.map((o) => (
          <option key={o.value} value={o.value} disabled={o.disabled}>
            {o.label}
          </option>
        ))}
      </select>
      <ChevronDown
        className="pointer-events-none absolute right-2.5 top-1/2 size-4 -translate-y-1/2 text-ink-2"
        aria-hidden
      />
    </span>
  )
}

/** One yes/no with its label to the right. `mixed` draws the dash of "some". */
export function Checkbox({
  label,
  hint,
  mixed = false,
  hideLabel = false,
  className,
  ...rest
}: Omit<ComponentProps<'input'>, 'type'> & { label: string; hint?: ReactNode; mixed?: boolean; hideLabel?: boolean }) {
  const box = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (box.current) box.current.indeterminate = mixed
  }, [mixed])
  const input = (
    <input
      ref={box}
      type="checkbox"
      className="block size-4 shrink-0 accent-(--primary)"
      {...(hideLabel ? { 'aria-label': label } : {})}
      {...rest}
    />
  )
  if (hideLabel) return <span className={cx('grid size-6 place-items-center', className)}>{input}</span>
  return (
    <label className={cx('flex min-h-6 items-start gap-2', className)}>
      <span className="grid h-5 place-items-center">{input}</span>
      <span>
        {label}
        {hint && <span className="block text-sm text-ink-2">{hint}</span>}
      </span>
    </label>
  )
}

/** Search as you type: tells the new text 250 ms after the last key, Escape clears. `/` focuses the first on the page. */
export function SearchBox({
  value,
  onChange,
  label,
  placeholder,
  className,
}: {
  value: string
  onChange: (text: string) => void
  label: string
  placeholder?: string
  className?: string
}) {
  const [text, setText] = useState(value)
  const [told, setTold] = useState(value)
  if (value !== told) {
    setTold(value)
    setText(value)
  }
  useEffect(() => {
    if (text === told) return
    const timer = setTimeout(() => {
      setTold(text)
      onChange(text)
    }, 250)
    return () => clearTimeout(timer)
  }, [text, told, onChange])
  return (
    <div role="search" className={cx('relative', className ?? 'w-full max-w-80')}>
      <Search
        className="pointer-events-none absolute left-2.5 top-1/2 size-4 -translate-y-1/2 text-ink-2"
        aria-hidden
      />
      <input
        type="search"
        data-search-box
        aria-label={label}
        placeholder={placeholder ?? label}
        className="control pl-8 pr-8 [&::-webkit-search-cancel-button]:hidden"
        value={text}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key !== 'Escape') return
          if (text === '') e.currentTarget.blur()
          else setText('')
        }}
      />
      {text !== '' && (
        <button
          type="button"
          aria-label={t('Clear search')}
          onClick={() => setText('')}
          className="absolute right-1 top-1/2 grid size-7 -translate-y-1/2 place-items-center rounded-md text-ink-2 hover:bg-sunken hover:text-ink"
        >
          <X className="size-4" aria-hidden />
        </button>
      )}
    </div>
  )
}
