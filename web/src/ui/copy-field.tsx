import { Check, Copy } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { t } from '../lib/i18n.ts'
import { Button } from './button.tsx'
import { Field, Input } from './field.tsx'

/** A value to take elsewhere: read-only, whole with one press, and selected when the browser allows no copying. */
export function CopyField({ label, value, hint }: { label: string; value: string; hint?: string }) {
  const box = useRef<HTMLDivElement>(null)
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 4000)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async (): Promise<void> => {
    const input = box.current?.querySelector('input')
    input?.select()
    try {
      // Pages without https have no clipboard; the text stays selected for the keyboard.
      await navigator.clipboard.writeText(value)
      setCopied(true)
    } catch {
      input?.focus()
    }
  }
  const hintId = useId()
  return (
    <div ref={box}>
      <div className="flex items-end gap-2">
        <Field label={label} className="min-w-0 flex-1">
          <Input
            readOnly
            value={value}
            spellCheck={false}
            className="font-mono text-sm"
            aria-describedby={hint ? hintId : undefined}
            onFocus={(e) => e.currentTarget.select()}
          />
        </Field>
        <Button aria-label={copied ? t('Copied') : t('Copy {what}', { what: label })} onClick={() => void copy()}>
          {copied ? <Check className="text-good" aria-hidden /> : <Copy aria-hidden />}
          <span className="max-sm:sr-only">{copied ? t('Copied') : t('Copy')}</span>
        </Button>
      </div>
      {hint && (
        <p id={hintId} className="mt-1 text-sm text-ink-2">
          {hint}
        </p>
      )}
      <span role="status" className="sr-only">
        {copied ? t('{what} copied', { what: label }) : ''}
      </span>
    </div>
  )
}
