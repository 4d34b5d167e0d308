import type { CustomerQuery, CustomerRow } from '#contract/knowledge.ts'
import { readEmail, readPhone } from '#core/knowledge/read-value.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import {
  countUpTo,
  customerColumns,
  customerFrom,
  customerSortKeys,
  showCustomer,
  type Count,
} from '../customer-rows.ts'
import { afterCursor, createParams, orderBy, parseSort, readCursor, writeCursor, type Params } from '../keyset.ts'

const likeText = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** The filters as one condition over `c` and `s`; every value is a parameter. */
export function customerWhere(
  query: Partial<CustomerQuery>,
  actor: Pick<Actor, 'role'>,
  now: Date,
  params: Params,
): string {
  const terms: string[] = [query.deleted ? 'c.deleted_at is not null' : 'c.deleted_at is null']
  const anyOf = (sql: string, values: readonly string[] | undefined): void => {
    if (values && values.length > 0) terms.push(`${sql} = any(${params.add(values)}::text[])`)
  }
  const bound = (sql: string, operator: string, value: unknown, type: string): void => {
    if (value !== undefined) terms.push(`${sql} ${operator} ${params.add(value)}::${type}`)
  }
  const daysAgo = (days: number): Date => new Date(now.getTime() - days * 86_400_000)
  if (query.q) terms.push(searchTerm(query.q, actor, params))
  anyOf('s.rfm_segment', query.rfm_segment)
  anyOf('s.churn_risk', query.churn_risk)
  anyOf('s.primary_category', query.primary_category)
  anyOf(
    'c.state',
    query.state?.map((s) => s.toUpperCase()),
  )
  anyOf('c.age_status', query.age_status)
  anyOf('c.email_consent', query.email_consent)
  anyOf('c.sms_consent', query.sms_consent)
  bound('s.is_night_buyer', '=', query.is_night_buyer, 'boolean')
  if (query.bought_within_days !== undefined)
    bound('s.last_purchase_at', '>=', daysAgo(query.bought_within_days), 'timestamptz')
  if (query.not_bought_for_days !== undefined)
    terms.push(
      `(s.last_purchase_at is null or s.last_purchase_at < ${params.add(daysAgo(query.not_bought_for_days))}::timestamptz)`,
    )
  bound('s.clv_cents', '>=', query.clv_min_cents, 'bigint')
  bound('s.clv_cents', '<=', query.clv_max_cents, 'bigint')
  bound('s.total_spent_cents', '>=', query.spent_min_cents, 'bigint')
  bound('s.total_spent_cents', '<=', query.spent_max_cents, 'bigint')
  if (query.tags && query.tags.length > 0) terms.push(`c.tags @> ${params.add(query.tags)}::text[]`)
  bound('c.store_id', '=', query.store_id, 'uuid')
  bound('c.import_id', '=', query.import_id, 'uuid')
  bound('c.is_demo', '=', query.is_demo, 'boolean')
  if (query.segment_id)
    terms.push(
      `exists (select from segment_members as m where m.customer_id = c.id and m.segment_id = ${params.add(query.segment_id)}::uuid)`,
    )
  return terms.join(' and ')
}

// Who may not see an address must not find it out letter by letter either, so only whole ones match.
function searchTerm(q: string, actor: Pick<Actor, 'role'>, params: Params): string {
  // PostgreSQL's text cannot hold NUL.
  const clean = q.replaceAll('\0', '')
  const inside = params.add(`%${likeText(clean)}%`)
  const begins = params.add(`${likeText(clean)}%`)
  const terms = [`c.name ilike ${inside}`, `c.external_id ilike ${begins}`]
  const digits = clean.replace(/\D/g, '')
  if (actor.role === 'user') {
    const email = readEmail(clean).value
    const phone = digits.length >= 10 ? readPhone(clean).value : undefined
    if (email) terms.push(`c.email = ${params.add(email)}::citext`)
    if (phone) terms.push(`c.phone = ${params.add(phone)}`)
  } else {
    terms.push(`c.email::text ilike ${inside}`)
    if (digits.length >= 3 && /^[\d\s()+.-]+$/.test(clean)) terms.push(`c.phone like ${params.add(`%${digits}%`)}`)
  }
  return `(${terms.join(' or ')})`
}

export interface CustomerPage extends Count {
  data: CustomerRow[]
  page: number
  page_size: number
  next_cursor: string | null
}

/** One page of customers. With a cursor the page number is ignored and nothing is skipped or repeated while rows change. */
export async function listCustomers(ctx: Ctx, actor: Pick<Actor, 'role'>, query: CustomerQuery): Promise<CustomerPage> {
  const sort = query.sort ?? 'name'
  const steps = parseSort(sort, 'name', customerSortKeys, 'c.id')
  const params = createParams()
  const where = customerWhere(query, actor, ctx.clock(), params)
  const filterValues = [...params.values]
  const after = query.cursor
    ? ` and ${afterCursor(steps, readCursor(ctx.config.secret, query.cursor, sort), params)}`
    : ''
  const skip = query.cursor ? 0 : (query.page - 1) * query.page_size
  const keys = steps.map(
    (step, i) =>
      `${step.type === 'timestamptz' ? `to_char(${step.sql} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ')` : step.sql} as key_${i}`,
  )
  const sql = `select ${customerColumns}, ${keys.join(', ')} from ${customerFrom} where ${where}${after}
    order by ${orderBy(steps)} limit ${params.add(query.page_size + 1)} offset ${params.add(skip)}`
  const [{ rows }, count] = await Promise.all([
    ctx.pool.query<Omit<CustomerRow, 'is_masked'> & Record<`key_${number}`, unknown>>(sql, params.values),
    countUpTo(ctx.pool, customerFrom, where, filterValues),
  ])
  const page = rows.slice(0, query.page_size)
  const last = page.at(-1)
  const next =
    rows.length > query.page_size && last
      ? writeCursor(
          ctx.config.secret,
          sort,
          steps.map((_, i) => last[`key_${i}`]),
        )
      : null
  const data = page.map((row) => {
    const visible = { ...row }
    for (let i = 0; i < steps.length; i++) delete visible[`key_${i}`]
    return showCustomer(visible, actor)
  })
  return { data, page: query.page, page_size: query.page_size, ...count, next_cursor: next }
}
