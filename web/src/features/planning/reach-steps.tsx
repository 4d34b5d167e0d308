import type { ReachStep } from '#core/planning/plan.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'

/** From everybody in the segments down to who will get a message, one line per limit. */
export function ReachSteps({ steps }: { steps: readonly ReachStep[] }) {
  const most = Math.max(1, ...steps.map((s) => s.left))
  return (
    <ol className="space-y-2.5">
      {steps.map((s) => (
        <li key={`${s.rule_id ?? ''}${s.label}`}>
          <div className="flex items-baseline justify-between gap-3">
            <span>
              {s.removed > 0 && <span className="font-medium">{t('−{removed}', { removed: count(s.removed) })} </span>}
              <span className={s.removed > 0 ? 'text-ink-2' : 'first-letter:uppercase inline-block'}>{s.label}</span>
            </span>
            <span className="shrink-0 font-medium">{count(s.left)}</span>
          </div>
          <Bar share={s.left / most} />
        </li>
      ))}
      <li>
        <div className="flex items-baseline justify-between gap-3">
          <span className="font-semibold">{t('Will get a message')}</span>
          <span className="ticket text-[20px]">{count(steps.at(-1)?.left ?? 0)}</span>
        </div>
        <Bar share={(steps.at(-1)?.left ?? 0) / most} main />
      </li>
    </ol>
  )
}

function Bar({ share, main = false }: { share: number; main?: boolean }) {
  return (
    <div className="mt-1 h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden>
      <div className={main ? 'h-full bg-primary' : 'h-full bg-c5'} style={{ width: `${share * 100}%` }} />
    </div>
  )
}
