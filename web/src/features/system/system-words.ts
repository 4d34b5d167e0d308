import { decimal, duration } from '../../lib/format.ts'

/** "1.2 GB" from bytes. */
export function size(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB']
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const amount = bytes / 1024 ** step
  return `${decimal(amount, step === 0 || amount >= 100 ? 0 : 1)} ${units[step]}`
}

/** "45 s", "3 min": how far something is behind. */
export const behind = (seconds: number): string => duration(seconds)

/** "every 5 s", "every hour", "once a day" in the words of the rhythm. */
export function rhythm(everyMs: number): string {
  const seconds = everyMs / 1000
  if (seconds < 60) return `${decimal(seconds, 0)} s`
  if (seconds < 3600) return `${decimal(seconds / 60, 0)} min`
  return `${decimal(seconds / 3600, 0)} h`
}
