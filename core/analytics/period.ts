import { addDays, daysBetween, type Day } from '../calendar.ts'

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

/** What a period is compared with: the weeks just before it, or a year ago; always whole weeks, so weekdays match. */
export type Compare = 'before' | 'year'

/**
 * The last so many days up to today, and the days they are compared with: shifted by whole weeks so that a Saturday
 * meets a Saturday (liquor sales live on weekends), by as few as keep the two apart.
 */
export function periodUpTo(today: Day, name: PeriodName, compare: Compare = 'before'): PeriodDays {
  return periodBetween(addDays(today, 1 - periodDays[name]), today, compare, true)
}

/**
 * Any days, both included, and those they are compared with. `running`: the last day is today and not over, so both
 * sides are cut at the present time of day.
 */
export function periodBetween(from: Day, to: Day, compare: Compare = 'before', running = false): PeriodDays {
  const days = daysBetween(from, to) + 1
  const weeksBefore = Math.max(Math.ceil(days / 7), compare === 'year' ? 52 : 1)
  const shiftDays = weeksBefore * 7
  const cut = running ? ', up to the same time of day' : ''
  const base =
    weeksBefore === 1
      ? 'the week before'
      : compare === 'year' && weeksBefore === 52
        ? 'a year before (52 weeks)'
        : `${weeksBefore} weeks before`
  return {
    days,
    from,
    to,
    previousFrom: addDays(from, -shiftDays),
    previousTo: addDays(to, -shiftDays),
    shiftDays,
    weeksBefore,
    words: `vs ${base}, same weekdays${cut}`,
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
