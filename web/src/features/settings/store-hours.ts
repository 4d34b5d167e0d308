import { t } from '../../lib/i18n.ts'
import type { Store } from './store-words.ts'

export type Week = NonNullable<Store['opening_hours']>
export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
export const longWeekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
const usual = { start: '10:00', end: '21:00' }
export const usualWeek = (): Week => weekdays.map(() => [{ ...usual }])
export const usualStretch = (): Week[number][number] => ({ ...usual })

/** "9 AM", "10:30 PM", "noon", "midnight". */
export function clockWord(time: string): string {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  if (minutes === 0 && hours === 12) return t('noon')
  if (minutes === 0 && hours % 24 === 0) return t('midnight')
  const half = hours < 12 ? 'AM' : 'PM'
  const short = minutes === 0 ? String(hours % 12 || 12) : `${hours % 12 || 12}:${String(minutes).padStart(2, '0')}`
  return `${short} ${half}`
}

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
