import { X } from 'lucide-react'
import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Input } from '../../ui/field.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { DateOrder, Import, Repair } from './import-words.ts'

type Cause = NonNullable<Import['summary']['reasons']>[number]

export interface RepairPlan {
  repairs: Repair[]
  dateOrder: DateOrder
}

interface Props {
  causes: readonly Cause[]
  plan: RepairPlan
  onPlan: (plan: RepairPlan) => void
}

/** Why rows are refused, cause by cause; a whole cause is repaired at once. */
export function CauseList({ causes, plan, onPlan }: Props) {
  const [open, setOpen] = useState<string | null>(null)
  return (
    <ul className="divide-y divide-line">
      {causes.map((cause) => {
        const key = cause.column + cause.reason
        const planned = plan.repairs.filter((r) => isOf(cause, r)).length
        return (
          <li key={key} className="py-2">
            <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
              <span className="min-w-0 flex-1 basis-60">
                {cause.reason}{' '}
                <span className="text-sm text-ink-2">
                  {cause.column !== '' && t('Column {column}, ', { column: cause.column })}
                  {t('first in line {line}', { line: cause.first_line })}
                </span>
              </span>
              <span className="flex shrink-0 items-center gap-3">
                <span className="font-medium">{count(cause.count)}</span>
                {cause.can_repair && (
                  <Button
                    size="sm"
                    aria-expanded={open === key}
                    aria-label={t('Repair: {reason}', { reason: cause.reason })}
                    onClick={() => setOpen(open === key ? null : key)}
                  >
                    {planned > 0 ? t('Repaired') : t('Repair')}
                  </Button>
                )}
              </span>
            </div>
            {open === key && <Cure cause={cause} plan={plan} onPlan={onPlan} onDone={() => setOpen(null)} />}
          </li>
        )
      })}
    </ul>
  )
}

function Cure({
  cause,
  plan,
  onPlan,
  onDone,
}: {
  cause: Cause
  plan: RepairPlan
  onPlan: Props['onPlan']
  onDone: () => void
}) {
  const others = plan.repairs.filter((r) => !isOf(cause, r))
  const readAs = (value: string): string =>
    plan.repairs.flatMap((r) => ('value' in r && isOf(cause, r) && r.value === value ? [r.read_as] : []))[0] ?? ''
  const set = (value: string, as: string): void => {
    const kept = plan.repairs.filter((r) => !('value' in r && isOf(cause, r) && r.value === value))
    onPlan({
      ...plan,
      repairs: as.trim() === '' ? kept : [...kept, { column: cause.column, value, read_as: as.trim() }],
    })
  }
  const isDate = cause.reason.startsWith('This is not a date')
  return (
    <div className="mt-2 space-y-3 rounded-md bg-sunken p-3">
      <div className="flex flex-wrap gap-2">
        {isDate && (
          <Button
            size="sm"
            onClick={() => {
              onPlan({ ...plan, dateOrder: plan.dateOrder === 'mdy' ? 'dmy' : 'mdy' })
              onDone()
            }}
          >
            {plan.dateOrder === 'mdy' ? t('Read dates day first') : t('Read dates month first')}
          </Button>
        )}
        <Button
          size="sm"
          onClick={() => {
            onPlan({ ...plan, repairs: [...others, { column: cause.column, leave_empty: cause.reason }] })
            onDone()
          }}
        >
          {t('Leave {count, plural, one {this cell} other {these # cells}} empty', { count: cause.count })}
        </Button>
      </div>
      {(cause.values?.length ?? 0) > 0 && (
        <table className="w-full text-sm">
          <caption className="sr-only">{t('Values that cannot be read')}</caption>
          <thead>
            <tr className="label text-left text-ink-2">
              <th className="py-1 pr-3 font-semibold">{t('In the file')}</th>
              <th className="py-1 pr-3 text-right font-semibold">{t('Rows')}</th>
              <th className="py-1 font-semibold">{t('Read it as')}</th>
            </tr>
          </thead>
          <tbody>
            {cause.values!.map(({ value, count: rows }) => (
              <tr key={value}>
                <td className="wrap-anywhere py-1 pr-3 font-mono">{value}</td>
                <td className="py-1 pr-3 text-right">{count(rows)}</td>
                <td className="py-1">
                  <Input
                    aria-label={t('Read {value} as', { value })}
                    value={readAs(value)}
                    onChange={(e) => set(value, e.target.value)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

/** The repairs so far, each with a way out, and the check that shows what they do. */
export function PlannedRepairs({
  plan,
  isChecked,
  onPlan,
  onCheck,
  busy,
}: {
  plan: RepairPlan
  /** the figures above are those with these repairs */
  isChecked: boolean
  onPlan: (plan: RepairPlan) => void
  onCheck: () => void
  busy: boolean
}) {
  if (plan.repairs.length === 0 && isChecked) return null
  return (
    <Panel
      title={t('Repairs')}
      detail={isChecked ? t('The figures above count with them.') : t('Check again to see what they do.')}
      actions={
        !isChecked && (
          <Button size="sm" look="primary" busy={busy} onClick={onCheck}>
            {t('Check again')}
          </Button>
        )
      }
    >
      {plan.repairs.length === 0 ? (
        <p className="text-ink-2">
          {plan.dateOrder === 'dmy' ? t('Dates are read day first.') : t('Dates are read month first.')}
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {plan.repairs.map((r) => {
            const words =
              'value' in r
                ? t('{column}: “{value}” is read as “{as}”', { column: r.column, value: r.value, as: r.read_as })
                : t('{column}: left empty where “{reason}”', { column: r.column, reason: r.leave_empty })
            return (
              <li key={words} className="flex items-center justify-between gap-3 py-1.5">
                <span className="wrap-anywhere min-w-0">{words}</span>
                <IconButton
                  icon={X}
                  label={t('Take this repair back')}
                  onClick={() => onPlan({ ...plan, repairs: plan.repairs.filter((other) => other !== r) })}
                />
              </li>
            )
          })}
        </ul>
      )}
    </Panel>
  )
}

function isOf(cause: Cause, repair: Repair): boolean {
  if (repair.column !== cause.column) return false
  return 'value' in repair
    ? (cause.values?.some((v) => v.value === repair.value) ?? false)
    : repair.leave_empty === cause.reason
}
