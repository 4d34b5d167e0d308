import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { create } from 'zustand'
import { ApiError } from '../lib/api.ts'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import { IconButton } from './button.tsx'

interface Toast {
  id: number
  text: string
  tone: 'good' | 'risk'
  action: { label: string; run: () => void } | null
}
const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }))
let last = 0

function add(text: string, tone: Toast['tone'], action: Toast['action']): void {
  const id = ++last
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.slice(-2), { id, text, tone, action }] }))
}
function remove(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((x) => x.id !== id) }))
}

/** What was just done: `toast('Archived 3 campaigns', { undo: () => ... })`. */
export function toast(
  text: string,
  options: { undo?: () => void; action?: { label: string; run: () => void } } = {},
): void {
  add(text, 'good', options.undo ? { label: t('Undo'), run: options.undo } : (options.action ?? null))
}

/** A failure in words; pass it to a mutation's onError. */
export function toastError(error: unknown): void {
  add(error instanceof ApiError ? error.message : t('Something broke on this page. Load it again.'), 'risk', null)
}

/** Something that somebody should know at once; it also stands under the bell. */
export function toastNotice(text: string): void {
  add(text, 'risk', null)
}

/** Mounted once, in the shell. Hover and focus stop the clock (10 s). */
export function ToastHost() {
  const toasts = useToasts((s) => s.toasts)
  return (
    <div
      role="region"
      aria-label={t('Messages')}
      className="pointer-events-none fixed inset-x-3 bottom-3 z-60 flex flex-col gap-2 max-md:bottom-[68px] max-md:items-end md:left-[220px]"
    >
      <div aria-live="polite" className="flex w-full max-w-[400px] flex-col gap-2">
        {toasts.map((x) => (
          <Card key={x.id} toast={x} />
        ))}
      </div>
    </div>
  )
}

function Card({ toast: { id, text, tone, action } }: { toast: Toast }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const start = (): void => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => remove(id), 10_000)
  }
  const stop = (): void => clearTimeout(timer.current)
  useEffect(() => {
    timer.current = setTimeout(() => remove(id), 10_000)
    return () => clearTimeout(timer.current)
  }, [id])
  const Icon = tone === 'good' ? CircleCheck : CircleAlert
  return (
    <div
      className="popup pointer-events-auto flex items-start gap-2.5 py-2 pl-3 pr-2"
      onPointerEnter={stop}
      onPointerLeave={start}
      onFocus={stop}
      onBlur={start}
    >
      <Icon className={cx('mt-1.5 size-4 shrink-0', tone === 'good' ? 'text-good' : 'text-risk')} aria-hidden />
      <p className="min-w-0 flex-1 py-1.5">{text}</p>
      {action && (
        <button
          type="button"
          className="link mt-0.5 min-h-8 px-1.5 font-medium"
          onClick={() => (remove(id), action.run())}
        >
          {action.label}
        </button>
      )}
      <IconButton icon={X} label={t('Dismiss')} onClick={() => remove(id)} />
    </div>
  )
}
