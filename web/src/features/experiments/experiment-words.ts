import type { ReplyOf } from '../../lib/api.ts'
import { money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'

export type Experiment = ReplyOf<'GET /api/v1/experiments/:id'>
export type Result = ReplyOf<'GET /api/v1/experiments/:id/results'>
export const readers = ['GET /api/v1/experiments', 'GET /api/v1/analytics/dashboard']

const dimensions: Record<Experiment['dimension'], string> = {
  subject: 'Subject',
  template: 'Template',
  offer: 'Offer',
  send_time: 'Send time',
  channel: 'Channel',
}
export const dimensionWord = (d: Experiment['dimension']): string => t(dimensions[d])

const metrics: Record<Experiment['metric'], [string, string]> = {
  clicks: ['Customers who clicked', 'clicked'],
  orders: ['Customers who bought', 'bought'],
  revenue: ['Revenue per customer', 'per customer'],
}
export const metricWord = (m: Experiment['metric']): string => t(metrics[m][0])
export const metricShort = (m: Experiment['metric']): string => t(metrics[m][1])
export const metricValue = (m: Experiment['metric'], value: number): string =>
  m === 'revenue' ? money(value) : percent(value / 100, 2)

const outcomes: Record<Result['outcome'], [string, 'neutral' | 'info' | 'good' | 'warn' | 'risk']> = {
  waiting: ['Not started', 'neutral'],
  too_small: ['Too small to tell', 'info'],
  no_difference: ['No difference', 'neutral'],
  winner: ['Has a winner', 'good'],
  broken: ['Cannot be read', 'risk'],
}
export const outcomeWord = (o: Result['outcome']): string => t(outcomes[o][0])
export const outcomeTone = (o: Result['outcome']) => outcomes[o][1]
export const signed = (pct: number): string =>
  `${pct > 0 ? '+' : pct < 0 ? '\u2212' : ''}${percent(Math.abs(pct) / 100)}`
