import { ChevronDown, Circle, CircleCheck } from 'lucide-react'
import type { Dashboard } from '#contract/analytics.ts'
import { t } from '../../lib/i18n.ts'
import { TextLink } from '../../ui/button.tsx'
import { EmptyArt } from '../../ui/empty-art.tsx'
import { Progress } from '../../ui/progress.tsx'

/** The way from an empty shop to the first message, read from what is really there. Open while the shop is empty. */
export function Checklist({ items, open }: { items: Dashboard['checklist']; open: boolean }) {
  const done = items.filter((i) => i.done).length
  const next = items.find((i) => !i.done)
  return (
    <details open={open} className="rounded-lg border border-line bg-surface [&_summary]:list-none">
      <summary className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg p-4 focus-visible:-outline-offset-2">
        {open && <EmptyArt />}
        <span className="min-w-0 flex-1 basis-52">
          <span className="block font-semibold">
            {open ? t('Set up your shop') : t('{done} of {total} steps done', { done, total: items.length })}
          </span>
          <span className="block text-ink-2">
            {open
              ? t('{n} steps to the first message. Each one finds out by itself when it is done.', {
                  n: items.length - done,
                })
              : next
                ? t('Next: {step}', { step: next.label })
                : ''}
          </span>
        </span>
        <ChevronDown
          className="order-last size-4 shrink-0 text-ink-2 transition-transform [[open]>summary>&]:rotate-180"
          aria-hidden
        />
        <span className="w-full max-w-40">
          <Progress label={t('Steps done')} done={done} total={items.length} />
        </span>
      </summary>
      <ol>
        {items.map((item) => {
          const Icon = item.done ? CircleCheck : Circle
          return (
            <li key={item.id} className="flex min-h-11 items-center gap-3 border-t border-line px-4 py-2">
              <Icon className={item.done ? 'size-5 text-good' : 'size-5 text-line-strong'} aria-hidden />
              {item.done ? (
                <span className="text-ink-2">
                  {item.label}
                  <span className="sr-only">, {t('done')}</span>
                </span>
              ) : (
                <TextLink to={item.href} className={item === next ? 'font-medium' : ''}>
                  {item.label}
                </TextLink>
              )}
            </li>
          )
        })}
      </ol>
    </details>
  )
}
