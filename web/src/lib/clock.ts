import { t } from './i18n.ts'

/** "9 AM", "10:30 PM", "noon", "midnight" of "HH:MM". */
export function clockWord(time: string): string {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  if (minutes === 0 && hours === 12) return t('noon')
  if (minutes === 0 && hours % 24 === 0) return t('midnight')
  const half = hours < 12 ? 'AM' : 'PM'
  const short = minutes === 0 ? String(hours % 12 || 12) : `${hours % 12 || 12}:${String(minutes).padStart(2, '0')}`
  return `${short} ${half}`
}

const halfHours = Array.from(
  { length: 49 },
  (_, i) => `${String(Math.floor(i / 2)).padStart(2, '0')}:${i % 2 ? '30' : '00'}`,
)

/** Half hours to choose from, for the beginning or the end of a stretch; a time between them that was stored stays. */
export function timeOptions(which: 'start' | 'end', chosen: string): { value: string; label: string }[] {
  const times = which === 'start' ? halfHours.slice(0, 48) : halfHours.slice(1)
  return (times.includes(chosen) ? times : [...times, chosen].toSorted()).map((value) => ({
    value,
    label: clockWord(value),
  }))
}
