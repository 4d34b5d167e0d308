import type { Kpi, PeriodQuery } from '#contract/analytics.ts'
import {
  count,
  countShort,
  money,
  moneyShort,
  percent,
  ticketCount,
  ticketMoney,
  ticketPercent,
  type Figure,
} from '../../lib/format.ts'

export type Query = Partial<PeriodQuery>

/** Figures that have days, and so a chart; those of today have none. */
export const kpiIds = [
  'revenue',
  'orders',
  'aov',
  'sends',
  'delivered',
  'opens',
  'clicks',
  'conversion',
  'attributed',
  'revenue_per_send',
  'unsubscribes',
  'complaints',
  'bounce_rate',
  'machine_opens',
  'cost',
] as const
export type ChartedId = (typeof kpiIds)[number]
export const isCharted = (id: Kpi['id']): id is ChartedId => (kpiIds as readonly string[]).includes(id)

export function figureOf({ unit, value }: Pick<Kpi, 'unit' | 'value'>): Figure | null {
  if (value === null) return null
  return unit === 'cents' ? ticketMoney(value) : unit === 'percent' ? ticketPercent(value / 100) : ticketCount(value)
}

/** A figure in a sentence or a cell. */
export function shownValue({ unit }: Pick<Kpi, 'unit'>, value: number | null): string {
  if (value === null) return '–'
  return unit === 'cents' ? money(value) : unit === 'percent' ? percent(value / 100, 2) : count(value)
}

export function axisValue({ unit }: Pick<Kpi, 'unit'>, value: number): string {
  return unit === 'cents' ? moneyShort(value) : unit === 'percent' ? percent(value / 100, 1) : countShort(value)
}
