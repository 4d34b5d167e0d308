import { weekdayNames } from '../calendar.ts'
import { fieldOf } from './fields.ts'
import type {
  FieldCondition,
  InstantTest,
  MessageCondition,
  NumberTest,
  OrderCondition,
  OrderFilter,
  Period,
  Rule,
} from './rule.ts'
import { partsOf } from './rule-shape.ts'

/** How a rule says things that only the shop knows: money, stores and campaigns by name. */
export interface Words {
  money(cents: number): string
  /** a stored value as a person knows it, e.g. the name of a store */
  value?(lookup: string, value: string): string | undefined
  campaign?(id: string): string | undefined
}

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const events = {
  sent: ['was sent', 'message'],
  delivered: ['received', 'message'],
  open: ['opened', 'message'],
  click: ['clicked in', 'message'],
  bounce: ['had bounced', 'message'],
  unsubscribe: ['unsubscribed from', 'message'],
  purchase: ['bought after', 'message'],
} as const

/** The rule as one English sentence, without the full stop: "spent at least $500 and last order before 60 days ago". */
export function sayRule(rule: Rule, words: Words, nested = false): string {
  const group = partsOf(rule)
  if (group) {
    const parts = group.parts.map((part) => sayRule(part, words, true))
    if (group.kind === 'not') return `not (${parts.join(' or ')})`
    if (parts.length === 1) return parts[0]!
    const text = parts.join(group.kind === 'all' ? ' and ' : ' or ')
    return nested ? `(${text})` : text
  }
  if ('orders' in rule) return sayOrders(rule, words)
  if ('messages' in rule) return sayMessages(rule, words)
  return sayField(rule as FieldCondition, words)
}

function sayField(condition: FieldCondition, words: Words): string {
  const field = fieldOf(condition.field)
  const { label } = field
  const name = (value: string): string =>
    field.choices?.[value] ?? (field.lookup && words.value?.(field.lookup, value)) ?? value
  const list = (values: readonly string[], last = 'or'): string => listed(values.map(name), last)
  switch (condition.op) {
    case 'set':
      return `${label} is known`
    case 'unset':
      return `${label} is not known`
    case 'is':
      if (typeof condition.value === 'boolean') return `is ${condition.value ? '' : 'not '}a ${label}`
      return `${label} is ${list(condition.value)}`
    case 'is_not':
      return `${label} is not ${list(condition.value)}`
    case 'contains':
      return `${label} contains "${condition.value}"`
    case 'starts_with':
      return `${label} begins with "${condition.value}"`
    case 'has_any':
      return `${label} include ${list(condition.value)}`
    case 'has_all':
      return `${label} include ${list(condition.value, 'and')}`
    case 'has_none':
      return `${label} include neither ${listed(condition.value.map(name), 'nor')}`
    case 'in_months':
      return `${label} is in ${listed(
        condition.value.map((m) => months[m - 1] ?? ''),
        'or',
      )}`
    case 'in_last':
    case 'before_last':
    case 'in_next':
    case 'on_or_before':
    case 'on_or_after':
      return `${label} ${sayInstant(condition as InstantTest)}`
    case 'between':
      if (typeof condition.from === 'string') return `${label} ${sayInstant(condition as InstantTest)}`
      break
    default:
      break
  }
  const figure = (n: number): string =>
    field.type === 'money' ? words.money(n) : `${n}${field.unit ? ` ${field.unit}` : ''}`
  return `${label} is ${sayNumber(condition as NumberTest, figure)}`
}

function sayNumber(test: NumberTest, figure: (n: number) => string): string {
  if (test.op === 'between') return `between ${figure(test.from)} and ${figure(test.to)}`
  const word = {
    at_least: 'at least',
    at_most: 'at most',
    more_than: 'more than',
    less_than: 'less than',
    equals: 'exactly',
  }
  return `${word[test.op]} ${figure(test.value)}`
}

function sayInstant(test: InstantTest): string {
  switch (test.op) {
    case 'in_last':
      return test.days === 0 ? 'is today' : `is in the last ${days(test.days)}`
    case 'before_last':
      return `is more than ${days(test.days)} ago`
    case 'in_next':
      return test.days === 0 ? 'is today' : `is in the next ${days(test.days)}`
    case 'on_or_before':
      return `is ${test.day} or before`
    case 'on_or_after':
      return `is ${test.day} or later`
    case 'between':
      return `is from ${test.from} to ${test.to}`
  }
}

const days = (n: number): string => (n === 1 ? '1 day' : `${n} days`)

function sayPeriod(period: Period | undefined): string {
  if (!period) return ''
  if ('last_days' in period) return period.last_days === 0 ? ' today' : ` in the last ${days(period.last_days)}`
  if ('from_days_ago' in period) return ` from ${period.from_days_ago} to ${days(period.to_days_ago)} ago`
  return ` from ${period.from} to ${period.to}`
}

function sayOrders(condition: OrderCondition, words: Words): string {
  const what = sayFilter(condition.where ?? {}, words)
  switch (condition.orders) {
    case 'first':
    case 'last':
      return `${condition.orders} order${what} ${sayInstant(condition.is)}`
    case 'spent':
      return `spent ${sayNumber(condition.is, words.money)}${what}${sayPeriod(condition.in)}`
    default: {
      const when = sayPeriod(condition.in)
      const [one, noun] = condition.orders === 'count' ? ['ordered', 'time'] : ['bought', 'item']
      if (isNever(condition.is)) return `never ${one}${what}${when}`
      if (isOnce(condition.is)) return `${one}${what}${when}`
      return `${one} ${sayNumber(condition.is, (n) => counted(n, noun))}${what}${when}`
    }
  }
}

const isNever = (is: NumberTest): boolean =>
  (is.op === 'at_most' && is.value === 0) ||
  (is.op === 'equals' && is.value === 0) ||
  (is.op === 'less_than' && is.value === 1)
const isOnce = (is: NumberTest): boolean =>
  (is.op === 'at_least' && is.value === 1) || (is.op === 'more_than' && is.value === 0)
const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

function sayFilter(where: OrderFilter, words: Words): string {
  const products = [
    where.categories && listed(where.categories, 'or'),
    where.brands && listed(where.brands, 'or'),
    where.departments && listed(where.departments, 'or'),
    where.skus && `SKU ${listed(where.skus, 'or')}`,
  ].filter(Boolean)
  return [
    products.length > 0 ? ` of ${products.join(', ')}` : '',
    where.store_ids
      ? ` at ${listed(
          where.store_ids.map((id) => words.value?.('store', id) ?? id),
          'or',
        )}`
      : '',
    where.weekdays
      ? ` on ${listed(
          where.weekdays.map((d) => `${weekdayNames[d - 1]}s`),
          'or',
        )}`
      : '',
    where.hours ? ` between ${where.hours.from}:00 and ${where.hours.to}:00` : '',
    where.with_coupon === undefined ? '' : where.with_coupon ? ' with a coupon' : ' without a coupon',
    where.min_total_cents === undefined ? '' : ` in orders of at least ${words.money(where.min_total_cents)}`,
  ].join('')
}

function sayMessages(condition: MessageCondition, words: Words): string {
  const [verb, noun] = events[condition.messages]
  const { channel, campaign_ids: campaigns } = condition.where ?? {}
  const kind = channel === 'email' ? 'email' : channel === 'sms' ? 'text message' : noun
  const from = campaigns
    ? ` of ${listed(
        campaigns.map((id) => words.campaign?.(id) ?? 'a removed campaign'),
        'or',
      )}`
    : ''
  const when = sayPeriod(condition.in)
  if (isNever(condition.is)) return `${negated(verb)} any ${kind}${from}${when}`
  if (isOnce(condition.is)) return `${verb} at least one ${kind}${from}${when}`
  return `${verb} ${sayNumber(condition.is, (n) => counted(n, kind))}${from}${when}`
}

const negated = (verb: string): string => (verb.startsWith('was ') ? `was not ${verb.slice(4)}` : `never ${verb}`)

function listed(values: readonly string[], last: string): string {
  if (values.length <= 1) return values[0] ?? ''
  const shown = values.length > 5 ? [...values.slice(0, 4), `${values.length - 4} others`] : values
  return `${shown.slice(0, -1).join(', ')} ${last} ${shown.at(-1)}`
}
