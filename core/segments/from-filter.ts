import type { FieldName } from './fields.ts'
import type { Condition, Rule } from './rule.ts'

/** The filters of the customer list (contract/knowledge.ts), as far as this file must know them. */
export interface ListFilter {
  q?: string | undefined
  rfm_segment?: string[] | undefined
  segment_id?: string | undefined
  churn_risk?: string[] | undefined
  primary_category?: string[] | undefined
  secondary_category?: string[] | undefined
  brand?: string[] | undefined
  state?: string[] | undefined
  city?: string | undefined
  zip?: string | undefined
  age_status?: string[] | undefined
  email_consent?: string[] | undefined
  sms_consent?: string[] | undefined
  has_email?: boolean | undefined
  has_phone?: boolean | undefined
  is_night_buyer?: boolean | undefined
  bought_within_days?: number | undefined
  not_bought_for_days?: number | undefined
  created_within_days?: number | undefined
  orders_min?: number | undefined
  orders_max?: number | undefined
  clv_min_cents?: number | undefined
  clv_max_cents?: number | undefined
  spent_min_cents?: number | undefined
  spent_max_cents?: number | undefined
  aov_min_cents?: number | undefined
  aov_max_cents?: number | undefined
  hour_from?: number | undefined
  hour_to?: number | undefined
  success_min_pct?: number | undefined
  success_max_pct?: number | undefined
  tags?: string[] | undefined
  any_tag?: string[] | undefined
  without_tags?: string[] | undefined
  store_id?: string | undefined
  import_id?: string | undefined
  is_demo?: boolean | undefined
  deleted?: boolean | undefined
}

/** A filter that no rule can say, and what to do instead. */
export interface Unsayable {
  filter: keyof ListFilter
  message: string
}

const unsayable: Partial<Record<keyof ListFilter, string>> = {
  q: 'A search text is no rule: it looks at names, addresses and numbers at once. Clear the search, or pick the customers by hand.',
  segment_id:
    'A rule cannot ask who is in another segment. Copy the rule of that segment, or pick the customers by hand.',
  import_id: 'A rule cannot ask which file somebody came with. Tag these customers, and make the segment from the tag.',
  success_min_pct: 'A rule cannot ask the share of answered messages. Ask for opens or clicks in the segment builder.',
  success_max_pct: 'A rule cannot ask the share of answered messages. Ask for opens or clicks in the segment builder.',
  is_demo: 'A rule cannot tell demo data from your own. Take that filter away.',
  deleted: 'A segment never holds deleted customers. Take that filter away, or restore them first.',
}

/**
 * The list filter as a segment rule with the same members (server/knowledge/customer-filter.ts says it in SQL). What a
 * rule cannot say comes back as sentences instead, each with its cure; an empty filter is everybody and no segment.
 */
export function ruleOfFilter(filter: ListFilter): { rule: Rule } | { problems: Unsayable[] } {
  const problems = (Object.keys(unsayable) as (keyof ListFilter)[])
    .filter((name) => {
      const value = filter[name]
      // "Not deleted" is what every segment means anyway.
      return value !== undefined && value !== '' && !(name === 'deleted' && value === false)
    })
    .map((name) => ({ filter: name, message: unsayable[name]! }))
  if (problems.length > 0) return { problems }
  const parts = conditionsOf(filter)
  if (parts.length === 0)
    return {
      problems: [{ filter: 'q', message: 'No filter is set, so this would be everybody. Set at least one filter.' }],
    }
  return { rule: { all: parts } }
}

function conditionsOf(f: ListFilter): Rule[] {
  const parts: Rule[] = []
  const add = (condition: Condition): void => void parts.push(condition)
  const isOneOf = (field: FieldName, value: string[] | undefined): void => {
    if (value && value.length > 0) add({ field, op: 'is', value })
  }
  const has = (op: 'has_any' | 'has_all' | 'has_none', field: FieldName, value: string[] | undefined): void => {
    if (value && value.length > 0) add({ field, op, value })
  }
  const known = (field: FieldName, value: boolean | undefined): void => {
    if (value !== undefined) add({ field, op: value ? 'set' : 'unset' })
  }
  const range = (field: FieldName, from: number | undefined, to: number | undefined): void => {
    if (from !== undefined && to !== undefined && from <= to) return add({ field, op: 'between', from, to })
    if (from !== undefined) add({ field, op: 'at_least', value: from })
    if (to !== undefined) add({ field, op: 'at_most', value: to })
  }
  isOneOf('rfm_segment', f.rfm_segment)
  isOneOf('churn_risk', f.churn_risk)
  isOneOf('primary_category', f.primary_category)
  isOneOf('secondary_category', f.secondary_category)
  has('has_any', 'favorite_brands', f.brand)
  isOneOf(
    'state',
    f.state?.map((s) => s.toUpperCase()),
  )
  if (f.city) add({ field: 'city', op: 'is', value: [f.city] })
  if (f.zip) add({ field: 'zip', op: 'starts_with', value: f.zip })
  isOneOf('age_status', f.age_status)
  isOneOf('email_consent', f.email_consent)
  isOneOf('sms_consent', f.sms_consent)
  known('email', f.has_email)
  known('phone', f.has_phone)
  if (f.is_night_buyer !== undefined) add({ field: 'is_night_buyer', op: 'is', value: f.is_night_buyer })
  if (f.bought_within_days !== undefined) add({ field: 'last_purchase_at', op: 'in_last', days: f.bought_within_days })
  if (f.not_bought_for_days !== undefined)
    parts.push({
      any: [
        { field: 'last_purchase_at', op: 'unset' },
        { field: 'last_purchase_at', op: 'before_last', days: f.not_bought_for_days },
      ],
    })
  if (f.created_within_days !== undefined) add({ field: 'created_at', op: 'in_last', days: f.created_within_days })
  range('purchase_frequency', f.orders_min, f.orders_max)
  range('clv_cents', f.clv_min_cents, f.clv_max_cents)
  range('total_spent_cents', f.spent_min_cents, f.spent_max_cents)
  range('avg_order_value_cents', f.aov_min_cents, f.aov_max_cents)
  hours(f, parts)
  has('has_all', 'tags', f.tags)
  has('has_any', 'tags', f.any_tag)
  has('has_none', 'tags', f.without_tags)
  isOneOf('store_id', f.store_id === undefined ? undefined : [f.store_id])
  return parts
}

function hours({ hour_from: from, hour_to: to }: ListFilter, parts: Rule[]): void {
  const bounds: Rule[] = [
    ...(from === undefined ? [] : [{ field: 'avg_purchase_hour', op: 'at_least', value: from } as const]),
    ...(to === undefined ? [] : [{ field: 'avg_purchase_hour', op: 'less_than', value: to } as const]),
  ]
  if (from !== undefined && to !== undefined && from >= to) parts.push({ any: bounds })
  else parts.push(...bounds)
}
