import { hasLineFilter } from '#core/segments/evaluate.ts'
import { fieldOf, type FieldName } from '#core/segments/fields.ts'
import { birthdaysInNext, boundsOfPeriod, boundsOfTest, type Bounds, type Moment } from '#core/segments/period.ts'
import type {
  FieldCondition,
  InstantTest,
  MessageCondition,
  NumberTest,
  OrderCondition,
  OrderFilter,
  Rule,
} from '#core/segments/rule.ts'
import { partsOf } from '#core/segments/rule-shape.ts'
import { localDate } from '#core/calendar.ts'
import type { Params } from '../keyset.ts'

/** Columns under the names of `customerFrom` (server/customer-rows.ts). */
const columns: Record<Exclude<FieldName, 'age_years'>, string> = {
  name: 'c.name',
  email: 'c.email',
  phone: 'c.phone',
  city: 'c.city',
  state: 'c.state',
  zip: 'c.zip',
  store_id: 'c.store_id',
  tags: 'c.tags',
  birthday: 'c.birth_date',
  created_at: 'c.created_at',
  age_status: 'c.age_status',
  email_consent: 'c.email_consent',
  sms_consent: 'c.sms_consent',
  purchase_frequency: 's.purchase_frequency',
  total_spent_cents: 's.total_spent_cents',
  avg_order_value_cents: 's.avg_order_value_cents',
  first_purchase_at: 's.first_purchase_at',
  last_purchase_at: 's.last_purchase_at',
  rfm_segment: 's.rfm_segment',
  recency_score: 's.recency_score',
  frequency_score: 's.frequency_score',
  monetary_score: 's.monetary_score',
  churn_risk: 's.churn_risk',
  churn_probability: 's.churn_probability',
  clv_cents: 's.clv_cents',
  expected_gap_days: 's.expected_gap_days',
  due_ratio: 's.due_ratio',
  next_purchase_at: 's.next_purchase_at',
  avg_purchase_hour: 's.avg_purchase_hour',
  is_night_buyer: 's.is_night_buyer',
  preferred_weekday: 's.preferred_weekday',
  primary_category: 's.primary_category',
  secondary_category: 's.secondary_category',
  favorite_brands: 's.favorite_brands',
}
const comparison = { at_least: '>=', at_most: '<=', more_than: '>', less_than: '<', equals: '=' } as const
const holdsFor = {
  at_least: (a: number, b: number) => a >= b,
  at_most: (a: number, b: number) => a <= b,
  more_than: (a: number, b: number) => a > b,
  less_than: (a: number, b: number) => a < b,
  equals: (a: number, b: number) => a === b,
}

/**
 * How behaviour is looked up: `sets` reads each history once, for a whole shop; `rows` looks up the history of each
 * customer, for a sample or one person. Both say the same.
 */
export type Reading = 'sets' | 'rows'

/**
 * The rule as a condition over `customerFrom`. Every value is a parameter, every column comes from the list above. The
 * condition is never null where it stands under a negation, so that missing values mean the same as in
 * core/segments/evaluate.ts.
 */
export function compileRule(rule: Rule, params: Params, moment: Moment, reading: Reading = 'sets'): string {
  const group = partsOf(rule)
  if (group) {
    const parts = group.parts.map((part) => `(${compileRule(part, params, moment, reading)})`)
    if (group.kind === 'all') return parts.join(' and ')
    return group.kind === 'any' ? parts.join(' or ') : `(${parts.join(' or ')}) is not true`
  }
  if ('orders' in rule) return orderSql(rule, params, moment, reading)
  if ('messages' in rule) return messageSql(rule, params, moment, reading)
  return fieldSql(rule as FieldCondition, params, moment)
}

function fieldSql(condition: FieldCondition, params: Params, moment: Moment): string {
  const { field } = condition
  const { type } = fieldOf(field)
  const sql =
    field === 'age_years'
      ? `extract(year from age(${params.add(localDate(moment.now, moment.zone))}::date, c.birth_date))::real`
      : columns[field]
  switch (condition.op) {
    case 'set':
      return type === 'list' ? `cardinality(${sql}) > 0` : `${sql} is not null`
    case 'unset':
      return type === 'list' ? `coalesce(cardinality(${sql}), 0) = 0` : `${sql} is null`
    case 'is':
      if (typeof condition.value === 'boolean') return `${sql} = ${params.add(condition.value)}`
      return isOneOf(field, sql, condition.value, params)
    case 'is_not':
      return `(${isOneOf(field, sql, condition.value, params)}) is not true`
    case 'contains':
      return `${asText(field, sql)} ilike ${params.add(`%${escapeLike(condition.value)}%`)}`
    case 'starts_with':
      return `${asText(field, sql)} ilike ${params.add(`${escapeLike(condition.value)}%`)}`
    case 'has_any':
      return `${sql} && ${params.add(condition.value)}::text[]`
    case 'has_all':
      return `${sql} @> ${params.add(condition.value)}::text[]`
    case 'has_none':
      return `(${sql} && ${params.add(condition.value)}::text[]) is not true`
    case 'in_months':
      return `extract(month from ${sql}) = any(${params.add(condition.value)}::int[])`
    default:
      if (field === 'birthday')
        return `to_char(${sql}, 'MM-DD') = any(${params.add(birthdaysInNext((condition as { days: number }).days, moment))}::text[])`
      if (type === 'instant') return within(sql, boundsOfTest(condition as InstantTest, moment), params)
      return compared(sql, condition as NumberTest, type === 'money' ? 'bigint' : 'real', params)
  }
}

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&')
const asText = (field: FieldName, sql: string): string => (field === 'email' ? `${sql}::text` : sql)

function isOneOf(field: FieldName, sql: string, values: readonly string[], params: Params): string {
  if (field === 'store_id') return `${sql} = any(${params.add(values)}::uuid[])`
  if (field === 'preferred_weekday') return `${sql}::text = any(${params.add(values)}::text[])`
  if (fieldOf(field).type !== 'text') return `${sql} = any(${params.add(values)}::text[])`
  if (field === 'email') return `${sql} = any(${params.add(values)}::citext[])`
  return `lower(${sql}) = any(${params.add(values.map((v) => v.toLowerCase()))}::text[])`
}

function within(sql: string, { from, to }: Bounds, params: Params): string {
  const terms = [from && `${sql} >= ${params.add(from)}::timestamptz`, to && `${sql} < ${params.add(to)}::timestamptz`]
  return terms.filter(Boolean).join(' and ')
}

function compared(sql: string, test: NumberTest, type: 'real' | 'bigint' | 'numeric', params: Params): string {
  if (test.op === 'between')
    return `${sql} between ${params.add(test.from)}::${type} and ${params.add(test.to)}::${type}`
  return `${sql} ${comparison[test.op]} ${params.add(test.value)}::${type}`
}

const meetsZero = (test: NumberTest): boolean =>
  test.op === 'between' ? test.from <= 0 && test.to >= 0 : holdsFor[test.op](0, test.value)
const isOnce = (test: NumberTest): boolean => test.op === 'at_least' && test.value > 0 && test.value <= 1

interface History {
  /** tables, with the customer's id under `who` */
  from: string
  who: string
  terms: string[]
}

/**
 * A figure over a customer's history. Who has no history has 0, so a test that 0 meets is asked the other way round:
 * not among those whose figure fails it.
 */
function figureSql(
  history: History,
  figure: string,
  test: NumberTest,
  { params, reading, isCount }: { params: Params; reading: Reading; isCount: boolean },
): string {
  const where = (more: string[]): string => {
    const terms = [...more, ...history.terms]
    return terms.length > 0 ? ` where ${terms.join(' and ')}` : ''
  }
  const own = `${history.who} = c.id`
  if (isCount && isOnce(test)) return `exists (select from ${history.from}${where([own])})`
  if (reading === 'rows')
    return compared(`(select coalesce(${figure}, 0) from ${history.from}${where([own])})`, test, 'numeric', params)
  const having = compared(figure, test, 'numeric', params)
  const zero = meetsZero(test)
  return `c.id ${zero ? 'not in' : 'in'} (select ${history.who} from ${history.from}${where([])} group by ${history.who} having ${zero ? `not (${having})` : having})`
}

function orderSql(condition: OrderCondition, params: Params, moment: Moment, reading: Reading): string {
  const where = condition.where ?? {}
  const byLine = hasLineFilter(where)
  const needsProduct = Boolean(where.categories ?? where.brands ?? where.departments ?? where.skus)
  const needsLines = byLine || condition.orders === 'items'
  const history: History = {
    from: `orders as o${needsLines ? ' join order_items as i on i.order_id = o.id' : ''}${needsProduct ? ' join products as p on p.id = i.product_id' : ''}`,
    who: 'o.customer_id',
    terms: filterTerms(where, params, moment),
  }
  switch (condition.orders) {
    case 'first':
    case 'last': {
      const figure = `${condition.orders === 'first' ? 'min' : 'max'}(o.ordered_at)`
      const bounds = boundsOfTest(condition.is, moment)
      if (reading === 'rows') {
        const terms = ['o.customer_id = c.id', ...history.terms]
        return `exists (select from ${history.from} where ${terms.join(' and ')} having ${within(figure, bounds, params)})`
      }
      const filter = history.terms.length > 0 ? ` where ${history.terms.join(' and ')}` : ''
      return `c.id in (select o.customer_id from ${history.from}${filter} group by 1 having ${within(figure, bounds, params)})`
    }
    default: {
      if (condition.in) history.terms.push(within('o.ordered_at', boundsOfPeriod(condition.in, moment), params))
      const count = needsLines ? 'count(distinct o.id)' : 'count(*)'
      const spent = byLine ? 'sum(i.total_cents)' : 'sum(o.total_cents)'
      const figure = { count, spent, items: 'sum(i.quantity)' }[condition.orders]
      return figureSql(history, figure, condition.is, { params, reading, isCount: condition.orders === 'count' })
    }
  }
}

function filterTerms(where: OrderFilter, params: Params, { zone }: Moment): string[] {
  const terms: string[] = []
  const anyOf = (sql: string, values: readonly unknown[] | undefined, type: string): void => {
    if (values) terms.push(`${sql} = any(${params.add(values)}::${type}[])`)
  }
  anyOf('p.category', where.categories, 'text')
  anyOf('p.brand', where.brands, 'text')
  anyOf('p.department', where.departments, 'text')
  anyOf('p.sku', where.skus, 'text')
  anyOf('o.store_id', where.store_ids, 'uuid')
  if (where.weekdays) anyOf(`extract(isodow from o.ordered_at at time zone ${params.add(zone)})`, where.weekdays, 'int')
  if (where.hours) {
    const hour = `extract(hour from o.ordered_at at time zone ${params.add(zone)})`
    const { from, to } = where.hours
    terms.push(`(${hour} >= ${params.add(from)}::int ${from < to ? 'and' : 'or'} ${hour} < ${params.add(to)}::int)`)
  }
  if (where.with_coupon !== undefined) terms.push(`o.coupon_code is ${where.with_coupon ? 'not ' : ''}null`)
  if (where.min_total_cents !== undefined) terms.push(`o.total_cents >= ${params.add(where.min_total_cents)}::bigint`)
  return terms
}

function messageSql(condition: MessageCondition, params: Params, moment: Moment, reading: Reading): string {
  const { channel, campaign_ids: campaigns } = condition.where ?? {}
  const terms = [
    `e.event_type = ${params.add(condition.messages)}`,
    'e.machine is not true',
    'e.customer_id is not null',
    'e.send_id is not null',
  ]
  if (condition.in) terms.push(within('e.occurred_at', boundsOfPeriod(condition.in, moment), params))
  if (channel) terms.push(`e.channel = ${params.add(channel)}`)
  if (campaigns) terms.push(`e.campaign_id = any(${params.add(campaigns)}::uuid[])`)
  return figureSql(
    { from: 'analytics_events as e', who: 'e.customer_id', terms },
    'count(distinct e.send_id)',
    condition.is,
    { params, reading, isCount: true },
  )
}
