import type { CustomerFilter } from '#contract/knowledge.ts'
import { readEmail, readPhone } from '#core/knowledge/read-value.ts'
import { boundsOfTest, type Moment } from '#core/segments/period.ts'
import type { InstantTest } from '#core/segments/rule.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import type { Params } from '../keyset.ts'
import { readSetting } from '../settings.ts'

export const live = 'c.deleted_at is null'
/** A merged or erased customer is nobody any more, so nobody to restore. */
const removed = 'c.deleted_at is not null and c.erased_at is null and c.merged_into is null'
export const likeText = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** Who looks, and the moment from which days are counted. */
export interface Viewer extends Moment {
  role: Actor['role']
  /** the words searched for are in so many rows that the first of them are found sooner in the order of the list */
  findsMany?: boolean
}

/** The zone of the shop is only read where a filter counts days: the plain list does without that question. */
export async function viewerOf(ctx: Ctx, role: Actor['role'], filter: CustomerFilter): Promise<Viewer> {
  const countsDays = [filter.bought_within_days, filter.not_bought_for_days, filter.created_within_days].some(
    (days) => days !== undefined,
  )
  return { role, now: ctx.clock(), zone: countsDays ? (await readSetting(ctx.pool, 'shop')).time_zone : 'UTC' }
}

/** The filters as one condition over `c` and `s`; every value is a parameter. */
export function customerWhere(filter: CustomerFilter, viewer: Viewer, params: Params): string {
  return customerTerms(filter, viewer, params).join(' and ')
}

/** The filters as conditions that must all hold. core/segments/from-filter.ts says the same as a rule. */
export function customerTerms(filter: CustomerFilter, viewer: Viewer, params: Params): string[] {
  const terms: string[] = [filter.deleted ? removed : live]
  const anyOf = (sql: string, values: readonly string[] | undefined): void => {
    // One value alone leaves an index on it in the order of its other columns; a list of values does not.
    if (values?.length === 1) terms.push(`${sql} = ${params.add(values[0])}::text`)
    else if (values && values.length > 0) terms.push(`${sql} = any(${params.add(values)}::text[])`)
  }
  const bound = (sql: string, operator: string, value: unknown, type: string): void => {
    if (value !== undefined) terms.push(`${sql} ${operator} ${params.add(value)}::${type}`)
  }
  const range = (sql: string, from: number | undefined, to: number | undefined, type: string): void => {
    bound(sql, '>=', from, type)
    bound(sql, '<=', to, type)
  }
  const listed = (operator: string, sql: string, values: readonly string[] | undefined): void => {
    if (values && values.length > 0) terms.push(`${sql} ${operator} ${params.add(values)}::text[]`)
  }
  const since = (sql: string, test: InstantTest): string => {
    const { from, to } = boundsOfTest(test, viewer)
    return from ? `${sql} >= ${params.add(from)}::timestamptz` : `${sql} < ${params.add(to)}::timestamptz`
  }
  if (filter.q) terms.push(searchTerm(filter.q, viewer, params))
  anyOf('s.rfm_segment', filter.rfm_segment)
  anyOf('s.churn_risk', filter.churn_risk)
  anyOf('s.primary_category', filter.primary_category)
  anyOf('s.secondary_category', filter.secondary_category)
  listed('&&', 's.favorite_brands', filter.brand)
  anyOf(
    'c.state',
    filter.state?.map((s) => s.toUpperCase()),
  )
  if (filter.city) terms.push(`lower(c.city) = ${params.add(filter.city.toLowerCase())}`)
  if (filter.zip) terms.push(`c.zip like ${params.add(`${likeText(filter.zip)}%`)}`)
  anyOf('c.age_status', filter.age_status)
  anyOf('c.email_consent', filter.email_consent)
  anyOf('c.sms_consent', filter.sms_consent)
  if (filter.has_email !== undefined) terms.push(`c.email is ${filter.has_email ? 'not ' : ''}null`)
  if (filter.has_phone !== undefined) terms.push(`c.phone is ${filter.has_phone ? 'not ' : ''}null`)
  bound('s.is_night_buyer', '=', filter.is_night_buyer, 'boolean')
  if (filter.bought_within_days !== undefined)
    terms.push(since('s.last_purchase_at', { op: 'in_last', days: filter.bought_within_days }))
  if (filter.not_bought_for_days !== undefined)
    terms.push(
      `(s.last_purchase_at is null or ${since('s.last_purchase_at', { op: 'before_last', days: filter.not_bought_for_days })})`,
    )
  if (filter.created_within_days !== undefined)
    terms.push(since('c.created_at', { op: 'in_last', days: filter.created_within_days }))
  range('s.purchase_frequency', filter.orders_min, filter.orders_max, 'bigint')
  range('s.clv_cents', filter.clv_min_cents, filter.clv_max_cents, 'bigint')
  range('s.total_spent_cents', filter.spent_min_cents, filter.spent_max_cents, 'bigint')
  range('s.avg_order_value_cents', filter.aov_min_cents, filter.aov_max_cents, 'bigint')
  range('s.success_rate_pct', filter.success_min_pct, filter.success_max_pct, 'real')
  hourTerm(filter, params, terms)
  listed('@>', 'c.tags', filter.tags)
  listed('&&', 'c.tags', filter.any_tag)
  if (filter.without_tags && filter.without_tags.length > 0)
    terms.push(`not c.tags && ${params.add(filter.without_tags)}::text[]`)
  bound('c.store_id', '=', filter.store_id, 'uuid')
  bound('c.import_id', '=', filter.import_id, 'uuid')
  bound('c.is_demo', '=', filter.is_demo, 'boolean')
  if (filter.segment_id)
    terms.push(
      `exists (select from segment_members as m where m.customer_id = c.id and m.segment_id = ${params.add(filter.segment_id)}::uuid)`,
    )
  return terms
}

// From 21 to 2 is two stretches of the day; one bound alone is open to the other end of it.
function hourTerm({ hour_from: from, hour_to: to }: CustomerFilter, params: Params, terms: string[]): void {
  if (from === undefined && to === undefined) return
  const bounds = [
    ...(from === undefined ? [] : [`s.avg_purchase_hour >= ${params.add(from)}::real`]),
    ...(to === undefined ? [] : [`s.avg_purchase_hour < ${params.add(to)}::real`]),
  ]
  const overMidnight = from !== undefined && to !== undefined && from >= to
  terms.push(`(${bounds.join(overMidnight ? ' or ' : ' and ')})`)
}

// Who may not see an address must not find it out letter by letter either, so only whole ones match.
function searchTerm(q: string, { role, findsMany }: Viewer, params: Params): string {
  // PostgreSQL's text cannot hold NUL.
  const clean = q.replaceAll('\0', '')
  const email = readEmail(clean).value
  // A whole address is one person; every other way to find it would look at all addresses of its domain.
  if (email) return `c.email = ${params.add(email)}::citext`
  // No address has a blank in it.
  const isInEmails = role !== 'user' && !/\s/.test(clean)
  const begins = params.add(`${likeText(clean.toLowerCase())}%`)
  const terms = [`lower(c.external_id) like ${begins}`]
  if (findsMany) {
    // Each row that is walked past is looked at once, and no index holds this.
    const text = isInEmails ? `coalesce(c.name, '') || chr(10) || coalesce(c.email::text, '')` : 'c.name'
    terms.push(`strpos(lower(${text}), lower(${params.add(clean)}::text)) > 0`)
  } else {
    const inside = params.add(`%${likeText(clean)}%`)
    terms.push(`c.name ilike ${inside}`)
    if (isInEmails) terms.push(`c.email::text ilike ${inside}`)
  }
  const digits = clean.replace(/\D/g, '')
  if (role === 'user') {
    const phone = digits.length >= 10 ? readPhone(clean).value : undefined
    if (phone) terms.push(`c.phone = ${params.add(phone)}`)
  } else {
    if (digits.length >= 3 && /^[\d\s()+.-]+$/.test(clean)) terms.push(`c.phone like ${params.add(`%${digits}%`)}`)
  }
  return `(${terms.join(' or ')})`
}
