import { clockWord } from '../../lib/clock.ts'
import { t } from '../../lib/i18n.ts'
import type { Store } from './store-words.ts'

export type Week = NonNullable<Store['opening_hours']>
export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
export const longWeekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
const usual = { start: '10:00', end: '21:00' }
export const usualWeek = (): Week => weekdays.map(() => [{ ...usual }])
export const usualStretch = (): Week[number][number] => ({ ...usual })

const dayWords = (day: Week[number]): string =>
  day.length === 0 ? t('closed') : day.map((s) => `${clockWord(s.start)}–${clockWord(s.end)}`).join(', ')

/** A week in as few lines as it needs: days in a row with the same hours stand together. */
export function weekLines(week: Week): { days: string; hours: string }[] {
  const lines: { from: number; to: number; hours: string }[] = []
  week.forEach((day, i) => {
    const hours = dayWords(day)
    const last = lines.at(-1)
    if (last && last.hours === hours) last.to = i
    else lines.push({ from: i, to: i, hours })
  })
  return lines.map(({ from, to, hours }) => ({
    days: from === to ? t(weekdays[from]!) : t('{from} to {to}', { from: t(weekdays[from]!), to: t(weekdays[to]!) }),
    hours,
  }))
}
