import type { ReachStep } from '#core/planning/plan.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'

/** From everybody in the segments down to who will get a message, one line per limit. */
export function ReachSteps({ steps }: { steps: readonly ReachStep[] }) {
  const most = Math.max(1, ...steps.map((s) => s.left))
  return (
    <ol className="space-y-2.5">
      {steps.map((s, i) => {
        const last = i === steps.length - 1
        return (
          <li key={`${s.rule_id ?? ''}${s.label}`}>
            <div className="flex items-baseline justify-between gap-3">
              <span className={last ? 'font-semibold' : ''}>{s.label}</span>
              <span className="shrink-0 whitespace-nowrap">
                {s.removed > 0 && <span className="mr-2 text-sm text-ink-2">{t('{removed} fewer', { removed: count(s.removed) })}</span>}
                <span className={last ? 'ticket text-[20px]' : 'font-medium'}>{count(s.left)}</span>
              </span>
            </div>
            <div className="mt-1 h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden>
              <div className={last ? 'h-full bg-primary' : 'h-full bg-c5'} style={{ width: `${(s.left / most) * 100}%` }} />
            </div>
          </li>
        )
      })}
    </ol>
  )
}
