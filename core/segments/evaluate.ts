import { isoWeekday, localDate, localHour, type Day } from '../calendar.ts'
import { fieldOf, type FieldName } from './fields.ts'
import { birthdaysInNext, boundsOfPeriod, boundsOfTest, type Bounds, type Moment } from './period.ts'
import type {
  FieldCondition,
  InstantTest,
  MessageCondition,
  NumberTest,
  OrderCondition,
  OrderFilter,
  Rule,
} from './rule.ts'
import { partsOf } from './rule-shape.ts'

/** A customer with everything a rule may look at. */
export interface Subject {
  values: Partial<
    Record<Exclude<FieldName, 'birthday' | 'age_years'>, string | number | boolean | string[] | Date | null>
  >
  birth_date: Day | null
  orders: SubjectOrder[]
  messages: SubjectMessage[]
}
export interface SubjectOrder {
  at: Date
  store_id: string | null
  total_cents: number
  coupon_code: string | null
  lines: {
    category: string
    brand: string | null
    department: string
    sku: string
    quantity: number
    total_cents: number
  }[]
}
export interface SubjectMessage {
  event: string
  at: Date
  machine: boolean | null
  channel: string | null
  campaign_id: string | null
  send_id: string | null
}

/**
 * Whether the customer meets the rule at this moment. Says the same as the compiled SQL (server/segments/compile.ts); a
 * missing value meets no test but "unset" and the negative ones.
 */
export function meets(rule: Rule, subject: Subject, moment: Moment): boolean {
  const group = partsOf(rule)
  if (group) {
    const holds = (part: Rule): boolean => meets(part, subject, moment)
    if (group.kind === 'all') return group.parts.every(holds)
    return group.parts.some(holds) === (group.kind === 'any')
  }
  if ('orders' in rule) return meetsOrders(rule, subject.orders, moment)
  if ('messages' in rule) return meetsMessages(rule, subject.messages, moment)
  return meetsField(rule as FieldCondition, subject, moment)
}

function meetsField(condition: FieldCondition, subject: Subject, moment: Moment): boolean {
  const { field } = condition
  const value =
    field === 'birthday'
      ? subject.birth_date
      : field === 'age_years'
        ? ageOf(subject, moment)
        : (subject.values[field] ?? null)
  const isEmpty = value === null || (Array.isArray(value) && value.length === 0)
  switch (condition.op) {
    case 'set':
      return !isEmpty
    case 'unset':
      return isEmpty
    case 'is':
      if (typeof condition.value === 'boolean') return value === condition.value
      return value !== null && isOneOf(field, String(value), condition.value)
    case 'is_not':
      return value === null || !isOneOf(field, String(value), condition.value)
    case 'contains':
      return value !== null && String(value).toLowerCase().includes(condition.value.toLowerCase())
    case 'starts_with':
      return value !== null && String(value).toLowerCase().startsWith(condition.value.toLowerCase())
    case 'has_any':
      return Array.isArray(value) && condition.value.some((v) => value.includes(v))
    case 'has_all':
      return Array.isArray(value) && condition.value.every((v) => value.includes(v))
    case 'has_none':
      return !Array.isArray(value) || condition.value.every((v) => !value.includes(v))
    case 'in_months':
      return typeof value === 'string' && condition.value.includes(Number(value.slice(5, 7)))
    default:
      if (value === null) return false
      if (field === 'birthday')
        return birthdaysInNext((condition as { days: number }).days, moment).includes(String(value).slice(5))
      if (value instanceof Date) return isWithin(value, boundsOfTest(condition as InstantTest, moment))
      return compares(Number(value), condition as NumberTest, Math.fround)
  }
}

// Names are compared without case, codes and ids as they are.
function isOneOf(field: FieldName, value: string, wanted: readonly string[]): boolean {
  if (fieldOf(field).type !== 'text') return wanted.includes(value)
  return wanted.some((w) => w.toLowerCase() === value.toLowerCase())
}

function ageOf({ birth_date }: Subject, { now, zone }: Moment): number | null {
  if (!birth_date) return null
  const today = localDate(now, zone)
  return Number(today.slice(0, 4)) - Number(birth_date.slice(0, 4)) - (today.slice(5) < birth_date.slice(5) ? 1 : 0)
}

function isWithin(at: Date, { from, to }: Bounds): boolean {
  return (from === null || at >= from) && (to === null || at < to)
}

function compares(value: number, test: NumberTest, as: (n: number) => number = (n) => n): boolean {
  const given = as(value)
  switch (test.op) {
    case 'at_least':
      return given >= as(test.value)
    case 'at_most':
      return given <= as(test.value)
    case 'more_than':
      return given > as(test.value)
    case 'less_than':
      return given < as(test.value)
    case 'equals':
      return given === as(test.value)
    case 'between':
      return given >= as(test.from) && given <= as(test.to)
  }
}

function meetsOrders(condition: OrderCondition, orders: readonly SubjectOrder[], moment: Moment): boolean {
  const where = condition.where ?? {}
  const bounds = 'in' in condition && condition.in ? boundsOfPeriod(condition.in, moment) : null
  const byLine = hasLineFilter(where)
  const found = orders.flatMap((order) => {
    if (bounds && !isWithin(order.at, bounds)) return []
    if (!fits(order, where, moment)) return []
    const lines = order.lines.filter(
      (l) =>
        (!where.categories || where.categories.includes(l.category)) &&
        (!where.brands || (l.brand !== null && where.brands.includes(l.brand))) &&
        (!where.departments || where.departments.includes(l.department as never)) &&
        (!where.skus || where.skus.includes(l.sku)),
    )
    return byLine && lines.length === 0 ? [] : [{ order, lines }]
  })
  const sum = (figures: number[]): number => figures.reduce((a, b) => a + b, 0)
  switch (condition.orders) {
    case 'count':
      return compares(found.length, condition.is)
    case 'spent':
      return compares(
        sum(found.map((f) => (byLine ? sum(f.lines.map((l) => l.total_cents)) : f.order.total_cents))),
        condition.is,
      )
    case 'items':
      return compares(Math.round(sum(found.flatMap((f) => f.lines.map((l) => l.quantity))) * 1000) / 1000, condition.is)
    default: {
      const times = found.map((f) => f.order.at.getTime())
      if (times.length === 0) return false
      const at = condition.orders === 'first' ? Math.min(...times) : Math.max(...times)
      return isWithin(new Date(at), boundsOfTest(condition.is, moment))
    }
  }
}

/** True when single lines, not only whole orders, are picked. */
export function hasLineFilter(where: OrderFilter): boolean {
  return Boolean(where.categories ?? where.brands ?? where.departments ?? where.skus)
}

function fits(order: SubjectOrder, where: OrderFilter, { zone }: Moment): boolean {
  if (where.store_ids && !(order.store_id !== null && where.store_ids.includes(order.store_id))) return false
  if (where.weekdays && !where.weekdays.includes(isoWeekday(localDate(order.at, zone)))) return false
  if (where.hours) {
    const hour = localHour(order.at, zone)
    const { from, to } = where.hours
    if (from < to ? hour < from || hour >= to : hour < from && hour >= to) return false
  }
  if (where.with_coupon !== undefined && where.with_coupon !== (order.coupon_code !== null)) return false
  return where.min_total_cents === undefined || order.total_cents >= where.min_total_cents
}

function meetsMessages(condition: MessageCondition, messages: readonly SubjectMessage[], moment: Moment): boolean {
  const bounds = condition.in ? boundsOfPeriod(condition.in, moment) : null
  const { channel, campaign_ids: campaigns } = condition.where ?? {}
  const found = messages.filter(
    (m) =>
      m.event === condition.messages &&
      m.machine !== true &&
      (!bounds || isWithin(m.at, bounds)) &&
      (!channel || m.channel === channel) &&
      (!campaigns || (m.campaign_id !== null && campaigns.includes(m.campaign_id))),
  )
  return compares(new Set(found.map((m) => m.send_id).filter((id) => id !== null)).size, condition.is)
}
