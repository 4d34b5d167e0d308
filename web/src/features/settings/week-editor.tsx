import { Copy, Plus, X } from 'lucide-react'
import { clockWord, timeOptions } from '../../lib/clock.ts'
import { t } from '../../lib/i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { longWeekdays, usualStretch, type Week } from './store-hours.ts'

/** Hours of each weekday; a day may have a break, or be closed. Errors stand under their day. */
export function WeekEditor({
  label,
  week,
  errors,
  onChange,
}: {
  label: string
  week: Week
  errors: Readonly<Record<number, string>>
  onChange: (week: Week) => void
}) {
  const set = (day: number, stretches: Week[number]): void =>
    onChange(week.map((old, i) => (i === day ? stretches : old)))
  return (
    <ul aria-label={label} className="divide-y divide-line">
      {week.map((stretches, day) => {
        const name = t(longWeekdays[day]!)
        return (
          <li
            key={name}
            className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-1 py-2 sm:grid-cols-[96px_minmax(0,1fr)_auto]"
          >
            <span className="pt-1.5 font-medium">{name}</span>
            <div className="order-last col-span-2 space-y-1.5 sm:order-none sm:col-span-1">
              {stretches.length === 0 && <p className="pt-1.5 text-ink-2">{t('Closed')}</p>}
              {stretches.map((stretch, i) => (
                <div key={`${i}${stretches.length}`} className="flex items-center gap-1.5">
                  <Select
                    label={t('{day}, from', { day: name })}
                    className="min-w-0 flex-1 sm:w-28 sm:flex-none"
                    value={stretch.start}
                    options={timeOptions('start', stretch.start)}
                    onChange={(e) => set(day, stretches.with(i, { ...stretch, start: e.target.value }))}
                  />
                  <span className="text-ink-2">{t('to')}</span>
                  <Select
                    label={t('{day}, until', { day: name })}
                    className="min-w-0 flex-1 sm:w-28 sm:flex-none"
                    value={stretch.end}
                    options={timeOptions('end', stretch.end)}
                    onChange={(e) => set(day, stretches.with(i, { ...stretch, end: e.target.value }))}
                  />
                  <IconButton
                    icon={X}
                    label={t('{day}: take {from} to {to} away', {
                      day: name,
                      from: clockWord(stretch.start),
                      to: clockWord(stretch.end),
                    })}
                    onClick={() => set(day, stretches.toSpliced(i, 1))}
                  />
                </div>
              ))}
              {errors[day] && <p className="text-sm text-risk">{errors[day]}</p>}
            </div>
            <div className="flex items-start gap-1">
              {stretches.length < 3 && (
                <IconButton
                  icon={Plus}
                  label={
                    stretches.length === 0 ? t('{day}: open', { day: name }) : t('{day}: add hours', { day: name })
                  }
                  onClick={() => set(day, [...stretches, usualStretch()])}
                />
              )}
              {day === 0 && (
                <Button size="sm" look="quiet" onClick={() => onChange(week.map(() => structuredClone(stretches)))}>
                  <Copy aria-hidden />
                  {t('To all days')}
                </Button>
              )}
            </div>
          </li>
        )
      })}
    </ul>
  )
}
