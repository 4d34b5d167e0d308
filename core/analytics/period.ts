import { addDays, type Day } from '../calendar.ts'

export const periodDays = { '7d': 7, '30d': 30, '90d': 90, '12m': 364 } as const
export type PeriodName = keyof typeof periodDays

export interface PeriodDays {
  days: number
  /** both included */
  from: Day
  to: Day
  previousFrom: Day
  previousTo: Day
  shiftDays: number
  weeksBefore: number
  words: string
}

/**
 * The last so many days up to today, and the days they are compared with: shifted by whole weeks so that a Saturday
 * meets a Saturday (liquor sales live on weekends), by as few as keep the two apart.
 */
export function periodUpTo(today: Day, name: PeriodName): PeriodDays {
  const days = periodDays[name]
  const weeksBefore = Math.ceil(days / 7)
  const shiftDays = weeksBefore * 7
  const from = addDays(today, 1 - days)
  return {
    days,
    from,
    to: today,
    previousFrom: addDays(from, -shiftDays),
    previousTo: addDays(today, -shiftDays),
    shiftDays,
    weeksBefore,
    words:
      weeksBefore === 1
        ? 'vs the week before, same weekdays, up to the same time of day'
        : `vs ${weeksBefore} weeks before, same weekdays, up to the same time of day`,
  }
}

/** Change in percent to one decimal; null when there is nothing to compare with. */
export function changePercent(value: number | null, previous: number | null): number | null {
  if (value === null || previous === null || previous === 0) return null
  return Math.round(((value - previous) / Math.abs(previous)) * 1000) / 10
}

/** Part of a whole in percent to `digits` decimals; null of nothing. */
export function percent(part: number, whole: number, digits = 1): number | null {
  if (whole === 0) return null
  const unit = 10 ** digits
  return Math.round((part / whole) * 100 * unit) / unit
}
